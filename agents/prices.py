"""The reads of `get_price_data`: which source to ask, its newest quote, a window's telling rows.

A price in AUD comes from the sources of `OMC_PRICE_SOURCES`, never from two at once. A window
takes the first source whose rows reach back to its start, else the one that reaches back
furthest; quotes before candles, short candles before long ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from agents.results import PriceRow, Window
from agents.windows import statement_of
from ledgers.glass.models import Candle, Quote
from ledgers.public_ids import public_id
from ledgers.reading import Pair

INTERVALS = (60, 300, 900, 3600, 86400)
SLACK = 0.1

NEWEST = """
    SELECT q.*, r.feed_id AS feed
    FROM unnest(%(sources)s::text[]) WITH ORDINALITY AS wanted (source, rank)
    CROSS JOIN LATERAL (
        SELECT * FROM glass_quote f
        WHERE f.source = wanted.source AND f.asset = %(asset)s AND f.currency = %(currency)s
          AND f.event_at <= %(as_of)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
          AND coalesce(f.last, f.bid, f.ask) IS NOT NULL
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) q JOIN ledgers_collectorrun r ON r.id = q.run_id
    WHERE NOT q.withdrawn ORDER BY wanted.rank
"""
CANDIDATES = """
    SELECT c.source, c.interval, c.event_at, r.feed_id
    FROM unnest(%(sources)s::text[]) WITH ORDINALITY AS wanted (source, rank)
    CROSS JOIN LATERAL (
        (SELECT f.source, 0 AS interval, f.event_at, f.run_id FROM glass_quote f
         WHERE f.source = wanted.source AND f.asset = %(asset)s AND f.currency = %(currency)s
           AND f.event_at >= %(start)s AND f.event_at < %(end)s
           AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
         ORDER BY f.event_at LIMIT 1)
        UNION ALL
        SELECT k.* FROM unnest(%(intervals)s::int[]) AS width (interval) CROSS JOIN LATERAL (
            SELECT f.source, f.interval, f.event_at, f.run_id FROM glass_candle f
            WHERE f.source = wanted.source AND f.asset = %(asset)s AND f.currency = %(currency)s
              AND f.interval = width.interval
              AND f.event_at >= %(start)s AND f.event_at < %(end)s
              AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
            ORDER BY f.event_at LIMIT 1
        ) k
    ) c JOIN ledgers_collectorrun r ON r.id = c.run_id
    ORDER BY wanted.rank, c.interval
"""
CANDLE_FIELDS = {"first": "open", "high": "high", "low": "low"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series that could answer: quotes (interval 0) or candles of one source."""

    source: str
    interval: int
    starts: datetime
    feed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest priced quote of one source, and the feed that brought it."""

    quote: Quote
    feed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The rows of a window that say how it went, how many rows there were, and their mean."""

    rows: tuple[PriceRow, ...]
    count: int
    mean: Decimal | None


def newest(asset: str, currency: str, sources: Sequence[str], pair: Pair) -> list[Newest]:
    """Return each source's newest priced quote, with the name of its feed; one query."""
    question = _question(asset, currency, pair, sources=list(sources))
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, question)
        names = [column.name for column in cursor.description[:-1]]
        return [
            Newest(quote=Quote(**dict(zip(names, row, strict=True))), feed=feed)
            for *row, feed in cursor.fetchall()
        ]


def candidates(
    asset: str, currency: str, sources: Sequence[str], window: Window, pair: Pair
) -> list[Series]:
    """Return the series that have rows in a window, the preferred first; one query."""
    question = _question(
        asset, currency, pair, sources=list(sources), intervals=list(INTERVALS), **_ends(window)
    )
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, question)
        return [
            Series(source=source, interval=interval, starts=starts, feed=feed)
            for source, interval, starts, feed in cursor.fetchall()
        ]


def best(found: Sequence[Series], window: Window) -> Series | None:
    """Return the first series that reaches back to the window's start, else the longest."""
    slack = max((window.end - window.start) * SLACK, timedelta(minutes=10))
    for series in found:
        if series.starts - timedelta(seconds=series.interval) <= window.start + slack:
            return series
    return min(found, key=lambda series: series.starts, default=None)


def telling(asset: str, currency: str, series: Series, window: Window, pair: Pair) -> Telling:
    """Return first, last, high and low of a series in a window, and each day's last; one query."""
    statement, more = statement_of(series.interval, window)
    question = _question(asset, currency, pair, source=series.source, **more)
    with connection.cursor() as cursor:
        cursor.execute(statement, question)
        found = cursor.fetchall()
    count, mean = found[0][-2:] if found else (0, None)
    return Telling(rows=tuple(_rows(found, asset, currency, series)), count=count, mean=mean)


def row_of(quote: Quote) -> PriceRow:
    """Return a quote as the newest price: its last trade, as long as bid and ask allow it.

    A last trade below the bid or above the ask is older than what is offered: nobody would deal
    there any more, so the offer that it lies beyond is the price. Without a last trade it is the
    bid, else the ask.
    """
    field = _field_of(quote)
    return PriceRow(
        id=public_id(quote),
        at=quote.quoted_at,
        known_at=quote.known_at,
        source=quote.source,
        role="latest",
        symbol=quote.asset,
        currency=quote.currency,
        price=getattr(quote, field),
        field=field,
        bid=quote.bid,
        ask=quote.ask,
    )


def _field_of(quote: Quote) -> str:
    """Name the column that is the price; offers that cross say nothing about the last trade."""
    bid, ask, last = quote.bid, quote.ask, quote.last
    if last is None:
        return "ask" if bid is None else "bid"
    if bid is not None and ask is not None and bid > ask:
        return "last"
    if bid is not None and last < bid:
        return "bid"
    return "ask" if ask is not None and last > ask else "last"


def _question(asset: str, currency: str, pair: Pair, **more: Any) -> dict[str, Any]:
    cuts = {"as_of": pair.as_of, "horizon": pair.horizon}
    return {"asset": asset, "currency": currency, **cuts, **more}


def _ends(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}


def _rows(
    found: Sequence[Sequence[Any]], asset: str, currency: str, series: Series
) -> Iterator[PriceRow]:
    for role, event_at, revision, known_at, at, price, field, bid, ask, *_ in found:
        key = {"asset": asset, "currency": currency, "event_at": event_at, "revision": revision}
        fact = (
            Candle(source=series.source, interval=series.interval, **key)
            if series.interval
            else Quote(source=series.source, **key)
        )
        yield PriceRow(
            id=public_id(fact),
            at=at,
            known_at=known_at,
            source=series.source,
            role=role,
            symbol=asset,
            currency=currency,
            price=price,
            field=field or CANDLE_FIELDS.get(role, "close"),
            bid=bid,
            ask=ask,
        )
