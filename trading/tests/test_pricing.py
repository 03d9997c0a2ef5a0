"""Prices out of the Glass ledger: the newest before a moment, and how far to trust it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import override_settings
from hypothesis import event, given
from hypothesis import strategies as st

from ledgers.exchange.tests.laws import costly
from ledgers.feeds import State
from ledgers.public_ids import find
from ledgers.reading import pair
from trading import pricing
from trading.pricing import MAX_AGE, Price, Wanted, find_prices
from trading.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    candle,
    candles,
    keep,
    make_run,
    quote,
    quoted,
)

pytestmark = pytest.mark.usefixtures("ledger")


def price_of(asset: str = "BTC", *, currency: str = "AUD", ago=timedelta(), cut=None):
    wanted = Wanted(asset, currency, NOW - ago)
    return find_prices([wanted], cut or pair(NOW)).found.get(wanted)


def test_nothing_stored_is_no_price() -> None:
    assert price_of() is None
    assert find_prices([], pair(NOW)).found == {}


def test_the_newest_bid_before_the_moment_is_the_price() -> None:
    quoted(
        quote("BTC", "1", ago=3 * MINUTE),
        quote("BTC", "2", ago=2 * MINUTE),
        quote("BTC", "3", ago=MINUTE),
    )
    found = price_of(ago=2 * MINUTE)
    assert isinstance(found, Price)
    assert (found.value, found.at, found.state) == (Decimal(2), NOW - 2 * MINUTE, State.FRESH)
    assert find(found.id).bid == 2


def test_a_quote_in_another_currency_does_not_count() -> None:
    quoted(quote("BTC", "60000", currency="USD"))
    assert price_of() is None
    found = price_of(currency="USD")
    assert found is not None
    assert found.value == 60000


def test_what_was_not_known_is_not_used() -> None:
    run = make_run("coinspot", "glass")
    keep([quote("BTC", "1", ago=HOUR)], run)
    run.kind = run.Kind.LIVE
    run.save()
    before = pair()
    keep([quote("BTC", "2", ago=MINUTE)], run)
    known = price_of(cut=before)
    assert known is not None
    assert known.value == 1
    later = price_of(cut=pair())
    assert later is not None
    assert later.value == 2


def test_a_withdrawn_quote_is_no_price() -> None:
    run = make_run("coinspot", "glass")
    keep([quote("BTC", "1")], run, observed_at=NOW - MINUTE)
    assert price_of() is not None
    keep([quote("BTC", "1", withdrawn=True)], run, observed_at=NOW)
    assert price_of() is None


def test_an_ask_alone_is_not_what_one_would_get() -> None:
    quoted(quote("BTC", None, ask=Decimal(100)))
    assert price_of() is None


def test_the_candle_that_ended_last_is_the_nearest() -> None:
    hour = candle("BTC", "7", ago=timedelta(), interval=3600, event_at=NOW - 2 * HOUR)
    candles(candle("BTC", "5", ago=3 * HOUR), hour)
    found = price_of()
    assert found is not None
    assert (found.value, found.at) == (7, NOW - HOUR)
    earlier = price_of(ago=2 * HOUR)
    assert earlier is not None
    assert (earlier.value, earlier.at) == (5, NOW - 3 * HOUR)


def test_a_stale_bid_gives_way_to_a_newer_close() -> None:
    quoted(quote("BTC", "5", ago=5 * HOUR))
    candles(candle("BTC", "7", ago=HOUR))
    found = price_of()
    assert found is not None
    assert (found.field, found.value) == ("close", 7)


def test_a_fresh_bid_comes_before_a_close_of_this_moment() -> None:
    quoted(quote("BTC", "5"))
    candles(candle("BTC", "7", ago=timedelta()))
    found = price_of()
    assert found is not None
    assert (found.field, found.value) == ("bid", 5)


def test_a_seeded_price_comes_last_however_new() -> None:
    quoted(quote("BTC", "5", ago=30 * HOUR))
    quoted(quote("BTC", "9", source="seed:coinspot"), feed="seed:coinspot")
    found = price_of()
    assert found is not None
    assert (found.source, found.is_fresh) == ("coinspot", False)


@pytest.mark.parametrize(
    ("age", "is_known"), [(MAX_AGE, True), (MAX_AGE + MINUTE, False), (400 * DAY, False)]
)
def test_a_price_has_a_greatest_age(age, is_known) -> None:
    quoted(quote("BTC", "5", ago=age))
    candles(candle("ETH", "5", ago=age))
    assert (price_of() is not None) is is_known
    assert (price_of("ETH") is not None) is is_known


@pytest.mark.parametrize(
    ("every", "age", "state"),
    [
        (MINUTE, timedelta(seconds=90), State.FRESH),
        (MINUTE, timedelta(seconds=91), State.LATE),
        (MINUTE, timedelta(seconds=181), State.STALE),
        (HOUR, 90 * MINUTE, State.FRESH),
        (None, 36 * HOUR, State.FRESH),
        (None, 37 * HOUR, State.LATE),
    ],
)
def test_how_old_is_old_depends_on_the_cadence_of_the_feed(every, age, state) -> None:
    quoted(quote("BTC", "5", ago=age), every=every)
    found = price_of()
    assert found is not None
    assert (found.state, found.is_fresh) == (state, state is State.FRESH)


def test_many_prices_are_one_query(django_assert_num_queries) -> None:
    quoted(*(quote(f"C{number}", "5", ago=number * HOUR) for number in range(20)))
    wanted = [Wanted(f"C{n}", "AUD", NOW - n * HOUR) for n in range(20)]
    asked = pair(NOW)
    with django_assert_num_queries(1):
        table = find_prices([*wanted, *wanted, Wanted("AUD", "AUD", NOW)], asked)
    assert set(table.found) == set(wanted)


def test_other_sources_tell_what_the_first_has_no_fresh_bid_of(django_assert_num_queries) -> None:
    quoted(quote("BTC", "5"), quote("ETH", "6", ago=HOUR), quote("SOL", None, last=Decimal(8)))
    run = make_run("kraken", "glass")
    keep([quote(asset, "7", source="kraken") for asset in ("BTC", "ETH", "SOL")], run)
    wanted = [Wanted(asset, "AUD", NOW) for asset in ("BTC", "ETH", "SOL", "DUST")]
    asked = pair(NOW)
    with django_assert_num_queries(1):
        found = find_prices(wanted, asked).found
    assert {one.asset: price.value for one, price in found.items()} == {
        "BTC": 5,
        "ETH": 7,
        "SOL": 7,
    }


def test_a_seed_in_the_first_place_comes_last_all_the_same(settings) -> None:
    settings.OMC_PRICE_SOURCES = ["seed:coinspot", "coinspot"]
    quoted(quote("BTC", "9", source="seed:coinspot"), feed="seed:coinspot")
    quoted(quote("BTC", "5", ago=30 * HOUR))
    found = price_of()
    assert found is not None
    assert found.value == 5


AGES = st.sampled_from([0, 60, 90, 91, 180, 3600, 29 * 3600, 72 * 3600])
SOURCES = ("coinspot", "kraken", "seed:coinspot")
TOLD = st.tuples(
    st.sampled_from(SOURCES),
    st.sampled_from(["BTC", "ETH"]),
    AGES,
    st.sampled_from(["bid", "last", "close", "withdrawn"]),
)
coins = iter(range(10**6))


@costly(15)
@given(told=st.lists(TOLD, max_size=12), order=st.permutations(SOURCES), ago=AGES)
def test_that_the_first_source_may_settle_it_changes_no_price(
    monkeypatch, told, order, ago
) -> None:
    number = next(coins)
    for worth, (source, coin, seconds, field) in enumerate(told, 1):
        run = make_run(source, "glass")
        asset, age = f"{coin}{number}", timedelta(seconds=seconds)
        if field == "close":
            keep([candle(asset, str(worth), ago=age, source=source)], run)
        else:
            bid = None if field == "last" else str(worth)
            is_gone = field == "withdrawn"
            options = {"source": source, "last": Decimal(worth), "withdrawn": is_gone}
            keep([quote(asset, bid, ago=age, **options)], run)
    moment = NOW - timedelta(seconds=ago)
    asked = [Wanted(f"{coin}{number}", "AUD", moment) for coin in ("BTC", "ETH")]
    with override_settings(OMC_PRICE_SOURCES=order), monkeypatch.context() as changed:
        found = find_prices(asked, pair(NOW)).found
        changed.setattr(pricing, "FRESH", -1)
        assert find_prices(asked, pair(NOW)).found == found
    for price in found.values():
        event(f"{price.field}, {price.state.name.lower()}, source {order.index(price.source)}")
