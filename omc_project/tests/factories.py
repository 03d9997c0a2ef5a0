"""Users, stored facts and their feeds, for tests of the doors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from psycopg.types.range import Range
from rest_framework.test import APIClient

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account
from ledgers.exchange.records import FillRecord, OrderRecord
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun
from ledgers.reading import announce_and_stamp, clock
from ledgers.tests.factories import AccountFactory, FeedFactory, RunFactory, UserFactory

MINUTE = timedelta(minutes=1)


def make_user(name: str = "ada", **options: Any) -> Any:
    """Make an ordinary user."""
    return UserFactory.create(username=name, **options)


def client_of(user: Any) -> APIClient:
    """Return a client that is logged in to the API."""
    client = APIClient()
    client.force_authenticate(user)
    return client


def make_run(feed: str, ledger: str = "glass", **options: Any) -> CollectorRun:
    """Make a run of a feed that is looked at each minute."""
    every = options.pop("every", MINUTE)
    return RunFactory.create(
        feed=FeedFactory.create(name=feed, ledger=ledger, every=every), **options
    )


def keep(records: Iterable[Any], run: CollectorRun) -> None:
    """Store records of one kind, as the runner does."""
    rows = list(records)
    store(model_of(rows[0]), rows, run, observed_at=max(row.event_at for row in rows))


def looked(run: CollectorRun, start: datetime, end: datetime) -> None:
    """Record that the run looked at a window."""
    with transaction.atomic():
        cover(run, Range(start, end), known_at=announce_and_stamp())


def this_minute() -> datetime:
    """Return the minute that the database is in."""
    return clock().astimezone(UTC).replace(second=0, microsecond=0)


def quote(at: datetime, bid: str = "100", **options: Any) -> QuoteRecord:
    """Make what CoinSpot bid for bitcoin in one minute."""
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "coinspot",
        "asset": "BTC",
        "currency": "AUD",
        "quoted_at": at,
        "bid": Decimal(bid),
        "ask": Decimal(bid) + 1,
        "last": None,
    }
    return QuoteRecord(**{**values, **options})


def make_account(user: Any, name: str = "main") -> Account:
    """Make an account at a venue."""
    account: Account = AccountFactory.create(user=user, name=name)
    return account


def fill(account: Account, at: datetime, venue_id: str = "1", **options: Any) -> FillRecord:
    """Make one purchase of bitcoin."""
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": None,
        "account_id": account.pk,
        "venue_id": venue_id,
        "order_id": "",
        "side": "buy",
        "base": "BTC",
        "quote": "AUD",
        "quantity": Decimal("0.5"),
        "price": Decimal(100000),
        "fee": Decimal(1),
        "fee_asset": "AUD",
    }
    return FillRecord(**{**values, **options})


def order(account: Account, at: datetime, order_id: str = "1", **options: Any) -> OrderRecord:
    """Make one filled order."""
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": None,
        "account_id": account.pk,
        "order_id": order_id,
        "side": "buy",
        "kind": "market",
        "base": "BTC",
        "quote": "AUD",
        "quantity": Decimal("0.5"),
        "price": None,
        "filled": Decimal("0.5"),
        "status": "filled",
    }
    return OrderRecord(**{**values, **options})
