"""The declared computations, each against a number worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import compute

PRICES = st.decimals("0.0001", "1000000", places=8)


def test_a_change_is_in_per_cent_of_the_first() -> None:
    assert compute.change(Decimal(80), Decimal(100)) == 25
    assert compute.change(Decimal(100), Decimal(80)) == -20


def test_from_zero_there_is_no_change() -> None:
    assert compute.change(Decimal(0), Decimal(1)) is None


@given(first=PRICES, last=PRICES)
def test_a_change_has_the_sign_of_the_difference(first: Decimal, last: Decimal) -> None:
    change = compute.change(first, last)
    assert change is not None
    assert (change > 0) == (last > first)
    assert (change == 0) == (last == first)


def test_volatility_is_the_sample_deviation_of_the_returns() -> None:
    closes = [Decimal(100), Decimal(110), Decimal(99)]
    assert compute.volatility(closes) == Decimal(200).sqrt(compute.PRECISION)


@pytest.mark.parametrize("closes", [[], ["1"], ["1", "2"]])
def test_volatility_takes_two_returns(closes: list[str]) -> None:
    assert compute.volatility([Decimal(one) for one in closes]) is None


def test_a_mean_of_nothing_is_nothing_and_not_zero() -> None:
    assert compute.mean([]) is None
    assert compute.mean([Decimal(1), Decimal(2)]) == Decimal("1.5")


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=29), (0, "minutes")),
        (timedelta(seconds=90), (2, "minutes")),
        (timedelta(minutes=119), (119, "minutes")),
        (timedelta(hours=5), (5, "hours")),
        (timedelta(days=3), (3, "days")),
        (timedelta(seconds=-5), (0, "minutes")),
    ],
)
def test_an_age_is_said_in_the_unit_that_says_most(back: timedelta, said: object) -> None:
    now = datetime(2026, 3, 18, 12, tzinfo=UTC)
    assert compute.age(now - back, now) == said


def test_numbers_are_shown_as_stored_or_rounded_half_to_even() -> None:
    assert compute.shown(Decimal("64500.10")) == "64500.10"
    assert compute.shown(Decimal("1E+3")) == "1000"
    assert compute.shown(Decimal("2.345"), 2) == "2.34"
    assert compute.significant(Decimal("0.123456789123")) == "0.12345679"


def test_a_difference_is_exact() -> None:
    assert compute.difference(Decimal("0.1"), Decimal("0.3")) == Decimal("-0.2")
