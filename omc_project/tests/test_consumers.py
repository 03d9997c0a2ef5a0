"""A feed's state flips at one moment, and each of its consumers behaves otherwise exactly then."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents.tools.registry import Context, read_only, tools
from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import LATE_AFTER, STALE_AFTER
from ledgers.models import Feed
from ledgers.reading import Pair, pair, safe_now
from quality.tests.factories import (
    DAY,
    HOUR,
    NOW,
    SECOND,
    client_of,
    covered,
    make_account,
    make_user,
)
from quality.tests.facts import fill, quote
from trading.core.guarding import mark
from trading.core.tests.cases import case
from trading.marks import mark_of
from trading.services import pnl_of

pytestmark = pytest.mark.usefixtures("ledger")
PRICES = ["coinspot", "kraken"]
SIDES = pytest.mark.parametrize("after", [-SECOND, SECOND], ids=["before", "after"])


def feed_called(name: str) -> Feed:
    return next(feed for feed in expected_feeds() if feed.name == name)


def due_of(every: timedelta, lag: timedelta) -> datetime:
    """Return when more was due of a feed that was covered up to NOW.

    A look that was known only after its window ended is followed by the next a cadence on.
    """
    return NOW + lag + (every if lag else 0 * SECOND)


@pytest.fixture
def account():
    made = make_account(make_user())
    fill(made, "a", NOW - DAY, price=100)
    return made


@SIDES
def test_the_api_calls_each_feed_stale_from_its_own_threshold_on(after) -> None:
    api = client_of(make_user(is_staff=True))
    feeds = expected_feeds()
    for feed in feeds:
        covered(feed, NOW, width=HOUR)
    assert len(feeds) > 20
    asked = {(feed.every, feed.lag) for feed in feeds}
    for every, lag in asked:
        moment = due_of(every, lag) + STALE_AFTER * every + after
        said = api.get("/api/v1/quality/feeds", {"as_of": moment.isoformat()}).json()
        told = {one["feed"]: one["state"] for one in said["quality"]["feeds"]}
        named = [feed.name for feed in feeds if (feed.every, feed.lag) == (every, lag)]
        assert {told[name] for name in named} == {"stale" if after > 0 * SECOND else "late"}


def kinds() -> list[tuple[timedelta, timedelta]]:
    """Return the cadences of this installation, each with the lag of its sources."""
    return sorted({(feed.every, feed.lag) for feed in expected_feeds() if feed.every})


@SIDES
def test_the_agent_calls_each_feed_stale_at_the_same_moment_as_the_api(after) -> None:
    api = client_of(make_user(is_staff=True))
    feeds = expected_feeds()
    for feed in feeds:
        covered(feed, NOW, width=HOUR)
    assert len(kinds()) > 4
    for every, lag in kinds():
        moment = due_of(every, lag) + STALE_AFTER * every + after
        with read_only():
            found = tools["get_data_quality"].call({}, Context(pair=at(moment)))
        said = api.get("/api/v1/quality/feeds", {"as_of": moment.isoformat()}).json()
        told = {one["feed"]: one["state"] for one in said["quality"]["feeds"]}
        assert {row.source: row.state for row in found.rows} == told
        named = [feed.name for feed in feeds if (feed.every, feed.lag) == (every, lag)]
        assert {told[name] for name in named} == {"stale" if after > 0 * SECOND else "late"}


def at(moment) -> Pair:
    return Pair(as_of=moment, horizon=safe_now())


TEXTS = [
    (
        "human/articles/",
        {"outlet": "coindesk"},
        "get_sentiment_data",
        {"source": "coindesk"},
        "rss",
    ),
    ("human/moods/", {}, "get_sentiment_data", {"source": "fear_greed"}, "alternative_me"),
    ("catalyst/events/", {"source": "fed"}, "get_catalyst_events", {"event_type": "macro"}, "fed"),
    (
        "catalyst/events/",
        {"source": "coinspot_announcements"},
        "get_catalyst_events",
        {"event_type": "exchange_listing"},
        "coinspot_announcements",
    ),
    (
        "catalyst/events/",
        {"source": "sec"},
        "get_catalyst_events",
        {"event_type": "sec_filing"},
        "sec",
    ),
]


@SIDES
@pytest.mark.parametrize(("path", "asked", "tool", "words", "source"), TEXTS)
def test_what_api_and_agent_tell_of_texts_flips_with_their_feeds(
    path, asked, tool, words, source, after
) -> None:
    own = [feed for feed in expected_feeds() if feed.source == source]
    for feed in own:
        covered(feed, NOW, width=HOUR)
    first = min(due_of(feed.every, feed.lag) + STALE_AFTER * feed.every for feed in own)
    moment = first + after
    said = client_of(make_user()).get(
        f"/api/v1/ledgers/{path}", {**asked, "as_of": moment.isoformat()}
    )
    with read_only():
        found = tools[tool].call(words, Context(pair=at(moment)))
    state = "stale" if after > 0 * SECOND else "late"
    assert (said.json()["quality"]["state"], found.quality.state) == (state, state)


@SIDES
@pytest.mark.parametrize("name", PRICES)
def test_a_data_answer_of_the_api_flips_with_its_feed(name, after) -> None:
    feed = feed_called(name)
    covered(feed, NOW, width=HOUR)
    quote("BTC", NOW, source=name)
    moment = NOW + STALE_AFTER * feed.every + after
    api = client_of(make_user())
    said = api.get(
        "/api/v1/ledgers/glass/quotes/",
        {"asset": "BTC", "source": name, "as_of": moment.isoformat()},
    ).json()
    assert said["quality"]["state"] == ("stale" if after > 0 * SECOND else "late")
    assert len(said["results"]) == 1


@SIDES
@pytest.mark.parametrize("name", PRICES)
def test_the_agent_calls_its_price_stale_from_the_same_moment_on(settings, name, after) -> None:
    settings.OMC_PRICE_SOURCES = [name]
    feed = feed_called(name)
    covered(feed, NOW, width=HOUR)
    quote("BTC", NOW, source=name)
    moment = NOW + STALE_AFTER * feed.every + after
    asked = Context(pair=Pair(as_of=moment, horizon=safe_now()))
    with read_only():
        found = tools["get_price_data"].call({"symbol": "BTC"}, asked)
    is_stale = after > 0 * SECOND
    assert found.quality.state == ("stale" if is_stale else "late")
    assert (found.state == "stale") == is_stale


@SIDES
@pytest.mark.parametrize("name", PRICES)
def test_the_guard_denies_new_exposure_from_the_moment_its_mark_is_late(
    settings, name, after
) -> None:
    settings.OMC_PRICE_SOURCES = [name]
    feed = feed_called(name)
    covered(feed, NOW, width=HOUR)
    quote("BTC", NOW, source=name)
    moment = NOW + feed.every + LATE_AFTER * feed.every + after
    seen = mark_of("BTC", "AUD", pair(moment, horizon=safe_now()), moment)
    assert seen is not None
    denied = mark(case(mark=seen))
    assert (denied is not None) == bool(seen.doubt) == (after > 0 * SECOND)


@SIDES
@pytest.mark.parametrize("name", PRICES)
def test_pnl_is_incomplete_and_names_the_asset_from_the_moment_its_bid_is_late(
    account, settings, name, after
) -> None:
    settings.OMC_PRICE_SOURCES = [name]
    feed = feed_called(name)
    covered(feed, NOW, width=HOUR)
    quote("BTC", NOW, source=name)
    moment = NOW + feed.every + LATE_AFTER * feed.every + after
    report = pnl_of(account.user_id, pair=Pair(as_of=moment, horizon=safe_now()))
    assert report.complete == (after < 0 * SECOND)
    assert report.missing == (() if after < 0 * SECOND else ("BTC",))


def test_before_the_first_look_every_consumer_says_that_it_does_not_know(account) -> None:
    cuts = Pair(as_of=NOW + timedelta(minutes=1), horizon=safe_now())
    with read_only():
        found = tools["get_price_data"].call({"symbol": "BTC"}, Context(pair=cuts))
    assert (found.state, found.quality.state) == ("not_observed", "unknown")
    assert mark_of("BTC", "AUD", cuts, cuts.as_of) is None
    assert pnl_of(account.user_id, pair=cuts).missing == ("BTC",)
