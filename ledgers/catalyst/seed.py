"""Example events. Companies and tickers exist; every filing, notice and decision is made up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from ledgers.assets import assets_in
from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.models import Ledger
from ledgers.seeding import DAY, SeedFeed, days, gap_before

MINUTE = timedelta(minutes=1)
Kind, Impact = Event.Kind, Event.Impact
COMPANIES = (("Coinbase Global, Inc.", "COIN", ()), ("Strategy Inc", "MSTR", ("BTC",)))
FORMS = (
    ("8-K", "report of an important event", ("7.01",), Impact.HIGH),
    ("4", "trade of an insider", (), Impact.LOW),
    ("10-Q", "quarterly report", (), Impact.HIGH),
    ("8-K", "results of operations", ("2.02",), Impact.HIGH),
    ("4", "trade of an insider", (), Impact.LOW),
    ("10-K", "annual report", (), Impact.HIGH),
)
NOTICES = (
    (Kind.LISTING, "Solana (SOL) has a new trading pair", Impact.HIGH),
    (Kind.MAINTENANCE, "Ethereum deposits pause for an upgrade", Impact.MEDIUM),
    (Kind.STAKING, "Cardano staking rewards change", Impact.LOW),
    (Kind.ANNOUNCEMENT, "New statement for the end of the tax year", Impact.LOW),
    (Kind.LISTING, "Chainlink (LINK) can be bought with a recurring order", Impact.MEDIUM),
    (Kind.FORK, "Litecoin network upgrade: what holders should know", Impact.MEDIUM),
    (Kind.MAINTENANCE, "XRP withdrawals pause for maintenance", Impact.MEDIUM),
    (Kind.DELISTING, "Gas (NeoGas) leaves the list of assets", Impact.HIGH),
)
DECISIONS = (
    ("Rates stay where they are", Impact.MEDIUM),
    ("Rates rise by a quarter point", Impact.HIGH),
    ("Minutes of the last meeting", Impact.LOW),
    ("Rates fall by a quarter point", Impact.HIGH),
)
PROPOSALS = (
    "Aave: raise the borrow cap of LINK",
    "Uniswap: extend the grants programme",
    "Aave: adjust the interest curve of USDC",
)


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield the feeds of the Catalyst ledger; the announcements have a gap of two days."""
    catalyst = Ledger.CATALYST
    yield SeedFeed(source="seed:sec", ledger=catalyst, batches=[list(_filings(anchor))])
    yield SeedFeed(
        source="seed:coinspot_announcements",
        ledger=catalyst,
        batches=[list(_notices(anchor))],
        gap=gap_before(anchor, days=50),
    )
    yield SeedFeed(source="seed:fed", ledger=catalyst, batches=[list(_decisions(anchor))])
    yield SeedFeed(source="seed:snapshot", ledger=catalyst, batches=[list(_proposals(anchor))])


def _moments(name: str, anchor: datetime, *, every: int) -> Iterator[tuple[int, datetime]]:
    """Yield numbered moments of the year, one in so many days, the last within a week."""
    chance = random.Random(name)  # noqa: S311  # deterministic on purpose
    closed = days(anchor)
    for number, day in enumerate(closed[(len(closed) - 1) % every :: every]):
        yield number, day + chance.randint(0, 23 * 60) * MINUTE


def _filings(anchor: datetime) -> Iterator[EventRecord]:
    for place, (company, ticker, assets) in enumerate(COMPANIES):
        for number, at in _moments(ticker, anchor, every=11 + 2 * place):
            form, about, codes, impact = FORMS[number % len(FORMS)]
            yield _event(
                "seed:sec",
                f"seed-{ticker.lower()}-{number:04}",
                at,
                kind=Kind.SEC_FILING,
                title=f"{form}: {about} (example)",
                assets=list(assets),
                company=company,
                tickers=[ticker],
                form=form,
                codes=list(codes),
                impact=impact,
            )


def _notices(anchor: datetime) -> Iterator[EventRecord]:
    for number, at in _moments("notices", anchor, every=6):
        kind, title, impact = NOTICES[number % len(NOTICES)]
        yield _event(
            "seed:coinspot_announcements",
            f"seed-notice-{number:04}",
            at,
            kind=kind,
            title=title,
            assets=assets_in(title),
            impact=impact,
            confidence=Decimal("0.9"),
        )


def _decisions(anchor: datetime) -> Iterator[EventRecord]:
    for number, at in _moments("fed", anchor, every=21):
        title, impact = DECISIONS[number % len(DECISIONS)]
        key = f"seed-fed-{number:04}"
        yield _event(
            "seed:fed", key, at, kind=Kind.MACRO, title=f"{title} (example)", impact=impact
        )


def _proposals(anchor: datetime) -> Iterator[EventRecord]:
    for number, at in _moments("snapshot", anchor, every=17):
        title = PROPOSALS[number % len(PROPOSALS)]
        yield _event(
            "seed:snapshot",
            f"seed-vote-{number:04}",
            at,
            kind=Kind.GOVERNANCE,
            title=title,
            assets=assets_in(title),
            impact=Impact.LOW,
        )


def _event(
    source: str, key: str, at: datetime, *, kind: Event.Kind, title: str, **more: object
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
        published_at=min(at + 4 * MINUTE, at.replace(hour=0, minute=0) + DAY),
        source=source,
        source_key=key,
        kind=kind,
        title=title,
        **values,  # type: ignore[arg-type]  # the defaults above, or a caller's
    )
