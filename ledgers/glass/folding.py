"""How quotes and candles of a series are folded into bars of an hour or a day, as SQL.

A bar is made of the newest revision of each of its inputs, withdrawn ones left out. A quote's
price is its last trade, else its bid, else its ask. `base` is what was folded: candles of so many
seconds, or quotes (0). `total` is the sum of the closes, so that a mean can be taken of bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86400
WIDTHS = (HOUR, DAY)
QUOTES = 0
VALUES = ("open", "high", "low", "close", "volume", "total", "count")
CUTS = "AND i.available_at <= %(as_of)s AND i.known_at <= %(horizon)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What bars are folded from: a table, how to pick a series of it, and its columns.

    `counts` tells whether an input has a price; one that has none still decides what is known.
    """

    table: str
    where: str
    columns: str
    counts: str
    order: str = "event_at DESC, revision DESC"


OF_CANDLES = Inputs(
    table="glass_candle",
    where="i.interval = {series}.base",
    columns="open, high, low, close, volume, close AS total, 1 AS count",
    counts="NOT withdrawn",
)
OF_QUOTES = Inputs(
    table="glass_quote",
    where="true",
    columns="""coalesce(last, bid, ask) AS open, coalesce(last, bid, ask) AS high,
        coalesce(last, bid, ask) AS low, coalesce(last, bid, ask) AS close,
        NULL::numeric AS volume, coalesce(last, bid, ask) AS total, 1 AS count""",
    counts="NOT withdrawn AND coalesce(last, bid, ask) IS NOT NULL",
)
OF_HOURS = Inputs(
    table="glass_rollup",
    where=f"i.base = {{series}}.base AND i.width = {HOUR}",
    columns="open, high, low, close, volume, total, count",
    counts="count > 0",
    order="event_at DESC",
)


@lru_cache(maxsize=10_000)
def floor(moment: datetime, width: int) -> datetime:
    """Return the start of the bar that holds a moment; the series of a batch share many moments."""
    bar = timedelta(seconds=width)
    return EPOCH + (moment - EPOCH) // bar * bar


def inputs_of(base: int, width: int) -> Inputs | None:
    """Return what closed bars of this width are folded from; None if the base does not fit."""
    if base >= width or (base and width % base):
        return None
    if width == DAY and (base < HOUR and HOUR % (base or HOUR) == 0):
        return OF_HOURS
    return facts_of(base)


def facts_of(base: int) -> Inputs:
    """Return the facts of a base."""
    return OF_CANDLES if base else OF_QUOTES


def folded(inputs: Inputs, series: str, *, cuts: str = "") -> str:
    """Return the SELECT of the bars of a series: event_at, VALUES, available_at, known_at.

    `series` is an alias with source, asset, currency, base, since and until (exclusive); the
    width in seconds is the parameter `width`.
    """
    some = "FILTER (WHERE counts)"
    return f"""
        SELECT date_bin(%(width)s * interval '1 second', event_at, timestamptz 'epoch') AS event_at,
               (array_agg(open ORDER BY event_at DESC) {some})[count(*) {some}] AS open,
               max(high) {some} AS high, min(low) {some} AS low,
               (array_agg(close ORDER BY event_at DESC) {some})[1] AS close,
               sum(volume) {some} AS volume, sum(total) {some} AS total,
               coalesce(sum(count) {some}, 0)::int AS count,
               max(available_at) AS available_at, max(known_at) AS known_at
        FROM (
            SELECT DISTINCT ON (event_at) event_at, available_at, known_at,
                   {inputs.columns}, {inputs.counts} AS counts
            FROM {inputs.table} i
            WHERE i.source = {series}.source AND i.asset = {series}.asset
              AND i.currency = {series}.currency AND {inputs.where.format(series=series)}
              AND i.event_at >= {series}.since AND i.event_at < {series}.until {cuts}
            ORDER BY {inputs.order}
        ) input GROUP BY 1
    """
