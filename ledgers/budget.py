"""What each source adds to the disk a day, and for how long the disk lasts.

Rows are counted by the runs of the last days. What a row takes is what its table takes divided
by its rows, indexes included; raw payloads count as they are kept. Nothing is subtracted for what
retention drops, so that the days left are too few rather than too many.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from ledgers.checks import fact_models
from ledgers.collecting.registry import collectors
from ledgers.filling import records_of

REACH = timedelta(days=3)
DAY = timedelta(days=1)
FEW = 1000
USUAL_ROW = 300
"""Bytes of a row of a table that has too few of them to tell."""
GIGABYTE = 10**9

ROWS = """
    SELECT feed.source, sum(run.new + run.revised)::bigint, min(run.started_at)
    FROM ledgers_feed feed
    JOIN ledgers_collectorrun run ON run.feed_id = feed.name AND run.started_at >= %(since)s
    WHERE run.kind = 'live'
    GROUP BY feed.source
"""
PAYLOADS = """
    SELECT source, sum(size)::bigint FROM (
        SELECT DISTINCT feed.source, payload.sha256, pg_column_size(payload.body) AS size
        FROM ledgers_feed feed
        JOIN ledgers_collectorrun run ON run.feed_id = feed.name AND run.started_at >= %(since)s
        CROSS JOIN unnest(run.payloads) AS kept (sha256)
        JOIN ledgers_rawpayload payload ON payload.sha256 = kept.sha256
        WHERE run.kind = 'live' AND payload.observed_at >= %(since)s
    ) AS kept
    GROUP BY source
"""
TABLES = """
    SELECT named.name, sum(pg_total_relation_size(part.oid))::bigint,
           sum(greatest(part.reltuples, pg_stat_get_live_tuples(part.oid), 0))::bigint
    FROM unnest(%(tables)s::text[]) AS named (name)
    JOIN pg_class part ON part.oid = named.name::regclass
        OR part.oid IN (SELECT relid FROM pg_partition_tree(named.name::regclass) WHERE isleaf)
    WHERE part.relkind = 'r'
    GROUP BY named.name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one source adds a day; `size` is bytes."""

    rows: int
    size: int


NOTHING = Growth(rows=0, size=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The disk of the database: `free` is None where nobody can tell; sizes are bytes."""

    sources: Mapping[str, Growth]
    used: int
    free: int | None

    @property
    def growth(self) -> Growth:
        """Return what all sources add a day together."""
        every = self.sources.values()
        return Growth(rows=sum(one.rows for one in every), size=sum(one.size for one in every))

    @property
    def days_left(self) -> int | None:
        """Return for how many days the free space lasts at this pace."""
        pace = self.growth.size
        return self.free // pace if self.free is not None and pace else None

    def of(self, source: str) -> Growth:
        """Return what one source adds a day."""
        return self.sources.get(source, NOTHING)


def budget(now: datetime) -> Budget:
    """Measure what the sources added lately, and what is left."""
    since = {"since": now - REACH}
    kept = dict(_rows(PAYLOADS, since))
    sizes = _row_sizes()
    sources: dict[str, Growth] = {}
    for source, rows, first in _rows(ROWS, since):
        days = max((now - first) / DAY, 1.0)
        size = rows * _row_size(source, sizes) + (kept.get(source) or 0)
        sources[source] = Growth(rows=round(rows / days), size=round(size / days))
    ((used, folder),) = _rows(
        "SELECT pg_database_size(current_database()), current_setting('data_directory', true)", {}
    )
    return Budget(sources=sources, used=used, free=_free(used, folder))


def _row_sizes() -> dict[str, int]:
    """Return what a row of each table of facts takes."""
    tables = sorted(table._meta.db_table for table in fact_models())
    return {
        name: size // rows if rows >= FEW else USUAL_ROW
        for name, size, rows in _rows(TABLES, {"tables": tables})
    }


def _row_size(source: str, sizes: Mapping[str, int]) -> int:
    """Return what a row of a source takes, on average over the tables that it fills."""
    collector = collectors.get(source)
    made = records_of(collector) if collector else set()
    own = [
        sizes.get(table._meta.db_table, USUAL_ROW)
        for table in fact_models()
        if table.record in made
    ]
    return sum(own) // len(own) if own else USUAL_ROW


def _free(used: int, folder: str | None) -> int | None:
    """Return the free bytes: of the volume that the operator names, else of the server's own."""
    if settings.OMC_DATABASE_DISK:
        return max(int(settings.OMC_DATABASE_DISK * GIGABYTE) - used, 0)
    is_here = connection.settings_dict["HOST"].startswith("/")
    if is_here and folder and Path(folder).is_dir():
        return shutil.disk_usage(folder).free
    return None


def _rows(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
