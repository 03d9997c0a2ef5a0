"""The life of an order, written down before each step is taken.

An order is a row first, decided and reserved for in one transaction under its account's lock; then
it is sent, once, by whoever moves it from accepted to sending; then the venue tells. Between
sending and the venue's word nothing is assumed: what is not proven is unknown, and stays so until
the venue shows what became of it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from ledgers.assets import symbol_of
from ledgers.exchange.models import Account, Order
from ledgers.reading import clock
from trading.auditing import append
from trading.core.exact import total
from trading.core.ordering import ENDED, WORKING, End, State, check_move
from trading.guard import decide
from trading.killing import is_engaged
from trading.models import AuditEntry, OrderIntent
from trading.reserving import consumption, executions
from trading.venues import NoVenueError, venue_of
from trading.venues.venue import AmbiguousError, Found, RefusedError, Venue

logger = logging.getLogger(__name__)

LATE_FILLS = timedelta(hours=1)
"""For how long after its cancellation an order's late executions are still looked for."""
SAME = ("side", "kind", "base", "quote", "quantity", "limit")


class OtherOrderError(ValueError):
    """The client order id belongs to an order of other content."""


class NotOpenError(ValueError):
    """The order has ended, so that it cannot be cancelled."""


class NotUnknownError(ValueError):
    """What became of the order is known, or still to be asked: no person has to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as somebody wants it: `quantity` in units of base, `limit` None for a market."""

    client_id: str
    side: str
    base: str
    quote: str
    quantity: Decimal
    limit: Decimal | None = None


