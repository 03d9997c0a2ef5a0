"""Orders at a CoinSpot that misbehaves: one sending, one order, and no fill lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.credentials import refuse
from ledgers.exchange.models import Balance, Order
from ledgers.exchange.records import FillRecord
from ledgers.exchange.tests.fake_coinspot import Fault
from ledgers.exchange.tests.private import look
from ledgers.reading import pair
from trading import keys
from trading.auditing import broken_links, chain_of
from trading.core.cases import Code
from trading.core.ordering import End, State
from trading.killing import engage
from trading.models import KillSwitch, LiveSwitch, OrderIntent
from trading.orders import (
    NotUnknownError,
    cancel,
    doubt_old,
    recount,
    resolve,
    send,
    settle,
    submit,
)
from trading.services import pnl_of
from trading.sweeping import scope_of, stop, sweep
from trading.tests.fake_exchange import LOST, PLACES, TAKEN, TRADE_KEY, FakeExchange
from trading.tests.live import (
    SECOND,
    accepted,
    exchange,
    fills,
    live_account,
    sent,
    state_of,
)
from trading.tests.market import bought, paper_account, put, quote, wish
from trading.venues import venue_of
from trading.venues.venue import AmbiguousError, RefusedError

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def venue(settings: Any) -> Iterator[FakeExchange]:
    with exchange(settings) as fake:
        yield fake


@pytest.fixture
def account(venue: FakeExchange) -> Any:
    return live_account()


def after_proof(settings: Any) -> Any:
    """Return a moment at which an order's absence has become a proof."""
    return timezone.now() + settings.OMC_ORDER_PROOF + 61 * SECOND


def test_an_order_is_posted_once_signed_with_all_its_digits(venue, account) -> None:
    intent = sent(account, wish(quantity="0.12345679", limit="1000.00000001"))
    (asked,) = venue.sends()
    assert (asked["cointype"], asked["markettype"]) == ("BTC", "AUD")
    assert (venue.only().amount, venue.only().rate) == (intent.quantity, intent.limit)
    assert venue.only().rate == Decimal("1000.00000001")
    assert venue.refused == []


def test_an_order_rests_at_the_venue_and_its_fill_is_a_fact(venue, account) -> None:
    intent = sent(account)
    assert (intent.state, intent.venue_order_id) == (State.OPEN, venue.only().id)
    assert settle(intent.pk, now=timezone.now()).state == State.OPEN
    venue.fill(venue.only())
    settled = settle(intent.pk, now=timezone.now())
    assert (settled.state, settled.filled) == (State.FILLED, Decimal("0.1"))
    (fill,) = fills(account)
    assert (fill.quantity, fill.price, fill.fee) == (Decimal("0.1"), 1000, Decimal("0.1"))
    assert settled.consumed == Decimal("100.1")
    report = pnl_of(account.user_id, pair=pair(), account_id=account.pk)
    assert {one.asset: one.quantity for one in report.holdings}["BTC"] == Decimal("0.1")
    assert list(broken_links(chain_of(account.pk))) == []


def test_a_fill_is_the_same_fact_whoever_brings_it(venue, account) -> None:
    intent = sent(account)
    venue.fill(venue.only())
    look(timezone.now())
    settle(intent.pk, now=timezone.now())
    look(timezone.now())
    assert len(fills(account)) == 1
    assert state_of(intent) == State.FILLED


@pytest.mark.parametrize("tells_rest", [False, True])
def test_an_order_is_filled_in_parts(venue, account, tells_rest) -> None:
    venue.tells_rest = tells_rest
    intent = sent(account)
    venue.fill(venue.only(), "0.04", "999")
    part = settle(intent.pk, now=timezone.now())
    assert (part.state, part.filled) == (State.PARTLY_FILLED, Decimal("0.04"))
    venue.fill(venue.only(), "0.06", "998")
    whole = settle(intent.pk, now=timezone.now())
    assert (whole.state, whole.filled) == (State.FILLED, Decimal("0.1"))
    assert [fill.quantity for fill in fills(account)] == [Decimal("0.04"), Decimal("0.06")]


def test_the_venues_no_is_a_refusal_in_its_words(venue, account) -> None:
    venue.fate = ["refuse"]
    intent = sent(account)
    assert (intent.state, intent.code) == (State.REJECTED, End.REFUSED)
    assert "Not enough AUD" in intent.reason
    assert venue.book == {}


