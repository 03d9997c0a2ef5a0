"""Candles of many series, the same at every run, and the way they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection

from ledgers.collecting.layout import layout_of
from ledgers.collecting.storing import Stored, store_all
from ledgers.glass.models import Candle
from ledgers.glass.records import CandleRecord
from ledgers.models import CollectorRun, Feed, Ledger

START = datetime(2026, 1, 1, tzinfo=UTC)
OBSERVED = START + timedelta(days=365)
LATER = OBSERVED + timedelta(hours=1)
STEP = timedelta(minutes=5)
SERIES = 100
INGESTED = 10
"""Candles are a tenth of the rows of the large size."""
SOURCE, CURRENCY = "bench", "USD"


def candles(rows: int) -> Iterator[tuple[Any, ...]]:
    """Yield tuples of 5-minute candles of a hundred series, interleaved as polls bring them."""
    return map(layout_of(Candle).row_of, _records(rows))


def _records(rows: int) -> Iterator[CandleRecord]:
    for i in range(rows):
        moment = START + (i // SERIES) * STEP
        yield CandleRecord(
            event_at=moment,
            published_at=moment + STEP,
            source=SOURCE,
            asset=f"A{i % SERIES:02}",
            currency=CURRENCY,
            interval=int(STEP.total_seconds()),
            open=price(i, 1),
            high=price(i, 2),
            low=price(i, 3),
            close=price(i, 4),
            volume=price(i, 5),
        )


def corrected(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a candle with another closing price."""
    place = layout_of(Candle).own.index("close")
    return (*row[:place], row[place] + 1, *row[place + 1 :])


def price(i: int, step: int) -> Decimal:
    """Return a number of eight digits, three of them after the point."""
    return Decimal(10_000_000 + (i * 7919 * step) % 9_999_991).scaleb(-3)


def new_run() -> CollectorRun:
    """Return a run of a feed that has observed nothing yet."""
    new = {"source": "bench", "ledger": Ledger.GLASS, "lag": STEP, "observed_through": None}
    feed, _ = Feed.objects.update_or_create(name="bench", defaults=new)
    return CollectorRun.objects.create(feed=feed)


def ingest(rows: Iterable[Any], observed_at: datetime = OBSERVED) -> Stored:
    """Store candles through the product."""
    return store_all(Candle, rows, new_run(), observed_at=observed_at)


def wipe(*others: str) -> None:
    """Empty the Glass ledger past its triggers, so that every way starts alike."""
    models = apps.get_app_config("glass").get_models()
    tables = [model._meta.db_table for model in models if model._meta.managed]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join([*tables, *others])}")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CHECKPOINT")
