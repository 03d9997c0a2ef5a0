"""Chains and protocols of the eval world: one number a day, drawn around a level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ledgers.glass.records import QuoteRecord
from ledgers.glass.seed import chains, protocols, walk
from ledgers.models import Ledger
from ledgers.seeding import SeedFeed, gap_before, midnight
from omc_project.worlds.coins import BEGINNING

DAY = timedelta(days=1)
WORLD = "eval:"
CHAINS = (
    ("blockchain_info", "BTC", "hash_rate", 1_020_000_000, "TH/s"),
    ("blockchain_info", "BTC", "transactions", 402_000, "1/d"),
    ("blockchain_info", "BTC", "active_addresses", 705_000, "1/d"),
    ("blockchain_info", "BTC", "difficulty", 148_000_000_000, "1"),
    ("blockchain_info", "ETH", "transactions", 1_410_000, "1/d"),
    ("mempool", "BTC", "fee_fastest", 11, "sat/vB"),
)
PROTOCOLS = (
    ("aave", "tvl", 31_000_000_000, "USD"),
    ("aave", "fees_24h", 2_400_000, "USD"),
    ("aave", "revenue_24h", 340_000, "USD"),
    ("uniswap", "tvl", 4_900_000_000, "USD"),
    ("uniswap", "fees_24h", 3_100_000, "USD"),
    ("uniswap", "revenue_24h", 290_000, "USD"),
    ("Ethereum", "tvl", 69_000_000_000, "USD"),
    ("Solana", "tvl", 9_300_000_000, "USD"),
    ("Bitcoin", "tvl", 6_800_000_000, "USD"),
    ("Avalanche", "tvl", 1_500_000_000, "USD"),
    ("Cardano", "tvl", 320_000_000, "USD"),
    ("Polygon", "tvl", 1_200_000_000, "USD"),
    ("BSC", "tvl", 7_400_000_000, "USD"),
)


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield a feed a source; each has two days nobody looked at."""
    measured = list(chains(CHAINS, _days(anchor), WORLD))
    for number, source in enumerate(dict.fromkeys(one[0] for one in CHAINS)):
        name = f"seed:{source}"
        own = [one for one in measured if one.source == name]
        yield _feed(name, own, anchor, 100 + 3 * number)
    yield _feed("seed:defillama", list(protocols(PROTOCOLS, _days(anchor), WORLD)), anchor, 109)
    yield _feed("seed:kraken", list(_rates(anchor)), anchor, 113)


def _feed(source: str, rows: Sequence[object], anchor: datetime, days: int) -> SeedFeed:
    return SeedFeed(
        source=source,
        ledger=Ledger.GLASS,
        batches=[rows],
        gap=gap_before(anchor, days=days),
        since=BEGINNING,
    )


def _days(anchor: datetime) -> list[datetime]:
    """Return the closed days of the world."""
    return [BEGINNING + number * DAY for number in range((midnight(anchor) - BEGINNING) // DAY)]


def _rates(anchor: datetime) -> Iterator[QuoteRecord]:
    """Yield one Australian dollar in US dollars, once a day."""
    every, drawn = [*_days(anchor), midnight(anchor)], walk(f"{WORLD}AUD", 65_500)
    for day, value in zip(every, drawn, strict=False):
        rate = value.scaleb(-5)
        yield QuoteRecord(
            event_at=day,
            published_at=day,
            source="seed:kraken",
            asset="AUD",
            currency="USD",
            quoted_at=day,
            bid=rate - Decimal("0.0001"),
            ask=rate + Decimal("0.0001"),
            last=rate,
        )
