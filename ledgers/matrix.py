"""What was known of one asset at each of many moments: its price, how news sounded, what happened.

A moment sees what a question asked then would have seen: `available_at <= moment`, and of that
the newest revision. One statement answers for all moments. The price is one index probe a moment.
Scores and events are swept: each revision counts in one unbroken run of moments, from when it was
available to when it was superseded or fell out of the window, so that it is added at the first
and taken away after the last.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from ledgers.reading import TICK, Pair
from ledgers.wire import fetch

MAX_AGE = timedelta(days=2)
"""An older price is none."""
MAX_MOMENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixQuestion:
    """Which moments are asked: since, since + step, ... to before until, none after as_of.

    `interval` says what the price is: the close of the last ended candle of so many seconds, or
    0 for the newest quote. `window` is how far back scores and events count. With `recorded` a
    moment sees only what this installation had stored by then.
    """

    asset: str
    source: str
    currency: str
    interval: int
    since: datetime
    until: datetime
    step: timedelta
    window: timedelta
    recorded: bool
    pair: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was known at one moment; `priced_at` is the time of the price.

    `sentiment` is the mean of the `scores` scores of items of the window, -1 to 1, of each item
    the one stored last; `events` counts the events of the window.
    """

    at: datetime
    price: Decimal | None
    priced_at: datetime | None
    sentiment: Decimal | None
    scores: int
    events: int


FIELDS = tuple(field.name for field in fields(Known))
INTERVALS = (60, 300, 900, 1800, 3600, 14400, 86400)
QUOTE = """
    SELECT coalesce(last, bid, ask) AS price, quoted_at AS priced_at, withdrawn FROM glass_quote i
    WHERE i.source = %(source)s AND i.asset = %(asset)s AND i.currency = %(currency)s
      AND i.event_at <= moment.at AND i.event_at > moment.at - %(max_age)s
      AND i.available_at <= moment.at AND i.known_at <= {horizon}
    ORDER BY i.event_at DESC, i.revision DESC LIMIT 1
"""
CANDLE = """
    SELECT close AS price, event_at + %(width)s AS priced_at, withdrawn FROM glass_candle i
    WHERE i.source = %(source)s AND i.asset = %(asset)s AND i.currency = %(currency)s
      AND i.interval = %(interval)s AND i.event_at <= moment.at - %(width)s
      AND i.event_at > moment.at - %(width)s - %(max_age)s
      AND i.available_at <= moment.at AND i.known_at <= {horizon}
    ORDER BY i.event_at DESC, i.revision DESC LIMIT 1
"""
SWEPT = """
    SELECT * FROM (
        SELECT {value} AS value,
               ceil(extract(epoch FROM greatest(i.event_at, {visible}) - %(since)s)
                    / %(seconds)s)::bigint AS from_place,
               ceil(extract(epoch FROM least(i.event_at + %(window)s, later.visible_at) - %(since)s)
                    / %(seconds)s)::bigint AS to_place
        FROM {table} i CROSS JOIN LATERAL (
            SELECT min({later_visible}) AS visible_at FROM {table} l
            WHERE {same} AND (l.known_at, l.id) > (i.known_at, i.id) AND l.known_at <= %(horizon)s
        ) later
        WHERE i.assets @> ARRAY[%(asset)s]::varchar[] AND NOT i.withdrawn
          AND i.event_at > %(since)s - %(window)s AND i.event_at < %(until)s
          AND i.known_at <= %(horizon)s
    ) placed WHERE from_place < to_place AND to_place > 0
"""
MATRIX = """
    WITH moment AS (
        SELECT %(since)s + (place - 1) * %(step)s AS at, place - 1 AS place
        FROM generate_series(1, %(moments)s::bigint) AS place
    ), score AS MATERIALIZED ({scores}), event AS MATERIALIZED ({events}), change AS (
        SELECT place, sum(score) AS score, sum(scores) AS scores, sum(events) AS events FROM (
            SELECT greatest(from_place, 0) AS place, value AS score, 1 AS scores, 0 AS events
            FROM score
            UNION ALL SELECT to_place, -value, -1, 0 FROM score
            UNION ALL SELECT greatest(from_place, 0), 0, 0, 1 FROM event
            UNION ALL SELECT to_place, 0, 0, -1 FROM event
        ) change GROUP BY place
    ), known AS (
        SELECT moment.at, sum(change.score) OVER passed AS score,
               coalesce(sum(change.scores) OVER passed, 0) AS scores,
               coalesce(sum(change.events) OVER passed, 0) AS events
        FROM moment LEFT JOIN change USING (place) WINDOW passed AS (ORDER BY moment.place)
    )
    SELECT moment.at, newest.price, newest.priced_at,
           moment.score / nullif(moment.scores, 0) AS sentiment,
           moment.scores::int AS scores, moment.events::int AS events
    FROM known AS moment
    LEFT JOIN LATERAL ({price}) newest ON NOT newest.withdrawn AND newest.price IS NOT NULL
"""
WRITTEN = """
    SELECT string_agg(
        '{{"at":' || left(to_json(at AT TIME ZONE 'UTC')::text, -1) || 'Z"'
        || ',"price":' || coalesce('"' || price || '"', 'null') || ',"priced_at":'
        || coalesce(left(to_json(priced_at AT TIME ZONE 'UTC')::text, -1) || 'Z"', 'null')
        || ',"sentiment":' || coalesce('"' || sentiment || '"', 'null')
        || ',"scores":' || scores || ',"events":' || events || '}}', ',' ORDER BY at)
    FROM ({matrix}) known
"""
OFFERED = """
    SELECT CASE WHEN EXISTS (
        SELECT FROM glass_quote i WHERE i.source = %(source)s AND i.asset = %(asset)s
          AND i.currency = %(currency)s AND i.event_at < %(until)s AND i.known_at <= %(horizon)s
    ) THEN 0 ELSE (
        SELECT width.seconds
        FROM unnest(%(intervals)s::int[]) WITH ORDINALITY AS width (seconds, place)
        WHERE EXISTS (
            SELECT FROM glass_candle i WHERE i.source = %(source)s AND i.asset = %(asset)s
              AND i.currency = %(currency)s AND i.interval = width.seconds
              AND i.event_at < %(until)s AND i.known_at <= %(horizon)s
        ) ORDER BY width.place LIMIT 1
    ) END
"""


