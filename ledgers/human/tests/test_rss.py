"""News feeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.coverage import gaps
from ledgers.human.collectors.rss import NO_DAY, OUTLETS
from ledgers.human.models import Article
from ledgers.models import CollectorRun
from ledgers.reading import pair
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

RSS = collectors["rss"]
URL = OUTLETS["coindesk"]
MINUTE = timedelta(minutes=1)


def feed(*items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'


def item(title="Bitcoin rises", link="https://example.org/1", guid="1", date_=None, more="") -> str:
    when = f"<pubDate>{date_}</pubDate>" if date_ else ""
    return f"<item><title>{title}</title><link>{link}</link><guid>{guid}</guid>{when}{more}</item>"


def parse(body: str | bytes) -> tuple[list, list]:
    return parsed(RSS, payload(URL, body))


def test_an_item_becomes_an_article() -> None:
    summary = "<description>&lt;p&gt;Ether &amp;amp; SOL too.&lt;/p&gt;</description>"
    (article,), rejects = parse(feed(item(date_="Wed, 18 Mar 2026 13:00:00 +0200", more=summary)))
    assert article.event_at == article.published_at == datetime(2026, 3, 18, 11, tzinfo=UTC)
    assert (article.outlet, article.guid, article.published_on) == (
        "coindesk",
        "1",
        date(2026, 3, 18),
    )
    assert (article.title, article.summary) == ("Bitcoin rises", "Ether & SOL too.")
    assert (article.assets, rejects) == (["BTC", "ETH", "SOL"], [])


def test_links_lose_tracking_and_fragment_but_nothing_else() -> None:
    link = "https://Example.ORG/a?utm_source=rss&amp;id=7&amp;utm_medium=x#top"
    (article,), _ = parse(feed(item(link=link)))
    assert article.url == "https://example.org/a?id=7"


@pytest.mark.parametrize("written", [None, "soon", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_without_a_usable_date_the_moment_we_saw_it_counts(written) -> None:
    (article,), _ = parse(feed(item(date_=written)))
    assert article.published_at == NOW


def test_a_date_in_the_future_is_clamped_and_a_little_skew_is_not() -> None:
    (far,), _ = parse(feed(item(date_="Wed, 18 Mar 2026 13:00:00 GMT")))
    (near,), _ = parse(feed(item(date_="Wed, 18 Mar 2026 12:04:00 GMT")))
    assert (far.published_at, near.published_at) == (NOW, NOW + 4 * MINUTE)


def test_an_item_with_a_date_of_its_own_is_known_again_by_its_day_and_marked_exact() -> None:
    (article,), _ = parse(feed(item(date_="Wed, 18 Mar 2026 11:00:00 GMT")))
    assert (article.published_on, article.is_publication_exact) == (date(2026, 3, 18), True)


@pytest.mark.parametrize(
    ("written", "day"), [(None, NO_DAY), ("Sat, 28 Mar 2026 11:00:00 GMT", date(2026, 3, 28))]
)
def test_an_item_that_cannot_be_dated_is_marked_and_the_same_thing_on_every_day(
    written, day
) -> None:
    body = feed(item(date_=written))
    (today,), _ = parsed(RSS, payload(URL, body))
    (tomorrow,), _ = parsed(RSS, payload(URL, body, at=NOW + timedelta(days=1)))
    assert (today.published_at, today.is_publication_exact) == (NOW, False)
    assert today.published_on == tomorrow.published_on == day
    assert today.guid == tomorrow.guid


@pytest.mark.usefixtures("ledger")
def test_an_undated_item_seen_on_two_days_is_one_article(settings, tmp_path) -> None:
    (tmp_path / "feed.xml").write_text(feed(item(), item(guid="2", link="https://example.org/2")))
    rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
    for day in (18, 19):
        row = ["example.org", "GET", "/feed", "200", "application/rss+xml"]
        rows.append("\t".join([*row, f"2026-03-{day}T10:00:00+00:00", "feed.xml", "recorded"]))
    (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
    settings.OMC_RSS_FEEDS = ["gazette=https://example.org/feed"]
    with replayed(tmp_path, settings, in_sequence=True):
        first, again = only(collect("rss")), only(collect("rss"))
    assert (first.new, again.new, again.revised) == (2, 0, 0)


def test_the_same_page_in_two_feeds_has_one_link() -> None:
    links = ("https://Example.org/a?utm_source=x#top", "https://example.org/a?utm_medium=y")
    (one, other), _ = parse(feed(*(item(link=link, guid=link) for link in links)))
    assert one.url == other.url == "https://example.org/a"


def test_markup_controls_and_length_are_tamed() -> None:
    title = "&lt;script&gt;x&lt;/script&gt;Bit\u202ecoin\u200b"
    long = f"<description>{'word ' * 200}</description>"
    (article,), _ = parse(feed(item(title=title, more=long)))
    assert article.title == "x Bitcoin"
    assert len(article.summary) == 200


@pytest.mark.parametrize(
    "bad", [item(title=""), item(link="javascript:alert(1)", guid="x"), item(link="", guid="")]
)
def test_an_item_without_title_or_link_is_rejected_and_the_others_are_kept(bad) -> None:
    articles, rejects = parse(feed(bad, item(guid="2")))
    assert [article.guid for article in articles] == ["2"]
    assert len(rejects) == 1


@pytest.mark.parametrize("body", ["", "not xml", '{"json": 1}', "<html><body>Hi</body></html>"])
def test_what_is_no_feed_is_drift(body) -> None:
    with pytest.raises(DriftError, match="is no feed"):
        parse(body)


def test_entities_are_refused_before_anything_expands_them() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">]>' + feed(item())[21:]
    with pytest.raises(DriftError, match="declares XML entities"):
        parse(bomb)


@pytest.mark.usefixtures("ledger")
def test_shipped_news_is_collected_for_every_outlet_and_only_once(settings) -> None:
    with replayed(SHIPPED, settings):
        first = collect("rss")
        again = collect("rss")
    assert {run.outcome for run in [*first, *again]} == {CollectorRun.Outcome.OK}
    assert sum(run.new for run in first) == 27
    assert sum(run.new + run.revised for run in again) == 0
    assert {run.feed_id for run in first} == {f"rss/{outlet}" for outlet in OUTLETS}


@pytest.fixture
def three_looks(tmp_path, settings) -> Iterator[None]:
    """Serve three recordings of one outlet: the second overlaps the first, the third does not."""
    looks = {
        "10:00": [item(guid="1", date_="Wed, 18 Mar 2026 09:30:00 GMT")],
        "11:00": [
            item(guid="2", date_="Wed, 18 Mar 2026 10:40:00 GMT"),
            item(guid="1", date_="Wed, 18 Mar 2026 09:30:00 GMT"),
        ],
        "12:00": [item(guid="9", date_="Wed, 18 Mar 2026 11:50:00 GMT")],
    }
    rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
    for time, items in looks.items():
        (tmp_path / time).write_text(feed(*items))
        row = ["example.org", "GET", "/feed", "200", "application/rss+xml"]
        rows.append("\t".join([*row, f"2026-03-18T{time}:00+00:00", time, "recorded"]))
    (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
    settings.OMC_RSS_FEEDS = ["gazette=https://example.org/feed"]
    with replayed(tmp_path, settings, in_sequence=True):
        yield


@pytest.mark.usefixtures("ledger", "three_looks")
def test_a_look_that_meets_the_last_one_leaves_no_gap_and_one_that_does_not_leaves_it() -> None:
    first, second, third = (only(collect("rss")).window for _ in range(3))
    ten = datetime(2026, 3, 18, 10, tzinfo=UTC)
    assert (first.lower, first.upper) == (ten - 30 * MINUTE, ten)
    assert (second.lower, second.upper) == (ten, ten + 60 * MINUTE)
    assert (third.lower, third.upper) == (ten + 110 * MINUTE, ten + 120 * MINUTE)
    asked = Range(ten, ten + 120 * MINUTE)
    assert gaps("rss/gazette", asked, pair()) == [Range(ten + 60 * MINUTE, ten + 110 * MINUTE)]


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_recorded_feeds_are_stored_as_they_stand_and_a_second_look_stores_none(settings) -> None:
    with replayed(SAMPLES, settings):
        first, again = collect("rss"), collect("rss")
    good = [run for run in first if run.outcome == CollectorRun.Outcome.OK]
    assert {run.feed_id for run in good} == {"rss/coindesk", "rss/cointelegraph"}
    assert [(run.fetched, run.new) for run in good] == [(2, 2), (2, 2)]
    assert sum(run.new + run.revised for run in again) == 0
    stored = Article.objects.at(pair()).get(guid="a1b2c3d4-052f-4948-9630-938954a03936")
    assert stored.title == "Swiss mega-bank UBS ramps up its Bitcoin exposure"
    assert stored.event_at == datetime(2026, 8, 15, 15, 10, tzinfo=UTC)
    evergreen = Article.objects.get(guid__endswith="what-happened-in-crypto-today")
    assert (evergreen.published_on, "utm" in evergreen.url) == (date(2026, 8, 15), False)


@samples_needed
@pytest.mark.parametrize(
    "path", sorted((SAMPLES / "rss").glob("*.xml")), ids=lambda path: path.name
)
def test_no_recorded_feed_breaks_the_parser_or_loses_an_item(path) -> None:
    try:
        articles, rejects = parse(path.read_bytes())
    except DriftError:
        assert "empty" in path.name or "prolog" in path.name
        return
    body = path.read_bytes().lower()
    assert len(articles) + len(rejects) == max(body.count(b"<item>"), body.count(b"<item "), 0) + (
        body.count(b"<entry")
    )


def test_shipped_feeds_name_their_assets() -> None:
    articles, _ = parse(shipped("rss/coindesk.xml"))
    assert {asset for article in articles for asset in article.assets} >= {"BTC", "ETH", "SOL"}
