"""Prices of the eval world: fourteen coins in AUD, every five minutes, drawn by a generator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import overload

from ledgers.glass.records import QuoteRecord

BEGINNING = datetime(2025, 10, 1, tzinfo=UTC)
CLOCK = datetime(2026, 3, 18, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
WEEK = timedelta(days=7)
SOURCE, CURRENCY = "seed:coinspot", "AUD"
SWING = 240
"""The largest move of a step, in hundred thousandths: some two per cent a day."""
HALF_SPREAD = 1000
"""Bid and ask lie one part in so many beside the last trade."""


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin: what it is called, where its price begins in AUD, and how many places it shows."""

    symbol: str
    name: str
    level: str
    places: int


COINS = {
    coin.symbol: coin
    for coin in (
        Coin("BTC", "Bitcoin", "151200", 2),
        Coin("ETH", "Ethereum", "5310", 3),
        Coin("SOL", "Solana", "262", 4),
        Coin("XRP", "XRP", "3.91", 6),
        Coin("ADA", "Cardano", "1.08", 6),
        Coin("DOGE", "Dogecoin", "0.312", 7),
        Coin("LTC", "Litecoin", "148", 4),
        Coin("LINK", "Chainlink", "28.4", 5),
        Coin("DOT", "Polkadot", "5.32", 6),
        Coin("AVAX", "Avalanche", "37.6", 5),
        Coin("UNI", "Uniswap", "10.4", 5),
        Coin("AAVE", "Aave", "371", 4),
        Coin("POL", "Polygon", "0.298", 7),
        Coin("BNB", "BNB", "1290", 3),
    )
}


def price(symbol: str, at: datetime) -> Decimal:
    """Return what a coin last traded at, in AUD, at a moment of the world."""
    return _written(symbol, _path(symbol)[(at - BEGINNING) // STEP])


@dataclass(frozen=True, slots=True)
class Quotes(Sequence[list[QuoteRecord]]):
    """The quotes of all coins up to `anchor`, a week at a time, made when they are asked for."""

    anchor: datetime

    def __len__(self) -> int:
        """Return how many weeks there are, the last one begun."""
        return max(-((BEGINNING - self.anchor) // WEEK), 0)

    @overload
    def __getitem__(self, week: int) -> list[QuoteRecord]: ...

    @overload
    def __getitem__(self, week: slice) -> list[list[QuoteRecord]]: ...

    def __getitem__(self, week: int | slice) -> list[QuoteRecord] | list[list[QuoteRecord]]:
        """Return the quotes of one week, oldest first."""
        if isinstance(week, slice):
            return [self[number] for number in range(*week.indices(len(self)))]
        if not 0 <= week < len(self):
            raise IndexError(week)
        start = week * (WEEK // STEP)
        end = min(start + WEEK // STEP, -((BEGINNING - self.anchor) // STEP))
        return [_quote(symbol, number) for number in range(start, end) for symbol in COINS]


@cache
def _path(symbol: str) -> list[int]:
    """Draw a coin's last trades, in its smallest shown unit: a step more or less each time."""
    chance = random.Random(f"eval:{symbol}")  # noqa: S311  # deterministic on purpose
    coin = COINS[symbol]
    level = int(Decimal(coin.level).scaleb(coin.places))
    value, path = level, []
    for _ in range((CLOCK - BEGINNING) // STEP):
        path.append(value)
        pull = (level - value) * 5 // level
        value += value * (chance.randint(-SWING, SWING) + pull) // 100_000
    return path


def _written(symbol: str, value: int) -> Decimal:
    return Decimal(value).scaleb(-COINS[symbol].places)


def _quote(symbol: str, number: int) -> QuoteRecord:
    at = BEGINNING + number * STEP
    last = _path(symbol)[number]
    beside = max(last // HALF_SPREAD, 1)
    return QuoteRecord(
        event_at=at,
        published_at=at,
        source=SOURCE,
        asset=symbol,
        currency=CURRENCY,
        quoted_at=at,
        bid=_written(symbol, last - beside),
        ask=_written(symbol, last + beside),
        last=_written(symbol, last),
    )
