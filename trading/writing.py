"""How numbers are written: plainly for a program, rounded for a person."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal) -> str:
    """Write an exact number in plain notation, without zeros that say nothing."""
    written = _without_zeros(format(value, "f"))
    return "0" if written == "-0" else written


def units(value: Decimal) -> str:
    """Write a quantity or a price for a person, with all its digits."""
    return _without_zeros(f"{value:,f}")


def money(value: Decimal) -> str:
    """Write an amount for a person: two decimals, of small amounts up to eight."""
    if value and abs(value) < 1:
        return _without_zeros(f"{value:,.8f}")
    return f"{value:,.2f}"


def _without_zeros(written: str) -> str:
    return written.rstrip("0").rstrip(".") if "." in written else written
