"""What happens in the eval world. Companies exist; every filing, notice and decision is made up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.models import Ledger
from ledgers.seeding import SeedFeed, gap_before, midnight
from omc_project.worlds.coins import BEGINNING

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Kind, Impact = Event.Kind, Event.Impact
LEVELS = {1: Impact.LOW, 2: Impact.MEDIUM, 3: Impact.HIGH}
COMPANIES = (
    ("COIN", "Coinbase Global, Inc.", ()),
    ("MSTR", "Strategy Inc", ("BTC",)),
    ("RIOT", "Riot Platforms, Inc.", ()),
    ("MARA", "MARA Holdings, Inc.", ()),
    ("CLSK", "CleanSpark, Inc.", ()),
    ("HOOD", "Robinhood Markets, Inc.", ()),
    ("HUT", "Hut 8 Corp.", ()),
    ("GLXY", "Galaxy Digital Inc.", ()),
    ("CRCL", "Circle Internet Group, Inc.", ()),
    ("TSLA", "Tesla, Inc.", ()),
    ("GBTC", "Grayscale Bitcoin Trust ETF", ("BTC",)),
    ("BLK", "BlackRock, Inc.", ()),
)
RUNNING = (
    ("8-K", "report of a material event", ("8.01",), Impact.HIGH),
    ("4", "trade of an insider", (), Impact.LOW),
    ("8-K", "entry into an agreement", ("1.01",), Impact.MEDIUM),
    ("4", "trade of an insider", (), Impact.LOW),
    ("S-8", "registration of shares for employees", (), Impact.LOW),
)
PERIODIC = (
    (134, "10-Q", "quarterly report", Impact.HIGH),
    (134, "8-K", "results of operations", Impact.HIGH),
    (33, "8-K", "results of operations", Impact.HIGH),
    (32, "10-K", "annual report", Impact.HIGH),
    (12, "DEF 14A", "proxy statement", Impact.MEDIUM),
)
# days before the clock's day (negative: planned), kind, coin, title, impact
NOTICES = (
    (160, Kind.LISTING, "INJ", "Injective (INJ) can now be traded on CoinSpot", 3),
    (151, Kind.MAINTENANCE, "BTC", "Bitcoin withdrawals pause while the node is replaced", 2),
    (140, Kind.ANNOUNCEMENT, "", "New statement for the tax year", 1),
    (131, Kind.STAKING, "DOT", "Polkadot staking rewards change", 1),
    (122, Kind.LISTING, "HBAR", "Hedera (HBAR) can now be traded on CoinSpot", 3),
    (113, Kind.DELISTING, "EOS", "EOS leaves the list of coins", 3),
    (104, Kind.MAINTENANCE, "LTC", "Litecoin deposits pause for an upgrade", 2),
    (95, Kind.FORK, "LTC", "Litecoin network upgrade: what holders should know", 2),
    (86, Kind.LISTING, "ATOM", "Cosmos (ATOM) can now be traded on CoinSpot", 3),
    (77, Kind.ANNOUNCEMENT, "AVAX", "Avalanche added to recurring orders", 1),
    (70, Kind.MAINTENANCE, "ETH", "Ethereum deposits pause for an upgrade", 2),
    (64, Kind.ANNOUNCEMENT, "ETH", "Ethereum network upgrade is complete", 2),
    (58, Kind.STAKING, "ADA", "Cardano staking opens for all accounts", 2),
    (52, Kind.DELISTING, "GAS", "NeoGas leaves the list of coins", 3),
    (46, Kind.MAINTENANCE, "BNB", "BNB withdrawals pause for an hour", 2),
    (40, Kind.LISTING, "SUI", "Sui (SUI) can now be traded on CoinSpot", 3),
    (34, Kind.FORK, "BTC", "No action needed for the Bitcoin software update", 1),
    (29, Kind.ANNOUNCEMENT, "UNI", "Uniswap pairs get tighter spreads", 1),
    (25, Kind.MAINTENANCE, "XRP", "XRP withdrawals pause for maintenance", 2),
    (21, Kind.DELISTING, "XTZ", "Tezos leaves the list of coins", 3),
    (17, Kind.STAKING, "SOL", "Solana staking rewards change", 1),
    (14, Kind.ANNOUNCEMENT, "ADA", "Cardano added to recurring orders", 1),
    (12, Kind.MAINTENANCE, "SOL", "Solana wallet maintenance", 2),
    (9, Kind.ANNOUNCEMENT, "LINK", "Chainlink data feeds on the status page", 1),
    (8, Kind.LISTING, "NEAR", "NEAR Protocol (NEAR) can now be traded on CoinSpot", 3),
    (6, Kind.DELISTING, "ZEC", "Zcash leaves the list of coins", 3),
    (5, Kind.LISTING, "APT", "Aptos (APT) can now be traded on CoinSpot", 3),
    (4, Kind.ANNOUNCEMENT, "DOGE", "Dogecoin bundles are back", 1),
    (3, Kind.MAINTENANCE, "ADA", "Cardano wallet maintenance", 2),
    (2, Kind.LISTING, "TON", "Toncoin (TON) can now be traded on CoinSpot", 3),
    (1, Kind.ANNOUNCEMENT, "POL", "Polygon deposits are faster", 1),
    (-2, Kind.MAINTENANCE, "ETH", "Planned: Ethereum withdrawals pause for an upgrade", 2),
    (-5, Kind.MAINTENANCE, "", "Planned: all wallets pause for two hours", 3),
    (-9, Kind.DELISTING, "FIL", "Planned: Filecoin leaves the list of coins", 3),
    (-12, Kind.FORK, "ADA", "Planned: Cardano hard fork", 3),
)
DECISIONS = (
    (141, "Rates fall by a quarter point", 3),
    (98, "Rates stay where they are", 2),
    (77, "Minutes of the last meeting", 1),
    (49, "Rates stay where they are", 2),
    (28, "Minutes of the last meeting", 1),
    (7, "Speech of the chair on digital money", 1),
    (0, "Rates stay where they are", 3),
)
PROPOSALS = (
    (90, "AAVE", "Aave: raise the borrow cap of LINK"),
    (61, "UNI", "Uniswap: extend the grants programme"),
    (33, "AAVE", "Aave: adjust the interest curve of USDC"),
    (15, "UNI", "Uniswap: lower the quorum"),
    (4, "AAVE", "Aave: list a new market"),
)


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield the feeds of the Catalyst ledger; each has two days nobody looked at."""
    made = (
        ("seed:sec", list(_filings(anchor)), 115),
        ("seed:coinspot_announcements", list(_notices(anchor)), 110),
        ("seed:fed", list(_decisions(anchor)), 120),
        ("seed:snapshot", list(_proposals(anchor)), 125),
    )
    for source, events, days in made:
        yield SeedFeed(
            source=source,
            ledger=Ledger.CATALYST,
            batches=[events],
            gap=gap_before(anchor, days=days),
            since=BEGINNING,
        )


