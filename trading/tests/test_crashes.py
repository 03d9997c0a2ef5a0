"""Wherever the process dies while it places or settles an order: no order twice, no fill lost.

A crash at a statement is raised from the database's door and nothing of ours catches it; a real
end is SIGKILL to a child, by the exchange or while it waits for a row.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.utils import timezone

from ledgers.exchange.models import Account
from ledgers.tests.redis_keys import forget
from trading.core.ordering import State
from trading.models import OrderIntent
from trading.orders import Wish, send, settle, submit
from trading.sweeping import sweep
from trading.tests.fake_exchange import FakeExchange, Resting
from trading.tests.live import SECOND, accepted, exchange, fills, live_account, sent, state_of
from trading.tests.market import quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
ROOT = Path(__file__).parents[2]
CHILD = """
import os, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["OMC_TEST_NAME"]
settings.OMC_LIVE_TRADING = True
django.setup()
from django.utils import timezone
from trading.orders import send
send(int(sys.argv[1]), now=timezone.now())
print("alive")
"""


class CrashError(BaseException):
    """The process ends here."""


@pytest.fixture
def venue(settings: Any) -> Iterator[FakeExchange]:
    with exchange(settings) as fake:
        yield fake


@pytest.fixture
def account(venue: FakeExchange) -> Account:
    return live_account()


@contextmanager
def dying_at(statement: int) -> Iterator[list[int]]:
    """Die before so-and-so-manieth statement of this connection; tell how many there were."""
    met = [0]

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        met[0] += 1
        if met[0] == statement:
            raise CrashError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield met


def dies(statement: int, act: Any) -> bool:
    """Act, dying at a statement; tell whether it came to that."""
    with dying_at(statement):
        try:
            act()
        except CrashError:
            return True
    return False


def recover(venue: FakeExchange, settings: Any) -> None:
    """Let the sweeps do their work; meanwhile the venue fills what it has."""
    now = timezone.now()
    sweep(now)
    sweep(now + settings.OMC_ORDER_LEASE + SECOND)
    for order in venue.book.values():
        if order.is_open:
            venue.fill(order)
    sweep(now + settings.OMC_ORDER_LEASE + 2 * SECOND)
    sweep(now + settings.OMC_ORDER_PROOF + settings.OMC_ORDER_LEASE)


def with_limit(venue: FakeExchange, limit: Decimal | None) -> list[Resting]:
    """Return the venue's orders at a price that no other order of the test has."""
    return [order for order in venue.book.values() if order.rate == limit]


def agrees(venue: FakeExchange, account: Account, wanted: Wish) -> None:
    """Check that what we wanted, what the venue has and what is stored tell one story."""
    there = with_limit(venue, wanted.limit)
    ours = [fill for fill in fills(account) if fill.price == wanted.limit]
    intent = OrderIntent.objects.filter(client_id=wanted.client_id).first()
    assert len(there) <= 1, "sent twice"
    if intent is None or intent.state != State.FILLED:
        assert intent is None or intent.state in (State.REJECTED, State.CANCELLED)
        assert (there, ours) == ([], [])
        return
    assert (len(there), intent.venue_order_id) == (1, there[0].id)
    assert [fill.quantity for fill in ours] == [wanted.quantity]
    assert intent.filled == wanted.quantity


def place_dying(venue: FakeExchange, account: Account, settings: Any, *, step: int) -> int:
    """Die at every `step`th statement of placing an order, and recover; return how often."""
    for deaths in count():
        wanted = wish(quantity="0.01", limit=str(Decimal(1000) - Decimal(deaths) / 100))
        quote("990", "1000")

        def place(wanted: Wish = wanted) -> None:
            now = timezone.now()
            send(submit(account.pk, wanted, actor="ada", now=now).pk, now=now)

        died = dies(1 + deaths * step, place)
        recover(venue, settings)
        agrees(venue, account, wanted)
        if not died:
            return deaths
    raise AssertionError("unreachable")


