"""What must be forgotten is gone everywhere, and does not come back."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.keeping import read_payload
from ledgers.collecting.registry import collectors
from ledgers.collecting.runner import run_collector
from ledgers.collecting.storing import store
from ledgers.erasing import Forgotten, erasure_of, forgetters
from ledgers.glass.models import ChainMetric
from ledgers.human.models import Article, Post
from ledgers.models import CollectorRun, Erasure, RawPayload, RejectedRecord
from ledgers.public_ids import public_id
from ledgers.reading import pair
from ledgers.tests.factories import T0, article, make_run
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.sources import NOW

pytestmark = pytest.mark.usefixtures("ledger", "gazette")
SECRET = "Anna Meier bought a boat"
FEED = "https://gazette.example.org/feed"


@pytest.fixture
def gazette(settings) -> None:
    settings.OMC_RSS_FEEDS = [f"gazette={FEED}"]
    settings.OMC_HTTP_ATTEMPTS = 1


def item(number: int, title: str, *, more: str = "") -> str:
    link = f"https://gazette.example.org/{number}"
    when = "<pubDate>Wed, 18 Mar 2026 09:00:00 GMT</pubDate>"
    return (
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
        f"<author>A. Scribe</author><description>Of {title}.</description>{when}{more}</item>"
    )


def rss(*items: str) -> bytes:
    head = '<?xml version="1.0"?><rss version="2.0"><channel>'
    return f"{head}{''.join(items)}</channel></rss>".encode()


def collect(settings, *answers: bytes) -> list[CollectorRun]:
    """Look at the gazette once for each answer."""
    head = HEAD.replace(b"application/json", b"application/rss+xml")
    runs = []
    for answer in answers:
        with serving(body(answer, head)) as (url, _):
            settings.OMC_BASE_URLS = {"rss": url}
            settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
            runs += run_collector(collectors["rss"], RequestsHttp(collectors["rss"]), now=NOW)
    return runs


def erase(fact, reason: str = "a court's order") -> dict:
    out = StringIO()
    call_command("erase", public_id(fact), "--reason", reason, "--json", stdout=out)
    told: dict = json.loads(out.getvalue())
    return told


def secret() -> Article:
    return Article.objects.get(guid="https://gazette.example.org/1", revision=0)


def everything() -> str:
    """Return all that the database holds of the gazette's texts, payloads unpacked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(f::text, ' ') FROM human_article f UNION ALL "
            "SELECT string_agg(r::text, ' ') FROM ledgers_rejectedrecord r"
        )
        rows = " ".join(row[0] or "" for row in cursor.fetchall())
    return rows + " ".join(read_payload(kept).decode() for kept in RawPayload.objects.all())


OTHER = item(2, "Bitcoin rises")


def test_all_revisions_are_blank_and_nothing_holds_the_text_any_more(settings) -> None:
    collect(
        settings,
        rss(item(1, SECRET), OTHER),
        rss(item(1, SECRET + " again"), OTHER),
        rss(item(1, SECRET + " again"), OTHER, item(3, "Ether falls")),
        rss(OTHER),
    )
    assert SECRET in everything()
    told = erase(secret())
    assert (told["is_new"], told["revisions"], told["payloads"]) == (True, 2, 3)
    assert "Anna" not in everything()
    rows = Article.objects.filter(guid=secret().guid)
    assert [(row.title, row.url, row.summary, row.author) for row in rows] == [("",) * 4] * 2
    assert all(row.is_erased for row in rows)
    others = Article.objects.at(pair()).exclude(guid=secret().guid)
    assert {row.title for row in others} == {"Bitcoin rises", "Ether falls"}
    assert [read_payload(kept) for kept in RawPayload.objects.all()] == [rss(OTHER)]


def test_the_source_does_not_bring_it_back(settings) -> None:
    collect(settings, rss(item(1, SECRET), OTHER))
    erase(secret())
    (run,) = collect(settings, rss(item(1, SECRET), OTHER, item(3, "Ether falls")))
    assert (run.outcome, run.fetched, run.new, run.duplicate) == ("ok", 3, 1, 2)
    assert "Anna" not in everything()
    assert Article.objects.filter(guid=secret().guid).count() == 1


def test_neither_does_a_replay_of_what_was_kept_by_mistake(settings, monkeypatch) -> None:
    collect(settings, rss(item(1, SECRET), OTHER))
    fact, kept = secret(), RawPayload.objects.get()
    erase(fact)
    kept.save(force_insert=True)
    monkeypatch.setattr(type(collectors["rss"]), "parser", 9)
    call_command("reparse", "--slug", "rss", stdout=StringIO())
    assert "Anna" not in everything()


def test_rejects_that_hold_it_are_blank_and_their_payloads_purged(settings) -> None:
    broken = item(1, SECRET).replace("https://gazette.example.org/1</link>", "mailto:a</link>")
    collect(settings, rss(item(1, SECRET), OTHER), rss(broken, item(4, ""), OTHER))
    told = erase(secret())
    assert (told["rejects"], told["payloads"]) == (1, 2)
    assert sorted(RejectedRecord.objects.values_list("detail", flat=True))[1] == "[erased]"
    assert "Anna" not in everything()


