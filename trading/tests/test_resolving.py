"""What a person says of an unknown order ends it, and stays in the trail; turns are taken alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from trading.auditing import broken_links, chain_of
from trading.core.ordering import State
from trading.models import AuditEntry, OrderIntent
from trading.tasks import sweep_orders
from trading.tests.fake_exchange import FakeExchange
from trading.tests.live import accepted, exchange, live_account, sent, state_of
from trading.turns import Turn, turn

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def venue(settings: Any) -> Iterator[FakeExchange]:
    with exchange(settings) as fake:
        yield fake


@pytest.fixture
def unknown(venue: FakeExchange) -> OrderIntent:
    account = live_account()
    venue.fate = ["drop"]
    return sent(account)


def say(*arguments: str) -> str:
    out = io.StringIO()
    call_command("resolve_order", *arguments, stdout=out)
    return out.getvalue()


def test_an_order_that_never_got_there_is_rejected_by_a_persons_word(unknown) -> None:
    assert "is rejected" in say(str(unknown.pk), "--absent", "--reason", "I looked")
    assert (state_of(unknown), unknown.reason) == (State.REJECTED, "I looked")
    last = AuditEntry.objects.filter(intent=unknown).order_by("number").last()
    assert "I looked" in last.text
    assert last.actor.startswith("manage.py resolve_order")
    assert list(broken_links(chain_of(unknown.account_id))) == []


def test_a_named_order_counts_what_is_stored_of_it_and_no_more(unknown, venue) -> None:
    said = say(str(unknown.pk), "--venue-order", "6f1f0a", "--reason", "mail of the venue")
    assert "is cancelled" in said
    state_of(unknown)
    assert (unknown.venue_order_id, unknown.filled) == ("6f1f0a", 0)


def test_an_order_that_is_not_unknown_is_not_for_a_person_to_end(venue) -> None:
    intent = sent(live_account())
    with pytest.raises(CommandError, match="is open, not unknown"):
        say(str(intent.pk), "--absent", "--reason", "no")
    assert state_of(intent) == State.OPEN


def test_a_reason_and_an_order_must_be_given(unknown) -> None:
    with pytest.raises(CommandError, match="Say how you know"):
        say(str(unknown.pk), "--absent", "--reason", " ")
    with pytest.raises(CommandError, match="no order 99"):
        say("99", "--absent", "--reason", "x")
    assert state_of(unknown) == State.UNKNOWN


def test_a_second_sweep_does_not_run_beside_the_first(venue) -> None:
    intent = accepted(live_account())
    taken, done = Event(), Event()

    def hold() -> None:
        try:
            with turn(Turn.SWEEP):
                taken.set()
                assert done.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert taken.wait(60)
        sweep_orders()
        assert state_of(intent) == State.ACCEPTED
        done.set()
        holding.result()
    sweep_orders()
    assert state_of(intent) == State.OPEN


def test_a_turn_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), turn(Turn.LOOK, 7):
        raise ZeroDivisionError
    with turn(Turn.LOOK, 7, waits=False) as has_turn:
        assert has_turn
