"""How a window of prices went: its first, last, highest and lowest row, each day's last, the mean.

A short window is read row by row. A long one is told by the kept bars of its whole hours, which
name the hours of the extremes; then only those hours, the window's two ends and the last row of
each day are looked up. Both ways give the same rows: a kept bar counts only if both cuts let all
its inputs through, and what is missing is folded from the facts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agents.results import Window
from ledgers.glass.bars import KEPT
from ledgers.glass.folding import CUTS, HOUR, facts_of, floor, folded

LONG = timedelta(days=2)
"""From this length on the kept bars are cheaper than the rows."""
QUOTES = """
    SELECT DISTINCT ON (event_at) event_at, revision, known_at, withdrawn, quoted_at AS opened,
           quoted_at AS closed, coalesce(last, bid, ask) AS open, coalesce(last, bid, ask) AS high,
           coalesce(last, bid, ask) AS low, coalesce(last, bid, ask) AS close, bid, ask,
           CASE WHEN last IS NOT NULL THEN 'last' WHEN bid IS NOT NULL THEN 'bid' ELSE 'ask' END
               AS field
    FROM glass_quote
    WHERE source = %(source)s AND asset = %(asset)s AND currency = %(currency)s
      AND event_at >= {start} AND event_at < {end}
      AND available_at <= %(as_of)s AND known_at <= %(horizon)s
    ORDER BY event_at {order}, revision DESC
"""
CANDLES = """
    SELECT DISTINCT ON (event_at) event_at, revision, known_at, withdrawn, event_at AS opened,
           event_at + interval * interval '1 second' AS closed, open, high, low, close,
           NULL::numeric AS bid, NULL::numeric AS ask, '' AS field
    FROM glass_candle
    WHERE source = %(source)s AND asset = %(asset)s AND currency = %(currency)s
      AND interval = %(interval)s AND event_at >= {start}
      AND event_at <= {end} - interval * interval '1 second'
      AND available_at <= %(as_of)s AND known_at <= %(horizon)s
    ORDER BY event_at {order}, revision DESC
"""
PRICED = "SELECT * FROM ({rows}) seen WHERE NOT withdrawn AND close IS NOT NULL"
COLUMNS = "told.event_at, told.revision, told.known_at, told.at, told.price, told.field"
SHORT = f"""
    WITH kept AS MATERIALIZED ({{kept}})
    SELECT told.role, {COLUMNS}, told.bid, told.ask,
           (SELECT count(*) FROM kept), (SELECT avg(close) FROM kept)
    FROM (
        (SELECT 'first' AS role, *, opened AS at, open AS price FROM kept
         ORDER BY event_at LIMIT 1)
        UNION ALL
        (SELECT 'last', *, closed, close FROM kept ORDER BY event_at DESC LIMIT 1)
        UNION ALL
        (SELECT 'high', *, closed, high FROM kept ORDER BY high DESC, event_at LIMIT 1)
        UNION ALL
        (SELECT 'low', *, closed, low FROM kept ORDER BY low, event_at LIMIT 1)
        UNION ALL
        (SELECT DISTINCT ON ((event_at AT TIME ZONE 'UTC')::date) 'close', *, closed, close
         FROM kept ORDER BY (event_at AT TIME ZONE 'UTC')::date, event_at DESC)
    ) told ORDER BY told.role, told.event_at
"""
BY_HOURS = f"""
    WITH hour AS MATERIALIZED ({{hours}}),
    edge AS MATERIALIZED (({{before}}) UNION ALL ({{after}})),
    top AS MATERIALIZED (SELECT event_at AS start FROM hour ORDER BY high DESC, event_at LIMIT 1),
    bottom AS MATERIALIZED (SELECT event_at AS start FROM hour ORDER BY low, event_at LIMIT 1),
    counted AS MATERIALIZED (
        SELECT sum(number) AS number, sum(total) / nullif(sum(number), 0) AS mean FROM (
            SELECT sum(count) AS number, sum(total) AS total FROM hour
            UNION ALL SELECT count(*), sum(close) FROM edge
        ) part
    )
    SELECT told.role, {COLUMNS}, told.bid, told.ask, counted.number, counted.mean
    FROM counted, (
        (SELECT 'first' AS role, *, opened AS at, open AS price FROM ({{oldest}}) one LIMIT 1)
        UNION ALL
        (SELECT 'last', *, closed, close FROM ({{newest}}) one LIMIT 1)
        UNION ALL
        (SELECT 'high', *, closed, high FROM (
            SELECT one.* FROM top CROSS JOIN LATERAL ({{in_top}}) one
            UNION ALL SELECT * FROM edge
         ) place ORDER BY high DESC, event_at LIMIT 1)
        UNION ALL
        (SELECT 'low', *, closed, low FROM (
            SELECT one.* FROM bottom CROSS JOIN LATERAL ({{in_bottom}}) one
            UNION ALL SELECT * FROM edge
         ) place ORDER BY low, event_at LIMIT 1)
        UNION ALL
        (SELECT 'close', one.*, one.closed, one.close
         FROM generate_series(%(midnight)s::timestamptz, %(end)s, interval '24 hours')
             AS day (start)
         CROSS JOIN LATERAL (SELECT * FROM ({{of_day}}) one LIMIT 1) one)
    ) told ORDER BY told.role, told.event_at
"""


def statement_of(interval: int, window: Window) -> tuple[str, dict[str, Any]]:
    """Return the statement that tells a window of quotes (0) or candles, and its parameters.

    It also takes source, asset, currency, as_of and horizon.
    """
    question: dict[str, Any] = {"start": window.start, "end": window.end, "interval": interval}
    if window.end - window.start < LONG or interval >= HOUR:
        return SHORT.format(kept=_rows(interval, "%(start)s", "%(end)s")), question
    since, until = _hour_after(window.start), floor(window.end, HOUR)
    question |= {
        "since": since,
        "until": until,
        "base": interval,
        "width": HOUR,
        "midnight": window.start.replace(hour=0, minute=0, second=0, microsecond=0),
    }
    return _by_hours(interval), question


def _by_hours(interval: int) -> str:
    hour = f"{HOUR} * interval '1 second'"
    day = ("greatest(day.start, %(start)s)", "least(day.start + interval '24 hours', %(end)s)")
    return BY_HOURS.format(
        hours=KEPT.format(folded=folded(facts_of(interval), "asked", cuts=CUTS)),
        before=_rows(interval, "%(start)s", "%(since)s"),
        after=_rows(interval, "%(until)s", "%(end)s"),
        oldest=_rows(interval, "%(start)s", "%(end)s"),
        newest=_rows(interval, "%(start)s", "%(end)s", order="DESC"),
        in_top=_rows(interval, "top.start", f"top.start + {hour}"),
        in_bottom=_rows(interval, "bottom.start", f"bottom.start + {hour}"),
        of_day=_rows(interval, *day, order="DESC"),
    )


def _rows(interval: int, start: str, end: str, *, order: str = "ASC") -> str:
    rows = (CANDLES if interval else QUOTES).format(start=start, end=end, order=order)
    return PRICED.format(rows=rows)


def _hour_after(moment: datetime) -> datetime:
    start = floor(moment, HOUR)
    return start if start == moment else start + timedelta(seconds=HOUR)
