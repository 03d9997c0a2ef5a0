"""CoinSpot's announcements."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.range import Range

from ledgers.catalyst.collectors.coinspot_announcements import ARTICLES, MAX_PAGES
from ledgers.catalyst.models import Event
from ledgers.collecting.backfilling import backfill
from ledgers.collecting.errors import DriftError, RateLimitedError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.coverage import gaps
from ledgers.models import CollectorRun, RejectedRecord
from ledgers.reading import pair
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    only,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

SLUG = "coinspot_announcements"
DESK = collectors[SLUG]
HOUR = timedelta(hours=1)


def article(number: int = 1, **own: object) -> dict:
    """Write an article of the desk; number n was made n hours into the third of March."""
    made = f"2026-03-03T{number:02}:00:00Z"
    return {
        "id": 900 + number,
        "html_url": f"https://coinspot.zendesk.com/hc/en-us/articles/{900 + number}",
        "draft": False,
        "created_at": made,
        "edited_at": made,
        "updated_at": made,
        "title": f"Delisting of Zazaqoin {number} (ZZQ)",
        "label_names": [],
        "body": "<p>Withdraw in time.</p>",
        **own,
    }


def page(*articles: object, follows: bool = False, **own: object) -> str:
    address = f"{ARTICLES}?page=2" if follows else None
    count = len(articles) + follows
    return json.dumps({"count": count, "next_page": address, "articles": articles, **own})


def parse(text: str) -> tuple[list, list]:
    return parsed(DESK, payload(ARTICLES, text))


def test_an_article_becomes_an_event() -> None:
    edited = {"edited_at": "2026-03-04T05:00:00Z", "label_names": ["Coins"]}
    (event,), rejects = parse(page(article(**edited)))
    assert event.event_at == event.published_at == datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert event.edited_at == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert (event.source, event.source_key, event.company) == (SLUG, "901", "CoinSpot")
    assert (event.kind, event.assets, event.impact) == ("delisting", ["ZZQ"], "high")
    assert (event.codes, event.url) == (
        ["Coins"],
        "https://coinspot.zendesk.com/hc/en-us/articles/901",
    )
    assert rejects == []


def test_titles_are_plain_text_and_null_bodies_are_none() -> None:
    (event,), _ = parse(
        page(article(title=" Fork &amp; <b>airdrop</b>\u200b of X (XXQ)", body=None))
    )
    assert event.title == "Fork & airdrop of X (XXQ)"
    (event,), _ = parse(page(article(title="Delistings", body="<p>Augur&nbsp;(REP)</p>")))
    assert event.assets == ["REP"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (article(draft=True), "draft"),
        (article(title=""), "incomplete"),
        (article(title=None), "unknown_shape"),
        (article(id=None), "no_id"),
        (article(id=True), "no_id"),
        (article(id="901"), "no_id"),
        (article(created_at=None), "not_a_time"),
        (article(created_at="2026-03-03T01:00:00"), "no_time_zone"),
        (article(edited_at="yesterday"), "not_a_time"),
        (article(html_url="javascript:alert(1)"), "no_link"),
        (article(html_url=None), "unknown_shape"),
        (article(body=7), "unknown_shape"),
        ("an article", "unknown_shape"),
        (None, "unknown_shape"),
    ],
)
def test_a_bad_article_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    events, rejects = parse(page(bad, article(2)))
    assert [event.source_key for event in events] == ["902"]
    assert [reject.reason for reject in rejects] == [reason]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"error": "RecordNotFound"}',
        '{"articles": null, "next_page": null}',
        '{"articles": []}',
        page(article())[:-9],
    ],
)
def test_an_answer_of_another_shape_is_drift(text) -> None:
    with pytest.raises(DriftError):
        parse(text)


def test_a_list_is_empty_only_if_it_counts_none() -> None:
    assert DESK.is_empty(payload(ARTICLES, page()))
    assert not DESK.is_empty(payload(ARTICLES, page(count=3)))
    assert not DESK.is_empty(payload(ARTICLES, '{"articles": [], "next_page": null}'))


@pytest.fixture
def desk(tmp_path, settings):
    """Serve lists by page, each a list of answers that are given one after another."""

    def serve(**pages: list[str]):
        rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
        path = ARTICLES.removeprefix("https://coinspot.zendesk.com")
        for name, answers in pages.items():
            for turn, text in enumerate(answers, 1):
                (tmp_path / f"{name}.{turn}").write_text(text)
                row = ["coinspot.zendesk.com", "GET", f"{path}?page={name[1:]}", "200"]
                when = f"2026-03-{3 + turn:02}T00:02:00+00:00"
                row += ["application/json", when, f"{name}.{turn}", "recorded"]
                rows.append("\t".join(row))
        (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
        return replayed(tmp_path, settings, in_sequence=True)

    return serve


@pytest.mark.usefixtures("ledger")
def test_the_first_look_reads_to_the_end_and_the_next_only_until_it_meets_a_known_article(
    desk,
) -> None:
    first_page = page(article(9), article(8), follows=True)
    newer = page(article(10), article(9), follows=True)
    with desk(p1=[first_page, newer], p2=[page(article(7), article(6))]):
        first, second = only(collect(SLUG)), only(collect(SLUG))
    assert (first.new, len(first.payloads)) == (4, 2)
    assert (second.new, second.duplicate, len(second.payloads)) == (1, 1, 1)


@pytest.mark.usefixtures("ledger")
def test_an_article_that_a_new_one_moved_to_the_next_page_is_stored_once(desk) -> None:
    with desk(
        p1=[page(article(9), article(8), follows=True)],
        p2=[page(article(8), article(7), follows=True)],
        p3=[page(article(6))],
    ):
        run = only(collect(SLUG))
    assert (run.outcome, run.new, run.duplicate, len(run.payloads)) == ("ok", 4, 1, 3)


@pytest.mark.usefixtures("ledger")
def test_only_a_change_by_the_author_is_a_revision(desk) -> None:
    looks = [
        article(updated_at="2026-03-03T01:00:00Z"),
        article(updated_at="2026-03-09T01:00:00Z", vote_sum=4),
        article(edited_at="2026-03-05T01:00:00Z"),
        article(edited_at="2026-03-05T01:00:00Z", title="Delisting of Zazaqoin postponed (ZZQ)"),
    ]
    with desk(p1=[page(one) for one in looks]):
        runs = [only(collect(SLUG)) for _ in looks]
    assert [(run.new, run.revised) for run in runs] == [(1, 0), (0, 0), (0, 1), (0, 1)]
    (event,) = Event.objects.at(pair())
    assert (event.revision, event.kind) == (2, "announcement")
    assert Event.objects.seen(pair()).count() == 3


@pytest.mark.usefixtures("ledger")
def test_a_first_look_covers_since_the_oldest_article_and_later_ones_go_on(desk) -> None:
    with desk(p1=[page(article(9), article(6)), page(article(9), article(6))]):
        first, second = only(collect(SLUG)), only(collect(SLUG))
    assert (first.window.lower, first.window.upper) == (
        datetime(2026, 3, 3, 6, tzinfo=UTC),
        datetime(2026, 3, 4, 0, 2, tzinfo=UTC),
    )
    assert second.window == Range(first.window.upper, datetime(2026, 3, 5, 0, 2, tzinfo=UTC))
    asked = Range(first.window.lower, second.window.upper)
    assert gaps(SLUG, asked, pair()) == []


@pytest.mark.usefixtures("ledger")
def test_a_desk_that_says_it_has_no_articles_is_empty_and_covered(desk) -> None:
    with desk(p1=[page(), page(), page(article(2))]):
        runs = [only(collect(SLUG)) for _ in range(3)]
    assert [(run.outcome, run.fetched) for run in runs] == [("empty", 0), ("empty", 0), ("ok", 1)]
    asked = Range(runs[0].window.lower, datetime(2026, 3, 6, tzinfo=UTC))
    assert gaps(SLUG, asked, pair()) == []


@pytest.mark.usefixtures("ledger")
def test_an_answer_that_is_older_than_the_last_one_covers_nothing(desk) -> None:
    with desk(p1=[page(article(1))]):
        collect(SLUG)
    with desk(p1=[page()]):  # of the same moment
        run = only(collect(SLUG))
    assert (run.outcome, run.window) == ("empty", None)


@pytest.mark.usefixtures("ledger")
def test_a_look_that_fails_on_its_second_page_covers_nothing_and_a_backfill_fills_it(desk) -> None:
    first_page = page(article(9), article(8), follows=True)
    oldest_first = [page(article(6), article(7), follows=True), page(article(8), article(9))]
    with desk(p1=[first_page, first_page, oldest_first[0]], p2=["{}", oldest_first[1]]):
        failed, after = only(collect(SLUG)), only(collect(SLUG))
        assert (failed.outcome, failed.window, failed.new) == ("drift", None, 2)
        assert after.window.lower == datetime(2026, 3, 3, 9, tzinfo=UTC)
        window = Range(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
        filled = backfill(DESK, "", RequestsHttp(DESK), window, lambda *_: None)
    assert sum(run.new for run in filled.runs) == 2
    assert list(filled.left) == []


@pytest.mark.usefixtures("ledger")
def test_a_list_without_end_is_drift_and_not_read_for_ever(desk) -> None:
    pages = {f"p{n}": [page(article(1, id=n), follows=True)] for n in range(1, MAX_PAGES + 2)}
    with desk(**pages):
        run = only(collect(SLUG))
    assert (run.outcome, run.window, len(run.payloads)) == ("drift", None, MAX_PAGES)


@pytest.mark.usefixtures("ledger")
def test_a_draft_is_kept_as_a_reject_and_the_look_goes_on(desk) -> None:
    with desk(p1=[page(article(2), article(1, draft=True))]):
        run = only(collect(SLUG))
    assert (run.outcome, run.fetched, run.new, run.rejected) == ("partial", 2, 1, 1)
    assert RejectedRecord.objects.get().reason == "draft"


@pytest.mark.usefixtures("ledger")
def test_shipped_announcements_are_of_every_kind_and_collected_only_once(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = only(collect(SLUG)), only(collect(SLUG))
    assert (first.outcome, first.new, again.new, again.revised) == ("ok", 8, 0, 0)
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert kinds == {"listing", "delisting", "maintenance", "fork", "staking", "announcement"}


def test_shipped_announcements_name_their_assets() -> None:
    events, _ = parse(shipped("zendesk/articles.json"))
    assert {asset for event in events for asset in event.assets} == {
        "SUI", "SOL", "RFOX", "ADA", "DOT", "ETH",
    }  # fmt: skip


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_recorded_articles_are_stored_as_they_stand_and_a_second_look_stores_none(settings) -> None:
    with replayed(SAMPLES, settings):
        first, again = only(collect(SLUG)), only(collect(SLUG))
    assert (first.outcome, first.fetched, first.new) == ("ok", 5, 5)
    assert (again.new, again.revised) == (0, 0)
    stored = {event.source_key: event for event in Event.objects.at(pair())}
    assert (stored["900000000005"].kind, stored["900000000005"].assets) == ("listing", ["HYPE"])
    migrated = stored["900000000003"]
    assert migrated.title == "Polygon (MATIC) migration to POL & delisting of MATIC"
    assert (migrated.kind, migrated.assets) == ("delisting", ["POL"])
    recorded = stored["10361313057300"]
    assert (recorded.kind, recorded.edited_at) == (
        "announcement",
        datetime(2022, 10, 27, 8, 20, 16, tzinfo=UTC),
    )


ZENDESK = sorted((SAMPLES / "zendesk").glob("*.json"))


@samples_needed
@pytest.mark.parametrize("path", ZENDESK, ids=lambda path: path.name)
def test_of_no_recorded_answer_an_article_is_lost(path) -> None:
    text = path.read_text()
    articles = json.loads(text).get("articles")
    if articles is None:  # one article by itself is not what we ask for
        with pytest.raises(DriftError):
            parse(text)
        text = page(json.loads(text)["article"])
        articles = json.loads(text)["articles"]
    events, rejects = parse(text)
    assert (len(events), rejects) == (len(articles), [])
    assert bool(events) != DESK.is_empty(payload(ARTICLES, text))


def test_there_are_samples_to_parse_where_there_are_any() -> None:
    assert not SAMPLES.exists() or len(ZENDESK) >= 4


@pytest.fixture
def answered(settings):
    """Answer the desk's requests with these bytes, and return the run."""
    settings.OMC_HTTP_ATTEMPTS = 1

    def look(text: str, head: bytes = HEAD) -> CollectorRun:
        with serving(body(text.encode(), head)) as (base, _):
            settings.OMC_BASE_URLS = {SLUG: base}
            settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
            return only(collect(SLUG))

    return look


