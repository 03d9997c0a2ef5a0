"""What comes and goes without a trade: cash, coins, income, own transfers."""

from __future__ import annotations

import pytest

from trading.core.book import (
    Book,
    FeePolicy,
    book_accounts,
)
from trading.core.entries import Entry
from trading.core.journal import Parcel, implied_flows
from trading.core.tests.factories import booked, day, fixed, flow, these, trade, valued

BASIS, SEPARATE = FeePolicy.BASIS, FeePolicy.SEPARATE


def test_cash_that_is_short_was_deposited_without_a_record() -> None:
    book = booked(flow("deposit", "60 AUD", on=0), trade("buy", "1", "100", on=1))
    assert valued(book).flows == 100
    assert [these(p.value, p.is_implied) for p in book.flow_postings] == [(60, False), (40, True)]


def test_the_fee_of_a_deposit_that_its_cash_cannot_pay_was_deposited_without_a_record() -> None:
    """Only what was told is recorded, also where both are deposits."""
    book = booked(
        flow("deposit", "1 ETH", on=0, value="40", fee="5 AUD"),
        flow("deposit", "10 AUD", on=1, fee="15 AUD"),
    )
    told = [these(p.asset, p.value, p.is_implied) for p in book.flow_postings]
    assert told == [
        ("ETH", 40, False),
        ("AUD", 5, True),
        ("AUD", 10, False),
        ("AUD", 5, True),
    ]
    assert these(implied_flows(book), valued(book).flows, valued(book).fees) == (10, 60, 20)


def test_cash_flows_are_no_gain() -> None:
    book = booked(flow("deposit", "100 AUD", on=0), flow("withdrawal", "30 AUD", on=1))
    value = valued(book)
    assert these(value.equity, value.flows, value.realized) == (70, 70, 0)


def test_a_withdrawal_in_kind_is_worth_what_its_lots_cost() -> None:
    book = booked(trade("buy", "2", "100", on=0), flow("withdrawal", "1 BTC", on=1, fee="0.1 BTC"))
    value = valued(book)
    assert value.flows == 100
    assert these(value.fees, value.realized) == (10, 0)


def test_more_withdrawn_than_held_is_unmatched() -> None:
    value = valued(booked(trade("buy", "1", "100", on=0), flow("withdrawal", "3 BTC", on=1)))
    assert value.unmatched == {"BTC": 2}
    assert value.flows == 0


@pytest.mark.parametrize(
    ("told", "market", "cost"), [("40", "50", 40), (None, "50", 50), (None, None, 0)]
)
@pytest.mark.parametrize("kind", ["deposit", "transfer_in"])
def test_a_deposit_in_kind_costs_what_is_told_else_the_price(
    kind: str, told: str | None, market: str | None, cost: int
) -> None:
    prices = fixed(ETH=market) if market else fixed()
    book = booked(flow(kind, "1 ETH", on=0, value=told), prices=prices)
    value = valued(book, ETH="60")
    assert these(book.positions["ETH"].cost, value.flows) == (cost, cost)
    assert value.complete is (cost > 0)


@pytest.mark.parametrize(("told", "income"), [("40", 40), (None, 0)])
def test_income_is_a_gain_and_a_lot_at_its_value(told: str | None, income: int) -> None:
    book = booked(flow("income", "1 ETH", on=0, value=told), flow("income", "2 AUD", on=1))
    value = valued(book, ETH="60")
    assert value.income == income + 2
    assert value.unrealized == 60 - income
    assert value.flows == 0
    assert value.missing == (() if told else ("ETH",))


def two_accounts(currency: str = "AUD", **prices: str) -> dict[str, Book]:
    transit: dict[tuple[str, str], Parcel] = {}
    return {
        "one": Book(currency="AUD", transit=transit),
        "two": Book(currency=currency, transit=transit, prices=fixed(**prices)),
    }


def bought_and_sent() -> list[Entry]:
    return [trade("buy", "1", "100", on=0), flow("transfer_out", "1 BTC", on=1, match="m")]


def test_an_own_transfer_carries_lots_and_dates() -> None:
    books = two_accounts()
    sent: list[Entry] = [
        trade("buy", "1", "100", on=0),
        trade("buy", "1", "200", on=1),
        flow("transfer_out", "1.5 BTC", on=3, match="m"),
    ]
    held: list[Entry] = [
        trade("buy", "1", "150", on=2),
        flow("transfer_in", "1.5 BTC", on=3, match="m"),
    ]
    held.append(trade("sell", "1", "300", on=4))
    book_accounts(books, {"one": sent, "two": held})
    assert [disposal.lot.at for disposal in books["two"].disposals] == [day(0)]
    assert books["two"].positions["BTC"].cost == 250
    assert [valued(book).flows for book in books.values()] == [100, 350]


def test_what_never_arrives_leaves_both_accounts() -> None:
    books = two_accounts()
    sent: list[Entry] = [
        trade("buy", "1", "100", on=0),
        flow("transfer_out", "1 BTC", on=1, match="m"),
    ]
    book_accounts(books, {"one": sent, "two": [flow("transfer_in", "0.9 BTC", on=2, match="m")]})
    assert books["two"].positions["BTC"].cost == 90
    assert [lot.cost for lot in books["one"].transit["m", "BTC"].lots] == [10]


def test_more_than_was_sent_arrives_as_a_deposit() -> None:
    books = two_accounts(BTC="120")
    sent: list[Entry] = [
        trade("buy", "1", "100", on=0),
        flow("transfer_out", "1 BTC", on=1, match="m"),
    ]
    book_accounts(books, {"one": sent, "two": [flow("transfer_in", "2 BTC", on=2, match="m")]})
    assert books["two"].positions["BTC"].cost == 220


@pytest.mark.parametrize(("prices", "cost"), [({"AUD": "0.6"}, 60), ({"BTC": "70"}, 70)])
def test_a_transfer_to_an_account_of_another_currency_converts_the_cost(
    prices: dict[str, str], cost: int
) -> None:
    """Without a rate the lots cannot be carried, and it is a deposit at the price."""
    books = two_accounts("USD", **prices)
    sent: list[Entry] = [
        trade("buy", "1", "100", on=0),
        flow("transfer_out", "1 BTC", on=1, match="m"),
    ]
    book_accounts(books, {"one": sent, "two": [flow("transfer_in", "1 BTC", on=2, match="m")]})
    assert books["two"].positions["BTC"].cost == cost


def test_cash_moves_between_accounts_as_cash() -> None:
    books = two_accounts()
    sent: list[Entry] = [
        flow("deposit", "100 AUD", on=0),
        flow("transfer_out", "40 AUD", on=1, match="m"),
    ]
    book_accounts(books, {"one": sent, "two": [flow("transfer_in", "40 AUD", on=1, match="m")]})
    assert [valued(book).flows for book in books.values()] == [60, 40]
