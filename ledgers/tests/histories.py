"""Histories of one series of quotes or candles, and what they must come to, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ledgers.collecting.storing import store
from ledgers.glass.bars import Bar
from ledgers.glass.folding import floor
from ledgers.glass.models import Candle, Quote
from ledgers.glass.records import CandleRecord, QuoteRecord
from ledgers.models import CollectorRun
from ledgers.tests.factories import HOUR, T0, make_run

STEP = timedelta(minutes=30)
"""T0 is two hours before the end of a day and of a month."""

Kind = CollectorRun.Kind

says = st.dictionaries(
    st.integers(0, 9), st.tuples(st.sampled_from("1234"), st.booleans()), max_size=6
)


@dataclass(frozen=True, slots=True)
class Payload:
    """What a source said at one time: by step, a price and whether it is withdrawn."""

    kind: str
    parser: int
    second: int
    said: dict[int, tuple[str, bool]]

    def keep(self, model: Any, asset: str, *, restates: bool) -> None:
        """Store it, as the feed of this asset."""
        make = quote if model is Quote else candle
        records = [
            make(step, price, withdrawn=gone, asset=asset)
            for step, (price, gone) in self.said.items()
        ]
        run = make_run(f"of {asset}", kind=self.kind, parser=self.parser, restates=restates)
        store(model, records, run, observed_at=T0 + 20 * HOUR + timedelta(seconds=self.second))


payloads = st.builds(
    Payload,
    kind=st.sampled_from([Kind.LIVE, Kind.LIVE, Kind.BACKFILL, Kind.REPLAY]),
    parser=st.integers(1, 2),
    second=st.integers(0, 6),
    said=says,
)


def candle(step: int, close: str = "1", **options: Any) -> CandleRecord:
    """Make the candle of one half hour; its four prices differ."""
    price = Decimal(close)
    values: dict[str, Any] = {
        "event_at": T0 + step * STEP,
        "published_at": T0 + (step + 1) * STEP,
        "source": "kraken",
        "asset": "BTC",
        "currency": "USD",
        "interval": 1800,
        "open": price + step,
        "high": price + step + 5,
        "low": price - step,
        "close": price,
        "volume": price * 2,
    }
    return CandleRecord(**{**values, **options})


def quote(step: int, price: str = "1", **options: Any) -> QuoteRecord:
    """Make the quote of one half hour; every fourth price is missing, every third is a bid."""
    at, value = T0 + step * STEP, Decimal(price)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "kraken",
        "asset": "BTC",
        "currency": "USD",
        "quoted_at": at,
        "bid": value if step % 3 == 0 and price != "4" else None,
        "ask": None,
        "last": value if step % 3 and price != "4" else None,
    }
    return QuoteRecord(**{**values, **options})


def naive_bars(rows: Iterable[Candle | Quote], width: int) -> list[Bar]:
    """Fold what a pair sees of one series, one bar at a time."""
    inside: dict[datetime, list[Any]] = defaultdict(list)
    for row in rows:
        if price_of(row) is not None:
            inside[floor(row.event_at, width)].append(row)
    return [_bar(start, inside[start]) for start in sorted(inside)]


def price_of(row: Candle | Quote) -> Decimal | None:
    """Return a quote's last trade, else its bid, else its ask; a candle's close."""
    prices = [row.close] if isinstance(row, Candle) else [row.last, row.bid, row.ask]
    return next((price for price in prices if price is not None), None)


def _bar(start: datetime, rows: Sequence[Any]) -> Bar:
    rows = sorted(rows, key=lambda row: row.event_at)
    is_candle = isinstance(rows[0], Candle)
    closes = [price_of(row) for row in rows]
    return Bar(
        event_at=start,
        open=rows[0].open if is_candle else closes[0],
        high=max(row.high for row in rows) if is_candle else max(closes),
        low=min(row.low for row in rows) if is_candle else min(closes),
        close=closes[-1],
        volume=sum(row.volume for row in rows) if is_candle else None,
        total=sum(closes),
        count=len(rows),
        available_at=max(row.available_at for row in rows),
        known_at=max(row.known_at for row in rows),
    )