def test_a_payload_that_nobody_can_read_is_purged_by_its_words(settings) -> None:
    collect(settings, rss(item(1, SECRET)), b"<p>" + SECRET.encode(), b"<p>Bitcoin")
    assert erase(secret())["payloads"] == 2
    assert [read_payload(kept) for kept in RawPayload.objects.all()] == [b"<p>Bitcoin"]


def test_it_is_written_down_who_erased_what_and_why(settings) -> None:
    collect(settings, rss(item(1, SECRET)))
    erase(secret(), "Article 17, letter of 3 May")
    erasure = Erasure.objects.get()
    assert (erasure.fact, erasure.reason) == ("human_article", "Article 17, letter of 3 May")
    assert erasure.actor.endswith("(manage.py)")
    assert erasure.identity == ["gazette", "https://gazette.example.org/1", "2026-03-18"]
    assert erasure_of(secret()) == erasure
    assert "Anna" not in str(erasure)


def test_erasing_again_finds_what_was_left_and_says_so(settings) -> None:
    collect(settings, rss(item(1, SECRET), OTHER))
    fact, kept = secret(), RawPayload.objects.get()
    first = erase(fact)
    kept.save(force_insert=True)
    out = StringIO()
    call_command("erase", public_id(fact), "--reason", "again", stdout=out)
    assert f"was erased before, at {first['erased_at']}" in out.getvalue()
    assert "1 payloads" in out.getvalue()
    assert (Erasure.objects.count(), RawPayload.objects.count()) == (1, 0)


def test_an_answer_of_an_earlier_pair_says_erased_and_is_else_unchanged(settings) -> None:
    collect(settings, rss(item(1, SECRET), OTHER))
    cut = pair()
    before = set(Article.objects.at(cut).values_list("pk", "revision", "available_at"))
    erase(secret())
    assert set(Article.objects.at(cut).values_list("pk", "revision", "available_at")) == before
    assert [row.is_erased for row in Article.objects.at(cut).order_by("guid")] == [True, False]


def test_journals_are_told_the_ids_the_columns_and_the_texts(settings) -> None:
    heard: list[Forgotten] = []

    def forget(forgotten: Forgotten) -> int:
        heard.append(forgotten)
        return 3

    collect(settings, rss(item(1, SECRET)), rss(item(1, SECRET + " again")))
    ids = [public_id(row) for row in Article.objects.order_by("revision")]
    forgetters.append(forget)
    try:
        told = erase(secret())
    finally:
        forgetters.remove(forget)
    assert (told["quotes"], heard[0].ids, heard[0].columns) == (3, ids, Article.erasable)
    assert {SECRET, SECRET + " again", "A. Scribe"} < set(heard[0].texts)


def test_a_journal_that_fails_leaves_the_text_to_be_erased_again(settings) -> None:
    def fail(forgotten: Forgotten) -> int:
        raise RuntimeError("the journal is gone")

    collect(settings, rss(item(1, SECRET)))
    forgetters.append(fail)
    try:
        with pytest.raises(RuntimeError, match="the journal is gone"):
            erase(secret())
    finally:
        forgetters.remove(fail)
    assert (secret().title, Erasure.objects.count()) == (SECRET, 0)


def test_what_is_refused_names_what_can_be_erased(settings) -> None:
    collect(settings, rss(item(1, SECRET)))
    metric = ChainMetric(source="x", asset="BTC", metric="m", value=1, unit="", event_at=T0)
    for name in ("known_at", "available_at", "observed_at"):
        setattr(metric, name, T0)
    metric.parser = metric.revision = 0
    metric.withdrawn = False
    metric.run = CollectorRun.objects.get()
    metric.save()
    with pytest.raises(
        CommandError, match=r"no text.*catalyst\.event, human\.article, human\.post"
    ):
        erase(metric)
    with pytest.raises(CommandError, match="needs a reason"):
        erase(secret(), " ")
    with pytest.raises(CommandError, match=r"No fact is called 'human\.article\.0'"):
        call_command("erase", "human.article.0", "--reason", "x")


def test_every_erasable_column_is_a_text_of_its_table_outside_the_identity() -> None:
    for model in (Article, Post):
        kinds = {model._meta.get_field(name).get_internal_type() for name in model.erasable}
        assert kinds <= {"TextField", "CharField"}
        assert not set(model.erasable) & set(model.identity)


def test_a_seed_without_a_collector_is_erased_too() -> None:
    store(Article, [article(SECRET)], make_run("seed:rss", kind="seed"), observed_at=T0)
    fact = Article.objects.get()
    assert erase(fact)["revisions"] == 1
    fact.refresh_from_db()
    assert fact.is_erased
