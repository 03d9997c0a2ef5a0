"""Versions and journals of what was booked, as rows.

One statement a table, however many rows: a fill costs a few statements, a history of years no
more. Numbers travel as text, so every digit arrives.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import localcontext
from typing import Any

from ledgers.wire import columns_of, rows_from
from trading.core.entries import Entry, Flow
from trading.core.exact import CONTEXT
from trading.core.journal import Parcel
from trading.core.lots import METHODS, Lot, Method
from trading.core.watching import WatchedPosition, apply_counted, watched
from trading.keeping.planning import written_price
from trading.keeping.shelves import Shelf
from trading.pricing import PriceTable

Row = tuple[Any, ...]
Key = tuple[Any, ...]
Statement = tuple[str, Mapping[str, Any]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the books: its columns and their types; versions also have the parts of a key."""

    name: str
    key: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str]

    def insert(self, rows: Sequence[Row]) -> Statement:
        """Return the statement that adds rows, or replaces versions of the same day."""
        names = [*self._versioned(), *self.columns]
        listed = ", ".join(names)
        changed = ", ".join(f"{name} = excluded.{name}" for name in names[len(self.key) + 1 :])
        key = ", ".join((*self.key, "since"))
        conflict = f"ON CONFLICT ({key}) DO UPDATE SET {changed}" if self.key else ""
        source = rows_from({**self._versioned(), **self.columns}, "new")
        return (
            f"INSERT INTO {self.name} ({listed}) SELECT {listed} FROM {source} {conflict}",
            columns_of(names, rows),
        )

    def close(self, rows: Sequence[Row]) -> Statement:
        """Return the statement that ends the versions which those of these keys and days follow."""
        names = {**self.key, "since": "date"}
        same = " AND ".join(f"kept.{name} = new.{name}" for name in self.key)
        return (
            f"UPDATE {self.name} AS kept SET until = new.since FROM {rows_from(names, 'new')} "
            f"WHERE {same} AND kept.until IS NULL AND kept.since < new.since",
            columns_of(names, rows),
        )

    def rewind(self, owners: list[int], day: date) -> Iterator[Statement]:
        """Yield the statements that make the versions before a day the newest."""
        question = {"owners": owners, "day": day}
        whose = f"{next(iter(self.key))} = ANY(%(owners)s)"
        yield f"DELETE FROM {self.name} WHERE {whose} AND since >= %(day)s", question
        yield (
            f"UPDATE {self.name} SET until = NULL WHERE {whose} AND until >= %(day)s",
            question,
        )

    def _versioned(self) -> dict[str, str]:
        return {**self.key, "since": "date", "until": "date"} if self.key else {}


OF_ACCOUNT = {"account_id": "bigint"}
ENTRY = {**OF_ACCOUNT, "at": "timestamptz", "key": "text", "asset": "text"}
TOTALS = (
    "quantity",
    "cost",
    "realized",
    "realized_unmatched",
    "income",
    "fees",
    "flows",
    "unmatched",
    "fees_in_basis",
    "implied_flows",
)
COUNTED = ("unpriced", "first_at", "fills", "transfers")
POSITIONS = Table(
    name="trading_bookposition",
    key={**OF_ACCOUNT, "asset": "text"},
    columns={
        **dict.fromkeys(TOTALS, "numeric"),
        "unpriced": "boolean",
        "first_at": "timestamptz",
        "fills": "int",
        "transfers": "int",
    },
)
LOTS = Table(
    name="trading_booklot",
    key={**OF_ACCOUNT, "serial": "int"},
    columns={
        "asset": "text",
        "at": "timestamptz",
        "key": "text",
        "quantity": "numeric",
        "cost": "numeric",
        "rest": "numeric",
        "rest_cost": "numeric",
        "rank": "numeric[]",
    },
)
PARCELS = Table(
    name="trading_bookparcel",
    key={"user_id": "bigint", "match": "text", "asset": "text"},
    columns={"currency": "text", "lots": "jsonb"},
)
DISPOSALS = Table(
    name="trading_bookdisposal",
    columns={
        **ENTRY,
        "lot": "int",
        "quantity": "numeric",
        "cost": "numeric",
        "proceeds": "numeric",
        "is_fee": "boolean",
    },
)
FEES = Table(
    name="trading_bookfee",
    columns={**ENTRY, "quantity": "numeric", "value": "numeric", "in_basis": "boolean"},
)
FLOWS = Table(
    name="trading_bookflow",
    columns={
        **OF_ACCOUNT,
        "at": "timestamptz",
        "key": "text",
        "kind": "text",
        "asset": "text",
        "quantity": "numeric",
        "value": "numeric",
        "is_implied": "boolean",
    },
)
ASKED = Table(
    name="trading_bookasked",
    columns={
        "user_id": "bigint",
        "asset": "text",
        "currency": "text",
        "moment": "timestamptz",
        "price": "jsonb",
    },
)
JOURNALS = (DISPOSALS, FEES, FLOWS)


