"""Keep orders moving when nobody else does: send, settle, doubt, cancel. Any number may run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ledgers.reading import clock
from trading.auditing import chain_of
from trading.core.ordering import RESERVING, WORKING, State
from trading.killing import engage, is_engaged
from trading.models import KillSwitch, OrderIntent
from trading.orders import NotOpenError, ask_end, doubt_old, recount, send, settle

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What became of one open order when everything was stopped."""

    intent_id: int
    client_id: str
    state: State
    is_stopped: bool
    message: str


def sweep(now: datetime) -> None:
    """Send what waits, ask about what is in flight; one order that fails costs only itself."""
    doubt_old(now)
    _each([State.ACCEPTED], lambda pk: send(pk, now=now))
    _each([*WORKING, State.UNKNOWN], lambda pk: _look(pk, now))
    recount(now)


def stop(scope: str, *, actor: str, reason: str, now: datetime) -> tuple[KillSwitch, list[Stopped]]:
    """Engage the kill switch, then cancel every open order of the scope and say how it went.

    The switch is engaged first and stays so, whatever happens to the orders. The end of all of
    them is asked for before any venue is asked how that went.
    """
    switch = engage(scope, actor=actor, reason=reason, now=now)
    alive = OrderIntent.objects.filter(state__in=RESERVING).order_by("pk")
    if scope != KillSwitch.EVERYTHING:
        alive = alive.filter(account_id=int(scope.partition(":")[2]))
    asked = [(intent.pk, _asked(intent, actor, now)) for intent in alive]
    since = clock()
    return switch, [_stopped(pk, said, now, since) for pk, said in asked]


def scope_of(account_id: int | None) -> str:
    """Return the scope of a kill switch: one account's, or everything."""
    return KillSwitch.EVERYTHING if account_id is None else chain_of(account_id)


def _asked(intent: OrderIntent, actor: str, now: datetime) -> str:
    """Ask for an order's end; return what speaks against it."""
    try:
        asked = ask_end(intent.pk, actor=actor, now=now)
    except NotOpenError as error:
        return str(error)
    except Exception as error:
        logger.exception("The end of order %s could not be asked for.", intent.pk)
        return f"{type(error).__name__}: {error}"
    return asked.reason if asked.state in RESERVING else ""


def _stopped(intent_id: int, said: str, now: datetime, since: datetime) -> Stopped:
    try:
        settle(intent_id, now=now, since=since)
    except Exception as error:
        logger.exception("Order %s could not be looked at.", intent_id)
        said = said or f"{type(error).__name__}: {error}"
    ended = OrderIntent.objects.get(pk=intent_id)
    is_cancelled = ended.state == State.CANCELLED
    return Stopped(
        intent_id=intent_id,
        client_id=ended.client_id,
        state=State(ended.state),
        is_stopped=ended.state not in RESERVING,
        message="" if is_cancelled else said or ended.reason or "It is not cancelled.",
    )


def _look(intent_id: int, now: datetime) -> None:
    """Ask about an order; where the kill switch is engaged or its owner wants it, end it first."""
    intent = OrderIntent.objects.get(pk=intent_id)
    if intent.state in WORKING and (intent.wants_cancel or is_engaged(intent.account_id)):
        ask_end(intent_id, actor=intent.actor, now=now)
    settle(intent_id, now=now)


def _each(states: Iterable[State], act: Callable[[int], object]) -> None:
    for pk in OrderIntent.objects.filter(state__in=states).values_list("pk", flat=True):
        try:
            act(pk)
        except Exception:
            logger.exception("Order %s could not be looked after.", pk)
