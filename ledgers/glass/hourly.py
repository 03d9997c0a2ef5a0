"""At each whole hour, the quote that one would have been told then: a cache for whole histories.

A question as of an hour sees the newest quote that was available by then. Once the hour is over no
live look can change which one that was, for what comes later is available later; only a source
that tells its past, or a seed, can, and then the hours after it are made anew. A row is used if a
read's horizon lets its quote through, and is then the newest of all that it lets through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ledgers.glass.folding import floor
from ledgers.matrix import HOUR, MAX_AGE
from ledgers.projecting import Change, Series
from ledgers.wire import columns_of, rows_from

WIDTH = int(HOUR.total_seconds())
KEY = ("source", "asset", "currency", "at")
COLUMNS = ("event_at", "known_at", "quoted_at", "price", "withdrawn")
QUOTED = """(SELECT source, asset, currency, min(event_at) AS since, max(event_at) AS until
    FROM glass_quote GROUP BY source, asset, currency) AS span"""
SPAN = ("source", "asset", "currency", "since", "until")
SPANS = rows_from(dict(zip(SPAN, ["text"] * 3 + ["timestamptz"] * 2, strict=True)), "span")
KEEP = f"""
    INSERT INTO glass_hourlyquote ({", ".join((*KEY, *COLUMNS))})
    SELECT span.source, span.asset, span.currency, hour.at, told.*
    FROM {{spans}} CROSS JOIN LATERAL generate_series(
        date_bin('1 hour', span.since + interval '1 hour' - interval '1 microsecond',
                 timestamptz 'epoch'),
        least(span.until, clock_timestamp()), interval '1 hour'
    ) AS hour (at) CROSS JOIN LATERAL (
        SELECT event_at, known_at, quoted_at, coalesce(last, bid, ask), withdrawn
        FROM glass_quote f
        WHERE f.source = span.source AND f.asset = span.asset AND f.currency = span.currency
          AND f.event_at <= hour.at AND f.event_at > hour.at - %(max_age)s
          AND f.available_at <= hour.at
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) told ORDER BY span.source, span.asset, span.currency, hour.at
    ON CONFLICT ({", ".join(KEY)}) DO UPDATE
    SET {", ".join(f"{column} = excluded.{column}" for column in COLUMNS)}
"""


Span = tuple[Any, ...]
"""A series, and from when to when: both of which may be an hour."""


@dataclass(frozen=True, slots=True)
class HourlyQuotes:
    """The newest quote that was available at each whole hour up to the end of its series."""

    def follow(self, change: Change) -> None:
        """Look up the hours that a series passed, and those after a hole that was filled."""
        if spans := list(_spans(change)):
            self._keep(SPANS, columns_of(SPAN, spans))

    def rebuild(self) -> int:
        """Look up every hour of every series; who stores meanwhile waits and goes on from it."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE glass_hourlyquote")
            return self._keep(QUOTED, {})

    def forget(self, since: datetime, until: datetime) -> None:
        """Forget the hours whose quote was dropped."""
        _delete("event_at >= %s AND event_at < %s", since, until)

    def forget_sources(self, prefix: str) -> None:
        """Forget the hours of some sources."""
        _delete("starts_with(source, %s)", prefix)

    def _keep(self, spans: str, question: Mapping[str, Any]) -> int:
        with connection.cursor() as cursor:
            asked: dict[str, Any] = {**question, "max_age": MAX_AGE}
            cursor.execute(KEEP.format(spans=spans), asked)
            return int(cursor.rowcount)


def _spans(change: Change) -> Iterator[Span]:
    """Yield no hour twice: one statement may not write a row two times."""
    for series, (start, end) in sorted(change.grown.items()):
        if floor(end, WIDTH) >= start:
            yield (*series, start, end)
    for series, hours in _touched(change).items():
        grown = change.grown.get(series)
        last = grown[0] - timedelta(microseconds=1) if grown else change.ends[series]
        yield from _apart(series, sorted(hours), last)


def _touched(change: Change) -> dict[Series, set[datetime]]:
    touched: dict[Series, set[datetime]] = {}
    for series, hour in change.hours:
        touched.setdefault(series, set()).add(hour)
    return touched


def _apart(series: Series, hours: list[datetime], last: datetime) -> Iterator[Span]:
    """Yield the hours that may take a quote of one of these, none after the last moment."""
    since, until = hours[0], hours[0]
    for hour in hours:
        if hour > until:
            yield (*series, since, min(until, last))
            since = hour
        until = hour + HOUR + MAX_AGE
    yield (*series, since, min(until, last))


def _delete(condition: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM glass_hourlyquote WHERE {condition}", values)
