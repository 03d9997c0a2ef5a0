"""The declared computations: the only numbers an answer may hold that stand in no row.

Pure, exact up to `PRECISION` digits; rounding is the draft's, and is stated there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal, localcontext
from itertools import pairwise

PRECISION = Context(prec=50)
HOUR, DAY = 60, 1440
MANY = 2
HUNDRED = Decimal(100)


def change(first: Decimal, last: Decimal) -> Decimal | None:
    """Return the change from first to last in per cent; None from zero."""
    with localcontext(PRECISION):
        return (last - first) / first * HUNDRED if first else None


def difference(one: Decimal, other: Decimal) -> Decimal:
    """Return how much one is above the other."""
    with localcontext(PRECISION):
        return one - other


def mean(values: Sequence[Decimal]) -> Decimal | None:
    """Return the arithmetic mean; None of nothing."""
    with localcontext(PRECISION):
        return sum(values, Decimal(0)) / len(values) if values else None


def volatility(closes: Sequence[Decimal]) -> Decimal | None:
    """Return the sample standard deviation of the returns between closes, in per cent.

    It takes two returns, so three closes.
    """
    with localcontext(PRECISION):
        pairs = pairwise(closes)
        returns = [(later / earlier - 1) * HUNDRED for earlier, later in pairs if earlier]
        if len(returns) < MANY:
            return None
        middle = sum(returns, Decimal(0)) / len(returns)
        squares = sum(((one - middle) ** 2 for one in returns), Decimal(0))
        return (squares / (len(returns) - 1)).sqrt()


def age(at: datetime, as_of: datetime) -> tuple[Decimal, str]:
    """Return how old a moment is in whole minutes, hours or days, whichever says most."""
    minutes = max(round((as_of - at).total_seconds() / 60), 0)
    if minutes < MANY * HOUR:
        return Decimal(minutes), "minutes"
    if minutes < MANY * DAY:
        return Decimal(round(minutes / HOUR)), "hours"
    return Decimal(round(minutes / DAY)), "days"


def shown(value: Decimal, places: int | None = None) -> str:
    """Write a number as answers show it: as stored, or rounded half to even at `places`."""
    with localcontext(PRECISION):
        rounded = value if places is None else round(value, places)
    return f"{rounded:f}"


def significant(value: Decimal, digits: int = 8) -> str:
    """Write a computed price with this many significant digits."""
    return f"{Context(prec=digits).plus(value):f}"
