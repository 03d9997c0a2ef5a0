"""A paper account with money, and a market that is quoted now: orders live in the present."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account
from ledgers.exchange.records import FillRecord, TransferRecord
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Feed
from ledgers.reading import announce_and_stamp
from trading.orders import Wish
from trading.tests.factories import make_user

MINUTE = timedelta(minutes=1)


def put(feed: str, ledger: str, every: timedelta | None, records: Iterable[Any]) -> None:
    """Store records of one kind as a live look of a feed that ends now."""
    now = timezone.now()
    source, _, scope = feed.partition("/")
    values = {"source": source, "scope": scope, "ledger": ledger, "every": every}
    row, _ = Feed.objects.get_or_create(name=feed, defaults={**values, "lag": timedelta(0)})
    run = CollectorRun.objects.create(feed=row)
    rows = list(records)
    with transaction.atomic():
        store(model_of(rows[0]), rows, run, observed_at=now)
        cover(run, Range(now - MINUTE, now + MINUTE), known_at=announce_and_stamp())


def quote(bid: str, ask: str, *, at: datetime | None = None, asset: str = "BTC") -> None:
    """Quote an asset in AUD at CoinSpot."""
    at = at or timezone.now()
    record = QuoteRecord(
        event_at=at.replace(second=0, microsecond=0),
        published_at=at,
        source="coinspot",
        asset=asset,
        currency="AUD",
        quoted_at=at,
        bid=Decimal(bid),
        ask=Decimal(ask),
        last=None,
    )
    put("coinspot", "glass", MINUTE, [record])


def paper_account(cash: str = "10000", name: str = "paper", **options: Any) -> Account:
    """Make a user's paper account that was given money yesterday."""
    user = options.pop("user", None) or make_user(f"trader-{uuid4().hex[:8]}")
    account = Account.objects.create(user=user, name=name, venue="paper", **options)
    if Decimal(cash):
        deposit(account, cash)
    return account


def deposit(
    account: Account,
    quantity: str,
    asset: str = "AUD",
    *,
    at: datetime | None = None,
    **options: Any,
) -> None:
    """Put something into an account, two days ago."""
    at = at or timezone.now() - timedelta(days=2)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"deposit-{uuid4().hex}",
        "kind": "deposit",
        "asset": asset,
        "quantity": Decimal(quantity),
        "fee": Decimal(0),
        "fee_asset": "",
        "value": None,
        "match": "",
    }
    record = TransferRecord(**{**values, **options})
    put(f"import_omc/{account.pk}", "exchange", None, [record])


def bought(
    account: Account,
    quantity: str,
    price: str,
    asset: str = "BTC",
    *,
    at: datetime | None = None,
    **options: Any,
) -> None:
    """Have an account hold coins that it bought yesterday."""
    at = at or timezone.now() - timedelta(days=1, hours=2)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"fill-{uuid4().hex}",
        "order_id": "",
        "side": "buy",
        "base": asset,
        "quote": "AUD",
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "fee": Decimal(0),
        "fee_asset": "",
    }
    record = FillRecord(**{**values, **options})
    put(f"import_omc/{account.pk}", "exchange", None, [record])


def wish(
    side: str = "buy", quantity: str = "0.1", limit: str | None = None, **options: Any
) -> Wish:
    """Want BTC for AUD."""
    values: dict[str, Any] = {
        "client_id": uuid4().hex,
        "side": side,
        "base": "BTC",
        "quote": "AUD",
        "quantity": Decimal(quantity),
        "limit": None if limit is None else Decimal(limit),
    }
    return Wish(**{**values, **options})
