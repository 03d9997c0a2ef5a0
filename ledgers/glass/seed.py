"""Example prices and metrics: real shapes moved in time, and made-up ones.

BTC, ETH and LTC follow Bitstamp's daily candles of 2019 (data by CryptoDataDownload,
cryptodatadownload.com), their last row laid on the anchor's day, the days before it backwards one
by one (twelve days of March 2019 are missing there and left out), multiplied by `SCALE` from USD
into AUD of today's magnitude. The volumes are as they were. All other assets are drawn from a
generator with a fixed start. None of it is a price that anybody paid on that day.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from ledgers.glass.records import CandleRecord, ChainMetricRecord, ProtocolMetricRecord, QuoteRecord
from ledgers.models import Ledger
from ledgers.seeding import DAY, DAYS, SeedFeed, days, gap_before, midnight

HISTORY = Path(__file__).with_name("data") / "bitstamp_1d.csv.gz"
SCALE = {"BTC": Decimal(16), "ETH": Decimal(28), "LTC": Decimal("2.5")}
DRAWN = {
    "SOL": Decimal(190),
    "XRP": Decimal("2.4"),
    "ADA": Decimal("0.9"),
    "DOGE": Decimal("0.31"),
    "LINK": Decimal(24),
}
ASSETS = (*SCALE, *DRAWN)
CURRENCY = "AUD"
SPREAD = Decimal("0.004")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY_SECONDS = Decimal(86400)
AUD_USD = Decimal("0.655")
Chain = tuple[str, str, str, int, str]
"""Source, asset, metric, level and unit of a number of a chain."""
Protocol = tuple[str, str, int, str]
"""Entity, metric, level and unit of a number of a protocol."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of one asset, in AUD."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Prices:
    """What an asset was worth at any moment of the seeded year."""

    def __init__(self, anchor: datetime) -> None:
        self.first = days(anchor)[0]

    def bar(self, asset: str, day: datetime) -> Bar:
        """Return the day's bar; the last one is the anchor's own day."""
        return _bars()[asset][(day - self.first) // DAY]

    def __call__(self, asset: str, at: datetime) -> Decimal:
        """Return the price in AUD: from open by the two extremes to close, on straight lines."""
        day = midnight(at)
        bar = self.bar(asset, day)
        first, second = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        knots = (bar.open, first, (first + second) / 2, second, bar.close)
        place = 4 * Decimal((at - day) // timedelta(seconds=1)) / DAY_SECONDS
        step = int(place)
        price = knots[step] + (knots[step + 1] - knots[step]) * (place - step)
        return _rounded(price)


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield the feeds of the Glass ledger; quotes have a gap of two days."""
    prices = Prices(anchor)
    gap = gap_before(anchor, days=120)
    glass = Ledger.GLASS
    yield SeedFeed(source="seed:history", ledger=glass, batches=[list(_candles(prices, anchor))])
    yield SeedFeed(
        source="seed:coinspot", ledger=glass, batches=[list(_quotes(prices, anchor))], gap=gap
    )
    yield SeedFeed(source="seed:kraken", ledger=glass, batches=[list(_rates(anchor))])
    yield SeedFeed(
        source="seed:blockchain_info", ledger=glass, batches=[list(chains(CHAINS, days(anchor)))]
    )
    yield SeedFeed(
        source="seed:defillama", ledger=glass, batches=[list(protocols(PROTOCOLS, days(anchor)))]
    )


def _rounded(price: Decimal) -> Decimal:
    """Round an invented price to about eight digits, as a venue would show it."""
    return price.quantize(Decimal(1).scaleb(min(-2, price.adjusted() - 7)))


@cache
def _bars() -> dict[str, list[Bar]]:
    """Return the bars of each asset: DAYS closed days, then the anchor's own."""
    bars: dict[str, list[Bar]] = {asset: [] for asset in SCALE}
    with gzip.open(HISTORY, "rt", newline="") as file:
        for _, asset, *numbers in csv.reader(file):
            if asset in SCALE:
                *prices, volume = map(Decimal, numbers)
                first, high, low, close = (price * SCALE[asset] for price in prices)
                bars[asset].append(Bar(first, high, low, close, volume))
    real = {asset: series[-DAYS - 1 :] for asset, series in bars.items()}
    return real | {asset: list(_drawn(asset, real["BTC"])) for asset in DRAWN}


def _drawn(asset: str, market: list[Bar]) -> Iterator[Bar]:
    """Draw an asset's bars: it follows a part of the market's move, plus chance."""
    chance = random.Random(f"seed:{asset}")  # noqa: S311  # deterministic on purpose
    price = DRAWN[asset]
    for bar in market:
        follows = (bar.close / bar.open - 1) * Decimal("0.6")
        move = follows + Decimal(chance.randint(-250, 250)) / 10_000
        close = _rounded(price * (1 + move))
        up, down = (Decimal(chance.randint(0, 200)) / 10_000 for _ in range(2))
        yield Bar(
            price,
            _rounded(max(price, close) * (1 + up)),
            _rounded(min(price, close) * (1 - down)),
            close,
            Decimal(chance.randint(10_000_000, 90_000_000)) / 100,
        )
        price = close


def _candles(prices: Prices, anchor: datetime) -> Iterator[CandleRecord]:
    for asset in ASSETS:
        for day in days(anchor):
            bar = prices.bar(asset, day)
            yield CandleRecord(
                event_at=day,
                published_at=day + DAY,
                source="seed:history",
                asset=asset,
                currency=CURRENCY,
                interval=86400,
                open=bar.open,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                volume=bar.volume,
            )


def quote_times(anchor: datetime) -> list[datetime]:
    """Return when was quoted: every six hours, in the last week hourly, at last each minute."""
    end = anchor.replace(second=0, microsecond=0)
    sparse = {
        day + hours * HOUR for day in [*days(anchor), midnight(anchor)] for hours in (0, 6, 12, 18)
    }
    hourly = {end.replace(minute=0) - number * HOUR for number in range(7 * 24)}
    minutes = {end - number * MINUTE for number in range(60)}
    return sorted(at for at in sparse | hourly | minutes if at <= end)


def _quotes(prices: Prices, anchor: datetime) -> Iterator[QuoteRecord]:
    for at in quote_times(anchor):
        for asset in ASSETS:
            yield _quote("seed:coinspot", asset, CURRENCY, at, prices(asset, at))


def _rates(anchor: datetime) -> Iterator[QuoteRecord]:
    """Yield one Australian dollar in US dollars, four times a day."""
    chance = random.Random("seed:AUD")  # noqa: S311
    rate = AUD_USD
    for at in quote_times(anchor):
        if at.minute == 0 and at.hour % 6 == 0:
            rate += (AUD_USD - rate) / 20 + Decimal(chance.randint(-15, 15)) / 10_000
            rate = rate.quantize(Decimal("0.00001"))
            yield _quote("seed:kraken", "AUD", "USD", at, rate, spread=Decimal("0.0001"))


def _quote(  # a quote has so many parts
    source: str,
    asset: str,
    currency: str,
    at: datetime,
    price: Decimal,
    *,
    spread: Decimal = SPREAD,
) -> QuoteRecord:
    return QuoteRecord(
        event_at=at,
        published_at=at,
        source=source,
        asset=asset,
        currency=currency,
        quoted_at=at,
        bid=_rounded(price * (1 - spread)),
        ask=_rounded(price * (1 + spread)),
        last=price,
    )


CHAINS = (
    ("blockchain_info", "BTC", "hash_rate", 900_000_000, "TH/s"),
    ("blockchain_info", "BTC", "transactions", 410_000, "1/d"),
    ("blockchain_info", "BTC", "active_addresses", 720_000, "1/d"),
    ("blockchain_info", "ETH", "transactions", 1_350_000, "1/d"),
)
PROTOCOLS = (
    ("aave", "tvl", 24_000_000_000, "USD"),
    ("aave", "fees_24h", 2_100_000, "USD"),
    ("uniswap", "tvl", 5_200_000_000, "USD"),
    ("uniswap", "fees_24h", 3_400_000, "USD"),
    ("uniswap", "revenue_24h", 310_000, "USD"),
    ("Ethereum", "tvl", 72_000_000_000, "USD"),
)


def walk(name: str, level: int) -> Iterator[Decimal]:
    """Yield whole numbers that wander around a level."""
    chance = random.Random(name)  # noqa: S311
    share = 1000
    while True:
        share += (1000 - share) // 20 + chance.randint(-25, 25)
        yield Decimal(level * share // 1000)


def chains(
    wanted: Iterable[Chain], closed: Sequence[datetime], world: str = ""
) -> Iterator[ChainMetricRecord]:
    """Yield a number a closed day of each metric of a chain; each world draws its own."""
    for source, asset, metric, level, unit in wanted:
        for day, value in zip(closed, walk(f"{world}{asset} {metric}", level), strict=False):
            yield ChainMetricRecord(
                event_at=day,
                published_at=day + DAY,
                source=f"seed:{source}",
                asset=asset,
                metric=metric,
                value=value,
                unit=unit,
            )


def protocols(
    wanted: Iterable[Protocol], closed: Sequence[datetime], world: str = ""
) -> Iterator[ProtocolMetricRecord]:
    """Yield a number a closed day of each metric of a protocol; each world draws its own."""
    for entity, metric, level, unit in wanted:
        for day, value in zip(closed, walk(f"{world}{entity} {metric}", level), strict=False):
            yield ProtocolMetricRecord(
                event_at=day,
                published_at=day + DAY,
                source="seed:defillama",
                entity=entity,
                metric=metric,
                value=value,
                unit=unit,
            )
