"""Exact decimal arithmetic: nothing is ever rounded, only cut, and what is cut off is kept.

Sums and products of decimals are exact if there are digits enough, so the core has its own context
with more digits than any history needs, and a result that would not fit raises instead of being
rounded. A quotient is seldom exact: `share` cuts it on a grid, and the caller leaves the rest with
the other part, so that the parts always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)

ZERO = Decimal(0)
ONE = Decimal(1)
GRID = Decimal("1e-36")
MAX_DIGITS = 60
CONTEXT = Context(prec=1000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_LIMIT = Context(
    prec=MAX_DIGITS,
    Emax=MAX_DIGITS,
    Emin=-MAX_DIGITS,
    traps=[Inexact, InvalidOperation, Overflow],
)


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return `part / whole` of `amount`, cut down to the grid.

    Cut towards zero and not to the nearest, so that the rest never changes its sign. Needs the
    core's context.
    """
    return (amount * part) // (whole * GRID) * GRID


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add up exactly, whatever the caller's context."""
    with localcontext(CONTEXT):
        return sum(amounts, ZERO)


def require_exact(name: str, number: Decimal) -> None:
    """Refuse what is no decimal, not finite, or has more digits than the core promises to keep."""
    if not isinstance(number, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(number).__name__} {number!r}.")
    if not number.is_finite():
        raise ValueError(f"{name} must be a finite number, not {number}.")
    try:
        _LIMIT.plus(number)
    except (Inexact, Overflow) as error:
        raise ValueError(f"{name} has more than {MAX_DIGITS} digits: {number}.") from error
