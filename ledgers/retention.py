"""Months of partitioned tables: made ahead of time, and dropped when they are old.

How many months a table keeps is `OMC_RETENTION`; a table that it does not name keeps all. What is
dropped is written down for each feed that had rows there, so that reads of coverage subtract it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import OperationalError, connection, transaction
from django.db.models import CompositePrimaryKey
from psycopg.types.range import Range

from ledgers.checks import fact_models
from ledgers.models import CollectorRun, Dropped, Fact
from ledgers.partitions import ensure_months, month_after, months_of, name_of
from ledgers.reading import clock

logger = logging.getLogger(__name__)
AHEAD = 3
PATIENCE = "5s"
"""How long a drop waits for readers of the table; everybody else waits behind it."""


def partitioned() -> dict[str, type[Fact]]:
    """Return the facts that lie in months, by their tables."""
    return {
        model._meta.db_table: model
        for model in fact_models()
        if isinstance(model._meta.pk, CompositePrimaryKey)
    }


def make_ahead(now: datetime) -> list[str]:
    """Make this month and the next three of every table; return the names of the new ones."""
    months = [now]
    for _ in range(AHEAD):
        months.append(month_after(months[-1].replace(day=1)))
    return [name for table in partitioned() for name in ensure_months(table, months)]


def drop_old(now: datetime) -> list[str]:
    """Drop the months that no table has to keep; return their names.

    A table that is being read for longer than a few seconds keeps its months until the next time.
    """
    return [
        name_of(table, month)
        for table, model in partitioned().items()
        for month in _too_old(table, now)
        if _drop(model, month)
    ]


def _too_old(table: str, now: datetime) -> Iterator[datetime]:
    kept = settings.OMC_RETENTION.get(table)
    if kept is not None:
        oldest = _number(now) - int(kept)
        yield from (month for month in months_of(table) if _number(month) < oldest)


def _number(moment: datetime) -> int:
    """Count months."""
    return moment.year * 12 + moment.month


@checks.register("ledgers")
def retention_is_understood(**_: Any) -> list[checks.CheckMessage]:
    """Demand the names of partitioned tables, each with a number of months."""
    tables = partitioned()
    return [
        checks.Error(
            f"OMC_RETENTION names {table}={months}. Write TABLE=MONTHS, separated by commas, with "
            f"one of {', '.join(sorted(tables))} and a whole number."
        )
        for table, months in settings.OMC_RETENTION.items()
        if table not in tables or not str(months).isdecimal()
    ]


def _drop(model: type[Fact], month: datetime) -> bool:
    """Drop one month with what was made of it, and write down whose rows it held."""
    table, until = model._meta.db_table, month_after(month)
    name = name_of(table, month)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute(f'ALTER TABLE "{table}" DETACH PARTITION "{name}"')
            cursor.execute(f'SELECT DISTINCT run_id FROM "{name}"')
            runs = [run for (run,) in cursor.fetchall()]
            feeds = CollectorRun.objects.filter(pk__in=runs).values_list("feed_id", flat=True)
            Dropped.objects.bulk_create(
                Dropped(table=table, feed_id=feed, window=Range(month, until), dropped_at=clock())
                for feed in sorted(set(feeds))
            )
            for projection in model.projections:
                projection.forget(month, until)
            cursor.execute(f'DROP TABLE "{name}"')
    except OperationalError:
        logger.warning("%s is in use; it is dropped another time.", name, exc_info=True)
        return False
    logger.info("Dropped %s.", name)
    return True
