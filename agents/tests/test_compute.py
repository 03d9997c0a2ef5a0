"""The declared computations, each against a number worked out by hand."""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

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


def test_numbers_are_shown_as_stored_or_rounded_and_exactly_half_is_written_out() -> None:
    assert compute.shown(Decimal("64500.10")) == "64500.10"
    assert compute.shown(Decimal("1E+3")) == "1000"
    assert compute.shown(Decimal("2.3451"), 2) == "2.35"
    assert compute.shown(Decimal("-2.3449"), 2) == "-2.34"
    assert compute.shown(Decimal("2.345"), 2) == "2.345"
    assert compute.shown(Decimal("-0.0050"), 2) == "-0.005"
    assert compute.significant(Decimal("0.123456789123")) == "0.12345679"


def test_a_difference_is_exact() -> None:
    assert compute.difference(Decimal("0.1"), Decimal("0.3")) == Decimal("-0.2")


def days_of(*prices: str) -> dict[date, Decimal]:
    """Return closes of consecutive days."""
    return {date(2026, 3, 1 + day): Decimal(price) for day, price in enumerate(prices)}


def test_what_moves_alike_correlates_by_one_and_what_moves_against_by_minus_one() -> None:
    one = days_of("100", "110", "99", "105")
    assert compute.correlation(one, one) == 1
    against = days_of("100", "90", "99", "93")
    assert Decimal(-1) <= (compute.correlation(one, against) or 0) < Decimal("-0.99")


def test_a_correlation_agrees_with_the_definition() -> None:
    one, other = days_of("10", "11", "12.1", "11.5"), days_of("5", "5.2", "5.1", "5.3")
    found = compute.correlation(one, other)
    assert found is not None
    pairs = [(float(one[day]), float(other[day])) for day in one]
    returns = [(b[0] / a[0] - 1, b[1] / a[1] - 1) for a, b in pairwise(pairs)]
    wanted = statistics.correlation(*zip(*returns, strict=True))
    assert float(found) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("1", "2", "3"), ("1", "2", "3")),
        (("1", "1", "1", "1"), ("1", "2", "3", "4")),
        ((), ("1", "2", "3", "4")),
    ],
    ids=["too few days", "one never moved", "nothing"],
)
def test_where_there_is_nothing_to_correlate_there_is_no_number(one: Any, other: Any) -> None:
    assert compute.correlation(days_of(*one), days_of(*other)) is None