def submit(account_id: int, wish: Wish, *, actor: str, now: datetime) -> OrderIntent:
    """Take an order, or return the one that this client id already is.

    Whether it is let through is in its state: accepted or denied. Raises `OtherOrderError` if the
    client id belongs to an order of other content.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account_id)
        wanted = _intent(account, wish, actor, now)
        known = OrderIntent.objects.filter(account=account, client_id=wish.client_id).first()
        if known is not None:
            return _same(known, wanted)
        wanted.save(force_insert=True)
        decision = decide(wanted, venue_of(account), now=now)
        if decision.denial:
            wanted.state = State.DENIED
            wanted.code, wanted.reason = decision.denial.code, decision.denial.reason
        else:
            wanted.reserved = decision.reserved
        wanted.save()
    return wanted


def send(intent_id: int, *, now: datetime) -> OrderIntent:
    """Send an accepted order, unless it is too late or the kill switch has been engaged since.

    Any number may call it at once or again: only the one that moves it to sending sends.
    """
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state != State.ACCEPTED:
            return intent
        if is_engaged(intent.account_id):
            return _move(intent, State.CANCELLED, now, code=End.KILLED)
        if now - intent.created_at > settings.OMC_ORDER_PATIENCE:
            return _move(intent, State.CANCELLED, now, code=End.TOO_LATE)
        intent.sent_at = intent.looked_at = now
        _move(intent, State.SENDING, now)
    return _send(intent, _venue_of(intent), now)


def cancel(intent_id: int, *, actor: str, now: datetime) -> OrderIntent:
    """End an order as far as the venue lets it; its state and reason tell how that went.

    Raises `NotOpenError` if it has ended already.
    """
    asked = ask_end(intent_id, actor=actor, now=now)
    return asked if asked.state in ENDED else settle(intent_id, now=now, since=clock())


def ask_end(intent_id: int, *, actor: str, now: datetime) -> OrderIntent:
    """Ask for an order's end, without waiting for it; one that was not sent yet ends here and now.

    What the venue says against it is the order's reason. Raises `NotOpenError` if it has ended.
    """
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state in ENDED:
            raise NotOpenError(f"The order is {intent.state} already.")
        if intent.state == State.ACCEPTED:
            return _move(intent, State.CANCELLED, now, code=End.ASKED, actor=actor)
        intent.wants_cancel = True
        intent.save(update_fields=["wants_cancel"])
    if intent.state in WORKING:
        intent.reason = _asked(intent, now)
        OrderIntent.objects.filter(pk=intent_id, state=intent.state).update(reason=intent.reason)
    return intent


def settle(intent_id: int, *, now: datetime, since: datetime | None = None) -> OrderIntent:
    """Ask the venue what became of an order in flight, and write down what it proves.

    What it told before `since` does not count.
    """
    intent = OrderIntent.objects.select_related("account").get(pk=intent_id)
    if intent.state in (*ENDED, State.ACCEPTED):
        return intent
    try:
        found = _venue_of(intent).look(intent, now, since)
    except AmbiguousError as error:
        return _doubt(intent_id, str(error), now)
    return _settle(intent_id, found, now)


def resolve(
    intent_id: int, *, venue_order_id: str, actor: str, reason: str, now: datetime
) -> OrderIntent:
    """Take a person's word that an unknown order has ended: as which one at the venue, or as none.

    Its executions are counted, not believed. Raises `NotUnknownError` in another state.
    """
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state != State.UNKNOWN:
            raise NotUnknownError(f"The order is {intent.state}, not unknown.")
        if not venue_order_id:
            said = {"code": End.NOT_FOUND, "reason": reason, "actor": actor}
            return _move(intent, State.REJECTED, now, **said)
        intent.venue_order_id = venue_order_id
        _count(intent)
        is_whole = intent.filled >= intent.quantity
        state, code = (State.FILLED, "") if is_whole else (State.CANCELLED, End.VENUE)
        return _move(intent, state, now, code=code, reason=reason, actor=actor)


def recount(now: datetime) -> int:
    """Count what the venue told late of orders that were cancelled; return how many had more.

    A cancel may cross a fill, and a real venue may show the fill later than the end.
    """
    ended = OrderIntent.objects.filter(
        state=State.CANCELLED, mode=OrderIntent.Mode.LIVE, changed_at__gt=now - LATE_FILLS
    )
    ids = list(ended.exclude(venue_order_id="").values_list("pk", flat=True))
    return sum(_recount(pk, now) for pk in ids)


def doubt_old(now: datetime) -> int:
    """Make unknown what has been in sending for longer than a send can take; return how many."""
    old = OrderIntent.objects.filter(
        state=State.SENDING, sent_at__lt=now - settings.OMC_ORDER_LEASE
    )
    ids = list(old.values_list("pk", flat=True))
    for pk in ids:
        _doubt(pk, "The sender vanished before the venue's answer was written down.", now)
    return len(ids)


def _intent(account: Account, wish: Wish, actor: str, now: datetime) -> OrderIntent:
    base, quote = symbol_of(wish.base), symbol_of(wish.quote)
    venue = venue_of(account)
    return OrderIntent(
        account=account,
        client_id=wish.client_id,
        mode=OrderIntent.Mode.LIVE if venue.is_live else OrderIntent.Mode.PAPER,
        side=wish.side,
        kind=Order.Kind.MARKET if wish.limit is None else Order.Kind.LIMIT,
        base=base,
        quote=quote,
        quantity=wish.quantity,
        limit=wish.limit,
        state=State.ACCEPTED,
        reserved_asset=base if wish.side == "sell" else quote,
        actor=actor,
        created_at=now,
        changed_at=now,
    )


def _venue_of(intent: OrderIntent) -> Venue:
    """Return the venue that an order was made for, or raise `NoVenueError`: none other gets it."""
    venue = venue_of(intent.account)
    if venue.is_live != (intent.mode == OrderIntent.Mode.LIVE):
        raise NoVenueError(
            f"The order was made to be {intent.mode}, and its account is at "
            f"{intent.account.venue} now, a venue of another kind. Move the account back."
        )
    return venue


def _same(known: OrderIntent, wanted: OrderIntent) -> OrderIntent:
    differs = [name for name in SAME if getattr(known, name) != getattr(wanted, name)]
    if differs:
        raise OtherOrderError(
            f"{known.client_id} is already the id of an order with another {differs[0]}. "
            "Give each order an id of its own."
        )
    return known


def _send(intent: OrderIntent, venue: Venue, now: datetime) -> OrderIntent:
    try:
        placed = venue.place(intent, now)
    except RefusedError as error:
        return _learn(intent.pk, State.REJECTED, now, code=End.REFUSED, reason=str(error))
    except AmbiguousError as error:
        return _doubt(intent.pk, str(error), now)
    return _learn(intent.pk, State.OPEN, now, venue_order_id=placed.venue_order_id)


def _learn(
    intent_id: int, state: State, now: datetime, *, venue_order_id: str = "", **said: str
) -> OrderIntent:
    """Write down the venue's answer to a sending, unless its lists have told more meanwhile."""
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state not in (State.SENDING, State.UNKNOWN):
            logger.warning("Order %s was %s before its answer came.", intent_id, intent.state)
            return intent
        intent.venue_order_id = venue_order_id or intent.venue_order_id
        return _move(intent, state, now, **said)


