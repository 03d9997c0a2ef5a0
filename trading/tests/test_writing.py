"""Numbers as text: exact for a program, short for a person."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trading.writing import money, plain, units


@pytest.mark.parametrize(
    ("number", "written"),
    [("0E-40", "0"), ("-0", "0"), ("1E+3", "1000"), ("1.500", "1.5"), ("-1E-7", "-0.0000001")],
)
def test_a_program_reads_every_digit_and_no_exponent(number: str, written: str) -> None:
    assert plain(Decimal(number)) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [("1234.567", "1,234.57"), ("0", "0.00"), ("0.00000012", "0.00000012"), ("-0.5", "-0.5")],
)
def test_amounts_are_rounded_for_the_eye(number: str, written: str) -> None:
    assert money(Decimal(number)) == written


def test_quantities_keep_all_their_digits() -> None:
    assert units(Decimal("1234.000000000000000001")) == "1,234.000000000000000001"
    assert units(Decimal("1E+3")) == "1,000"
    assert units(Decimal("2.500")) == "2.5"
