"""An order from the wish to its end, on paper."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.exchange.models import Fill, Order
from ledgers.reading import pair
from trading.auditing import broken_links, chain_of
from trading.core.cases import Code
from trading.core.ordering import End, State
from trading.killing import ReasonError, engage, release
from trading.models import AuditEntry, KillSwitch, OrderIntent
from trading.orders import NotOpenError, OtherOrderError, cancel, send, settle, submit
from trading.services import pnl_of
from trading.tests.market import bought, deposit, paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
SECOND = timedelta(seconds=1)


def place(account: Any, wanted: Any = None) -> OrderIntent:
    """Submit and send an order now."""
    now = timezone.now()
    intent = submit(account.pk, wanted or wish(), actor="ada", now=now)
    assert intent.state == State.ACCEPTED, intent.reason
    return send(intent.pk, now=now)


def fills(account: Any) -> list[Fill]:
    """Return what the venue says was executed."""
    return list(Fill.objects.for_account(account.pk).at(pair()).order_by("event_at", "venue_id"))


def test_an_order_is_filled_at_the_ask_of_a_later_quote_and_costs_its_fee() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    assert intent.state == State.OPEN
    later = timezone.now() + 61 * SECOND
    quote("994", "1004", at=later)
    assert settle(intent.pk, now=later).state == State.FILLED
    (fill,) = fills(account)
    assert (fill.quantity, fill.price) == (Decimal("0.1"), Decimal(1004))
    assert (fill.fee, fill.fee_asset) == (Decimal("0.1004"), "AUD")
    (order,) = Order.objects.for_account(account.pk).at(pair())
    assert (order.status, order.filled) == ("filled", Decimal("0.1"))


def test_what_paper_filled_is_in_the_profit_and_loss(settings: Any) -> None:
    settings.OMC_PAPER_LATENCY = timedelta(0)
    account = paper_account()
    quote("990", "999")
    intent = place(account)
    quote("990", "1000")
    settle(intent.pk, now=timezone.now())
    report = pnl_of(account.user_id, pair=pair(), account_id=account.pk, at=None)
    holding = {one.asset: one.quantity for one in report.holdings}
    assert holding["BTC"] == Decimal("0.1")
    assert holding["AUD"] == Decimal(10000) - Decimal("100.1")


def test_a_quote_from_before_the_order_does_not_fill_it() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    assert settle(intent.pk, now=timezone.now() + 5 * SECOND).state == State.OPEN
    assert fills(account) == []


def test_a_limit_waits_until_the_market_comes_to_it() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account, wish(limit="980"))
    later = timezone.now() + 61 * SECOND
    quote("985", "995", at=later)
    assert settle(intent.pk, now=later).state == State.OPEN
    latest = later + 61 * SECOND
    quote("970", "979", at=latest)
    assert settle(intent.pk, now=latest).state == State.FILLED
    assert fills(account)[0].price == Decimal(979)


def test_one_quote_fills_no_more_than_the_cap(settings: Any) -> None:
    settings.OMC_PAPER_CAP = Decimal(40)
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    for minute, state in ((1, State.PARTLY_FILLED), (2, State.PARTLY_FILLED), (3, State.FILLED)):
        at = timezone.now() + minute * 61 * SECOND
        quote("990", "1000", at=at)
        assert settle(intent.pk, now=at).state == state
        assert settle(intent.pk, now=at).state == state
    assert [fill.quantity for fill in fills(account)] == [
        Decimal("0.04"),
        Decimal("0.04"),
        Decimal("0.02"),
    ]


def test_a_purchase_never_costs_more_than_was_reserved_for_it() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    at = timezone.now() + 61 * SECOND
    quote("1990", "2000", at=at)
    settled = settle(intent.pk, now=at)
    assert settled.consumed <= settled.reserved
    assert settled.state == State.PARTLY_FILLED


def test_the_same_client_id_is_the_same_order_and_never_another() -> None:
    account = paper_account()
    quote("990", "1000")
    wanted = wish()
    first = submit(account.pk, wanted, actor="ada", now=timezone.now())
    assert submit(account.pk, wanted, actor="ada", now=timezone.now()).pk == first.pk
    other = wish(client_id=wanted.client_id, quantity="0.2")
    with pytest.raises(OtherOrderError, match="another quantity"):
        submit(account.pk, other, actor="ada", now=timezone.now())
    assert OrderIntent.objects.count() == 1


def test_twenty_threads_with_one_client_id_place_one_order() -> None:
    account = paper_account()
    quote("990", "1000")
    wanted, now = wish(), timezone.now()

    def once(_: int) -> int:
        try:
            intent = submit(account.pk, wanted, actor="ada", now=now)
            return send(intent.pk, now=now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert len(set(threads.map(once, range(20)))) == 1
    assert OrderIntent.objects.count() == 1
    assert Order.objects.for_account(account.pk).seen(pair()).count() == 1
    assert AuditEntry.objects.filter(kind=AuditEntry.Kind.DECISION).count() == 1


def test_orders_at_once_never_reserve_more_than_there_is() -> None:
    account = paper_account("520")
    quote("990", "1000")

    def once(_: int) -> str:
        try:
            now = timezone.now()
            return submit(account.pk, wish(limit="1000"), actor="ada", now=now).code
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        codes = sorted(threads.map(once, range(12)))
    assert codes.count("") == 1
    assert set(codes) <= {"", Code.COOLDOWN, Code.BALANCE, Code.CLOCK}  # one that waited long


def test_what_is_reserved_is_not_free_until_the_order_ends(settings: Any) -> None:
    account = paper_account("150")
    quote("990", "1000")
    first = place(account, wish(limit="1000"))
    later = timezone.now() + 31 * SECOND
    quote("990", "1000", at=later)
    second = submit(account.pk, wish(limit="999"), actor="ada", now=timezone.now())
    assert (second.state, second.code) == (State.DENIED, Code.BALANCE)
    assert cancel(first.pk, actor="ada", now=timezone.now()).state == State.CANCELLED


def test_a_sale_of_what_is_held_passes_and_of_more_does_not() -> None:
    account = paper_account()
    bought(account, "0.5", "900")
    quote("990", "1000")
    assert place(account, wish("sell", "0.5")).state == State.OPEN
    now = timezone.now()
    other = submit(account.pk, wish("sell", "0.1"), actor="ada", now=now)
    assert (other.state, other.code) == (State.DENIED, Code.BALANCE)


def test_coins_and_money_that_are_not_there_are_denied() -> None:
    account = paper_account("50")
    quote("990", "1000")
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.BALANCE)
    assert "is free" in denied.reason


def test_without_a_fresh_price_nothing_is_bought_but_what_is_held_may_go() -> None:
    account = paper_account()
    bought(account, "0.5", "900")
    quote("990", "1000", at=timezone.now() - timedelta(minutes=10))
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.STALE_MARK)
    sold = submit(account.pk, wish("sell", "0.1"), actor="ada", now=timezone.now())
    assert sold.state == State.ACCEPTED


def test_an_account_without_anything_can_do_nothing() -> None:
    account = paper_account("0")
    quote("990", "1000")
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.BALANCE)


def test_an_asset_that_nobody_quotes_is_no_market() -> None:
    account = paper_account()
    denied = submit(account.pk, wish(base="XYZ"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.UNKNOWN_MARKET)


def test_the_daily_loss_is_profit_and_loss_and_no_cash_flow() -> None:
    account = paper_account()
    bought(account, "1", "1000")
    deposit(account, "5000", at=timezone.now())
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    quote("1000", "1010", at=midnight)
    quote("790", "800")
    denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.DAILY_LOSS)
    assert denied.reason.startswith("210 was lost today")


def test_the_kill_switch_stops_what_was_accepted_before_it_is_sent() -> None:
    account = paper_account()
    quote("990", "1000")
    now = timezone.now()
    intent = submit(account.pk, wish(), actor="ada", now=now)
    engage(chain_of(account.pk), actor="ada", reason="something is wrong", now=now)
    stopped = send(intent.pk, now=now)
    assert (stopped.state, stopped.code) == (State.CANCELLED, End.KILLED)
    denied = submit(account.pk, wish(), actor="ada", now=now)
    assert (denied.state, denied.code) == (State.DENIED, Code.KILL_SWITCH)


def test_the_switch_of_everything_stops_every_account_until_it_is_released_with_a_reason() -> None:
    account = paper_account()
    quote("990", "1000")
    now = timezone.now()
    engage(KillSwitch.EVERYTHING, actor="root", reason="drill", now=now)
    assert submit(account.pk, wish(), actor="ada", now=now).code == Code.KILL_SWITCH
    with pytest.raises(ReasonError, match="Say why"):
        release(KillSwitch.EVERYTHING, actor="root", reason=" ", now=now)
    release(KillSwitch.EVERYTHING, actor="root", reason="drill is over", now=now)
    assert submit(account.pk, wish(), actor="ada", now=now).state == State.ACCEPTED


def test_an_order_that_could_not_be_sent_in_time_is_not_sent_late(settings: Any) -> None:
    account = paper_account()
    quote("990", "1000")
    intent = submit(account.pk, wish(), actor="ada", now=timezone.now())
    late = send(intent.pk, now=timezone.now() + settings.OMC_ORDER_PATIENCE + SECOND)
    assert (late.state, late.code) == (State.CANCELLED, End.TOO_LATE)


def test_an_order_is_sent_once_whoever_sends_it_again() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    assert send(intent.pk, now=timezone.now()).state == State.OPEN
    moves = AuditEntry.objects.filter(intent=intent, kind=AuditEntry.Kind.MOVE)
    assert moves.count() == 2


def test_an_order_that_has_ended_cannot_be_cancelled() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    assert cancel(intent.pk, actor="ada", now=timezone.now()).state == State.CANCELLED
    with pytest.raises(NotOpenError, match="cancelled already"):
        cancel(intent.pk, actor="ada", now=timezone.now())


def test_every_decision_and_move_is_in_a_chain_that_shows_what_was_touched() -> None:
    account = paper_account()
    quote("990", "1000")
    intent = place(account)
    cancel(intent.pk, actor="ada", now=timezone.now())
    chain = chain_of(account.pk)
    assert list(broken_links(chain)) == []
    entry = AuditEntry.objects.get(chain=chain, kind=AuditEntry.Kind.DECISION)
    looked_at = json.loads(entry.text)["looked_at"]
    assert any(one.startswith("glass.quote.coinspot~BTC~AUD~") for one in looked_at)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE trading_auditentry SET actor = 'nobody' WHERE id = %s", [entry.pk])
        cursor.execute("SET session_replication_role = origin")
    assert list(broken_links(chain)) == [f"{chain}: entry {entry.number} is not what was written."]


def test_the_audit_trail_refuses_to_be_changed() -> None:
    account = paper_account()
    quote("990", "1000")
    place(account)
    with pytest.raises(Exception, match="append-only"):
        AuditEntry.objects.update(actor="nobody")
    with pytest.raises(Exception, match="append-only"):
        AuditEntry.objects.all().delete()


def test_a_guard_that_cannot_look_denies_and_says_so(monkeypatch: Any) -> None:
    """The limits' table is taken away under its feet."""
    account = paper_account()
    quote("990", "1000")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trading_risklimits RENAME TO gone")
    try:
        denied = submit(account.pk, wish(), actor="ada", now=timezone.now())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO trading_risklimits")
    assert (denied.state, denied.code) == (State.DENIED, Code.GUARD_FAILED)