@pytest.mark.parametrize("fate", TAKEN)
@pytest.mark.parametrize("is_filled", [False, True])
def test_what_was_taken_without_a_good_answer_is_unknown_then_found(
    venue, account, settings, fate, is_filled
) -> None:
    if fate == "slow":
        settings.OMC_HTTP_DEADLINE, venue.slowness = 0.5, 1.0
    venue.fate = [fate]
    intent = sent(account)
    assert (intent.state, intent.venue_order_id) == (State.UNKNOWN, "")
    settings.OMC_HTTP_DEADLINE = 20.0
    if is_filled:
        venue.fill(venue.only(), rate="995")
    sweep(timezone.now())
    assert state_of(intent) == (State.FILLED if is_filled else State.OPEN)
    assert intent.venue_order_id == venue.only().id
    assert len(venue.sends()) == 1
    assert len(fills(account)) == is_filled


@pytest.mark.parametrize("fate", [fate for fate in LOST if fate != "refuse"])
def test_what_never_got_there_is_unknown_until_its_absence_is_proven(
    venue, account, settings, fate
) -> None:
    venue.fate = [fate]
    intent = sent(account)
    sweep(timezone.now() + 60 * SECOND)
    assert state_of(intent) == State.UNKNOWN
    sweep(after_proof(settings))
    assert state_of(intent) == State.REJECTED
    assert intent.code == End.NOT_FOUND
    assert (len(venue.sends()), venue.book) == (1, {})


def test_an_order_that_the_venue_shows_late_is_found_late(venue, account) -> None:
    venue.fate, venue.is_late = ["cut"], True
    intent = sent(account)
    sweep(timezone.now() + 60 * SECOND)
    assert state_of(intent) == State.UNKNOWN
    venue.is_late = False
    sweep(timezone.now() + 120 * SECOND)
    assert state_of(intent) == State.OPEN


def test_a_known_order_that_is_not_shown_yet_is_never_taken_for_gone(
    venue, account, settings
) -> None:
    venue.is_late = True
    intent = sent(account)
    sweep(after_proof(settings))
    assert state_of(intent) == State.UNKNOWN
    venue.is_late = False
    sweep(after_proof(settings))
    assert state_of(intent) == State.OPEN


def test_a_venue_that_cannot_be_looked_at_proves_nothing(venue, account, settings) -> None:
    venue.fate = ["cut"]
    intent = sent(account)
    venue.faults["/my/orders/completed"] = [Fault(status=503)] * 9
    sweep(after_proof(settings))
    assert state_of(intent) == State.UNKNOWN
    assert "could not be looked at" in doubt_about(intent)
    venue.faults.clear()
    sweep(timezone.now())
    assert state_of(intent) == State.OPEN


def doubt_about(intent: OrderIntent) -> str:
    """Look at the order's venue directly and return its doubt."""
    with pytest.raises(AmbiguousError) as doubt:
        venue_of(intent.account).look(intent, timezone.now())
    return str(doubt.value)


def test_rows_that_cannot_be_read_are_no_proof_of_absence(venue, account, settings) -> None:
    venue.fate = ["cut"]
    intent = sent(account)
    other = venue.rest("sell", "0.5", "2000")
    venue.only  # noqa: B018
    venue.book[next(iter(venue.book))].rate = Decimal(0)
    sweep(after_proof(settings))
    assert state_of(intent) == State.UNKNOWN
    assert other.id in {row.order_id for row in stored_orders(account)}


def stored_orders(account: Any) -> list[Order]:
    """Return what is stored of the account's orders."""
    return list(Order.objects.for_account(account.pk).at(pair()))


def test_an_order_like_it_of_before_is_not_it(venue, account, settings) -> None:
    old = venue.rest("buy", "0.1", "1000")
    old.created -= timedelta(minutes=5)
    venue.fate = ["drop"]
    intent = sent(account)
    sweep(after_proof(settings))
    assert (state_of(intent), intent.venue_order_id) == (State.REJECTED, "")


def test_an_order_like_it_at_another_price_is_not_taken_for_it(venue, account, settings) -> None:
    venue.fate = ["drop"]
    intent = sent(account)
    venue.rest("buy", "0.1", "990")
    sweep(after_proof(settings))
    assert (state_of(intent), intent.venue_order_id) == (State.UNKNOWN, "")


