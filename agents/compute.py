"""The declared computations: the only numbers an answer may hold that stand in no row.

Pure, exact up to `PRECISION` digits; rounding is the draft's, and is stated there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from itertools import pairwise

PRECISION = Context(prec=50)
HOUR, DAY = 60, 1440
MANY = 2
HUNDRED = Decimal(100)
HALF = 5


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


def correlation(one: Mapping[date, Decimal], other: Mapping[date, Decimal]) -> Decimal | None:
    """Return Pearson's correlation of the returns between days that both closes have.

    It takes three returns, so four days; None for fewer, or where one of the two never moved.
    """
    days = sorted(one.keys() & other.keys())
    with localcontext(PRECISION):
        returns = [
            (one[day] / one[before] - 1, other[day] / other[before] - 1)
            for before, day in pairwise(days)
            if one[before] and other[before]
        ]
        if len(returns) <= MANY:
            return None
        count = len(returns)
        middle = tuple(
            sum((pair[place] for pair in returns), Decimal(0)) / count for place in (0, 1)
        )
        off = [(left - middle[0], right - middle[1]) for left, right in returns]
        spread = [sum((pair[place] ** 2 for pair in off), Decimal(0)) for place in (0, 1)]
        if not spread[0] or not spread[1]:
            return None
        both = sum((left * right for left, right in off), Decimal(0))
        return both / (spread[0] * spread[1]).sqrt()


def age(at: datetime, as_of: datetime) -> tuple[Decimal, str]:
    """Return how old a moment is in whole minutes, hours or days, whichever says most."""
    minutes = max(round((as_of - at).total_seconds() / 60), 0)
    if minutes < MANY * HOUR:
        return Decimal(minutes), "minutes"
    if minutes < MANY * DAY:
        return Decimal(round(minutes / HOUR)), "hours"
    return Decimal(round(minutes / DAY)), "days"


def shown(value: Decimal, places: int | None = None) -> str:
    """Write a number as answers show it: as stored, or rounded at `places`.

    What lies exactly between two is written out by one place more, so that no rule of rounding
    decides what a reader sees.
    """
    with localcontext(PRECISION):
        if places is None:
            return f"{value:f}"
        is_between = (value.scaleb(places + 1) % 10).copy_abs() == HALF
        return f"{round(value, places + 1 if is_between else places):f}"


def significant(value: Decimal, digits: int = 8) -> str:
    """Write a computed price with this many significant digits."""
    return f"{Context(prec=digits).plus(value):f}"
