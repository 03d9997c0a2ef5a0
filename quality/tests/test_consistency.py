"""Rows that cannot be right, and looks that say so of themselves, are found exactly there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledgers.models import Ledger
from quality.checks.consistency import (
    candles_hold_together,
    nothing_is_of_the_future,
    nothing_is_told_twice,
    spreads_are_sane,
)
from quality.checks.looks import (
    clocks_agree,
    few_items_are_rejected,
    sources_rarely_correct_themselves,
)
from quality.findings import Level
from quality.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    make_account,
    make_user,
    stray_feed,
)
from quality.tests.facts import article, candles, event, fill, look, quote, transfer

pytestmark = pytest.mark.usefixtures("ledger")
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, 0),
        ({"high": 105}, 0),
        ({"high": 104}, 1),
        ({"low": 100}, 0),
        ({"low": 101}, 1),
        ({"high": 89, "open": 89, "close": 89}, 1),
        ({"volume": 0}, 0),
        ({"volume": "-0.1"}, 1),
        ({"low": 0}, 1),
    ],
)
def test_a_candle_that_contradicts_itself_is_found_and_one_at_its_limit_is_not(
    wrong, found
) -> None:
    candles([NOW - HOUR], **wrong)
    said = [one.subject for one in candles_hold_together(NOW)]
    assert said == ["kraken_ohlc BTC/AUD 3600 s"] * found


def test_a_candle_that_was_corrected_is_no_longer_wrong() -> None:
    candles([NOW - HOUR], high=1)
    assert len(list(candles_hold_together(NOW))) == 1
    candles([NOW - HOUR], at=NOW)
    assert list(candles_hold_together(NOW)) == []


def test_wrong_candles_of_several_series_are_one_cause() -> None:
    candles([NOW - HOUR], high=1)
    candles([NOW - HOUR], asset="ETH", high=1)
    assert {one.cause for one in candles_hold_together(NOW)} == {"kraken_ohlc candles"}


def habit(asset: str, *, times: int = 8, **options) -> None:
    for number in range(1, times + 1):
        quote(asset, NOW - number * 6 * HOUR, **options)


@pytest.mark.parametrize(
    ("bid", "ask", "found"),
    [
        (98, 102, []),
        (95, 105, []),
        ("94.99", "105.01", ["coinspot BTC/AUD"]),
    ],
)
def test_a_spread_is_wide_exactly_above_five_times_its_own(bid, ask, found) -> None:
    habit("BTC")
    quote("BTC", NOW, bid=bid, ask=ask)
    said = list(spreads_are_sane(NOW))
    assert [one.subject for one in said] == found
    assert all(one.level == Level.WARNING for one in said)


def test_a_spread_that_is_usual_for_its_asset_is_sane_however_wide() -> None:
    habit("THIN", bid=50, ask=150)
    quote("THIN", NOW, bid=40, ask=160)
    assert list(spreads_are_sane(NOW)) == []


@pytest.mark.parametrize(("ask", "found"), [("100.0", 0), ("100.03", 0), ("103.1", 1)])
def test_below_the_floor_no_spread_is_wide(ask, found) -> None:
    habit("USDT", bid="99.99", ask="100.01")
    quote("USDT", NOW, bid=100, ask=ask)
    assert len(list(spreads_are_sane(NOW))) == found


@pytest.mark.parametrize(("times", "found"), [(7, 0), (8, 1)])
def test_an_asset_without_a_habit_is_not_judged(times, found) -> None:
    habit("NEW", times=times)
    quote("NEW", NOW, bid=50, ask=150)
    assert len(list(spreads_are_sane(NOW))) == found


@pytest.mark.parametrize(("bid", "found"), [(101, 0), ("101.01", 1), (0, 1)])
def test_a_bid_above_its_ask_is_an_error_without_any_habit(bid, found) -> None:
    quote("BTC", NOW, bid=bid, ask=101)
    said = list(spreads_are_sane(NOW))
    assert [one.level for one in said] == [Level.ERROR] * found


@pytest.mark.parametrize(("ahead", "found"), [(5 * MINUTE, 0), (5 * MINUTE + TICK, 1)])
def test_a_row_of_the_future_is_found_exactly_beyond_the_tolerance(ahead, found) -> None:
    at = NOW + ahead
    candles([at])
    article("a", at)
    fill(make_account(make_user()), "f", at)
    assert len(list(nothing_is_of_the_future(NOW))) == 3 * found


def test_an_event_may_be_announced_ahead_but_not_published_in_the_future() -> None:
    event("ahead", NOW + DAY)
    (found,) = nothing_is_of_the_future(NOW)
    assert found.subject == "announcements catalyst_event"
    assert list(nothing_is_of_the_future(NOW + DAY)) == []


@pytest.mark.parametrize(
    ("skew", "said"),
    [
        (2 * MINUTE, ""),
        (2 * MINUTE + TICK, "ahead of ours by 0:02:00.000001"),
        (-15 * MINUTE, ""),
        (-15 * MINUTE - TICK, "behind ours by 0:15:00.000001"),
    ],
)
def test_a_clock_that_is_wrong_is_found_exactly_beyond_its_tolerance(skew, said) -> None:
    look(stray_feed("coinspot"), NOW - MINUTE, observed=[NOW - MINUTE + skew])
    found = list(clocks_agree(NOW))
    assert len(found) == bool(said)
    assert all(said in one.message for one in found)


def test_one_wrong_answer_among_three_is_no_wrong_clock() -> None:
    for number, skew in enumerate((0 * MINUTE, HOUR, 0 * MINUTE)):
        at = NOW - (number + 1) * MINUTE
        look(stray_feed("coinspot"), at, observed=[at - skew])
    assert list(clocks_agree(NOW)) == []


@pytest.mark.parametrize(("revised", "found"), [(50, 0), (51, 1)])
def test_a_feed_that_corrects_too_much_is_found_exactly_above_the_share(revised, found) -> None:
    look(stray_feed("coinspot"), NOW - HOUR, fetched=60, revised=revised - 10)
    look(stray_feed("coinspot"), NOW - MINUTE, fetched=40, revised=10)
    assert len(list(sources_rarely_correct_themselves(NOW))) == found


@pytest.mark.parametrize(("fetched", "found"), [(49, 0), (50, 1)])
def test_few_items_make_no_rate_of_corrections(fetched, found) -> None:
    look(stray_feed("coinspot"), NOW, fetched=fetched, revised=fetched)
    assert len(list(sources_rarely_correct_themselves(NOW))) == found


@pytest.mark.parametrize(("rejected", "found"), [(5, 0), (6, 1)])
def test_items_that_are_rejected_are_found_exactly_above_the_share(rejected, found) -> None:
    look(stray_feed("coinspot"), NOW, fetched=100, rejected=rejected, outcome="partial")
    said = list(few_items_are_rejected(NOW))
    assert len(said) == found
    for one in said:
        assert (one.ledger, one.subject, one.level) == ("glass", "coinspot", Level.ERROR)
        assert one.message == "6 of 100 items of coinspot were rejected."
    assert list(few_items_are_rejected(NOW + HOUR)) == []


def test_rejects_of_several_feeds_of_a_source_are_one_cause() -> None:
    for scope in "ab":
        look(stray_feed(f"rss/{scope}", Ledger.HUMAN), NOW, fetched=20, rejected=20)
    assert {one.cause for one in few_items_are_rejected(NOW)} == {"rss"}


def test_an_article_under_two_keys_is_found_and_another_text_is_not() -> None:
    article("a", NOW - DAY)
    article("b", NOW - HOUR, title="Something else happened")
    assert list(nothing_is_told_twice(NOW)) == []
    article("c", NOW)
    (found,) = nothing_is_told_twice(NOW)
    assert found.subject == "herald human_article"
    assert list(nothing_is_told_twice(NOW, most=2)) == []


def test_an_event_under_two_keys_is_found() -> None:
    event("a", NOW - DAY)
    event("b", NOW - HOUR)
    assert list(nothing_is_told_twice(NOW)) == []
    event("c", NOW - HOUR)
    assert [one.subject for one in nothing_is_told_twice(NOW)] == ["announcements catalyst_event"]


def test_what_an_account_booked_twice_is_found_and_told_to_its_owner_alone() -> None:
    ada = make_user()
    mine, other = make_account(ada), make_account(make_user("bob"))
    fill(mine, "a", NOW - HOUR)
    fill(other, "b", NOW - HOUR)
    transfer(mine, "c", NOW - HOUR)
    assert list(nothing_is_told_twice(NOW)) == []
    fill(mine, "d", NOW - HOUR)
    transfer(mine, "e", NOW - HOUR)
    found = list(nothing_is_told_twice(NOW))
    assert [one.subject for one in found] == [
        f"account {mine.pk} exchange_fill",
        f"account {mine.pk} exchange_transfer",
    ]
    assert {one.user_id for one in found} == {ada.pk}


@pytest.mark.parametrize(("age", "found"), [(35 * DAY - TICK, 1), (35 * DAY, 0)])
def test_twins_older_than_the_window_are_known_by_now(age, found) -> None:
    article("a", NOW - age)
    article("b", NOW - age)
    assert len(list(nothing_is_told_twice(NOW))) == found


def test_what_many_feeds_of_a_source_do_wrong_has_one_cause() -> None:
    for scope in "ab":
        feed = stray_feed(f"rss/{scope}", Ledger.HUMAN)
        look(feed, NOW, fetched=100, revised=100, observed=[NOW - HOUR])
        article(f"x{scope}", NOW + HOUR, outlet=scope)
    assert {one.cause for one in sources_rarely_correct_themselves(NOW)} == {"rss"}
    assert {one.cause for one in nothing_is_of_the_future(NOW)} == {"rss human_article"}
    assert {one.cause for one in clocks_agree(NOW)} == {"rss"}
    look(stray_feed("coinspot"), NOW, observed=[NOW - HOUR])
    assert {one.cause for one in clocks_agree(NOW)} == {"our clock"}
