"""The two ways into a table: COPY of what is new, and a staged anti-join for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection

from ledgers.collecting.series import is_series
from ledgers.models import Fact

Row = tuple[Any, ...]

_KNOWN_AT = """CASE WHEN %(is_seed)s THEN least(coalesce(s.published_at, s.event_at), %(known_at)s)
                        ELSE %(known_at)s END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """What every row of one transaction shares."""

    known_at: datetime
    observed_at: datetime
    run_id: int
    parser: int
    is_old_knowledge: bool
    is_newest: bool
    is_seed: bool = False


def insert_new(model: type[Fact], records: Sequence[Any], stamps: Stamps) -> None:
    """Copy records that no stored row can equal; all are revision 0."""
    _copy(model._meta.db_table, _columns(model), _complete(model, records, stamps))


def merge(model: type[Fact], records: Sequence[Any], stamps: Stamps) -> tuple[int, int, int]:
    """Stage the records, then insert the new ones and the newer, different ones."""
    own = _own_columns(model)
    with connection.cursor() as cursor:
        cursor.execute(_staged_sql(model))
        _copy("staged", own, map(attrgetter(*own), records))
        cursor.execute("ANALYZE staged")
        cursor.execute(_merge_sql(model), _merge_parameters(stamps, records))
        added, revised, late = cursor.fetchone()
        cursor.execute("DROP TABLE staged")
    return added, revised, late


def _staged_sql(model: type[Fact]) -> str:
    """Write a table that takes only what a record fills."""
    own = ", ".join(f'"{column}"' for column in _own_columns(model))
    return (
        f"CREATE TEMP TABLE staged ON COMMIT DROP AS "
        f'SELECT {own} FROM "{model._meta.db_table}" WITH NO DATA'
    )


def _merge_parameters(stamps: Stamps, records: Sequence[Any]) -> dict[str, Any]:
    return {
        **{field.name: getattr(stamps, field.name) for field in fields(stamps)},
        "since": min(record.event_at for record in records),
        "until": max(record.event_at for record in records),
    }


def _merge_sql(model: type[Fact]) -> str:
    """Write the anti-join; for a series it looks only at the batch's window of event time."""
    own = ", ".join(f's."{column}"' for column in _own_columns(model))
    columns = ", ".join(f'"{column}"' for column in _columns(model))
    same = " AND ".join(f'f."{name}" = s."{name}"' for name in model.identity)
    differs = " OR ".join(
        f'f."{name}" IS DISTINCT FROM s."{name}"' for name in (*model.compared, "withdrawn")
    )
    window = "AND f.event_at BETWEEN %(since)s AND %(until)s" if is_series(model) else ""
    return f"""
        WITH matched AS MATERIALIZED (
            SELECT s.*, f.revision AS old_revision,
                   f.revision IS NULL AS is_added,
                   %(is_newest)s AND (%(parser)s, %(observed_at)s) > (f.parser, f.observed_at)
                       AS is_newer
            FROM staged s
            LEFT JOIN LATERAL (
                SELECT * FROM "{model._meta.db_table}" f
                WHERE {same} {window} ORDER BY f.revision DESC LIMIT 1
            ) f ON true
            WHERE f.revision IS NULL OR {differs}
        ), inserted AS (
            INSERT INTO "{model._meta.db_table}" ({columns})
            SELECT {own}, {_KNOWN_AT}, %(observed_at)s, %(run_id)s, %(parser)s,
                   coalesce(s.old_revision + 1, 0),
                   CASE WHEN is_added AND %(is_old_knowledge)s
                        THEN least(s.published_at, %(known_at)s) ELSE {_KNOWN_AT} END
            FROM matched s WHERE is_added OR is_newer
        )
        SELECT count(*) FILTER (WHERE is_added),
               count(*) FILTER (WHERE NOT is_added AND is_newer),
               count(*) FILTER (WHERE NOT is_added AND NOT is_newer)
        FROM matched
    """


def _own_columns(model: type[Fact]) -> list[str]:
    """Name the columns that a record fills."""
    shared = {"known_at", "available_at", "observed_at", "run_id", "parser", "revision", "id"}
    return [
        field.column
        for field in model._meta.concrete_fields
        if field.column and field.column not in shared
    ]


def _columns(model: type[Fact]) -> list[str]:
    shared = ["known_at", "observed_at", "run_id", "parser", "revision", "available_at"]
    return _own_columns(model) + shared


def _complete(model: type[Fact], records: Sequence[Any], stamps: Stamps) -> Iterable[Row]:
    """Add to each new record what its transaction knows.

    A seed pretends to have been known when it was published, so that past moments can be asked.
    """
    take = attrgetter(*_own_columns(model))
    now = stamps.known_at
    shared = (stamps.observed_at, stamps.run_id, stamps.parser, 0)
    for record in records:
        published = min(record.published_at or (record.event_at if stamps.is_seed else now), now)
        known_at = published if stamps.is_seed else now
        yield (*take(record), known_at, *shared, published if stamps.is_old_knowledge else known_at)


def _copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
