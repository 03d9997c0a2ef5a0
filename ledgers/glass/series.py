"""Series of equal steps, such as candles of an hour or values of a day: what a list of them proves.

A step is a fact once it is over; the one that holds the moment of the answer is still open. The
event time of a step is its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.range import Range

from ledgers.collecting.backfilling import ends_of
from ledgers.collecting.collector import Ask, Looked, Reject, Window
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import decimal_of, price_of
from ledgers.glass.records import CandleRecord


def closed(made: Iterable[Any], at: datetime, *, step: timedelta | None = None) -> Iterator[Any]:
    """Leave out the record whose step was open when the source answered; rejects stay.

    A candle knows its own width.
    """
    for item in made:
        if isinstance(item, Reject) or not _is_open(item, at, step):
            yield item


def _is_open(record: Any, at: datetime, step: timedelta | None) -> bool:
    end = record.event_at + (step or timedelta(seconds=record.interval))
    return bool(record.event_at <= at < end)


def covered_by_steps(looked: Looked, step: timedelta) -> Window | None:
    """Return what a list without holes proves: from its first step to the end of its last."""
    if not looked.events:
        return None
    return _cut(looked.ask, min(looked.events), max(looked.events) + step)


def covered_since_asked(looked: Looked, step: timedelta) -> Window | None:
    """Return what a list proves whose source answers from the asked moment on.

    Where a backfill asks for time before the first trade, the answer shows that there was none;
    but not if it holds what was not asked for.
    """
    window = looked.ask.window
    if not looked.ask.is_backfill or not all(event in window for event in looked.events):
        return covered_by_steps(looked, step)
    since, until = ends_of(window)
    return _cut(looked.ask, since, max(looked.events) + step if looked.events else until)


def _cut(ask: Ask, start: datetime, end: datetime) -> Window | None:
    """Cut what is proven to what a backfill asked for; a live look has proven all of it."""
    if ask.is_backfill:
        since, until = ends_of(ask.window)
        start, end = max(start, since), min(end, until)
    return Range(start, end) if start < end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Whose candles they are: of one asset, in a currency, on a venue, of one width."""

    source: str
    asset: str
    currency: str
    step: timedelta


def candle_of(market: Market, start: datetime, **written: Any) -> CandleRecord:
    """Return one closed candle of open, high, low, close and volume as its venue wrote them."""
    prices = {name: price_of(written[name], name) for name in ("open", "high", "low", "close")}
    if prices["low"] > min(prices.values()) or prices["high"] < max(prices.values()):
        raise BadValueError("crossed", f"A price lies outside {prices['low']}..{prices['high']}.")
    return CandleRecord(
        event_at=start,
        published_at=start + market.step,
        source=market.source,
        asset=market.asset,
        currency=market.currency,
        interval=int(market.step.total_seconds()),
        open=prices["open"],
        high=prices["high"],
        low=prices["low"],
        close=prices["close"],
        volume=_volume(written["volume"]),
    )


def _volume(value: Any) -> Decimal:
    volume = decimal_of(value, "volume")
    if volume < 0:
        raise BadValueError("negative", f"volume is {value!r}.")
    return volume
