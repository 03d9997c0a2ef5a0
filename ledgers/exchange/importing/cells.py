"""What stands in one cell: amounts with units, symbols, and arithmetic that never rounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

from ledgers.assets import symbol_of
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import decimal_of

EXACT = Context(prec=400)
QUOTIENT = Context(prec=40)
MAX_CELL = 200
AMOUNT = re.compile(
    r"(?:(?:AU?)?\$)?\s*(?P<number>[-+]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?)\s*(?P<unit>\S*)"
)
GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
SYMBOL = re.compile(r"[A-Z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and the unit in its cell, if there was one."""

    number: Decimal
    unit: str


def amount_of(cell: str, name: str, *, has_semicolons: bool = False) -> Amount:
    """Read `0.5 BTC`, `$1,234.50` or `12 AUD`; a comma groups thousands and nothing else."""
    found = AMOUNT.fullmatch(cell.strip()) if len(cell) <= MAX_CELL else None
    if found is None:
        raise BadValueError("not_a_number", f"{name} is {cell[:MAX_CELL]!r}, not a number.")
    written, unit = found["number"], found["unit"]
    if "," in written:
        if has_semicolons or not GROUPED.fullmatch(written):
            raise BadValueError(
                "doubtful_number", f"{name} is {cell!r}. Write it with a decimal point."
            )
        written = written.replace(",", "")
    return Amount(decimal_of(written, name), symbol_of(unit) if unit else "")


def positive(number: Decimal, name: str) -> Decimal:
    """Return a number above zero, or say that it is not."""
    if number <= 0:
        raise BadValueError("not_positive", f"{name} is {number}. It must be above zero.")
    return number


def not_negative(number: Decimal, name: str) -> Decimal:
    """Return a number that is zero or more, or say that it is not."""
    if number < 0:
        raise BadValueError("negative", f"{name} is {number}. It must not be below zero.")
    return number


def asset_of(cell: str, name: str) -> str:
    """Return our symbol of an asset."""
    symbol = symbol_of(cell)
    if not SYMBOL.fullmatch(symbol):
        raise BadValueError("not_a_symbol", f"{name} is {cell!r}, not the symbol of an asset.")
    return symbol


def product(left: Decimal, right: Decimal, name: str) -> Decimal:
    """Multiply exactly."""
    return decimal_of(EXACT.multiply(left, right), name)


def difference(left: Decimal, right: Decimal, name: str) -> Decimal:
    """Subtract exactly."""
    return decimal_of(EXACT.subtract(left, right), name)


def plain(number: Decimal) -> str:
    """Write a number in the one way that equal numbers share."""
    return format(EXACT.normalize(number), "f")