@pytest.mark.parametrize(
    ("side", "limit", "rate"), [("buy", "1000", "1001"), ("sell", "990", "989")]
)
def test_executions_beyond_the_limit_are_not_its_own(
    venue, account, settings, side, limit, rate
) -> None:
    if side == "sell":
        bought(account, "1", "900")
    venue.fate = ["drop"]
    intent = sent(account, wish(side, limit=limit))
    venue.fill(venue.rest(side, "0.1", rate))
    sweep(after_proof(settings))
    assert (state_of(intent), intent.code) == (State.REJECTED, End.NOT_FOUND)


@pytest.mark.parametrize("tells_rest", [False, True])
def test_an_order_without_an_answer_is_found_partly_filled(venue, account, tells_rest) -> None:
    venue.fate, venue.tells_rest = ["cut"], tells_rest
    intent = sent(account)
    venue.fill(venue.only(), "0.04", "998")
    sweep(timezone.now())
    assert (state_of(intent), intent.filled) == (State.PARTLY_FILLED, Decimal("0.04"))
    assert intent.venue_order_id == venue.only().id


def test_an_answer_that_comes_after_the_lists_told_more_changes_nothing(
    venue, account, settings
) -> None:
    intent = accepted(account)
    overtaken: list[str] = []

    def overtake() -> None:
        """Settle the order, as a sweep of another process does, before its answer is given."""
        try:
            venue.fill(venue.only())
            late = timezone.now() + settings.OMC_ORDER_LEASE + SECOND
            assert doubt_old(late) == 1
            overtaken.append(settle(intent.pk, now=late).state)
        finally:
            connection.close()

    venue.after = overtake
    assert send(intent.pk, now=timezone.now()).state == State.FILLED
    assert overtaken == [State.FILLED]
    assert (state_of(intent), len(fills(account))) == (State.FILLED, 1)


def test_the_venue_itself_refuses_what_was_stopped_or_is_on_paper(venue, account) -> None:
    intent = accepted(account)
    door = venue_of(account)
    intent.mode = OrderIntent.Mode.PAPER
    with pytest.raises(RefusedError, match="on paper"):
        door.place(intent, timezone.now())
    intent.mode = OrderIntent.Mode.LIVE
    engage(KillSwitch.EVERYTHING, actor="root", reason="drill", now=timezone.now())
    with pytest.raises(RefusedError, match="kill switch"):
        door.place(intent, timezone.now())
    assert venue.sends() == []


def test_two_orders_that_could_be_it_are_for_a_person(venue, account, settings) -> None:
    venue.fate = ["cut"]
    intent = sent(account)
    mine = venue.only()
    venue.rest("buy", "0.1", "1000")
    sweep(after_proof(settings))
    assert state_of(intent) == State.UNKNOWN
    assert "Several orders" in doubt_about(intent)
    venue.fill(mine)
    look(timezone.now())
    ended = resolve(
        intent.pk, venue_order_id=mine.id, actor="ada", reason="I saw it", now=timezone.now()
    )
    assert (ended.state, ended.filled) == (State.FILLED, Decimal("0.1"))
    with pytest.raises(NotUnknownError, match="is filled"):
        resolve(intent.pk, venue_order_id="", actor="ada", reason="no", now=timezone.now())


def test_an_order_of_another_intent_is_not_it(venue, account, settings) -> None:
    first = sent(account)
    venue.fate = ["drop"]
    second = sent(account)
    sweep(after_proof(settings))
    assert state_of(first) == State.OPEN
    assert state_of(second) == State.REJECTED


def test_what_could_be_a_part_of_it_is_no_proof_of_absence(venue, account, settings) -> None:
    venue.fate = ["cut"]
    intent = sent(account)
    mine = venue.only()
    mine.is_open = False
    venue.fill(venue.rest("buy", "0.06", "1000"))
    sweep(after_proof(settings))
    assert state_of(intent) == State.UNKNOWN
    assert "parts of it" in doubt_about(intent)
    ended = resolve(intent.pk, venue_order_id="", actor="ada", reason="mine", now=timezone.now())
    assert (ended.state, ended.code) == (State.REJECTED, End.NOT_FOUND)


