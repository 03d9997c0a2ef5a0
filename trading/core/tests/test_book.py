"""The book on the smallest numbers: what a predecessor got wrong, the methods, the order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from trading.core.book import (
    METHODS,
    Book,
    FeePolicy,
    OutOfOrderError,
    apply,
    restore,
)
from trading.core.entries import FlowKind
from trading.core.exact import total
from trading.core.lots import OpenLot, Position
from trading.core.tests.factories import booked, day, flow, numbers, these, trade, valued

BASIS, SEPARATE = FeePolicy.BASIS, FeePolicy.SEPARATE


@pytest.mark.parametrize("method", METHODS)
def test_realized_and_unrealized_use_the_same_lots(method: str) -> None:
    """FIFO for the one and average for the other would make 200 + 150 of a gain of 300."""
    book = booked(
        trade("buy", "1", "100", on=0),
        trade("buy", "1", "200", on=1),
        trade("sell", "1", "300", on=2),
        method=method,
    )
    value = valued(book, BTC="300")
    assert total([value.realized, value.unrealized]) == 300


@pytest.mark.parametrize("fees", FeePolicy)
def test_fees_are_not_ignored(fees: FeePolicy) -> None:
    book = booked(
        trade("buy", "1", "100", on=0, fee="1 AUD"),
        trade("sell", "1", "100", on=1, fee="2 AUD"),
        fees=fees,
    )
    value = valued(book)
    assert these(value.realized, value.fees) == ((0, 3) if fees is SEPARATE else (-3, 0))
    assert total(posting.value for posting in book.fee_postings) == 3


def test_oversold_units_do_not_vanish() -> None:
    book = booked(trade("buy", "1", "100", on=0), trade("sell", "3", "150", on=1))
    value = valued(book, BTC="150")
    assert value.unmatched == {"BTC": 2}
    assert these(value.realized, value.realized_unmatched) == (50, 300)
    assert not value.complete
    assert book.positions["BTC"].quantity == 0


def test_a_buy_after_an_oversale_starts_a_lot_of_its_own() -> None:
    book = booked(trade("sell", "1", "150", on=0), trade("buy", "1", "100", on=1))
    assert book.positions["BTC"].quantity == 1
    assert valued(book, BTC="120").unrealized == 20


def test_a_buy_without_a_price_is_refused_and_not_free() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        trade("buy", "1", "0", on=0)


def test_partial_fills_count_each() -> None:
    parts = booked(*(trade("buy", "0.1", "100", on=0, fee="0.01 AUD") for _ in range(3)))
    whole = booked(trade("buy", "0.3", "100", on=0, fee="0.03 AUD"))
    assert parts.positions["BTC"].quantity == whole.positions["BTC"].quantity
    assert parts.positions["BTC"].cost == whole.positions["BTC"].cost


def test_an_asset_without_a_bid_stays_in_the_total_and_is_named() -> None:
    book = booked(trade("buy", "1", "100", on=0), trade("buy", "2", "7", on=1, pair="XYZ/AUD"))
    value = valued(book, BTC="150")
    assert value.equity == 164
    assert value.missing == ("XYZ",)
    assert not value.complete


def test_equity_is_what_one_would_get_and_not_what_was_paid() -> None:
    value = valued(booked(trade("buy", "2", "100", on=0)), BTC="150")
    assert value.equity == 300
    assert value.flows == 200


@pytest.mark.parametrize(
    ("method", "gain"),
    [("fifo", 150), ("lifo", 130), ("hifo", 50), ("lofo", 150), ("average", 110)],
)
def test_the_method_chooses_what_is_sold(method: str, gain: int) -> None:
    book = booked(
        trade("buy", "1", "100", on=0),
        trade("buy", "1", "200", on=1),
        trade("buy", "1", "120", on=2),
        trade("sell", "1", "250", on=3),
        method=method,
    )
    assert valued(book).realized == gain


@pytest.mark.parametrize(("method", "on"), [("hifo", 0), ("lofo", 0), ("fifo", 0), ("lifo", 1)])
def test_of_two_lots_that_tie_the_older_goes_first(method: str, on: int) -> None:
    book = booked(
        trade("buy", "1", "100", on=0),
        trade("buy", "1", "100", on=1),
        trade("sell", "1", "250", on=3),
        method=method,
    )
    assert [disposal.lot.at for disposal in book.disposals] == [day(on)]


def test_lots_of_one_moment_are_in_the_order_of_their_keys() -> None:
    cheap = replace(trade("buy", "1", "100", on=0), key="b")
    dear = replace(trade("buy", "1", "200", on=0), key="a")
    sale = trade("sell", "1", "300", on=1)
    assert valued(booked(cheap, dear, sale)).realized == 100
    assert valued(booked(dear, cheap, sale, method="lifo")).realized == 200


def test_an_average_pool_moves_with_every_buy_and_keeps_its_first_date() -> None:
    book = booked(
        trade("buy", "2", "10", on=0),
        trade("sell", "1", "15", on=1),
        trade("buy", "1", "30", on=2),
        trade("sell", "1", "10", on=3),
        method="average",
    )
    assert numbers(book.disposals) == [("1", "10", "15"), ("1", "20", "10")]
    assert {disposal.lot.at for disposal in book.disposals} == {day(0)}


def test_a_split_that_does_not_come_out_even_loses_nothing() -> None:
    book = booked(
        trade("buy", "3", "1", on=0, fee="0.1 AUD"),
        *(trade("sell", "1", "1", on=number) for number in (1, 2, 3)),
    )
    costs = [disposal.cost for disposal in book.disposals]
    assert len(set(costs)) == 2
    assert total(costs) == Decimal("3.1")


def test_amounts_of_any_size_are_exact() -> None:
    """An 18-decimal token at a tiny price: 39 digits that a default context would round to 28."""
    book = booked(
        trade("buy", "123456789.123456789123456789", "0.0000001000000000001", on=0),
        trade("sell", "0.000000000000000001", "9999999.999999999999", on=1),
    )
    lot, sale = book.acquisitions[0], book.disposals[0]
    assert lot.cost == Decimal("12.3456789123580245912580245789123456789")
    assert total([book.positions["BTC"].cost, sale.cost]) == lot.cost
    assert sale.proceeds == Decimal("0.000000000009999999999999999999")


def test_an_entry_that_comes_too_late_is_refused() -> None:
    book = booked(trade("buy", "1", "100", on=1))
    with pytest.raises(OutOfOrderError, match="is not later than"):
        apply(book, trade("buy", "1", "100", on=0))


def test_one_execution_cannot_be_booked_twice() -> None:
    entry = trade("buy", "1", "100", on=1)
    with pytest.raises(OutOfOrderError):
        booked(entry, entry)


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"No method 'best'\. The methods are fifo, lifo"):
        Book(currency="AUD", method="best")


@pytest.mark.parametrize("method", METHODS)
def test_a_position_restored_with_its_next_lots_alone_books_on_the_same(method: str) -> None:
    """What a store needs to load is the totals and the lots that the entry will touch."""
    buys = [trade("buy", "1", price, on=number) for number, price in enumerate("213")]
    whole = booked(*buys, method=method)
    known = whole.positions["BTC"]
    restored = Position("BTC", quantity=known.quantity, cost=known.cost)
    first = known.open_lots()[0]
    book = Book(currency="AUD", method=method, serial=whole.serial, last=whole.last)
    restore(book, restored, [OpenLot(first.lot, first.quantity, first.cost)])
    sale = trade("sell", "0.5", "10", on=5)
    apply(book, sale)
    apply(whole, sale)
    assert book.disposals == whole.disposals
    assert these(restored.quantity, restored.cost) == (known.quantity, known.cost)
    assert restored.open_lots()[0] == known.open_lots()[0]


def test_a_flow_posting_tells_what_kind_it_was() -> None:
    book = booked(flow("deposit", "1 ETH", on=0, value="5"), flow("withdrawal", "1 ETH", on=1))
    assert [these(p.kind, p.quantity, p.value) for p in book.flow_postings] == [
        (FlowKind.DEPOSIT, 1, 5),
        (FlowKind.WITHDRAWAL, -1, -5),
    ]
