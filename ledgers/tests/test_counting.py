"""Few rows are counted, many are estimated, and no page is so far away that it takes long."""

from __future__ import annotations

import pytest
from django.db import connection

from ledgers import counting
from ledgers.collecting.storing import store
from ledgers.counting import MAX_PAGES, EstimatedPaginator, planned_rows, rows_about
from ledgers.glass.models import Candle
from ledgers.models import Asset
from ledgers.tests.factories import HOUR, T0, candle, make_run

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def candles(ledger):
    """A month and a half of hourly candles, in two partitions, analysed."""
    store(Candle, [candle(hour) for hour in range(1000)], make_run(), observed_at=T0 + 2000 * HOUR)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE glass_candle")


def test_few_rows_are_counted_exactly(candles) -> None:
    assert rows_about(Candle.objects.all()) == (1000, True)
    assert EstimatedPaginator(Candle.objects.order_by("event_at"), 50).count == 1000
    assert rows_about(Candle.objects.none()) == (0, True)


def test_many_rows_are_estimated_over_all_partitions(candles, monkeypatch) -> None:
    monkeypatch.setattr(counting, "EXACT", 100)
    about, is_exact = rows_about(Candle.objects.all())
    assert not is_exact
    assert 900 <= about <= 1100


def test_an_estimate_is_never_less_than_what_was_seen(candles, monkeypatch) -> None:
    monkeypatch.setattr(counting, "EXACT", 100)
    monkeypatch.setattr(counting, "planned_rows", lambda rows: 3)
    assert rows_about(Candle.objects.all()) == (101, False)


def test_a_filter_counts_in_the_estimate(candles) -> None:
    first = Candle.objects.filter(event_at__lt=T0 + 100 * HOUR)
    assert 50 <= planned_rows(first) <= 200


def test_pages_end_where_an_offset_would_take_long(candles) -> None:
    paginator = EstimatedPaginator(Candle.objects.order_by("event_at"), 1)
    assert paginator.num_pages == MAX_PAGES
    assert len(paginator.page(MAX_PAGES).object_list) == 1


def test_an_empty_table_has_one_empty_page() -> None:
    paginator = EstimatedPaginator(Asset.objects.none(), 50)
    assert (paginator.count, paginator.num_pages) == (0, 1)