def settle_dying(venue: FakeExchange, account: Account, settings: Any, *, step: int) -> int:
    """Die at every `step`th statement of settling an order that was filled, and recover."""
    for deaths in count():
        wanted = wish(quantity="0.01", limit=str(Decimal(1000) - Decimal(deaths) / 100))
        quote("990", "1000")
        intent = sent(account, wanted)
        (order,) = with_limit(venue, wanted.limit)
        venue.fill(order)
        died = dies(1 + deaths * step, lambda pk=intent.pk: settle(pk, now=timezone.now()))
        recover(venue, settings)
        agrees(venue, account, wanted)
        assert state_of(intent) == State.FILLED
        if not died:
            return deaths
    raise AssertionError("unreachable")


def test_dying_while_placing_leaves_one_order_or_none(venue, account, settings) -> None:
    assert place_dying(venue, account, settings, step=5) > 5
    assert len(venue.book) > 1


@pytest.mark.full
def test_dying_at_every_statement_of_placing_leaves_one_order_or_none(
    venue, account, settings
) -> None:
    assert place_dying(venue, account, settings, step=1) > 40


def test_dying_while_settling_loses_and_doubles_no_fill(venue, account, settings) -> None:
    assert settle_dying(venue, account, settings, step=23) > 4


@pytest.mark.full
def test_dying_at_every_statement_of_settling_loses_and_doubles_no_fill(
    venue, account, settings
) -> None:
    assert settle_dying(venue, account, settings, step=1) > 100


@contextmanager
def sender(intent: OrderIntent, settings: Any) -> Iterator[subprocess.Popen[str]]:
    """Send an order in a process of its own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "omc_project.settings",
        "OMC_TEST_NAME": connection.settings_dict["NAME"],
        "REDIS_URL": configured.REDIS_URL,
        "OMC_COINSPOT_RO_BASE_URL": settings.OMC_BASE_URLS["coinspot_ro"],
        "OMC_ALLOW_PRIVATE": ",".join(settings.OMC_ALLOW_PRIVATE),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(intent.pk)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize(("when", "orders"), [("before", 0), ("after", 1)])
def test_a_sender_killed_by_the_time_the_venue_has_it(
    venue, account, settings, when, orders
) -> None:
    intent = accepted(account)
    ready, killed = threading.Event(), threading.Event()
    pids: list[int] = []

    def kill() -> None:
        assert ready.wait(60)
        os.kill(pids[0], signal.SIGKILL)
        killed.set()

    setattr(venue, when, kill)
    if when == "before":
        venue.fate = ["drop"]
    with sender(intent, settings) as child:
        pids.append(child.pid)
        ready.set()
        assert child.wait(120) == -signal.SIGKILL
    setattr(venue, when, lambda: None)
    assert killed.is_set()
    assert state_of(intent) == State.SENDING
    assert len(venue.book) == orders
    forget_turn_of_the_key()
    recover(venue, settings)
    assert state_of(intent) == (State.FILLED if orders else State.REJECTED)
    assert len(fills(account)) == len(venue.book) == orders
    assert len(venue.sends()) == 1


def test_a_sender_killed_between_the_venues_answer_and_our_commit(venue, account, settings) -> None:
    intent = accepted(account)
    held, killed = threading.Event(), threading.Event()

    def hold() -> None:
        """Keep the order's row locked from the acceptance on, until the child is dead."""
        try:
            with transaction.atomic():
                OrderIntent.objects.select_for_update().get(pk=intent.pk)
                held.set()
                assert killed.wait(60)
        finally:
            connection.close()

    def after() -> None:
        threading.Thread(target=hold).start()
        assert held.wait(60)

    venue.after = after
    with sender(intent, settings) as child:
        try:
            assert held.wait(120)
            wait_for_a_waiter()
            os.kill(child.pid, signal.SIGKILL)
            assert child.wait(60) == -signal.SIGKILL
        finally:
            killed.set()
    venue.after = lambda: None
    assert (state_of(intent), intent.venue_order_id) == (State.SENDING, "")
    recover(venue, settings)
    assert (state_of(intent), intent.venue_order_id) == (State.FILLED, venue.only().id)
    assert (len(fills(account)), len(venue.sends())) == (1, 1)


def wait_for_a_waiter() -> None:
    """Return as soon as somebody waits for a lock of this database."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("Nobody came to the row.")


def forget_turn_of_the_key() -> None:
    """Let go the lock of the killed sender, which would run out by itself in less than a minute."""
    forget("omc:coinspot:*:lock")
