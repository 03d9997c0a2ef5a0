"""Valuations: at the bid, complete or naming what is missing, and adding up."""

from __future__ import annotations

from decimal import Decimal

from trading.core.book import Book, book_entries
from trading.core.tests.factories import flow, these, trade
from trading.core.valuation import (
    NOTHING,
    add_up,
    change,
    combine,
    imbalance,
    value_book,
)

BIDS = {"BTC": Decimal(150), "ETH": Decimal(9)}


def sample() -> Book:
    return book_entries(
        [
            flow("deposit", "1000 AUD", on=0),
            trade("buy", "2", "100", on=1, fee="1 AUD"),
            trade("buy", "10", "8", on=2, pair="ETH/AUD"),
            trade("sell", "1", "140", on=3),
        ],
        currency="AUD",
    )


def test_cash_stands_at_its_face_and_the_rest_at_the_bid() -> None:
    value = value_book(sample(), BIDS)
    assert {row.asset: row.equity for row in value.assets} == {"AUD": 859, "BTC": 150, "ETH": 90}
    assert value.equity == 1099
    assert value.complete


def test_the_assets_add_up_to_the_account() -> None:
    value = value_book(sample(), BIDS)
    summed = add_up(value.assets)
    assert (summed.equity, summed.realized, summed.flows) == (
        value.equity,
        value.realized,
        value.flows,
    )


def test_a_sold_out_asset_needs_no_bid() -> None:
    book = book_entries(
        [trade("buy", "1", "100", on=0), trade("sell", "1", "120", on=1)], currency="AUD"
    )
    assert value_book(book, {}).complete


def test_accounts_are_combined_asset_by_asset() -> None:
    one, other = value_book(sample(), BIDS), value_book(sample(), {"ETH": Decimal(9)})
    both = combine([one, other])
    assert [row.asset for row in both.assets] == ["AUD", "BTC", "ETH"]
    assert both.assets[1].quantity == 2
    assert both.assets[1].bid == 150
    assert both.missing == ("BTC",)
    assert not both.complete
    assert both.equity == one.equity + other.equity
    assert imbalance(both) == 0


def test_one_account_alone_is_the_whole() -> None:
    alone, nothing = value_book(sample(), BIDS), value_book(Book(currency="AUD"), {})
    assert repr(combine([alone])) == repr(combine([alone, nothing])) == repr(alone)
    assert combine([]) == nothing


def test_changes_between_valuations_add_up_to_the_last() -> None:
    before, after = value_book(sample(), {}), value_book(sample(), BIDS)
    both = add_up([change(NOTHING, before), change(before, after)])
    assert (both.equity, both.unrealized) == (after.equity, after.unrealized)
    assert imbalance(change(before, after)) == 0


def test_nothing_is_worth_nothing() -> None:
    value = value_book(Book(currency="AUD"), {})
    assert these(value.equity, value.assets, value.complete) == (0, (), True)