def _filings(anchor: datetime) -> Iterator[EventRecord]:
    """Yield each company's filings: one in some days, the reports of a period, one this month."""
    for place, (ticker, company, assets) in enumerate(COMPANIES):
        chance = random.Random(f"eval:{ticker}")  # noqa: S311  # deterministic on purpose
        running = [
            (days, *RUNNING[number % len(RUNNING)])
            for number, days in enumerate(range(160 - place, 1, -9 - place % 4))
        ]
        periodic = [(days - place % 3, form, about, (), how) for days, form, about, how in PERIODIC]
        recent = [(1 + place % 6, *RUNNING[0])]
        for number, (days, form, about, codes, impact) in enumerate(running + periodic + recent):
            at = midnight(anchor) - days * DAY + chance.randint(12 * 60, 22 * 60) * MINUTE
            yield _event(
                "seed:sec",
                f"eval-{ticker.lower()}-{number:03}",
                at,
                kind=Kind.SEC_FILING,
                title=f"{form}: {about}",
                assets=list(assets),
                company=company,
                tickers=[ticker],
                form=form,
                codes=list(codes),
                impact=impact,
            )


def _notices(anchor: datetime) -> Iterator[EventRecord]:
    """Yield the venue's notices; what is planned was announced two days before the clock."""
    for number, (days, kind, symbol, title, level) in enumerate(NOTICES):
        at = midnight(anchor) - days * DAY + (1 + number % 9) * HOUR
        yield _event(
            "seed:coinspot_announcements",
            f"eval-notice-{number:03}",
            at,
            told=min(at, midnight(anchor) - 2 * DAY + number * MINUTE) if days < 1 else at,
            kind=kind,
            title=title,
            assets=[symbol] if symbol else [],
            impact=LEVELS[level],
        )


def _decisions(anchor: datetime) -> Iterator[EventRecord]:
    for number, (days, title, level) in enumerate(DECISIONS):
        at = midnight(anchor) - days * DAY + 9 * HOUR
        key = f"eval-fed-{number:03}"
        yield _event("seed:fed", key, at, kind=Kind.MACRO, title=title, impact=LEVELS[level])


def _proposals(anchor: datetime) -> Iterator[EventRecord]:
    for number, (days, symbol, title) in enumerate(PROPOSALS):
        yield _event(
            "seed:snapshot",
            f"eval-vote-{number:03}",
            midnight(anchor) - days * DAY + 5 * HOUR,
            kind=Kind.GOVERNANCE,
            title=title,
            assets=[symbol],
            impact=Impact.LOW,
        )


def _event(
    source: str,
    key: str,
    at: datetime,
    *,
    kind: Event.Kind,
    told: datetime | None = None,
    **more: object,
) -> EventRecord:
    values: dict[str, object] = {
        "assets": [],
        "company": "",
        "tickers": [],
        "form": "",
        "codes": [],
        "confidence": Decimal(1),
        "url": f"https://example.org/{key}",
        **more,
    }
    return EventRecord(
        event_at=at,
        published_at=told or at,
        source=source,
        source_key=key,
        kind=kind,
        **values,  # type: ignore[arg-type]  # the defaults above, or a caller's
    )