GOOD = page(article(2), article(1))


def renamed(name: str) -> str:
    """Return the good answer with one member under another name."""
    return GOOD.replace(f'"{name}"', f'"{name}_2"')


NOT_FOUND = '{"error": "RecordNotFound", "description": "Not found"}'
WALL = "<!DOCTYPE html><html><body>Just a moment...</body></html>"


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (GOOD, "ok"),
        (page(), "empty"),
        *(
            (GOOD.replace(f'"{name}"', f'"{name}_2"'), "drift")
            for name in ("articles", "next_page")
        ),
        *(
            (GOOD.replace(f'"{name}"', f'"{name}_2"'), "drift")
            for name in ("id", "title", "created_at", "html_url")
        ),
        (page(count=7), "drift"),
        (page().replace("count", "total"), "drift"),
        (GOOD[: len(GOOD) // 2], "drift"),
        (NOT_FOUND, "drift"),
        (WALL, "blocked"),
        ("", "drift"),
    ],
)
def test_no_changed_answer_is_a_success_without_an_article(answered, text, outcome) -> None:
    run = answered(text)
    assert run.outcome == outcome
    assert (run.new > 0) == (outcome == "ok")
    assert bool(run.error) == (outcome not in ("ok", "empty"))


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (b"403 Forbidden", WALL, "blocked"),
        (b"429 Too Many Requests", "{}", "rate_limited"),
        (b"503 Busy", WALL, "transport"),
        (b"404 Not Found", NOT_FOUND, "transport"),
        (b"302 Found", "", "transport"),
    ],
)
def test_each_refusal_ends_as_what_it_is(answered, status, text, outcome) -> None:
    run = answered(text, HEAD.replace(b"200 OK", status) + b"Location: http://127.0.0.1:1/\r\n")
    assert (run.outcome, run.fetched, run.window) == (outcome, 0, None)
    assert run.error


