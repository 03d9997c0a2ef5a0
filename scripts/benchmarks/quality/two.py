"""The database of this run, and a copy of it that then grows: two sizes for the same moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

from benchmarks.engine import connect

SMALL = 10
"""How many times the large one is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A database that holds so many rows."""

    rows: int
    database: Any

    def use(self) -> None:
        """Have the product work on this database from now on."""
        connections["default"] = self.database


def two_sizes(name: str, rows: int, fill: Callable[[int, int], None]) -> tuple[Size, Size]:
    """Fill this run's database, and a copy called `name` that holds ten times as much.

    `fill(first, last)` writes the rows [first, last). Go back to the small one in the end.
    """
    fill(0, rows // SMALL)
    small = Size(rows=rows // SMALL, database=connections["default"])
    large = Size(rows=rows, database=_copy(name))
    large.use()
    fill(rows // SMALL, rows)
    return small, large


def _copy(name: str) -> Any:
    """Copy the database of this run and return a connection to the copy."""
    wrapper = connections["default"]
    wrapper.close()
    with connect("postgres") as peer:
        peer.execute(f"CREATE DATABASE {name} TEMPLATE {wrapper.settings_dict['NAME']}")
    copy = wrapper.copy("default")
    copy.settings_dict["NAME"] = name
    return copy


def server_time(statement: str, question: dict[str, Any]) -> float:
    """Return how long the server executes a statement, in milliseconds, planning left aside."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", question)
        ((plan,),) = cursor.fetchone()
    return float(plan["Execution Time"])
