"""What was known of one asset at each of many moments: its price, how news sounded, what happened.

A moment sees what a question asked then would have seen: `available_at <= moment`, and of that
the newest revision. One statement answers for all moments. Prices at whole hours are kept; of other
moments they are found by a scan of the last minutes, or an index probe each.
Scores and events are swept: each revision counts in one unbroken run of moments, from when it was
available to when it was superseded or fell out of the window, so that it is added at the first
and taken away after the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from ledgers.reading import TICK, Pair
from ledgers.wire import fetch

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAX_AGE = timedelta(days=2)
"""An older price is none."""
RECENT = [timedelta(minutes=minutes) for minutes in range(6)]


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


class Known(NamedTuple):
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


INTERVALS = (60, 300, 900, 1800, 3600, 14400, 86400)
# The newest quote at whole hours is kept.
BY_HOUR = """
    near AS MATERIALIZED (
        SELECT place, price, priced_at, withdrawn FROM moment JOIN (
            SELECT at, price, quoted_at AS priced_at, withdrawn, known_at
            FROM glass_hourlyquote i WHERE {series} AND i.at >= %(since)s AND i.at < %(until)s
        ) candidate USING (at) WHERE known_at <= {horizon}
    ), {probed}
"""
# A quote's event is its minute, so the newest is most often of one of the last minutes: all those
# come by one scan.
BY_QUOTE = """
    candidate AS MATERIALIZED (
        SELECT place, at, minute - back AS event_at
        FROM (
            SELECT *, date_bin('1 minute', at, timestamptz 'epoch') AS minute
            FROM moment OFFSET 0
        ) moment, unnest(%(recent)s::interval[]) AS back
    ), near AS MATERIALIZED (
        SELECT DISTINCT ON (place) place, {quote} FROM candidate JOIN (
            SELECT * FROM glass_quote i WHERE {series}
              AND i.event_at = ANY(ARRAY(SELECT event_at FROM candidate))
              AND i.event_at > %(since)s - interval '1 hour' AND i.event_at <= %(until)s
        ) i USING (event_at)
        WHERE i.available_at <= candidate.at AND i.known_at <= {horizon}
        ORDER BY place, event_at DESC, i.revision DESC
    ), {probed}
"""
# Only moments without one are probed for.
PROBED = """
    priced AS (
        SELECT place, price, priced_at, withdrawn FROM near
        UNION ALL
        SELECT place, price, priced_at, withdrawn
        FROM (SELECT * FROM moment WHERE place NOT IN (SELECT place FROM near)) AS candidate
        CROSS JOIN LATERAL (
            SELECT {quote} FROM glass_quote i WHERE {series}
              AND i.event_at <= candidate.at AND i.event_at > candidate.at - %(max_age)s
              AND i.available_at <= candidate.at AND i.known_at <= {horizon}
            ORDER BY i.event_at DESC, i.revision DESC LIMIT 1
        ) far
    )
"""
QUOTE = "coalesce(last, bid, ask) AS price, quoted_at AS priced_at, withdrawn"
BY_CANDLE = """
    priced AS (
        SELECT place, price, priced_at, withdrawn FROM moment AS candidate CROSS JOIN LATERAL (
            SELECT close AS price, event_at + %(width)s AS priced_at, withdrawn
            FROM glass_candle i WHERE {series}
              AND i.interval = %(interval)s AND i.event_at <= candidate.at - %(width)s
              AND i.event_at > candidate.at - %(width)s - %(max_age)s
              AND i.available_at <= candidate.at AND i.known_at <= {horizon}
            ORDER BY i.event_at DESC, i.revision DESC LIMIT 1
        ) ended
    )
"""
SERIES = "i.source = %(source)s AND i.asset = %(asset)s AND i.currency = %(currency)s"
# Moments are counted in whole microseconds from `since`, then in steps, rounded up.
SWEPT = """
    SELECT value, {from_place} AS from_place, {to_place} AS to_place FROM (
        SELECT {value} AS value,
               (date_part('epoch', greatest(event_at, {visible})) * 1000000)::bigint
                   - %(since_micros)s AS begins,
               (date_part('epoch', least(event_at + %(window)s, superseded_at)) * 1000000)::bigint
                   - %(since_micros)s AS ends
        FROM ({rows}) i WHERE NOT withdrawn OFFSET 0
    ) counted WHERE {from_place} < {to_place} AND {to_place} > 0
