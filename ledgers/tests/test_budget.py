"""What sources add to the disk is measured, and what is left is said where it can be known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.budget import GIGABYTE, USUAL_ROW, Budget, Growth, budget
from ledgers.collecting.keeping import keep_payload
from ledgers.collecting.storing import store
from ledgers.glass.models import Candle
from ledgers.models import CollectorRun
from ledgers.tests.factories import T0, candle, make_run
from ledgers.tests.sources import payload

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("ledger")


def ran(source: str, *, new: int, ago: timedelta = DAY, **options) -> CollectorRun:
    run = make_run(source, new=new, **options)
    CollectorRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - ago)
    return run


def test_rows_are_counted_a_day_over_the_last_days() -> None:
    ran("coinspot", new=100, ago=2 * DAY)
    ran("coinspot", new=100, revised=20, ago=DAY)
    ran("coinspot", new=999, ago=5 * DAY)
    ran("coinspot", new=999, kind=CollectorRun.Kind.BACKFILL)
    assert budget(timezone.now()).of("coinspot").rows == 110


def test_a_source_that_began_today_is_not_extrapolated() -> None:
    ran("coinspot", new=100, ago=timedelta(minutes=1))
    assert budget(timezone.now()).of("coinspot").rows == 100


def test_raw_payloads_count_once_as_they_are_kept() -> None:
    answer = payload("https://x.test/", "a" * 50_000, at=timezone.now())
    keep_payload(answer)
    for _ in range(2):
        ran("coinspot", new=0, ago=timedelta(0), payloads=[answer.sha256])
    size = budget(timezone.now()).of("coinspot").size
    assert 50 < size < 1000


def tidy() -> None:
    """Let the candles' table show its own rows, not what other tests left behind."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL ANALYZE glass_candle")


def test_a_row_takes_what_its_table_shows_once_it_has_enough(settings) -> None:
    tidy()
    run = ran("kraken_ohlc", new=1000, ago=timedelta(0))
    assert budget(timezone.now()).of("kraken_ohlc").size == 1000 * USUAL_ROW
    store(Candle, [candle(hour) for hour in range(1500)], run, observed_at=T0)
    tidy()
    measured = budget(timezone.now()).of("kraken_ohlc").size
    assert measured != 1000 * USUAL_ROW
    assert 1000 * 80 < measured < 1000 * 2000


def test_the_days_left_are_the_free_space_over_what_all_sources_add() -> None:
    sources = {"a": Growth(rows=1, size=60), "b": Growth(rows=2, size=40)}
    assert Budget(sources=sources, used=0, free=1000).days_left == 10
    assert Budget(sources=sources, used=0, free=1000).growth == Growth(rows=3, size=100)
    assert Budget(sources=sources, used=0, free=None).days_left is None
    assert Budget(sources={}, used=0, free=1000).days_left is None
    assert Budget(sources={}, used=0, free=1000).of("a") == Growth(rows=0, size=0)


def test_the_free_space_is_that_of_the_volume_which_is_named_or_is_here(settings) -> None:
    now = timezone.now()
    here = budget(now)
    assert here.used > 0
    settings.OMC_DATABASE_DISK = 5
    assert budget(now).free == 5 * GIGABYTE - here.used
    settings.OMC_DATABASE_DISK = 0.000001
    assert budget(now).free == 0