def test_executions_under_ids_of_their_own_leave_a_doubt(venue, account) -> None:
    intent = sent(account)
    settle(intent.pk, now=timezone.now())
    venue.only().is_open = False
    venue.fill(venue.rest("buy", "0.1", "1000"))
    assert settle(intent.pk, now=timezone.now()).state == State.UNKNOWN


def test_a_first_part_without_the_rest_is_not_the_end(venue, account, settings) -> None:
    intent = sent(account)
    venue.fill(venue.only(), "0.04")
    venue.only().is_open = False
    assert settle(intent.pk, now=timezone.now()).state == State.UNKNOWN
    ended = settle(intent.pk, now=after_proof(settings))
    assert (ended.state, ended.filled) == (State.CANCELLED, Decimal("0.04"))


def test_an_order_that_its_owner_ends_at_the_venue_has_ended(venue, account) -> None:
    intent = sent(account)
    settle(intent.pk, now=timezone.now())
    venue.only().is_open = False
    ended = settle(intent.pk, now=timezone.now())
    assert (ended.state, ended.code) == (State.CANCELLED, End.VENUE)


def test_cancelling_ends_it_at_the_venue(venue, account) -> None:
    intent = sent(account)
    settle(intent.pk, now=timezone.now())
    ended = cancel(intent.pk, actor="ada", now=timezone.now())
    assert (ended.state, ended.code) == (State.CANCELLED, End.ASKED)
    assert not venue.only().is_open


def test_a_cancel_that_crosses_a_fill_ends_filled(venue, account) -> None:
    intent = sent(account)
    venue.fill(venue.only())
    assert cancel(intent.pk, actor="ada", now=timezone.now()).state == State.FILLED


def test_a_fill_that_is_shown_after_the_cancel_is_counted_all_the_same(venue, account) -> None:
    intent = sent(account)
    settle(intent.pk, now=timezone.now())
    assert cancel(intent.pk, actor="ada", now=timezone.now()).state == State.CANCELLED
    venue.fill(venue.only(), "0.04")
    look(timezone.now())
    assert recount(timezone.now()) == 1
    assert (state_of(intent), intent.filled) == (State.CANCELLED, Decimal("0.04"))
    venue.fill(venue.only(), "0.06")
    look(timezone.now())
    sweep(timezone.now())
    assert (state_of(intent), intent.filled) == (State.FILLED, Decimal("0.1"))


