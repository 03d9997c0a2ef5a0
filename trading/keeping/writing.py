"""What becomes of everything when entries are booked: versions by day, and journals, as rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import localcontext
from typing import Any

import psycopg
from django.db import connection

from ledgers.wire import fetch
from trading.core.entries import Entry, Flow
from trading.core.exact import CONTEXT
from trading.core.journal import Parcel
from trading.core.lots import METHODS, Lot, Method
from trading.core.watching import WatchedPosition, apply_counted, watched
from trading.keeping.heads import Head
from trading.keeping.planning import written_price
from trading.keeping.shelves import Shelf
from trading.keeping.tables import (
    ASKED,
    COUNTED,
    DISPOSALS,
    FEES,
    FLOWS,
    LOTS,
    PARCELS,
    POSITIONS,
    TOTALS,
    Table,
    write,
)
from trading.pricing import PriceTable

Row = dict[str, Any]
Key = tuple[Any, ...]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOVING = ("user_id", "config", "horizon", "available_at", "known_at", "priced_at", "last_at")
MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Versions:
    """The versions of one table that a booking makes; of a key and day, the last counts.

    `kept` tells since when what was restored is as it is: that version ends when another follows.
    """

    table: Table
    kept: Mapping[Key, date]
    made: dict[Key, dict[date, Row]] = field(default_factory=lambda: defaultdict(dict))

    def put(self, key: Key, day: date, values: Row) -> None:
        """Note what something is at the end of a day; days come in order."""
        self.made[key][day] = values

    def rows(self) -> Iterator[Row]:
        """Yield the versions, each until the next of its key."""
        for key, days in self.made.items():
            for (day, values), until in zip(days.items(), [*days, None][1:], strict=True):
                yield {**self._named(key), "since": day, "until": until, **values}

    def ended(self) -> Iterator[Row]:
        """Yield the kept versions that end, and when."""
        for key, days in self.made.items():
            since, until = self.kept.get(key), next(iter(days))
            if since is not None and since < until:
                yield {**self._named(key), "since": since, "until": until}

    def _named(self, key: Key) -> Row:
        return dict(zip(self.table.key, key, strict=True))


class Booking:
    """Books entries into restored books, in their order, and notes what becomes of everything."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.positions = Versions(POSITIONS, shelf.positions)
        self.lots = Versions(LOTS, shelf.lots)
        self.parcels = Versions(PARCELS, shelf.parcels)
        self._day: date | None = None
        self._moved: set[tuple[int, str]] = set()
        self._sent: set[tuple[str, str]] = set()

    def book(self, entry: Entry, account_id: int) -> None:
        """Book one entry that is later than all before it."""
        day = entry.at.astimezone(UTC).date()
        if day != self._day:
            self.end_day()
            self._day = day
        moved = apply_counted(self.shelf.books[account_id], entry)
        self._moved.update((account_id, asset) for asset in moved)
        if isinstance(entry, Flow) and entry.match:
            self._sent.add((entry.match, entry.asset))

    def end_day(self) -> None:
        """Note what everything is that moved since the day began."""
        if self._day is None:
            return
        with localcontext(CONTEXT):
            for account_id, asset in self._moved:
                self._end_position(account_id, asset, self._day)
        for match, asset in self._sent:
            parcel = self.shelf.transit.get((match, asset))
            if parcel is not None:
                owner = self.shelf.accounts[0].user_id
                self.parcels.put((owner, match, asset), self._day, _parcel(parcel))
        self._moved.clear()
        self._sent.clear()

    def rows(self, table: PriceTable) -> Mapping[str, str]:
        """Return the rows of every table that has any, as the statement takes them."""
        found: dict[str, Iterator[Row]] = {}
        for versions in (self.positions, self.lots, self.parcels):
            found[versions.table.name] = versions.rows()
            found[versions.table.ending] = versions.ended()
        found |= {
            DISPOSALS.name: self._disposals(),
            FEES.name: self._fees(),
            FLOWS.name: self._flows(),
            ASKED.name: self._asked(table),
        }
        listed = {name: list(rows) for name, rows in found.items()}
        return {name: json.dumps(rows, default=str) for name, rows in listed.items() if rows}

    def _end_position(self, account_id: int, asset: str, day: date) -> None:
        book = self.shelf.books[account_id]
        position = watched(book, asset)
        values = {name: getattr(position, name) for name in (*TOTALS, *COUNTED)}
        self.positions.put((account_id, asset), day, values)
        method = METHODS[book.method]
        for lot in position.touched.values():
            self.lots.put((account_id, lot.serial), day, _lot(position, lot, method))
        position.touched.clear()

    def _disposals(self) -> Iterator[Row]:
        for account_id, book in self.shelf.books.items():
            for one in book.disposals:
                lot = one.lot.serial if one.lot else None
                yield {"account_id": account_id, **one._asdict(), "lot": lot}

    def _fees(self) -> Iterator[Row]:
        for account_id, book in self.shelf.books.items():
            for one in book.fee_postings:
                yield {"account_id": account_id, **one._asdict()}

    def _flows(self) -> Iterator[Row]:
        for account_id, book in self.shelf.books.items():
            for one in book.flow_postings:
                yield {"account_id": account_id, **one._asdict(), "kind": one.kind.value}

    def _asked(self, table: PriceTable) -> Iterator[Row]:
        owner = self.shelf.accounts[0].user_id
        for wanted in (*table.asked, *sorted(table.unknown)):
            price = written_price(table.asked.get(wanted))
            yield {"user_id": owner, **wanted._asdict(), "price": price}


def _lot(position: WatchedPosition, lot: Lot, method: Method) -> Row:
    rest, rest_cost = position.rest_of(lot.serial)
    return {
        "asset": lot.asset,
        "at": lot.at,
        "key": lot.key,
        "quantity": lot.quantity,
        "cost": lot.cost,
        "rest": rest,
        "rest_cost": rest_cost,
        "is_open": rest > 0,
        "rank": [_number(part) for part in method.rank(lot)],
    }


def _number(part: Any) -> Any:
    """Return a part of a rank as a number of the same order."""
    if isinstance(part, datetime):
        part -= EPOCH
    return part // MICROSECOND if isinstance(part, timedelta) else part


def _parcel(parcel: Parcel) -> Row:
    lots = [[lot.at, lot.key, lot.serial, lot.quantity, lot.cost] for lot in parcel.lots]
    return {"currency": parcel.currency, "lots": lots}


def save(before: Head, head: Head, rows: Mapping[str, str], notes: Sequence[int]) -> bool:
    """Add rows, move the head on and delete the notes that were seen, all or nothing.

    False, and nothing done, if somebody else moved the head meanwhile.
    """
    question = {
        **{name: getattr(head, name) for name in MOVING},
        **rows,
        "version": before.version,
        "notes": [*notes],
    }
    return bool(fetch(write(tuple(rows)), question))


def run(statements: Iterable[str], question: Mapping[str, Any]) -> None:
    """Execute statements that return nothing."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        for statement in statements:
            cursor.execute(statement, question)


def latest(*moments: datetime | None) -> datetime | None:
    """Return the latest of those moments that are there."""
    return max((at for at in moments if at is not None), default=None)
