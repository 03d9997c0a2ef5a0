"""Pages by key: every row once and in order, whatever the page's size, also over tables."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from ledgers.collecting.storing import store
from ledgers.glass.models import Candle, ChainMetric
from ledgers.glass.records import ChainMetricRecord
from ledgers.listing import asset_fields, list_rows, newest_revision, tables_with_assets
from ledgers.public_ids import public_id
from ledgers.questions import MAX_LIMIT, Offer, Position, ask
from ledgers.reading import Pair, pair
from ledgers.tests.factories import HOUR, T0, candle, make_run

examples = count()
OFFER = Offer(name="all", owner=1, has_asset=True, filters={})
pytestmark = pytest.mark.usefixtures("ledger")


def question(offer: Offer = OFFER, **given: Any):
    written = QueryDict(mutable=True)
    written.update({name: str(value) for name, value in given.items()})
    return ask(written, offer)


def metric(hour: int, name: str = "hashrate", **options: Any) -> ChainMetricRecord:
    at = T0 + hour * HOUR
    values = {"source": "mempool", "asset": "BTC", "value": Decimal(1), "unit": "EH/s"}
    return ChainMetricRecord(event_at=at, published_at=at, metric=name, **{**values, **options})


def keep(model, records) -> None:
    store(model, records, make_run(), observed_at=T0 + 1000 * HOUR)


def pages(tables, size: int, **given: Any) -> list[list[str]]:
    found, cursor = [], {}
    while True:
        page = list_rows(tables, question(limit=size, **given, **cursor), user_id=1)
        found.append([public_id(row) for row in page.rows])
        if page.cursor is None:
            return found
        cursor = {"cursor": page.cursor}


@settings(max_examples=15)
@given(
    hours=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=12),
    candles=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("xyz")), max_size=12),
    size=st.integers(1, 7),
)
def test_pages_of_any_size_are_the_whole_list(hours, candles, size) -> None:
    own = f"A{next(examples)}"
    keep(ChainMetric, [metric(hour, name, asset=own) for hour, name in hours])
    if candles:
        keep(Candle, [candle(hour, source=source, asset=own) for hour, source in candles])
    tables = [ChainMetric, Candle]
    (whole,) = pages(tables, MAX_LIMIT, asset=own)
    parts = pages(tables, size, asset=own)
    assert [one for part in parts for one in part] == whole
    assert len(set(whole)) == len(whole) == len(set(hours)) + len(set(candles))
    assert all(len(part) == size for part in parts[:-1])


def test_the_window_holds_its_start_and_not_its_end() -> None:
    keep(ChainMetric, [metric(hour) for hour in range(5)])
    asked = question(since=(T0 + HOUR).isoformat(), until=(T0 + 3 * HOUR).isoformat())
    rows = list_rows([ChainMetric], asked, user_id=1).rows
    assert [row.event_at for row in rows] == [T0 + 2 * HOUR, T0 + HOUR]


def test_a_cursor_is_of_its_list_alone() -> None:
    position = Position(event_at=T0, table="glass.chainmetric", key=(1,))
    cursor = question().cursor(position)
    assert question(cursor=cursor).after == position
    for other in (
        Offer(name="other", owner=1, has_asset=True, filters={}),
        Offer(name="all", owner=2, has_asset=True, filters={}),
    ):
        with pytest.raises(ValidationError, match="another question"):
            question(other, cursor=cursor)
    with pytest.raises(ValidationError, match="another question"):
        question(cursor=cursor, asset="ETH")


def test_a_cursor_keeps_its_pair() -> None:
    first = question()
    second = question(cursor=first.cursor(Position(event_at=T0, table="x", key=())))
    assert second.pair == first.pair


def test_the_newest_revision_is_the_newest_that_the_pair_sees() -> None:
    keep(ChainMetric, [metric(0)])
    (old,) = ChainMetric.objects.all()
    before = pair()
    run = make_run()
    store(ChainMetric, [metric(0, value=Decimal(2))], run, observed_at=T0 + 2000 * HOUR)
    new = newest_revision(old, pair())
    assert new is not None
    assert (new.revision, newest_revision(new, before)) == (1, old)
    assert newest_revision(old, Pair(as_of=T0 - HOUR, horizon=T0 - HOUR)) is None


def test_the_fields_that_name_assets_are_known_of_every_table() -> None:
    assert asset_fields(ChainMetric) == ["asset"]
    named = {table._meta.label_lower: asset_fields(table) for table in tables_with_assets()}
    assert named["exchange.fill"] == ["base", "quote"]
    assert named["human.article"] == ["assets"]
    assert "human.mood" not in named
