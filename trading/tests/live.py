"""An account at the fake CoinSpot that may trade, and what its tests do again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from ledgers.credentials import store_secret
from ledgers.exchange.models import Account, Fill
from ledgers.exchange.tests.fake_coinspot import coinspot
from ledgers.exchange.tests.private import forget_redis, look, with_key
from ledgers.reading import pair
from trading import keys
from trading.core.ordering import State
from trading.models import LiveSwitch, OrderIntent, RiskLimits
from trading.orders import Wish, send, submit
from trading.tests.factories import make_user
from trading.tests.fake_exchange import TRADE_KEY, TRADE_SECRET, FakeExchange
from trading.tests.market import deposit, quote, wish

SECOND = timedelta(seconds=1)


@contextmanager
def exchange(settings: Any) -> Iterator[FakeExchange]:
    """Serve the exchange, with live trading allowed here and every settling a look of its own."""
    forget_redis()
    settings.OMC_LIVE_TRADING = True
    settings.OMC_ORDER_LOOK_EVERY = timedelta(0)
    fake = FakeExchange()
    with coinspot(settings, fake):
        yield fake
    forget_redis()


def live_account(name: str = "Live", *, is_on: bool = True) -> Account:
    """Make an account with both keys, its switch on, money, a balance and a quoted market."""
    user = make_user(f"live-{uuid4().hex[:8]}")
    account = with_key(Account.objects.create(user=user, name=name, venue="coinspot"))
    with_trading_key(account)
    LiveSwitch.objects.create(account=account, is_on=is_on, changed_at=timezone.now(), actor="ada")
    RiskLimits.objects.create(
        account=account,
        cooldown=timedelta(0),
        orders_a_minute=1000,
        max_order=Decimal(10**6),
        max_position=Decimal(10**6),
    )
    deposit(account, "10000")
    quote("990", "1000")
    look(timezone.now())
    return account


def with_trading_key(account: Account) -> None:
    """Keep the key that trades, as if it had been tried."""
    values = {"key": TRADE_KEY, "secret": TRADE_SECRET}
    store_secret(keys.owner_of(account.pk), values, actor="test")


def accepted(account: Account, wanted: Wish | None = None) -> OrderIntent:
    """Submit a limit order that the guard lets pass."""
    intent = submit(account.pk, wanted or wish(limit="1000"), actor="ada", now=timezone.now())
    assert intent.state == State.ACCEPTED, intent.reason
    return intent


def sent(account: Account, wanted: Wish | None = None, now: datetime | None = None) -> OrderIntent:
    """Submit and send a limit order."""
    return send(accepted(account, wanted).pk, now=now or timezone.now())


def state_of(intent: OrderIntent) -> State:
    """Read an order's state again."""
    intent.refresh_from_db()
    return State(intent.state)


def fills(account: Account) -> list[Fill]:
    """Return what is stored of executions."""
    return list(Fill.objects.for_account(account.pk).at(pair()).order_by("event_at", "venue_id"))
