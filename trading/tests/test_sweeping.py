"""Orders go on when the one who placed them is gone, and stop when they are told to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from trading.core.ordering import State
from trading.killing import engage
from trading.models import KillSwitch, OrderIntent
from trading.orders import send, submit
from trading.sweeping import scope_of, stop, sweep
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
SECOND = timedelta(seconds=1)


def accepted(account: Any) -> OrderIntent:
    """Submit an order, and vanish before it is sent."""
    intent = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert intent.state == State.ACCEPTED, intent.reason
    return intent


def state_of(intent: OrderIntent) -> State:
    """Read an order's state again."""
    intent.refresh_from_db()
    return State(intent.state)


def test_what_waits_is_sent_and_then_filled() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = accepted(account)
    now = timezone.now()
    sweep(now)
    assert state_of(intent) == State.OPEN
    later = now + 61 * SECOND
    quote("990", "1000", at=later)
    sweep(later)
    assert state_of(intent) == State.FILLED


def test_a_sender_that_vanished_leaves_an_unknown_order_that_the_venue_clears_up(
    settings: Any,
) -> None:
    account = paper_account()
    quote("990", "1000")
    intent = accepted(account)
    now = timezone.now()
    OrderIntent.objects.filter(pk=intent.pk).update(state=State.SENDING, sent_at=now)
    later = now + settings.OMC_ORDER_LEASE + SECOND
    sweep(later)
    assert state_of(intent) == State.OPEN
    assert intent.venue_order_id == f"paper-{intent.pk}"


def test_an_engaged_switch_ends_open_orders_at_the_next_sweep() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = accepted(account)
    now = timezone.now()
    send(intent.pk, now=now)
    engage(KillSwitch.EVERYTHING, actor="root", reason="drill", now=now)
    sweep(now)
    assert state_of(intent) == State.CANCELLED


def test_one_order_that_fails_does_not_hold_up_the_others() -> None:
    broken, account = paper_account(), paper_account()
    quote("990", "1000")
    first, second = accepted(broken), accepted(account)
    broken.venue = "gone"
    broken.save()
    sweep(timezone.now())
    assert state_of(second) == State.OPEN
    assert state_of(first) == State.SENDING


def test_stopping_says_what_it_did_not_manage() -> None:
    broken, account = paper_account(), paper_account()
    quote("990", "1000")
    first, second = accepted(broken), accepted(account)
    send(first.pk, now=timezone.now())
    broken.venue = "gone"
    broken.save()
    switch, results = stop(scope_of(None), actor="root", reason="fire", now=timezone.now())
    assert switch.is_engaged
    assert [(one.intent_id, one.is_stopped) for one in results] == [
        (first.pk, False),
        (second.pk, True),
    ]
    assert "takes no orders" in results[0].message


def test_stopping_one_account_leaves_the_others_alone() -> None:
    mine, other = paper_account(), paper_account()
    quote("990", "1000")
    first, second = accepted(mine), accepted(other)
    stop(scope_of(mine.pk), actor="ada", reason="odd", now=timezone.now())
    assert state_of(first) == State.CANCELLED
    assert state_of(second) == State.ACCEPTED
