"""Several accounts at several moments: the days add up, and a doubted bid is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.book import METHODS, Book, FeePolicy, book_accounts, book_entries
from trading.core.days import Market, day_ends, stands
from trading.core.entries import assets_in, assets_to_price, booking_order
from trading.core.journal import Parcel, fees_in_basis, implied_flows
from trading.core.tests.factories import START, booked, day, fixed, flow, these, trade, valued
from trading.core.tests.histories import CURRENCY, History, histories
from trading.core.valuation import NOTHING, add_up, change, combine, imbalance, value_book

TICK = timedelta(microseconds=1)


def books_of(one: History, other: History, method: str) -> dict[str, Book]:
    transit: dict[tuple[str, str], Parcel] = {}
    return {
        key: Book(currency=CURRENCY, method=method, prices=history.prices, transit=transit)
        for key, history in (("one", one), ("other", other))
    }


@given(histories(), histories(), st.sampled_from([*METHODS]))
def test_the_changes_of_all_moments_are_the_whole(
    one: History, other: History, method: str
) -> None:
    entries = {"one": one.entries, "other": other.entries}
    moments = [START + timedelta(hours=hour) for hour in (0, 2, 3, 7)]
    found = stands(
        books_of(one, other, method), entries, moments, lambda key, at: Market(bids=one.bids())
    )
    whole = books_of(one, other, method)
    book_accounts(whole, entries)
    expected = {key: value_book(book, one.bids()) for key, book in whole.items()}
    assert found[-1].valuations == expected
    values = [combine(stand.valuations.values()) for stand in found]
    changes = [change(*pair) for pair in zip([NOTHING, *values], values, strict=False)]
    assert add_up(changes) == add_up([values[-1]])
    assert all(imbalance(amounts) == 0 for amounts in changes)


def test_each_account_sells_in_its_own_market() -> None:
    books = {"one": Book(currency="AUD"), "two": Book(currency="USD")}
    entries = {
        "one": [trade("buy", "1", "100", on=0)],
        "two": [trade("buy", "1", "60", on=0, pair="BTC/USD")],
    }
    bids = {"one": Decimal(150), "two": Decimal(90)}
    (stand,) = stands(books, entries, [day(1)], lambda key, at: Market(bids={"BTC": bids[key]}))
    assert {key: value.equity for key, value in stand.valuations.items()} == bids


def test_what_comes_after_the_last_moment_is_not_booked() -> None:
    books = {"one": Book(currency="AUD")}
    entries = {"one": [trade("buy", "1", "100", on=0), trade("sell", "1", "300", on=2)]}
    found = stands(books, entries, [day(1), day(0) - TICK], lambda key, at: Market(bids={}))
    assert [stand.valuations["one"].flows for stand in found] == [0, 100]


def test_a_doubted_bid_counts_and_its_asset_is_named() -> None:
    book = booked(trade("buy", "1", "100", on=0))
    value = value_book(book, {"BTC": Decimal(150)}, doubted=["BTC", "ETH"])
    assert these(value.equity, value.missing, value.complete) == (150, ("BTC",), False)


def test_a_doubted_bid_of_what_was_sold_does_not_matter() -> None:
    book = booked(trade("buy", "1", "100", on=0), trade("sell", "1", "100", on=1))
    assert value_book(book, {"BTC": Decimal(150)}, doubted=["BTC"]).complete


def test_days_end_a_microsecond_before_midnight_and_the_last_one_now() -> None:
    midnight = datetime(2026, 3, 18, tzinfo=UTC)
    first, last = midnight - timedelta(hours=30), midnight + timedelta(hours=12)
    assert day_ends(first, last, most=9) == [
        midnight - timedelta(days=1) - TICK,
        midnight - TICK,
        last,
    ]
    assert day_ends(first, last, most=2) == [midnight - TICK, last]
    assert day_ends(last, last, most=9) == [last]


def test_a_first_entry_at_midnight_begins_no_day_before() -> None:
    midnight = datetime(2026, 3, 18, tzinfo=UTC)
    assert day_ends(midnight, midnight, most=9) == [midnight]
    assert day_ends(midnight, midnight + TICK, most=9) == [midnight + TICK]


def test_days_are_those_of_the_zone_of_the_first_moment() -> None:
    sydney = timezone(timedelta(hours=11))
    first = datetime(2026, 3, 18, 23, tzinfo=sydney)
    last = datetime(2026, 3, 18, 14, tzinfo=UTC)
    assert day_ends(first, last, most=9) == [datetime(2026, 3, 18, 13, tzinfo=UTC) - TICK, last]


@given(histories(), st.sampled_from([*METHODS]), st.sampled_from(FeePolicy))
def test_a_booking_asks_for_no_price_that_was_not_announced(
    history: History, method: str, fees: FeePolicy
) -> None:
    announced = {
        (asset, entry.at) for entry in history.entries for asset in assets_to_price(entry, CURRENCY)
    }
    asked = set()

    def prices(asset: str, at: datetime) -> Decimal | None:
        asked.add((asset, at))
        return history.prices(asset, at)

    book_entries(history.entries, currency=CURRENCY, method=method, fees=fees, prices=prices)
    assert asked <= announced


@given(histories())
def test_a_booking_moves_no_asset_but_those_of_its_entries(history: History) -> None:
    book = Book(currency=CURRENCY, prices=history.prices)
    named = {CURRENCY}
    for entry in sorted(history.entries, key=booking_order):
        named |= assets_in(entry)
    done = book_entries(history.entries, currency=CURRENCY, prices=history.prices)
    assert set(done.positions) <= named
    assert book.positions == {}


@pytest.mark.parametrize(("fees", "inside"), [(FeePolicy.BASIS, 6), (FeePolicy.SEPARATE, 0)])
def test_fees_in_the_basis_are_told_apart(fees: FeePolicy, inside: int) -> None:
    book = booked(
        trade("buy", "1", "20", on=0, pair="BNB/AUD", fee="3 AUD"),
        trade("buy", "1", "100", on=1, fee="0.1 BNB"),
        flow("withdrawal", "0.1 BTC", on=2, fee="2 AUD"),
        fees=fees,
        prices=fixed(BNB="30"),
    )
    assert fees_in_basis(book) == inside
    assert valued(book).fees == 8 - inside


def test_implied_flows_are_what_nobody_recorded() -> None:
    book = booked(flow("deposit", "60 AUD", on=0), trade("buy", "1", "100", on=1))
    assert implied_flows(book) == 40
    assert implied_flows(booked(flow("deposit", "60 AUD", on=0))) == 0
