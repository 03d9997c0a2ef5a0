"""Users with keys, and rows as CoinSpot's private API writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth import get_user_model

from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.runner import run_collector
from ledgers.credentials import store_secret
from ledgers.exchange.keys import owner_of
from ledgers.exchange.models import Account
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET
from ledgers.models import CollectorRun
from ledgers.tests.redis_keys import forget

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
AT = datetime(2026, 3, 18, 9, 15, 21, 250_000, tzinfo=UTC)


def account_of(name: str = "mia", *, account: str = "CoinSpot", currency: str = "AUD") -> Account:
    """Make a user with an account at CoinSpot."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    made, _ = Account.objects.get_or_create(
        user=user, name=account, defaults={"venue": "coinspot", "base_currency": currency}
    )
    return made


def with_key(account: Account, key: str = KEY, secret: str = SECRET) -> Account:
    """Keep a key for an account, as if it had been tried."""
    store_secret(owner_of(account.pk), {"key": key, "secret": secret}, actor="test")
    return account


def look(now: datetime = NOW) -> list[CollectorRun]:
    """Look at all accounts, as the task does."""
    collector = collectors["coinspot_ro"]
    return run_collector(collector, RequestsHttp(collector), now=now)


def written(at: datetime) -> str:
    """Write a time as CoinSpot does."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def trade(at: datetime = AT, **options: Any) -> dict[str, Any]:
    """Write a buy of 0.00683 BTC at 146267.44 AUD with one per cent of fee."""
    row: dict[str, Any] = {
        "id": "6f1f0a0000000000000000a1",
        "coin": "BTC",
        "type": "instant",
        "market": "BTC/AUD",
        "rate": 146267.44,
        "amount": 0.00683,
        "total": 999.0066152,
        "solddate": written(at),
        "audfeeExGst": 9.0818783,
        "audGst": 0.9081878,
        "audtotal": 1009.0,
    }
    return {name: value for name, value in (row | options).items() if value is not None}


def opened(at: datetime = AT, **options: Any) -> dict[str, Any]:
    """Write an open order to buy one ETH at 2,500 AUD."""
    row: dict[str, Any] = {
        "id": "6f1f0a0000000000000000c1",
        "coin": "ETH",
        "market": "ETH/AUD",
        "rate": 2500,
        "amount": 1,
        "total": 2500,
        "created": written(at),
    }
    return row | options


def forget_redis() -> None:
    """Forget the locks and nonces of all keys, as a Redis that lost everything."""
    forget("omc:coinspot:*")


def rises(nonces: list[int]) -> bool:
    """Tell whether each nonce is larger than the one before."""
    return all(one < other for one, other in pairwise(nonces))