def _asked(intent: OrderIntent, now: datetime) -> str:
    """Ask the venue to end an order; return what speaks against it, such as that it has ended."""
    try:
        _venue_of(intent).cancel(intent, now)
    except (RefusedError, AmbiguousError) as error:
        return str(error)
    return ""


def _recount(intent_id: int, now: datetime) -> bool:
    with transaction.atomic():
        intent = _locked(intent_id)
        before = intent.filled
        _count(intent)
        if intent.state != State.CANCELLED or intent.filled == before:
            return False
        if intent.filled >= intent.quantity:
            _move(intent, State.FILLED, now)
        else:
            intent.save(update_fields=["filled", "consumed"])
    return True


def _doubt(intent_id: int, reason: str, now: datetime) -> OrderIntent:
    """Mark an order in flight as unknown; it stays so until the venue proves something."""
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state in (State.UNKNOWN, *ENDED):
            return intent
        return _move(intent, State.UNKNOWN, now, reason=reason)


def _settle(intent_id: int, found: Found | None, now: datetime) -> OrderIntent:
    with transaction.atomic():
        intent = _locked(intent_id)
        if intent.state in (*ENDED, State.ACCEPTED):
            return intent
        if found is None:
            return _absent(intent, now)
        intent.venue_order_id = found.venue_order_id
        _count(intent)
        return _move(intent, _proven(intent, found), now, code=_end(intent, found))


def _absent(intent: OrderIntent, now: datetime) -> OrderIntent:
    """Conclude from an order's absence only after the venue had time to show it."""
    since = intent.sent_at or intent.created_at
    if intent.venue_order_id or now - since < settings.OMC_ORDER_PROOF:
        return _move(intent, State.UNKNOWN, now, reason="The venue does not show it.")
    return _move(intent, State.REJECTED, now, code=End.NOT_FOUND)


def _count(intent: OrderIntent) -> None:
    """Take over what the stored executions say; they are facts, and each is there once."""
    fills = executions(intent.account_id, intent.venue_order_id)
    intent.filled = total(fill.quantity for fill in fills)
    intent.consumed = total(map(consumption, fills))


def _proven(intent: OrderIntent, found: Found) -> State:
    if intent.filled >= intent.quantity:
        return State.FILLED
    if not found.is_open:
        return State.CANCELLED
    return State.PARTLY_FILLED if intent.filled else State.OPEN


def _end(intent: OrderIntent, found: Found) -> str:
    if found.is_open or intent.filled >= intent.quantity:
        return ""
    return End.ASKED if intent.wants_cancel else End.VENUE


def _move(
    intent: OrderIntent,
    state: State,
    now: datetime,
    *,
    code: str = "",
    reason: str = "",
    actor: str = "",
) -> OrderIntent:
    """Move an order to a state and say so in the audit trail; staying where it is says nothing."""
    old = State(intent.state)
    if state != old:
        check_move(old, state)
        intent.state, intent.code, intent.reason = state, code, reason
        intent.changed_at = now
        said = {
            "from": old,
            "to": state,
            "code": code,
            "reason": reason,
            "filled": intent.filled,
            "venue_order_id": intent.venue_order_id,
        }
        append(AuditEntry.Kind.MOVE, said, actor=actor or intent.actor, now=now, intent=intent)
    intent.save()
    return intent


def _locked(intent_id: int) -> OrderIntent:
    return (
        OrderIntent.objects.select_for_update(of=["self"])
        .select_related("account")
        .get(pk=intent_id)
    )
