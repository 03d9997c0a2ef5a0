"""What quotes and candles keep beside their rows: the newest quote, and bars of hours and days.

Both are made from facts by one statement for all series of a store transaction. A bar is made
when its hour or day has closed, which is when the series goes on past it; what is still open is
read from the facts. A hole filled or a row revised in a closed bar makes the bar anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from ledgers.glass.folding import QUOTES, VALUES, WIDTHS, Inputs, floor, folded, inputs_of
from ledgers.projecting import Change, Series
from ledgers.wire import columns_of, rows_from

QUOTE_KEY = ("source", "asset", "currency")
QUOTE_COLUMNS = (
    "event_at",
    "published_at",
    "known_at",
    "available_at",
    "observed_at",
    "run_id",
    "parser",
    "revision",
    "withdrawn",
    "quoted_at",
    "bid",
    "ask",
    "last",
)
BAR_KEY = ("source", "asset", "currency", "base", "width", "event_at")
BAR_COLUMNS = (*VALUES, "available_at", "known_at")


def _assignments(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)


TEXTS = dict.fromkeys(QUOTE_KEY, "text")
SERIES = rows_from({**TEXTS, "event_at": "timestamptz"}, "series")
EVERY_SERIES = """(SELECT source, asset, currency, max(event_at) AS event_at FROM glass_quote
    GROUP BY source, asset, currency) AS series"""
LATEST = f"""
    INSERT INTO glass_latestquote AS kept ({", ".join((*QUOTE_KEY, *QUOTE_COLUMNS))})
    SELECT newest.* FROM {{series}} CROSS JOIN LATERAL (
        SELECT {", ".join((*QUOTE_KEY, *QUOTE_COLUMNS))} FROM glass_quote f
        WHERE f.source = series.source AND f.asset = series.asset
          AND f.currency = series.currency AND f.event_at = series.event_at
        ORDER BY f.revision DESC LIMIT 1
    ) newest ORDER BY newest.source, newest.asset, newest.currency
    ON CONFLICT ({", ".join(QUOTE_KEY)}) DO UPDATE SET {_assignments(QUOTE_COLUMNS)}
    WHERE (kept.event_at, kept.revision) < (excluded.event_at, excluded.revision)
"""
SPANS = rows_from({**TEXTS, "base": "int", "since": "timestamptz", "until": "timestamptz"}, "span")
BARS = f"""
    INSERT INTO glass_rollup ({", ".join((*BAR_KEY, *BAR_COLUMNS))})
    SELECT span.source, span.asset, span.currency, span.base, %(width)s, bar.*
    FROM {SPANS}
    CROSS JOIN LATERAL ({{bars}}) AS bar
    ORDER BY span.source, span.asset, span.currency, span.base, bar.event_at
    ON CONFLICT ({", ".join(BAR_KEY)}) DO UPDATE SET {_assignments(BAR_COLUMNS)}
"""
REACHES = """
    SELECT source, asset, currency, {base} AS base, min(event_at), max(event_at) FROM {table}
    GROUP BY 1, 2, 3, 4
"""


class Span(NamedTuple):
    """Whole bars of one series, from `since` to before `until`."""

    source: str
    asset: str
    currency: str
    base: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LatestQuotes:
    """The newest quote of each series, by event and revision, withdrawn or not.

    Its only input is that row, whose `available_at` and `known_at` are therefore the largest.
    What is older never replaces what is newer.
    """

    def follow(self, change: Change) -> None:
        """Look up the newest quote of each series that changed."""
        newest = [(*series, end) for series, end in sorted(change.ends.items())]
        self._write(SERIES, columns_of((*QUOTE_KEY, "event_at"), newest))

    def rebuild(self) -> int:
        """Look up the newest quote of every series."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE glass_latestquote")
            return self._write(EVERY_SERIES, {})

    def forget(self, since: datetime, until: datetime) -> None:
        """Forget newest quotes that were dropped."""
        _delete("glass_latestquote", "event_at >= %s AND event_at < %s", since, until)

    def forget_sources(self, prefix: str) -> None:
        """Forget the newest quotes of some sources."""
        _delete("glass_latestquote", "starts_with(source, %s)", prefix)

    def _write(self, series: str, question: Mapping[str, Any]) -> int:
        with connection.cursor() as cursor:
            cursor.execute(LATEST.format(series=series), question)
            return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Rollups:
    """Closed bars of an hour and of a day, of quotes or of candles that fit into them."""

    table: str
    mine: str
    """The condition of bars that were made of this table."""

    def follow(self, change: Change) -> None:
        """Make the bars that closed, and make anew those whose inputs changed."""
        for width in WIDTHS:
            self._write(width, sorted(_closed(change, width)))

    def rebuild(self) -> int:
        """Make every closed bar of every series; who stores meanwhile waits and goes on from it."""
        base = str(QUOTES) if self.table == "glass_quote" else "interval"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE glass_rollup IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"DELETE FROM glass_rollup WHERE {self.mine}")
            cursor.execute(REACHES.format(base=base, table=self.table))
            reaches = [(key, first, last) for *key, first, last in cursor.fetchall()]
            return sum(self._write(width, sorted(_spans(reaches, width))) for width in WIDTHS)

    def forget(self, since: datetime, until: datetime) -> None:
        """Forget bars that begin in a window."""
        _delete("glass_rollup", f"{self.mine} AND event_at >= %s AND event_at < %s", since, until)

    def forget_sources(self, prefix: str) -> None:
        """Forget the bars of some sources."""
        _delete("glass_rollup", f"{self.mine} AND starts_with(source, %s)", prefix)

    def _write(self, width: int, spans: list[Span]) -> int:
        """Fold facts, or hours into days, according to the base of each span."""
        chosen: dict[Inputs, list[Span]] = defaultdict(list)
        for span in spans:
            if inputs := inputs_of(span.base, width):
                chosen[inputs].append(span)
        written = 0
        with connection.cursor() as cursor:
            for inputs, same in chosen.items():
                question: dict[str, Any] = {**columns_of(Span._fields, same), "width": width}
                cursor.execute(BARS.format(bars=folded(inputs, "span")), question)
                written += cursor.rowcount
        return written


OF_QUOTES = Rollups("glass_quote", f"base = {QUOTES}")
OF_CANDLES = Rollups("glass_candle", f"base > {QUOTES}")


def _closed(change: Change, width: int) -> Iterator[Span]:
    """Yield the bars to be made, each once: those just passed, and older ones that changed."""
    yield from _spans(((series, *grown) for series, grown in change.grown.items()), width)
    for series, start in {(series, floor(hour, width)) for series, hour in change.hours}:
        grown = change.grown.get(series)
        is_made = grown is not None and start >= floor(grown[0], width)
        end = start + timedelta(seconds=width)
        if not is_made and end <= floor(change.ends[series], width):
            yield from _spans([(series, start, end)], width)


def _spans(reaches: Iterable[tuple[Series, datetime, datetime]], width: int) -> Iterator[Span]:
    """Yield the whole bars between two events of a series, where its base fits into them."""
    for series, first, last in reaches:
        since, until = floor(first, width), floor(last, width)
        if since < until:
            source, asset, currency, base = (*series, QUOTES)[:4]
            yield Span(source, asset, currency, base, since, until)


def _delete(table: str, condition: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {condition}", values)
