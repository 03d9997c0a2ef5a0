"""The tables of the books as one statement writes them.

Each table is one parameter, a JSON array of its rows; numbers travel as text, so every digit
arrives. One statement serves a fill and a history of years: the server plans it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

OF_ACCOUNT = {"account_id": "bigint"}
ENTRY = {**OF_ACCOUNT, "at": "timestamptz", "key": "text"}
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
COUNTED = {"unpriced": "boolean", "first_at": "timestamptz", "fills": "int", "transfers": "int"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the books: its columns and their types; versions also have the parts of a key."""

    name: str
    key: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str]

    @property
    def stored(self) -> str:
        """Name the table in the database."""
        return f"trading_book{self.name}"

    @property
    def versioned(self) -> dict[str, str]:
        """Return the columns that tell versions apart and from when until when they count."""
        return {**self.key, "since": "date", "until": "date"} if self.key else {}

    def written(self) -> Iterator[str]:
        """Yield the part of a WITH that adds the rows of the parameter."""
        kinds = {**self.versioned, **self.columns}
        listed = ", ".join(kinds)
        yield (
            f"made_{self.name} AS (INSERT INTO {self.stored} ({listed}) "
            f"SELECT {listed} FROM {_told(self.name, kinds)} {self._conflict()})"
        )

    def closed(self) -> Iterator[str]:
        """Yield the part of a WITH that ends versions which new ones follow, one look-up each."""
        kinds = {**self.key, "since": "date", "until": "date"}
        same = " AND ".join(f"kept.{name} = told.{name}" for name in (*self.key, "since"))
        place = f"(SELECT ctid FROM {self.stored} kept WHERE {same} LIMIT 1)"
        found = f"SELECT told.until, {place} AS place FROM {_told(self.ending, kinds)} OFFSET 0"
        yield (
            f"{self.ending} AS (UPDATE {self.stored} kept SET until = found.until "
            f"FROM ({found}) found WHERE kept.ctid = found.place)"
        )

    @property
    def ending(self) -> str:
        """Name the parameter of the versions that end."""
        return f"ended_{self.name}"

    def rewind(self) -> Iterator[str]:
        """Yield the statements that make the versions before a day the newest, for some owners."""
        whose = f"{next(iter(self.key))} = ANY(%(owners)s)"
        yield f"DELETE FROM {self.stored} WHERE {whose} AND since >= %(day)s"
        yield f"UPDATE {self.stored} SET until = NULL WHERE {whose} AND until >= %(day)s"

    def _conflict(self) -> str:
        """Replace a version of the same day."""
        if not self.key:
            return ""
        changed = ", ".join(f"{name} = excluded.{name}" for name in ("until", *self.columns))
        return f"ON CONFLICT ({', '.join(self.key)}, since) DO UPDATE SET {changed}"


def _told(name: str, kinds: Mapping[str, str]) -> str:
    """Write the FROM item of a parameter; it has no rows if the head was not moved."""
    columns = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    told = f"json_to_recordset(%({name})s::json) AS told ({columns})"
    return f"{told} WHERE EXISTS (TABLE moved)"


POSITIONS = Table(
    name="position",
    key={**OF_ACCOUNT, "asset": "text"},
    columns={**dict.fromkeys(TOTALS, "numeric"), **COUNTED},
)
LOTS = Table(
    name="lot",
    key={**OF_ACCOUNT, "serial": "int"},
    columns={
        "asset": "text",
        "at": "timestamptz",
        "key": "text",
        "quantity": "numeric",
        "cost": "numeric",
        "rest": "numeric",
        "rest_cost": "numeric",
        "is_open": "boolean",
        "rank": "numeric[]",
    },
)
PARCELS = Table(
    name="parcel",
    key={"user_id": "bigint", "match": "text", "asset": "text"},
    columns={"currency": "text", "lots": "jsonb"},
)
DISPOSALS = Table(
    name="disposal",
    columns={
        **ENTRY,
        "asset": "text",
        "lot": "int",
        "quantity": "numeric",
        "cost": "numeric",
        "proceeds": "numeric",
        "is_fee": "boolean",
    },
)
FEES = Table(
    name="fee",
    columns={
        **ENTRY,
        "asset": "text",
        "quantity": "numeric",
        "value": "numeric",
        "in_basis": "boolean",
    },
)
FLOWS = Table(
    name="flow",
    columns={
        **ENTRY,
        "kind": "text",
        "asset": "text",
        "quantity": "numeric",
        "value": "numeric",
        "is_implied": "boolean",
    },
)
ASKED = Table(
    name="asked",
    columns={
        "user_id": "bigint",
        "asset": "text",
        "currency": "text",
        "moment": "timestamptz",
        "price": "jsonb",
    },
)
VERSIONED = (POSITIONS, LOTS, PARCELS)
JOURNALS = (DISPOSALS, FEES, FLOWS)
TABLES = (*VERSIONED, *JOURNALS, ASKED)
OF_USERS = (PARCELS, ASKED)

MOVED = """moved AS (
        UPDATE trading_bookhead SET version = version + 1, config = %(config)s,
            horizon = %(horizon)s, available_at = %(available_at)s, known_at = %(known_at)s,
            priced_at = %(priced_at)s, last_at = %(last_at)s
        WHERE user_id = %(user_id)s AND version = %(version)s RETURNING version
    )"""
REWIND = (
    *(statement for table in (POSITIONS, LOTS) for statement in table.rewind()),
    *(
        f"DELETE FROM {table.stored} WHERE account_id = ANY(%(owners)s) AND at >= %(start)s"
        for table in JOURNALS
    ),
    *(statement.replace("owners", "users") for statement in PARCELS.rewind()),
    "DELETE FROM trading_bookasked WHERE user_id = ANY(%(users)s) AND moment >= %(start)s",
)
EMPTY = (
    *(f"DELETE FROM {table.stored} WHERE user_id = %(user)s" for table in OF_USERS),
    *(
        f"DELETE FROM {table.stored} WHERE account_id IN "
        "(SELECT id FROM exchange_account WHERE user_id = %(user)s)"
        for table in TABLES
        if table not in OF_USERS
    ),
    """
    UPDATE trading_bookhead SET version = version + 1, config = %(config)s, names = '{}',
        horizon = %(horizon)s, available_at = NULL, known_at = NULL, priced_at = NULL,
        last_at = NULL, last_own_at = NULL
    WHERE user_id = %(user)s
    """,
)


@cache
def write(names: tuple[str, ...]) -> str:
    """Write the statement that adds rows to the tables of these names, and moves the head on.

    It does nothing at all if the head is not of the `version` that the rows were made for.
    """
    parts = [part for table in TABLES if table.name in names for part in table.written()]
    parts += [part for table in VERSIONED if table.ending in names for part in table.closed()]
    seen = """seen AS (
        DELETE FROM trading_bookchange
        WHERE id = ANY(%(notes)s) AND EXISTS (TABLE moved)
    )"""
    return f"WITH {MOVED}, {', '.join([*parts, seen])} TABLE moved"
