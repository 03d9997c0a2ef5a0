"""The tables of the books as one statement writes them.

Each table is one parameter, a JSON array of its rows; numbers travel as text, so every digit
arrives. One statement serves a fill and a history of years: the server plans it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
        """Yield the parts of a WITH that read the parameter, end old versions, and add rows."""
        kinds = {**self.versioned, **self.columns}
        listed = ", ".join(kinds)
        told = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        yield (
            f"new_{self.name} AS MATERIALIZED (SELECT * FROM "
            f"json_to_recordset(%({self.name})s::json) AS told ({told}))"
        )
        if self.key:
            yield f"closed_{self.name} AS ({self._close()})"
        yield (
            f"made_{self.name} AS (INSERT INTO {self.stored} ({listed}) "
            f"SELECT {listed} FROM new_{self.name} {self._conflict()})"
        )

    def rewind(self) -> Iterator[str]:
        """Yield the statements that make the versions before a day the newest, for some owners."""
        whose = f"{next(iter(self.key))} = ANY(%(owners)s)"
        yield f"DELETE FROM {self.stored} WHERE {whose} AND since >= %(day)s"
        yield f"UPDATE {self.stored} SET until = NULL WHERE {whose} AND until >= %(day)s"

    def _close(self) -> str:
        """Write the statement that ends the version before the first new one of each key."""
        same = " AND ".join(f"kept.{name} = new.{name}" for name in self.key)
        return (
            f"UPDATE {self.stored} kept SET until = new.since FROM (SELECT {', '.join(self.key)}, "
            f"min(since) AS since FROM new_{self.name} GROUP BY {', '.join(self.key)}) new "
            f"WHERE {same} AND kept.until IS NULL AND kept.since < new.since"
        )

    def _conflict(self) -> str:
        """Replace a version of the same day."""
        if not self.key:
            return ""
        changed = ", ".join(f"{name} = excluded.{name}" for name in ("until", *self.columns))
        return f"ON CONFLICT ({', '.join(self.key)}, since) DO UPDATE SET {changed}"


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

WRITE = f"""
    WITH {", ".join(part for table in TABLES for part in table.written())},
    seen AS (
        DELETE FROM trading_bookchange
        WHERE account_id = ANY(%(accounts)s) AND noted_at <= %(horizon)s
    )
    UPDATE trading_bookhead SET version = version + 1, config = %(config)s,
        horizon = %(horizon)s, available_at = %(available_at)s, known_at = %(known_at)s,
        priced_at = %(priced_at)s, last_at = %(last_at)s
    WHERE user_id = %(user)s
"""
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