@pytest.mark.usefixtures("ledger")
def test_a_desk_that_is_busy_once_and_then_answers_is_one_good_look(settings) -> None:
    settings.OMC_HTTP_BACKOFF = 0.01
    busy = body(WALL.encode(), HEAD.replace(b"200 OK", b"503 Busy"))
    with serving(busy, body(GOOD.encode())) as (base, asked):
        settings.OMC_BASE_URLS = {SLUG: base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        run = only(collect(SLUG))
    assert (run.outcome, run.error, run.new, len(run.payloads)) == ("ok", "", 2, 1)
    assert [request == asked[0] for request in asked] == [True, True]
    assert run.window is not None


def test_the_desk_s_wish_to_wait_is_told_on(settings) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    slow = HEAD.replace(b"200 OK", b"429 Slow") + b"Retry-After: 93\r\n"
    with serving(body(b"{}", slow)) as (base, _):
        settings.OMC_BASE_URLS = {SLUG: base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        with pytest.raises(RateLimitedError) as caught:
            RequestsHttp(DESK).get(ARTICLES)
    assert caught.value.retry_after == timedelta(seconds=93)


@pytest.mark.usefixtures("ledger")
def test_an_article_of_the_future_is_rejected(desk) -> None:
    later = (NOW + 400 * 24 * HOUR).year + 1
    future = f"{later}-01-01T00:00:00Z"
    with desk(p1=[page(article(2), article(1, created_at=future))]):
        run = only(collect(SLUG))
    assert (run.new, run.rejected) == (1, 1)
    assert RejectedRecord.objects.get().reason == "future"
