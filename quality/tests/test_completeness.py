"""What was not looked at, what stopped and what fell silent is found, at its threshold exactly."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers.collecting.registry import feed_of
from ledgers.models import CollectorRun, Ledger
from ledgers.reading import Pair
from quality.checks.completeness import (
    catalyst_is_complete,
    days_have_their_candles,
    exchange_is_complete,
    glass_is_complete,
    human_is_complete,
    no_asset_stopped,
    no_source_falls_silent,
    rows_have_their_fields,
)
from quality.completeness import percent, shares, spelled
from quality.findings import Level
from quality.tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, covered, make_collector
from quality.tests.facts import article, candles, event, look, quote, quotes

pytestmark = pytest.mark.usefixtures("ledger")
NUMBERS = count()
LEDGERS = {
    Ledger.GLASS: glass_is_complete,
    Ledger.HUMAN: human_is_complete,
    Ledger.CATALYST: catalyst_is_complete,
    Ledger.EXCHANGE: exchange_is_complete,
}


def source(sources, ledger=Ledger.GLASS, **options):
    made = make_collector("source", ledger, **options)
    sources(made)
    return made


@pytest.mark.parametrize("which", LEDGERS)
@pytest.mark.parametrize(("missing", "found"), [(60 * MINUTE, 0), (60 * MINUTE + SECOND, 1)])
def test_a_living_feed_with_a_hole_is_found_exactly_below_the_share(
    sources, which, missing, found
) -> None:
    feed = feed_of(source(sources, which, every=HOUR), "")
    covered(feed, NOW - 10 * HOUR - missing, width=20 * DAY)
    covered(feed, NOW, width=10 * HOUR)
    # A day less the last cadence is 24 hours, of which 1/24 may lack.
    findings = list(LEDGERS[which](NOW, day=1 - Decimal(1) / 23, week=Decimal("0.5")))
    assert [one.subject for one in findings] == ["source"] * found


def test_the_message_says_how_much_is_missing_and_of_what(sources) -> None:
    feed = feed_of(source(sources), "")
    covered(feed, NOW - 20 * HOUR, width=20 * DAY)
    covered(feed, NOW, width=2 * HOUR)
    (found,) = glass_is_complete(NOW)
    assert found.level == Level.ERROR
    assert found.message == (
        "source was looked at for 21.7 % of the last day, less than 95 %. "
        "Nobody looked for 18:00:00."
    )


def test_a_dead_feed_is_left_to_freshness_and_a_new_one_has_missed_nothing(sources) -> None:
    feed = feed_of(source(sources), "")
    assert list(glass_is_complete(NOW)) == []
    covered(feed, NOW - 10 * HOUR, width=HOUR)
    assert list(glass_is_complete(NOW)) == []
    other = feed_of(make_collector("new", Ledger.GLASS), "")
    sources(make_collector("new", Ledger.GLASS))
    covered(other, NOW, width=3 * HOUR)
    assert list(glass_is_complete(NOW)) == []


def test_holes_in_several_feeds_of_a_source_are_one_cause(sources) -> None:
    made = source(sources, scopes=("a", "b", "c"))
    for scope in "ab":
        covered(feed_of(made, scope), NOW - 20 * HOUR, width=20 * DAY)
        covered(feed_of(made, scope), NOW, width=2 * HOUR)
    covered(feed_of(made, "c"), NOW, width=20 * DAY)
    assert {(one.subject, one.cause) for one in glass_is_complete(NOW)} == {
        ("source/a", "source"),
        ("source/b", "source"),
    }


@given(lived=st.lists(st.booleans(), min_size=3, max_size=30))
def test_the_figure_is_what_counting_minutes_gives_for_any_life_and_death(lived) -> None:
    feed = feed_of(make_collector(f"alive{next(NUMBERS)}", Ledger.GLASS, every=MINUTE), "")
    for minute, is_up in enumerate(lived):
        if is_up:
            covered(feed, NOW - (len(lived) - 1 - minute) * MINUTE, width=MINUTE)
    cuts = Pair(as_of=NOW, horizon=NOW + DAY)
    found = shares([feed], cuts, width=20 * MINUTE)
    # Looked at are the minutes (end - 1, end]; the last one is not due yet.
    first = next((minute for minute, is_up in enumerate(lived) if is_up), len(lived))
    due = [up for minute, up in enumerate(lived[:-1]) if minute >= first][-19:]
    if not due:
        assert found == []
    else:
        (one,) = found
        assert one.expected == len(due) * MINUTE
        assert one.covered == sum(due) * MINUTE
        assert one.share == Decimal(sum(due)) / len(due)


def test_shares_come_in_the_order_of_the_feeds() -> None:
    made = make_collector("many", Ledger.GLASS, scopes=tuple("abcdef"))
    feeds = [feed_of(made, scope) for scope in made.scopes()]
    for feed in feeds:
        covered(feed, NOW, width=5 * HOUR)
    found = shares(reversed(feeds), Pair(as_of=NOW, horizon=NOW + DAY), width=DAY)
    assert [one.feed for one in found] == [feed.name for feed in reversed(feeds)]


def day_of(hours: int) -> list:
    start = NOW.replace(hour=0) - DAY
    return [start + hour * HOUR for hour in range(hours)]


def began(**options) -> None:
    """Begin a series two days before the day that is counted."""
    candles([day_of(1)[0] - 2 * DAY], **options)


@pytest.mark.parametrize(("hours", "found"), [(24, 0), (18, 0), (17, 1)])
def test_a_day_without_its_candles_is_found_exactly_below_the_share(hours, found) -> None:
    began()
    candles(day_of(hours))
    said = list(days_have_their_candles(NOW, least=Decimal("0.75")))
    assert len(said) == found
    for one in said:
        assert one.subject == "kraken_ohlc BTC/AUD 3600 s"
        assert "has 17 of 24 candles on 2026-03-17, less than 75 %" in one.message


def test_a_series_that_ended_the_day_before_is_found_and_one_long_gone_or_new_is_not() -> None:
    began()
    candles([at - DAY for at in day_of(24)])
    began(asset="ETH")
    candles([at - 2 * DAY for at in day_of(24)], asset="ETH")
    candles(day_of(24)[20:], asset="SOL")
    assert [one.subject for one in days_have_their_candles(NOW)] == ["kraken_ohlc BTC/AUD 3600 s"]


@given(hours=st.sets(st.integers(min_value=0, max_value=23), min_size=1), goes_on=st.booleans())
@settings(max_examples=20)
def test_a_day_counts_as_many_candles_as_it_has_whether_its_bar_is_kept_or_not(
    hours, goes_on
) -> None:
    asset = f"C{next(NUMBERS)}"
    began(asset=asset)
    day = day_of(24)
    candles([day[hour] for hour in sorted(hours)], asset=asset)
    if goes_on:
        candles([day[0] + DAY], asset=asset)
    said = [one for one in days_have_their_candles(NOW, least=Decimal(1)) if asset in one.subject]
    assert [f"has {len(hours)} of 24" in one.message for one in said] == [True] * (len(hours) < 24)


@pytest.mark.parametrize(("after", "day"), [(119, "16"), (120, "17")])
def test_a_day_is_counted_when_its_last_candles_had_time_to_come(after, day) -> None:
    candles([day_of(1)[0] - 3 * DAY])
    candles(day_of(3))
    midnight = NOW.replace(hour=0)
    candles([at - DAY for at in day_of(3)])
    (found,) = days_have_their_candles(midnight + after * MINUTE)
    assert f"on 2026-03-{day}" in found.message


def test_many_bad_series_of_a_source_are_one_cause() -> None:
    for asset in ("BTC", "ETH"):
        began(asset=asset)
        candles(day_of(3), asset=asset)
    assert {one.cause for one in days_have_their_candles(NOW)} == {"kraken_ohlc candles"}


def many(minutes: int) -> list[str]:
    return [f"C{number}" for number in range(minutes)]


@pytest.mark.parametrize(("empty", "names"), [(4, []), (5, ["coinspot bid"])])
def test_a_field_that_rows_lost_is_found_exactly_above_the_drop(empty, names) -> None:
    quotes(many(20), NOW - DAY - 30 * MINUTE)
    quotes(many(20)[empty:], NOW - 30 * MINUTE)
    quotes(many(20)[:empty], NOW - 30 * MINUTE, bid=None)
    assert [one.subject for one in rows_have_their_fields(NOW)] == names


def test_a_field_that_was_never_filled_and_few_rows_prove_nothing() -> None:
    quotes(many(20), NOW - DAY - 30 * MINUTE, last=None)
    quotes(many(20), NOW - 30 * MINUTE, last=None)
    quotes(many(19), NOW - DAY - 30 * MINUTE, source="kraken")
    quotes(many(19), NOW - 30 * MINUTE, source="kraken", bid=None)
    assert list(rows_have_their_fields(NOW)) == []


def test_news_and_events_that_lose_a_field_are_found() -> None:
    for number in range(20):
        before, here = NOW - 3 * DAY + number * MINUTE, NOW - number * MINUTE - SECOND
        article(f"a{number}", before)
        article(f"b{number}", here, url="")
        event(f"a{number}", before, company="Coin Inc")
        event(f"b{number}", here, company="Coin Inc" if number % 2 else "")
    assert {(one.ledger, one.subject) for one in rows_have_their_fields(NOW)} == {
        ("human", "rss url"),
        ("catalyst", "announcements company"),
    }


@pytest.mark.parametrize(("age", "found"), [(HOUR, 0), (HOUR + MINUTE, 1)])
def test_an_asset_that_stopped_is_found_exactly_then(age, found) -> None:
    quotes(["BTC", "ETH"], NOW)
    quote("OLD", NOW - age)
    said = list(no_asset_stopped(NOW))
    assert len(said) == found
    for one in said:
        assert one.subject == "coinspot AUD"
        assert "quotes 2 of 3 assets in AUD. It stopped with OLD." in one.message


@pytest.mark.parametrize(("alive", "level"), [(9, Level.WARNING), (8, Level.ERROR)])
def test_a_tenth_of_the_assets_that_stopped_is_no_longer_single_coins(alive, level) -> None:
    quotes(many(alive), NOW)
    quote("OLD", NOW - 2 * HOUR)
    assert [one.level for one in no_asset_stopped(NOW)] == [level]


def test_a_source_that_stopped_and_an_asset_long_gone_are_no_breadth() -> None:
    quotes(["BTC", "ETH"], NOW - 2 * DAY)
    quote("OLD", NOW - 9 * DAY - MINUTE)
    assert list(no_asset_stopped(NOW)) == []


def spoke(feed, *minutes: int, **options) -> None:
    for minute in minutes:
        look(feed, NOW - minute * MINUTE, fetched=5, **options)


@pytest.mark.parametrize(("after", "found"), [(0 * SECOND, 0), (SECOND, 1)])
def test_a_source_that_fell_silent_is_found_exactly_at_twice_its_longest(
    sources, after, found
) -> None:
    feed = feed_of(source(sources, every=MINUTE), "")
    spoke(feed, *range(20, 130, 10))
    for minute in (3, 2, 1):
        look(feed, NOW - minute * MINUTE, outcome="empty")
    covered(feed, NOW, width=DAY)
    said = list(no_source_falls_silent(NOW + after))
    assert len(said) == found
    for one in said:
        assert (one.subject, one.level) == ("source", Level.ERROR)
        assert "says nothing since 2026-03-18 11:40:00 UTC (3 looks)" in one.message
        assert "silent for 0:10:00 at most" in one.message


def test_a_source_without_a_habit_or_without_empty_answers_is_not_silent(sources) -> None:
    feed = feed_of(source(sources, every=MINUTE), "")
    covered(feed, NOW, width=9 * DAY)
    spoke(feed, *range(20, 29))
    for minute in (3, 2, 1):
        look(feed, NOW - minute * MINUTE, outcome="empty")
    assert list(no_source_falls_silent(NOW)) == []
    spoke(feed, 29)
    assert len(list(no_source_falls_silent(NOW))) == 1
    CollectorRun.objects.filter(outcome="empty").first().delete()
    assert list(no_source_falls_silent(NOW)) == []


@pytest.mark.parametrize(
    ("share", "text"), [("1", "100 %"), ("0.9999", "99.9 %"), ("0", "0 %"), ("0.5", "50 %")]
)
def test_a_share_is_never_written_as_more_than_it_is(share, text) -> None:
    assert percent(Decimal(share)) == text


def test_many_names_are_cut_and_counted() -> None:
    assert spelled(["a", "b"], 2) == "a, b"
    assert spelled(["a", "b", "c"], 2) == "a, b and 1 more"