def test_twenty_threads_with_one_client_id_make_one_order_at_the_venue(venue, account) -> None:
    wanted, now = wish(limit="1000"), timezone.now()

    def once(_: int) -> int:
        try:
            return send(submit(account.pk, wanted, actor="ada", now=now).pk, now=now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert len(set(threads.map(once, range(20)))) == 1
    assert len(venue.sends()) == len(venue.book) == 1


def test_a_second_order_like_one_on_its_way_is_denied(venue, account) -> None:
    bought(account, "1", "900")
    accepted(account, wish("sell", limit="990"))
    second = submit(account.pk, wish("sell", limit="990"), actor="ada", now=timezone.now())
    assert (second.state, second.code) == (State.DENIED, Code.UNRESOLVED)


def test_a_second_order_like_an_unknown_one_is_denied(venue, account) -> None:
    venue.fate = ["cut"]
    sent(account)
    second = submit(account.pk, wish(limit="1000"), actor="ada", now=timezone.now())
    assert (second.state, second.code) == (State.DENIED, Code.UNRESOLVED)
    assert len(venue.sends()) == 1


def test_the_kill_switch_between_acceptance_and_sending_stops_it(venue, account) -> None:
    intent = accepted(account)
    engage(chain_of(account.pk), actor="ada", reason="odd", now=timezone.now())
    stopped = send(intent.pk, now=timezone.now())
    assert (stopped.state, stopped.code) == (State.CANCELLED, End.KILLED)
    assert venue.sends() == []


def test_stopping_ends_open_orders_and_tells_which_it_did_not_manage(venue, account) -> None:
    first, second, third = (sent(account, wish(limit=limit)) for limit in ("1000", "999", "998"))
    venue.fate = ["drop"]
    lost = sent(account, wish(limit="997"))
    sweep(timezone.now())
    venue.faults["/api/v2/my/buy/cancel"] = [Fault(), Fault(status=400, body=CLOSED)]
    venue.book[second.venue_order_id].is_open = True
    venue.asked.clear()
    _, results = stop(scope_of(None), actor="root", reason="fire", now=timezone.now())
    by_id = {one.intent_id: one for one in results}
    assert by_id[third.pk].state == State.CANCELLED
    assert (by_id[lost.pk].state, by_id[lost.pk].is_stopped) == (State.UNKNOWN, False)
    assert by_id[lost.pk].message
    assert by_id[first.pk].is_stopped
    assert by_id[second.pk].is_stopped
    assert engaged()


CLOSED = b'{"status":"error","message":"Closed for maintenance"}'


def engaged() -> bool:
    """Tell whether everything is stopped."""
    return KillSwitch.objects.get(pk=KillSwitch.EVERYTHING).is_engaged


def test_an_order_whose_end_the_venue_refuses_is_reported_with_its_words(venue, account) -> None:
    intent = sent(account)
    venue.only().is_open = True
    real_end = venue.book.pop(intent.venue_order_id)
    _, (result,) = stop(scope_of(account.pk), actor="ada", reason="odd", now=timezone.now())
    assert not result.is_stopped
    assert "Order is not open" in result.message
    venue.book[real_end.id] = real_end
    sweep(timezone.now())
    sweep(timezone.now())
    assert state_of(intent) == State.CANCELLED


def test_stopping_many_orders_looks_at_the_account_once(venue, account) -> None:
    for limit in ("1000", "999", "998", "997"):
        sent(account, wish(limit=limit))
    sweep(timezone.now())
    venue.asked.clear()
    _, results = stop(scope_of(account.pk), actor="ada", reason="odd", now=timezone.now())
    assert [one.state for one in results] == [State.CANCELLED] * 4
    assert venue.paths().count("/api/v2/ro/my/balances") == 1


def test_orders_of_one_account_share_a_look(venue, account, settings) -> None:
    first, second = sent(account), sent(account, wish(limit="999"))
    settings.OMC_ORDER_LOOK_EVERY = timedelta(hours=1)
    look(timezone.now())
    venue.asked.clear()
    sweep(timezone.now())
    assert venue.asked == []
    assert (state_of(first), state_of(second)) == (State.OPEN, State.OPEN)


def test_live_trading_is_off_by_default_whatever_keys_are_stored(venue, account, settings) -> None:
    settings.OMC_LIVE_TRADING = False
    denied = submit(account.pk, wish(limit="1000"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.LIVE_OFF)
    sweep(timezone.now())
    assert venue.sends() == []


def forget_key(account: Any) -> None:
    keys.remove_key(account, actor="ada")


def refuse_key(account: Any) -> None:
    refuse(keys.owner_of(account.pk), reason="Invalid key.")


def turn_off(account: Any) -> None:
    LiveSwitch.objects.filter(pk=account.pk).update(is_on=False)


def drop_switch(account: Any) -> None:
    LiveSwitch.objects.filter(pk=account.pk).delete()


@pytest.mark.parametrize("disagree", [forget_key, refuse_key, turn_off, drop_switch])
def test_one_of_the_three_that_disagrees_stops_the_order_at_both_gates(
    venue, account, disagree
) -> None:
    waiting = accepted(account)
    disagree(account)
    denied = submit(account.pk, wish(limit="999"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.LIVE_OFF)
    stopped = send(waiting.pk, now=timezone.now())
    assert (stopped.state, stopped.code) == (State.REJECTED, End.REFUSED)
    assert "not sent" in stopped.reason
    assert venue.sends() == []


def test_a_key_that_the_venue_refuses_trades_no_more(venue, account) -> None:
    venue.full.clear()
    intent = sent(account)
    assert intent.state == State.REJECTED
    assert not keys.has_key(account.pk)
    denied = submit(account.pk, wish(limit="999"), actor="ada", now=timezone.now())
    assert denied.code == Code.LIVE_OFF


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_is_denied_by_the_guard(venue, account, side) -> None:
    denied = submit(account.pk, wish(side), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.MARKET_ORDER)
    assert denied.reason == "The venue gets limit orders only. Give the order a limit."
    assert venue.sends() == []


def test_an_order_that_lost_its_limit_is_not_sent(venue, account) -> None:
    """The guard denies it; the door to the venue trusts nobody."""
    intent = accepted(account)
    OrderIntent.objects.filter(pk=intent.pk).update(limit=None)
    stopped = send(intent.pk, now=timezone.now())
    assert (stopped.state, stopped.code) == (State.REJECTED, End.REFUSED)
    assert venue.sends() == []


def test_open_orders_can_be_ended_after_live_trading_was_switched_off(
    venue, account, settings
) -> None:
    intent = sent(account)
    settle(intent.pk, now=timezone.now())
    settings.OMC_LIVE_TRADING = False
    assert cancel(intent.pk, actor="ada", now=timezone.now()).state == State.CANCELLED
    assert not venue.only().is_open


def test_paper_never_reaches_the_venue(venue, account) -> None:
    paper = paper_account(user=account.user)
    keys_before = len(venue.asked)
    quote("990", "1000")
    intent = sent(paper)
    settle(intent.pk, now=timezone.now())
    cancel(intent.pk, actor="ada", now=timezone.now())
    assert len(venue.asked) == keys_before


def test_an_order_made_on_paper_is_not_sent_when_its_account_moves_to_the_venue(
    venue, account
) -> None:
    paper = paper_account(user=account.user)
    quote("990", "1000")
    intent = accepted(paper)
    paper.venue = "coinspot"
    paper.save()
    sweep(timezone.now())
    sweep(timezone.now() + 120 * SECOND)
    assert venue.sends() == []
    assert state_of(intent) == State.UNKNOWN


def test_an_order_made_live_is_not_filled_on_paper(venue, account) -> None:
    intent = sent(account)
    account.venue = "paper"
    account.save()
    quote("900", "901", at=timezone.now() + 61 * SECOND)
    sweep(timezone.now() + 62 * SECOND)
    assert fills(account) == []
    assert state_of(intent) == State.OPEN


def test_orders_that_others_place_at_the_venue_are_imported(venue, account) -> None:
    manual = venue.rest("buy", "0.3", "950")
    venue.fill(manual, "0.1")
    look(timezone.now())
    (order,) = stored_orders(account)
    assert (order.order_id, order.status, order.filled) == (manual.id, "partial", Decimal("0.1"))
    assert len(fills(account)) == 1
    assert OrderIntent.objects.count() == 0


def test_what_is_free_is_the_venues_fresh_word_less_what_was_spent_since(venue, account) -> None:
    venue.holdings["AUD"] = "150"
    look(timezone.now())
    denied = submit(account.pk, wish("buy", "0.2", "1000"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.BALANCE)
    assert "150" in denied.reason


def test_what_was_spent_after_the_venues_word_is_not_free(venue, account) -> None:
    at = timezone.now()
    spent = FillRecord(
        event_at=at,
        published_at=at,
        account_id=account.pk,
        venue_id="by hand",
        order_id="",
        side="buy",
        base="BTC",
        quote="AUD",
        quantity=Decimal("9.9"),
        price=Decimal(1000),
        fee=Decimal(0),
        fee_asset="",
    )
    put(f"import_omc/{account.pk}", "exchange", None, [spent])
    denied = submit(account.pk, wish("buy", "0.2", "1000"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.BALANCE)
    assert "100.0 is free" in denied.reason


def test_without_a_balance_of_the_venue_nothing_is_bought(venue, account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"TRUNCATE {Balance._meta.db_table}")
        cursor.execute("SET session_replication_role = origin")
    denied = submit(account.pk, wish(limit="1000"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.UNKNOWN_BALANCE)


@pytest.mark.parametrize("base", ["NEO", "XLM"])
def test_coins_with_other_names_at_the_venue_are_no_market(venue, account, base) -> None:
    quote("9", "10", asset=base)
    denied = submit(
        account.pk, wish(base=base, limit="10", quantity="1"), actor="ada", now=timezone.now()
    )
    assert (denied.state, denied.code) == (State.DENIED, Code.UNKNOWN_MARKET)


def test_the_trading_key_asks_for_nothing_but_orders_and_their_ends(venue, account) -> None:
    intent = sent(account)
    cancel(intent.pk, actor="ada", now=timezone.now())
    trading = len(venue.nonces[TRADE_KEY])
    full = [path for path in venue.paths() if "/ro/" not in path]
    assert len(full) == trading == 2
    assert full[0] in PLACES
