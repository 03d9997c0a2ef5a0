"""What a model may cost: reserved in the database before each request, and refused beyond.

One transaction at a time looks at what stands and adds to it, so that no two requests take the
same money. A request whose reply never came keeps its reservation. The endpoint's own count
replaces it, also when it is larger: then the next request is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from agents.faults import Fault, ModelFaultError
from agents.models import ModelCall

MOST_REQUESTS = 6
"""A question: a plan and a draft, one repair each, and what a killed worker had begun."""
MOST_IN_SESSION = 100
LOCK = 0x0A6E, 1
MILLION = Decimal(1_000_000)
BYTES_A_TOKEN = 3
"""Fewer bytes a token than English has, so that an estimate is rather too high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Whose question is paid for: its session, turn and user, and whether by an own key."""

    session_id: UUID
    turn: int
    user_id: int | None
    is_own_key: bool = False

    def paid_by(self, owner: int | None) -> Purse:
        """Return the purse for a key: a user's own key is nobody else's money."""
        return replace(self, is_own_key=owner is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request before it is made: what for, to which model, how long, and its hash."""

    purpose: ModelCall.Purpose
    model: str
    prompt_hash: str
    tokens_in: int
    tokens_out: int


def estimated(length: int) -> int:
    """Return how many tokens so many bytes are at most, as far as one can tell."""
    return length // BYTES_A_TOKEN + 1


def cost_of(tokens_in: int, tokens_out: int) -> Decimal:
    """Return what tokens cost in US dollars by the prices of the settings."""
    prices = settings.OMC_MODEL_INPUT_PRICE, settings.OMC_MODEL_OUTPUT_PRICE
    return (tokens_in * prices[0] + tokens_out * prices[1]) / MILLION


def reserve(purse: Purse, request: Request) -> ModelCall:
    """Take the money for one request, or raise `ModelFaultError` when a limit would be passed."""
    tokens = request.tokens_in + request.tokens_out
    cost = cost_of(request.tokens_in, request.tokens_out)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK)
        _check(purse, tokens, cost)
        return ModelCall.objects.create(
            session_id=purse.session_id,
            turn=purse.turn,
            user_id=purse.user_id,
            purpose=request.purpose,
            model=request.model,
            is_own_key=purse.is_own_key,
            prompt_hash=request.prompt_hash,
            tokens=tokens,
            cost=cost,
        )


def settle(call: ModelCall, tokens: tuple[int, int] | None, outcome: str) -> None:
    """Note how a request ended; what it used, if the endpoint said so, replaces the reservation."""
    used = {} if tokens is None else {"tokens": sum(tokens), "cost": cost_of(*tokens)}
    own = ModelCall.objects.filter(pk=call.pk)
    own.update(outcome=outcome[:20], settled_at=timezone.now(), **used)


def _check(purse: Purse, tokens: int, cost: Decimal) -> None:
    """Raise `ModelFaultError` for the first limit that one more request would pass."""
    own = ModelCall.objects.filter(session=purse.session_id)
    told = own.aggregate(
        all=Count("id"),
        asked=Count("id", filter=Q(turn=purse.turn)),
        tokens=Sum("tokens", filter=Q(turn=purse.turn), default=0),
    )
    if told["asked"] >= MOST_REQUESTS or told["tokens"] + tokens > settings.OMC_MODEL_TOKENS:
        raise ModelFaultError(Fault.QUESTION)
    if told["all"] >= MOST_IN_SESSION:
        raise ModelFaultError(Fault.SESSION)
    spent = _spent_today(purse.user_id)
    if purse.user_id is not None and spent["user"] + cost > settings.OMC_MODEL_USER_BUDGET:
        raise ModelFaultError(Fault.USER)
    if not purse.is_own_key and spent["all"] + cost > settings.OMC_MODEL_BUDGET:
        raise ModelFaultError(Fault.SYSTEM)


def _spent_today(user_id: int | None) -> dict[str, Decimal]:
    """Return what a user, and the installation's key, have cost since midnight UTC."""
    now: datetime = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return ModelCall.objects.filter(at__gte=midnight).aggregate(
        user=Sum("cost", filter=Q(user=user_id), default=Decimal(0)),
        all=Sum("cost", filter=Q(is_own_key=False), default=Decimal(0)),
    )
