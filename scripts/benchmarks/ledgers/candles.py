"""Thirty days of 5-minute candles as JSON, ready to be sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection

from benchmarks.engine import connect
from benchmarks.figures import Figure, Goal
from benchmarks.ledgers.data import (
    CURRENCY,
    INGESTED,
    SERIES,
    SOURCE,
    START,
    STEP,
    candles,
    ingest,
    wipe,
)
from benchmarks.measuring import alternate, best, frozen_heap, say
from ledgers.collecting.layout import layout_of
from ledgers.glass.bars import BarQuestion, bars_as_json, base_of
from ledgers.glass.models import Candle
from ledgers.reading import Pair, pair

READS = 40
ASSET = "A42"
WINDOW = timedelta(days=30)
FETCH = """
    SELECT event_at, open, high, low, close, volume FROM glass_candle
    WHERE source = %(source)s AND asset = %(asset)s AND currency = %(currency)s AND interval = 300
      AND event_at >= %(since)s AND event_at < %(until)s
      AND available_at <= %(as_of)s AND known_at <= %(horizon)s AND NOT withdrawn
    ORDER BY event_at
"""


def measure(rows: int) -> list[Figure]:
    """Compare the JSON of a series with fetching its rows."""
    say("candles: thirty days as JSON")
    wipe()
    # A history comes by backfill, one series after the other.
    count = max(rows // INGESTED, SERIES * (WINDOW // STEP))
    ingest(sorted(candles(count), key=layout_of(Candle).series_of))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) glass_candle")
    question = _question(pair())
    with connect() as peer:
        fetched, written = _fetch(peer, question), json.loads(f"[{_write(question)}]")
        if [str(row[4]) for row in fetched] != [bar[4] for bar in written]:
            raise AssertionError("The JSON and the rows differ.")
        ways = {"json": lambda: _write(question), "rows": lambda: _fetch(peer, question)}
        with frozen_heap():
            costs = alternate(ways, times=READS)
    ours, rows_fetch = best(costs["json"]).wall, best(costs["rows"]).wall
    wipe()
    return [
        Figure(
            name="candles.json",
            work=f"{len(written):,} candles of 5 minutes as JSON",
            ours=f"{ours * 1e3:.1f} ms",
            peer=f"{rows_fetch * 1e3:.1f} ms psycopg row fetch",
            value=ours / rows_fetch,
            goal=Goal(side="<=", limit=0.7),
        )
    ]


def _question(current: Pair) -> BarQuestion:
    return BarQuestion(
        source=SOURCE,
        asset=ASSET,
        currency=CURRENCY,
        width=int(STEP.total_seconds()),
        since=START,
        until=START + WINDOW,
        pair=current,
    )


def _write(question: BarQuestion) -> str:
    return bars_as_json(question, base_of(question))


def _fetch(peer: psycopg.Connection[Any], question: BarQuestion) -> list[tuple[Any, ...]]:
    """Fetch the rows that the question asks for, as tuples."""
    values = {
        "source": question.source,
        "asset": question.asset,
        "currency": question.currency,
        "since": question.since,
        "until": question.until,
        "as_of": question.pair.as_of,
        "horizon": question.pair.horizon,
    }
    return peer.execute(FETCH, values).fetchall()
