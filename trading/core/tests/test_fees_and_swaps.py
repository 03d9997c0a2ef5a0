"""Fees in every asset and under both policies, and crypto for crypto."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trading.core.book import (
    FeePolicy,
)
from trading.core.entries import PriceLookup
from trading.core.exact import total
from trading.core.tests.factories import booked, fixed, flow, numbers, these, trade, valued

BASIS, SEPARATE = FeePolicy.BASIS, FeePolicy.SEPARATE


def test_a_fee_in_the_basis_adds_to_cost_and_lowers_proceeds() -> None:
    book = booked(
        trade("buy", "2", "100", on=0, fee="4 AUD"), trade("sell", "1", "150", on=1, fee="3 AUD")
    )
    assert numbers(book.disposals) == [("1", "102", "147")]
    assert all(posting.in_basis for posting in book.fee_postings)


@pytest.mark.parametrize(("fees", "cost", "expense"), [(BASIS, 100, 0), (SEPARATE, 99, 1)])
def test_a_fee_in_what_was_bought_is_withheld_from_it(
    fees: FeePolicy, cost: int, expense: int
) -> None:
    book = booked(trade("buy", "1", "100", on=0, fee="0.01 BTC"), fees=fees)
    position = book.positions["BTC"]
    assert these(position.quantity, position.cost) == (Decimal("0.99"), cost)
    assert valued(book).fees == expense
    assert not book.disposals


def test_a_fee_that_takes_all_that_was_bought_is_an_expense_under_any_policy() -> None:
    book = booked(trade("buy", "1", "100", on=0, fee="1 BTC"))
    assert valued(book).fees == 100
    assert book.positions["BTC"].quantity == 0


def test_a_fee_larger_than_what_was_bought_takes_older_lots() -> None:
    book = booked(
        trade("buy", "5", "80", on=0), trade("buy", "1", "100", on=1, fee="3 BTC"), fees=SEPARATE
    )
    assert book.positions["BTC"].quantity == 3
    assert valued(book).fees == 300
    assert numbers(book.disposals) == [("2", "160", "200")]


@pytest.mark.parametrize(("fees", "expense"), [(BASIS, 0), (SEPARATE, 25)])
def test_a_fee_in_what_was_sold_consumes_units_without_proceeds(
    fees: FeePolicy, expense: int
) -> None:
    """Under BASIS sold and consumed units together bring just the price of the sold ones."""
    book = booked(
        trade("buy", "10", "2000", on=0),
        trade("sell", "7.99", "2500", on=1, fee="0.01 BTC"),
        fees=fees,
    )
    value = valued(book)
    assert total(disposal.cost for disposal in book.disposals) == 16000
    assert total([value.realized, Decimal(-expense)]) == 19975 - 16000
    assert value.fees == expense
    assert book.positions["BTC"].quantity == 2


@pytest.mark.parametrize(("fees", "cost", "expense"), [(BASIS, 103, 0), (SEPARATE, 100, 3)])
def test_a_fee_in_a_third_asset_disposes_of_its_lots(
    fees: FeePolicy, cost: int, expense: int
) -> None:
    book = booked(
        trade("buy", "10", "20", on=0, pair="BNB/AUD"),
        trade("buy", "1", "100", on=1, fee="0.1 BNB"),
        fees=fees,
        prices=fixed(BNB="30"),
    )
    assert numbers(book.disposals) == [("0.1", "2", "3")]
    assert book.disposals[0].is_fee
    assert book.positions["BTC"].cost == cost
    assert valued(book).fees == expense


def test_a_fee_nobody_knows_the_price_of_takes_its_cost() -> None:
    book = booked(
        trade("buy", "10", "20", on=0, pair="BNB/AUD"),
        trade("buy", "1", "100", on=1, fee="0.1 BNB"),
        fees=SEPARATE,
    )
    value = valued(book, BNB="20", BTC="100")
    assert these(value.realized, value.fees) == (0, 2)
    assert value.missing == ("BNB",)


def test_an_unpriced_fee_that_is_partly_unmatched_earns_nothing() -> None:
    book = booked(
        trade("buy", "1", "20", on=0, pair="BNB/AUD"), trade("buy", "1", "100", on=1, fee="3 BNB")
    )
    value = valued(book)
    assert these(value.realized, value.realized_unmatched) == (0, 0)
    assert value.unmatched == {"BNB": 2}


@pytest.mark.parametrize("prices", [fixed(ETH="50"), fixed(BTC="500")])
def test_a_swap_is_a_disposal_and_an_acquisition_at_one_worth(prices: PriceLookup) -> None:
    book = booked(
        trade("buy", "20", "30", on=0, pair="ETH/AUD"),
        trade("buy", "1", "10", on=1, pair="BTC/ETH"),
        prices=prices,
    )
    assert numbers(book.disposals) == [("10", "300", "500")]
    assert book.positions["BTC"].cost == 500
    assert valued(book, ETH="50", BTC="500").complete


def test_a_swap_without_a_price_carries_the_cost_over() -> None:
    book = booked(
        trade("buy", "20", "30", on=0, pair="ETH/AUD"),
        trade("sell", "10", "0.1", on=1, pair="ETH/XYZ", fee="5 AUD"),
    )
    value = valued(book, ETH="50")
    assert value.realized == 0
    assert book.positions["XYZ"].cost == 305
    assert value.missing == ("ETH", "XYZ")


@pytest.mark.parametrize("fees", FeePolicy)
def test_the_fee_of_a_swap_told_as_a_sale_lowers_its_proceeds(fees: FeePolicy) -> None:
    book = booked(
        trade("buy", "20", "30", on=0, pair="ETH/AUD"),
        trade("sell", "10", "0.1", on=1, pair="ETH/BTC", fee="0.01 BTC"),
        prices=fixed(BTC="500"),
        fees=fees,
    )
    assert book.disposals[0].proceeds == (500 if fees is SEPARATE else 495)
    assert book.positions["BTC"].cost == 495
    assert book.positions["BTC"].quantity == Decimal("0.99")


@pytest.mark.parametrize("fees", FeePolicy)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_cash_told_as_the_base_stays_cash(side: str, fees: FeePolicy) -> None:
    """AUD/USD told by a venue whose account is in AUD: dollars are the lots, dollars have basis."""
    book = booked(
        flow("deposit", "100 AUD", on=0),
        flow("deposit", "100 USD", on=0, value="130"),
        trade(side, "50", "0.8", on=1, pair="AUD/USD", fee="1 AUD"),
        fees=fees,
    )
    assert book.positions["AUD"].quantity == (149 if side == "buy" else 49)
    assert book.positions["USD"].quantity == (60 if side == "buy" else 140)
    assert valued(book).fees == (1 if fees is SEPARATE else 0)