"""
PLACE = "({0} + CASE WHEN {0} > 0 THEN %(step_micros)s - 1 ELSE 0 END) / %(step_micros)s"
INSIDE = """
    i.assets @> ARRAY[%(asset)s]::varchar[] AND i.known_at <= %(horizon)s
    AND i.event_at > %(since)s - %(window)s AND i.event_at < %(until)s
"""
# The assets and the time of a score are those of its item, which is one revision: all scores of
# an item are here together.
SCORES = """
    SELECT *, min({visible}) OVER (
        PARTITION BY item ORDER BY known_at DESC, id DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS superseded_at FROM human_score i WHERE {inside}
"""
# A later revision of an event may be about other assets, or of another time.
EVENTS = """
    SELECT i.*, later.superseded_at FROM catalyst_event i CROSS JOIN LATERAL (
        SELECT min({later_visible}) AS superseded_at FROM catalyst_event l
        WHERE l.source = i.source AND l.source_key = i.source_key
          AND l.revision > i.revision AND l.known_at <= %(horizon)s
    ) later WHERE {inside}
"""
MATRIX = """
    WITH moment AS MATERIALIZED (
        SELECT %(since)s + (place - 1) * %(step)s AS at, place - 1 AS place
        FROM generate_series(1, %(moments)s::bigint) AS place
    ), {priced}, score AS MATERIALIZED ({scores}), event AS MATERIALIZED ({events}), change AS (
        SELECT place, sum(score) AS score, sum(scores) AS scores, sum(events) AS events FROM (
            SELECT greatest(from_place, 0) AS place, value AS score, 1 AS scores, 0 AS events
            FROM score
            UNION ALL SELECT to_place, -value, -1, 0 FROM score
            UNION ALL SELECT greatest(from_place, 0), 0, 0, 1 FROM event
            UNION ALL SELECT to_place, 0, 0, -1 FROM event
        ) change GROUP BY place
    ), known AS (
        SELECT place, moment.at, sum(change.score) OVER passed AS score,
               coalesce(sum(change.scores) OVER passed, 0) AS scores,
               coalesce(sum(change.events) OVER passed, 0) AS events
        FROM moment LEFT JOIN change USING (place) WINDOW passed AS (ORDER BY place)
    )
    SELECT known.at, priced.price, priced.priced_at,
           known.score / nullif(known.scores, 0) AS sentiment,
           known.scores::int AS scores, known.events::int AS events
    FROM known LEFT JOIN priced
      ON priced.place = known.place AND NOT priced.withdrawn AND priced.price IS NOT NULL
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
    question: dict[str, Any] = {
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
    return list(map(Known._make, rows))


def matrix_as_json(question: MatrixQuestion) -> str:
    """Return the same as the members of a JSON list, written by the database."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN.format(matrix=_statement(question)), _values(question))
        return cursor.fetchone()[0] or ""


def _statement(question: MatrixQuestion) -> str:
    horizon = "least(candidate.at, %(horizon)s)" if question.recorded else "%(horizon)s"
    said = {"horizon": horizon, "series": SERIES, "quote": QUOTE}
    priced = _shape(question).format(**said, probed=PROBED.format(**said))
    scores = _swept(SCORES, "value", question)
    events = _swept(EVENTS, "1", question)
    return MATRIX.format(priced=priced, scores=scores, events=events)


def _shape(question: MatrixQuestion) -> str:
    """Return how prices are found: at whole hours, at any moments, or as closes of candles."""
    if question.interval:
        return BY_CANDLE
    is_hourly = not ((question.since - EPOCH) % HOUR or question.step % HOUR)
    return BY_HOUR if is_hourly else BY_QUOTE


def _swept(rows: str, value: str, question: MatrixQuestion) -> str:
    """Return the SELECT of when each row of one asset counts, and as how much."""
    seen = "greatest({0}.available_at, {0}.known_at)" if question.recorded else "{0}.available_at"
    visible = seen.format("i")
    rows = rows.format(visible=visible, later_visible=seen.format("l"), inside=INSIDE)
    return SWEPT.format(
        rows=rows,
        value=value,
        visible=visible,
        from_place=PLACE.format("begins"),
        to_place=PLACE.format("ends"),
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
        "recent": RECENT,
        "since": question.since,
        "until": until,
        "moments": moments,
        "step": question.step,
        "step_micros": question.step // TICK,
        "since_micros": (question.since - EPOCH) // TICK,
        "window": question.window,
        "horizon": question.pair.horizon,
    }