@dataclass(slots=True)
class Versions:
    """The versions of one table that a booking makes; of a key and day, the last counts."""

    table: Table
    made: dict[Key, dict[date, Row]] = field(default_factory=lambda: defaultdict(dict))

    def put(self, key: Key, day: date, values: Row) -> None:
        """Note what something is at the end of a day; days come in order."""
        self.made[key][day] = values

    def statements(self) -> Iterator[Statement]:
        """Yield what ends the versions before these, and what adds them."""
        if self.made:
            yield self.table.close([(*key, next(iter(days))) for key, days in self.made.items()])
            yield self.table.insert(list(self._rows()))

    def _rows(self) -> Iterator[Row]:
        for key, days in self.made.items():
            ends = [*days, None][1:]
            for (day, values), until in zip(days.items(), ends, strict=True):
                yield (*key, day, until, *values)


class Booking:
    """Books entries into restored books, in their order, and notes what becomes of everything."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.positions = Versions(POSITIONS)
        self.lots = Versions(LOTS)
        self.parcels = Versions(PARCELS)
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
        for account_id, asset in self._moved:
            book = self.shelf.books[account_id]
            position = watched(book, asset)
            values = _position(position)
            self.positions.put((account_id, asset), self._day, values)
            method = METHODS[book.method]
            for lot in position.touched.values():
                self.lots.put((account_id, lot.serial), self._day, _lot(position, lot, method))
            position.touched.clear()
        for match, asset in self._sent:
            parcel = self.shelf.transit.get((match, asset))
            if parcel is not None:
                owner = self.shelf.accounts[0].user_id
                self.parcels.put((owner, match, asset), self._day, _parcel(parcel))
        self._moved.clear()
        self._sent.clear()

    def statements(self, table: PriceTable) -> Iterator[Statement]:
        """Yield what writes all of it."""
        for versions in (self.positions, self.lots, self.parcels):
            yield from versions.statements()
        for journal, rows in zip(JOURNALS, self._journals(), strict=True):
            if rows:
                yield journal.insert(rows)
        if asked := self._asked(table):
            yield ASKED.insert(asked)

    def _journals(self) -> tuple[list[Row], list[Row], list[Row]]:
        disposals: list[Row] = []
        fees: list[Row] = []
        flows: list[Row] = []
        for account_id, book in self.shelf.books.items():
            disposals += (
                (account_id, at, key, asset, lot.serial if lot else None, *amounts)
                for at, key, asset, lot, *amounts in book.disposals
            )
            fees += ((account_id, *posting) for posting in book.fee_postings)
            flows += (
                (account_id, at, key, kind.value, *told)
                for at, key, kind, *told in book.flow_postings
            )
        return disposals, fees, flows

    def _asked(self, table: PriceTable) -> list[Row]:
        owner = self.shelf.accounts[0].user_id
        unknown = dict.fromkeys(sorted(table.unknown))
        return [
            (owner, *wanted, json.dumps(written_price(price)) if price else None)
            for wanted, price in {**table.asked, **unknown}.items()
        ]


def rewound(accounts: Sequence[int], user_id: int, day: date, start: datetime) -> list[Statement]:
    """Return the statements that take everything back that was booked from a day on."""
    question = {"owners": [*accounts], "start": start}
    statements: list[Statement] = []
    for table, owners in ((POSITIONS, accounts), (LOTS, accounts), (PARCELS, [user_id])):
        statements += table.rewind([*owners], day)
    statements += (
        (
            f"DELETE FROM {table.name} WHERE account_id = ANY(%(owners)s) AND at >= %(start)s",
            question,
        )
        for table in JOURNALS
    )
    asked = "DELETE FROM trading_bookasked WHERE user_id = %(user)s AND moment >= %(start)s"
    statements.append((asked, {"user": user_id, "start": start}))
    return statements


def _position(position: WatchedPosition) -> Row:
    return tuple(getattr(position, name) for name in (*TOTALS, *COUNTED))


def _lot(position: WatchedPosition, lot: Lot, method: Method) -> Row:
    with localcontext(CONTEXT):
        rank = ",".join(str(_number(part)) for part in method.rank(lot))
    rest, cost = position.rest_of(lot.serial)
    return (lot.asset, lot.at, lot.key, lot.quantity, lot.cost, rest, cost, f"{{{rank}}}")


def _number(part: Any) -> Any:
    """Return a part of a rank as a number of the same order."""
    if isinstance(part, datetime):
        part -= EPOCH
    return part // MICROSECOND if isinstance(part, timedelta) else part


def _parcel(parcel: Parcel) -> Row:
    lots = [[lot.at, lot.key, lot.serial, lot.quantity, lot.cost] for lot in parcel.lots]
    return (parcel.currency, json.dumps(lots, default=str))
