"""Where several accounts stood at several moments, booked once from the first to the last.

The accounts are booked side by side, since an own transfer carries lots from one to the other.
What came about between two moments is the `change` of their valuations, so the changes of all
days add up to the last valuation, whatever the days are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading.core.book import apply
from trading.core.entries import Entry, booking_order
from trading.core.journal import Book
from trading.core.valuation import Valuation, value_book

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The bids known at one moment, and the assets whose bid is doubted because it is old."""

    bids: Mapping[str, Decimal]
    doubted: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What each account was worth at one moment."""

    at: datetime
    valuations: Mapping[str, Valuation]


Markets = Callable[[str, datetime], Market]
"""The market that an account, named by its key, sells in at a moment."""


def stands(
    books: Mapping[str, Book],
    entries: Mapping[str, Iterable[Entry]],
    moments: Iterable[datetime],
    markets: Markets,
) -> list[Stand]:
    """Book the accounts into their new books, and value all of them at each of the moments.

    The books must share one `transit`. Entries after the last moment are not booked.
    """
    everything = [(entry, books[account]) for account in books for entry in entries[account]]
    pending = sorted(everything, key=lambda pair: booking_order(pair[0]), reverse=True)
    found = []
    for at in sorted(moments):
        while pending and pending[-1][0].at <= at:
            entry, book = pending.pop()
            apply(book, entry)
        found.append(Stand(at=at, valuations=_value(books, at, markets)))
    return found


def day_ends(first: datetime, last: datetime, *, most: int) -> list[datetime]:
    """Return the ends of the days from `first` on that lie before `last`, then `last` itself.

    Days are those of the zone that `first` is in; of more than `most` only the newest are told,
    so that the first day holds all before it. The end of a day is its last microsecond.
    """
    ends = [last]
    end = last.astimezone(first.tzinfo).replace(hour=0, minute=0, second=0, microsecond=0)
    while end > first and len(ends) < most:
        ends.append(end - timedelta(microseconds=1))
        end -= DAY
    return ends[::-1]


def _value(books: Mapping[str, Book], at: datetime, markets: Markets) -> dict[str, Valuation]:
    values = {}
    for account, book in books.items():
        market = markets(account, at)
        values[account] = value_book(book, market.bids, market.doubted)
    return values