def interval_of(asset: str, source: str, currency: str, until: datetime, pair: Pair) -> int | None:
    """Return 0 if the source has quotes of an asset, else its shortest candles; None: neither."""
    question = {
        "asset": asset,
        "source": source,
        "currency": currency,
        "until": until,
        "horizon": pair.horizon,
        "intervals": list(INTERVALS),
    }
    with connection.cursor() as cursor:
        cursor.execute(OFFERED, question)
        found: int | None = cursor.fetchone()[0]
    return found


def matrix(question: MatrixQuestion) -> list[Known]:
    """Return what was known at each moment, oldest first; one statement."""
    rows = fetch(f"{_statement(question)} ORDER BY at", _values(question))
    return [Known(**dict(zip(FIELDS, row, strict=True))) for row in rows]


def matrix_as_json(question: MatrixQuestion) -> str:
    """Return the same as the members of a JSON list, written by the database."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN.format(matrix=_statement(question)), _values(question))
        return cursor.fetchone()[0] or ""


def _statement(question: MatrixQuestion) -> str:
    horizon = "least(moment.at, %(horizon)s)" if question.recorded else "%(horizon)s"
    price = (CANDLE if question.interval else QUOTE).format(horizon=horizon)
    scores = _swept("human_score", "i.value", ("item",), question)
    events = _swept("catalyst_event", "1", ("source", "source_key"), question)
    return MATRIX.format(price=price, scores=scores, events=events)


def _swept(table: str, value: str, thing: tuple[str, ...], question: MatrixQuestion) -> str:
    """Return the SELECT of when each row of one asset counts, and as how much."""
    seen = "greatest({0}.available_at, {0}.known_at)" if question.recorded else "{0}.available_at"
    return SWEPT.format(
        table=table,
        value=value,
        same=" AND ".join(f"l.{name} = i.{name}" for name in thing),
        visible=seen.format("i"),
        later_visible=seen.format("l"),
    )


def _values(question: MatrixQuestion) -> dict[str, Any]:
    until = min(question.until, question.pair.as_of + TICK)
    moments = max(0, -((question.since - until) // question.step))
    return {
        "asset": question.asset,
        "source": question.source,
        "currency": question.currency,
        "interval": question.interval,
        "width": timedelta(seconds=question.interval),
        "max_age": MAX_AGE,
        "since": question.since,
        "until": until,
        "moments": moments,
        "step": question.step,
        "seconds": Decimal(question.step // TICK) / 1_000_000,
        "window": question.window,
        "horizon": question.pair.horizon,
    }
