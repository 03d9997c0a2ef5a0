"""Bars of a series as a pair knows them: kept candles, kept bars of hours and days, or folded now.

A series is a source, an asset and a currency. Its bars of some width are the source's own candles
of that width, where it has any; else they are folded from the longest of its candles that fit,
else from its quotes. A kept bar is used if both cuts let all its inputs through; what is missing
is folded from the facts that they let through. So both ways give the same bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from ledgers.glass.folding import CUTS, QUOTES, VALUES, WIDTHS, facts_of, floor, folded
from ledgers.reading import Pair
from ledgers.wire import fetch

BASES = (60, 300, 900, 1800, 3600, 14400, 86400)
"""Lengths of candles that sources offer, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarQuestion:
    """Which bars are wanted: those of `width` seconds that begin in [since, until)."""

    source: str
    asset: str
    currency: str
    width: int
    since: datetime
    until: datetime
    pair: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Open, high, low and close of some time from `event_at` on.

    `count` is the number of inputs, `total` the sum of their closes; quotes have no volume.
    `available_at` and `known_at` are the latest of its inputs.
    """

    event_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    total: Decimal
    count: int
    available_at: datetime
    known_at: datetime


COLUMNS = ("event_at", *VALUES, "available_at", "known_at")
ASKED = """(SELECT %(source)s::text AS source, %(asset)s::text AS asset,
    %(currency)s::text AS currency, %(base)s::int AS base,
    {since} AS since, {until} AS until) AS asked"""
LONGEST = f"""
    SELECT width.base FROM unnest(%(bases)s::int[]) WITH ORDINALITY AS width (base, place)
    WHERE EXISTS (
        SELECT FROM glass_candle i WHERE i.source = %(source)s AND i.asset = %(asset)s
          AND i.currency = %(currency)s AND i.interval = width.base
          AND i.event_at >= %(since)s AND i.event_at < %(until)s {CUTS}
    ) ORDER BY width.place LIMIT 1
"""
CANDLES = f"""
    SELECT event_at, open, high, low, close, volume, close AS total, 1 AS count,
           available_at, known_at
    FROM (
        SELECT DISTINCT ON (event_at) event_at, open, high, low, close, volume, withdrawn,
               available_at, known_at
        FROM glass_candle i
        WHERE i.source = %(source)s AND i.asset = %(asset)s AND i.currency = %(currency)s
          AND i.interval = %(base)s AND i.event_at >= %(since)s AND i.event_at < %(until)s {CUTS}
        ORDER BY event_at, revision DESC
    ) candle WHERE NOT withdrawn
"""
KEPT = f"""
    WITH kept AS MATERIALIZED (
        SELECT {", ".join(COLUMNS)} FROM glass_rollup i
        WHERE i.source = %(source)s AND i.asset = %(asset)s AND i.currency = %(currency)s
          AND i.base = %(base)s AND i.width = %(width)s
          AND i.event_at >= %(since)s AND i.event_at < %(until)s {CUTS}
    ), hole AS (
        SELECT lower(hole) AS since, upper(hole) AS until FROM unnest(
            tstzmultirange(tstzrange(%(since)s, %(until)s)) - coalesce((
                SELECT range_agg(tstzrange(event_at, event_at + %(width)s * interval '1 second'))
                FROM kept
            ), tstzmultirange())
        ) AS hole
    )
    SELECT * FROM kept WHERE count > 0
    UNION ALL
    SELECT bar.* FROM hole CROSS JOIN LATERAL {ASKED.format(since="hole.since", until="hole.until")}
    CROSS JOIN LATERAL ({{folded}}) AS bar WHERE bar.count > 0
"""
FOLDED = f"""
    SELECT bar.* FROM {ASKED.format(since="%(since)s", until="%(until)s")}
    CROSS JOIN LATERAL ({{folded}}) AS bar WHERE bar.count > 0
"""
WRITTEN = """
    SELECT '["' || string_agg(concat_ws('","',
        replace((event_at AT TIME ZONE 'UTC')::text, ' ', 'T') || 'Z', {fields}
    ), '"],["') || '"]'
    FROM (SELECT * FROM ({bars}) bar ORDER BY event_at) bar
"""


def bars(question: BarQuestion) -> list[Bar]:
    """Return the bars that the pair knows, oldest first; a width without inputs has none."""
    statement, values = _statement(question, base_of(question))
    rows = fetch(f"SELECT * FROM ({statement}) bar ORDER BY event_at", values)
    return [Bar(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


def bars_as_json(question: BarQuestion, base: int) -> str:
    """Return the same bars as the members of a JSON list: each a list of texts, see `fields_of`.

    The database writes them; objects would take it half as long again, names in every row.
    """
    statement, values = _statement(question, base)
    fields = ", ".join(fields_of(base, question.width)[1:])
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN.format(bars=statement, fields=fields), values)
        return cursor.fetchone()[0] or ""


def fields_of(base: int, width: int) -> tuple[str, ...]:
    """Name what is written of each bar: quotes have no volume, a candle of its own no count."""
    volume = ("volume",) if base else ()
    count = ("count",) if base != width else ()
    return ("event_at", "open", "high", "low", "close", *volume, *count)


def base_of(question: BarQuestion) -> int:
    """Return the length of the longest candles that fit, as the pair knows them; 0: quotes."""
    fitting = [base for base in sorted(BASES, reverse=True) if question.width % base == 0]
    with connection.cursor() as cursor:
        cursor.execute(LONGEST, {**_values(question), "bases": fitting})
        found = cursor.fetchone()
    return int(found[0]) if found else QUOTES


def _statement(question: BarQuestion, base: int) -> tuple[str, dict[str, Any]]:
    values = {**_values(question), "base": base}
    if base == question.width:
        return CANDLES, values
    shape = KEPT if question.width in WIDTHS else FOLDED
    return shape.format(folded=folded(facts_of(base), "asked", cuts=CUTS)), values


def _values(question: BarQuestion) -> dict[str, Any]:
    """Return the parameters of the statements; a window is widened to the starts of bars."""
    return {
        "source": question.source,
        "asset": question.asset,
        "currency": question.currency,
        "width": question.width,
        "since": _start_from(question.since, question.width),
        "until": _start_from(question.until, question.width),
        "as_of": question.pair.as_of,
        "horizon": question.pair.horizon,
    }


def _start_from(moment: datetime, width: int) -> datetime:
    """Return the first start of a bar at or after a moment."""
    start = floor(moment, width)
    return start if start == moment else start + timedelta(seconds=width)
