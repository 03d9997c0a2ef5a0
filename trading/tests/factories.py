"""Accounts with stored fills and prices, every moment given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from psycopg.types.range import Range

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account
from ledgers.exchange.records import FillRecord, TransferRecord
from ledgers.glass.records import CandleRecord, QuoteRecord
from ledgers.models import CollectorRun
from ledgers.reading import announce_and_stamp
from ledgers.tests.factories import AccountFactory, FeedFactory, RunFactory, UserFactory

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make_user(name: str = "ada", **options: Any) -> Any:
    """Make a user."""
    return UserFactory.create(username=name, **options)


def make_account(user: Any, name: str = "main", **options: Any) -> Account:
    """Make an account at CoinSpot, in AUD, FIFO, fees in the basis."""
    account: Account = AccountFactory.create(user=user, name=name, **options)
    return account


def make_run(feed: str, ledger: str, **options: Any) -> CollectorRun:
    """Make a seeded run, whose rows count as known when they happened."""
    row = FeedFactory.create(name=feed, ledger=ledger, **{"every": MINUTE, **options})
    return RunFactory.create(feed=row, kind=CollectorRun.Kind.SEED)


def keep(records: Iterable[Any], run: CollectorRun, *, observed_at: datetime = NOW) -> None:
    """Store records of one kind, as the runner does."""
    rows = list(records)
    store(model_of(rows[0]), rows, run, observed_at=observed_at)


def looked(run: CollectorRun, start: datetime, end: datetime) -> None:
    """Record that the run looked at a window."""
    with transaction.atomic():
        cover(run, Range(start, end), known_at=announce_and_stamp())


def imported(account: Account, *records: Any) -> CollectorRun:
    """Store fills and transfers of one account, each kind in its batch."""
    run = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    for kind in dict.fromkeys(type(record) for record in records):
        keep([record for record in records if type(record) is kind], run)
    looked(run, NOW - 400 * DAY, NOW)
    return run


def fill(
    account: Account, side: str, quantity: str, price: str, *, ago: timedelta, **options: Any
) -> FillRecord:
    """Make one execution in BTC/AUD without a fee, some time before NOW."""
    at = NOW - ago
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"{side}-{at:%Y%m%dT%H%M}",
        "order_id": "",
        "side": side,
        "base": "BTC",
        "quote": "AUD",
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "fee": Decimal(0),
        "fee_asset": "",
    }
    return FillRecord(**{**values, **options})


def transfer(
    account: Account, kind: str, quantity: str, asset: str, *, ago: timedelta, **options: Any
) -> TransferRecord:
    """Make something that came or went, some time before NOW."""
    at = NOW - ago
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"{kind}-{at:%Y%m%dT%H%M}",
        "kind": kind,
        "asset": asset,
        "quantity": Decimal(quantity),
        "fee": Decimal(0),
        "fee_asset": "",
        "value": None,
        "match": "",
    }
    return TransferRecord(**{**values, **options})


def quote(asset: str, bid: str | None, *, ago: timedelta = MINUTE, **options: Any) -> QuoteRecord:
    """Make what CoinSpot bid for an asset, a minute before NOW."""
    at = NOW - ago
    values: dict[str, Any] = {
        "event_at": at.replace(second=0, microsecond=0),
        "published_at": at,
        "source": "coinspot",
        "asset": asset,
        "currency": "AUD",
        "quoted_at": at,
        "bid": None if bid is None else Decimal(bid),
        "ask": None,
        "last": None,
    }
    return QuoteRecord(**{**values, **options})


def candle(asset: str, close: str, *, ago: timedelta, **options: Any) -> CandleRecord:
    """Make a daily candle of Kraken in AUD that ended some time before NOW."""
    at = NOW - ago - DAY
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at + DAY,
        "source": "kraken",
        "asset": asset,
        "currency": "AUD",
        "interval": 86400,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(close)),
    }
    return CandleRecord(**{**values, **options})


def quoted(*records: QuoteRecord, feed: str = "coinspot", **options: Any) -> None:
    """Store quotes as a feed's that was looked at until NOW."""
    run = make_run(feed, "glass", **options)
    keep(records, run)
    looked(run, NOW - 400 * DAY, NOW)


def candles(*records: CandleRecord, feed: str = "kraken") -> None:
    """Store daily candles."""
    keep(records, make_run(feed, "glass", every=DAY))
