"""What may enter a book."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext

import pytest

from trading.core.entries import booking_order
from trading.core.exact import CONTEXT, GRID, share, total
from trading.core.tests.factories import flow, trade

BUY = trade("buy", "1", "100", on=0, fee="1 AUD")
DEPOSIT = flow("deposit", "1 BTC", on=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": Decimal(0)}, "has the quantity 0"),
        ({"quantity": Decimal(-1)}, "has the quantity -1"),
        ({"price": Decimal(0)}, "has the price 0"),
        ({"price": Decimal("NaN")}, "price must be a finite number"),
        ({"price": Decimal("Infinity")}, "price must be a finite number"),
        ({"fee": Decimal(-1)}, "a rebate is income"),
        ({"fee_asset": ""}, "no asset of the fee"),
        ({"quote": "BTC"}, "BTC against itself"),
        ({"at": datetime(2026, 1, 1)}, "without a zone"),  # noqa: DTZ001 - that is the point
        ({"quantity": Decimal("1" * 61)}, "more than 60 digits"),
        ({"quantity": Decimal("1e70")}, "more than 60 digits"),
    ],
)
def test_a_trade_that_cannot_have_happened_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(BUY, **change)


@pytest.mark.parametrize("price", [None, 100, 1.5, "100"])
def test_only_decimals_are_numbers(price: object) -> None:
    with pytest.raises(TypeError, match="price must be a Decimal"):
        replace(BUY, price=price)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"asset": ""}, "names no asset"),
        ({"value": Decimal(-5)}, "negative value"),
        ({"quantity": Decimal(0)}, "has the quantity 0"),
    ],
)
def test_a_flow_that_cannot_have_happened_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DEPOSIT, **change)


def test_sixty_digits_are_kept() -> None:
    number = Decimal("1." + "1" * 59)
    assert replace(BUY, quantity=number).quantity == number


def test_an_arrival_from_an_own_account_comes_last_in_its_moment() -> None:
    arrival = replace(flow("transfer_in", "1 BTC", on=0, match="m"), key="a")
    entries = sorted([arrival, replace(BUY, key="z"), replace(DEPOSIT, key="b")], key=booking_order)
    assert [entry.key for entry in entries] == ["b", "z", "a"]


def test_a_share_is_cut_on_the_grid_and_never_up() -> None:
    with localcontext(CONTEXT):
        assert share(Decimal(2), Decimal(1), Decimal(3)) == Decimal("0." + "6" * 36)
        assert share(Decimal(-2), Decimal(1), Decimal(3)) == Decimal("-0." + "6" * 36)
        assert share(GRID / 2, Decimal(1), Decimal(3)) == 0


def test_sums_are_exact_in_any_context() -> None:
    with localcontext(prec=2):
        assert total([Decimal("1e30"), Decimal("1e-30")]) == Decimal(
            "1" + "0" * 30 + "." + "0" * 29 + "1"
        )
