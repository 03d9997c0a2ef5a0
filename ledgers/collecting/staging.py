"""The two ways into a table: COPY of what is new, and a staged anti-join for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from django.db import connection

from ledgers.collecting.layout import Layout, Row
from ledgers.projecting import Series

_KNOWN_AT = """CASE WHEN %(is_seed)s THEN least(coalesce(s.published_at, s.event_at), %(known_at)s)
                        ELSE %(known_at)s END"""
COUNTS = ("added", "revised", "late")


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
    is_replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What the anti-join found: how much of each kind, and in which hours of which series.

    A fact that is no series has no hours.
    """

    added: int = 0
    revised: int = 0
    late: int = 0
    hours: Sequence[tuple[Series, datetime]] = field(default_factory=list)


def insert_new(layout: Layout, rows: Sequence[Row], stamps: Stamps) -> None:
    """Copy rows that no stored row can equal; all are revision 0."""
    if rows:
        _copy(layout, layout.table, layout.columns, _complete(layout, rows, stamps))


def merge(layout: Layout, rows: Sequence[Row], stamps: Stamps) -> Merged:
    """Stage the rows, then insert the new ones and the newer, different ones."""
    if not rows:
        return Merged()
    with connection.cursor() as cursor:
        cursor.execute(_staged_sql(layout))
        _copy(layout, "staged", layout.own, rows)
        cursor.execute(_merge_sql(layout), _merge_parameters(layout, stamps, rows))
        found = cursor.fetchall()
        cursor.execute("DROP TABLE staged")
    return _merged(layout, found)


def _merged(layout: Layout, found: Sequence[Row]) -> Merged:
    """Add up the groups of the anti-join."""
    counts: Counter[str] = Counter()
    for row in found:
        counts.update(dict(zip(COUNTS, row, strict=False)))
    hours = [(row[4:], row[3]) for row in found if row[0] or row[1]] if layout.is_series else []
    return Merged(**counts, hours=hours)


def _staged_sql(layout: Layout) -> str:
    """Write a table that takes only what a record fills."""
    own = ", ".join(f'"{column}"' for column in layout.own)
    return (
        f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {own} FROM "{layout.table}" '
        "WITH NO DATA"
    )


def _merge_parameters(layout: Layout, stamps: Stamps, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        **{field.name: getattr(stamps, field.name) for field in fields(stamps)},
        "since": min(map(layout.event_of, rows)),
        "until": max(map(layout.event_of, rows)),
    }


def _merge_sql(layout: Layout) -> str:
    """Write the anti-join; for a series it looks only at the batch's window of event time."""
    own = ", ".join(f's."{column}"' for column in layout.own)
    columns = ", ".join(f'"{column}"' for column in layout.columns)
    same = " AND ".join(f'f."{name}" = s."{name}"' for name in layout.identity)
    differs = " OR ".join(
        f'f."{name}" IS DISTINCT FROM s."{name}"' for name in (*layout.compared, "withdrawn")
    )
    window = "AND f.event_at BETWEEN %(since)s AND %(until)s" if layout.is_series else ""
    series = ", ".join(f'"{name}"' for name in layout.identity[:-1])
    hours = f", date_trunc('hour', event_at, 'UTC'), {series}" if layout.is_series else ""
    return f"""
        WITH matched AS MATERIALIZED (
            SELECT s.*, f.revision AS old_revision,
                   f.revision IS NULL AS is_added,
                   %(is_newest)s AND (%(parser)s, %(observed_at)s) > (f.parser, f.observed_at)
                       AND (%(observed_at)s >= f.observed_at OR NOT %(is_replay)s) AS is_newer
            FROM staged s
            LEFT JOIN LATERAL (
                SELECT * FROM "{layout.table}" f
                WHERE {same} {window} ORDER BY f.revision DESC LIMIT 1
            ) f ON true
            WHERE f.revision IS NULL OR {differs}
        ), inserted AS (
            INSERT INTO "{layout.table}" ({columns})
            SELECT {own}, {_KNOWN_AT}, %(observed_at)s, %(run_id)s, %(parser)s,
                   coalesce(s.old_revision + 1, 0),
                   CASE WHEN is_added AND %(is_old_knowledge)s
                        THEN least(s.published_at, %(known_at)s) ELSE {_KNOWN_AT} END
            FROM matched s WHERE is_added OR is_newer
        )
        SELECT count(*) FILTER (WHERE is_added),
               count(*) FILTER (WHERE NOT is_added AND is_newer),
               count(*) FILTER (WHERE NOT is_added AND NOT is_newer) {hours}
        FROM matched {f"GROUP BY {hours[2:]}" if hours else ""}
    """


def _complete(layout: Layout, rows: Sequence[Row], stamps: Stamps) -> Iterable[Row]:
    """Add to each new row what its transaction knows.

    A seed pretends to have been known when it was published, so that past moments can be asked.
    """
    now = stamps.known_at
    shared = (stamps.observed_at, stamps.run_id, stamps.parser, 0)
    if not stamps.is_seed and not stamps.is_old_knowledge:
        live = (now, *shared, now)
        return (row + live for row in rows)
    return _complete_old(layout, rows, stamps, shared)


def _complete_old(
    layout: Layout, rows: Sequence[Row], stamps: Stamps, shared: Row
) -> Iterable[Row]:
    """Complete rows of a seed, or of a backfill of a source that never restates."""
    now = stamps.known_at
    for row in rows:
        at = layout.published_of(row) or (layout.event_of(row) if stamps.is_seed else now)
        published = min(at, now)
        known_at = published if stamps.is_seed else now
        yield (*row, known_at, *shared, published if stamps.is_old_knowledge else known_at)


def _copy(layout: Layout, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    statement = f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)'
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([layout.types[column] for column in columns])
        for row in rows:
            copy.write_row(row)
