"""The guard: decides about every order before it is sent, and writes down why. It fails closed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledgers.reading import pair
from trading.auditing import append
from trading.core.cases import Code, Denial
from trading.core.guarding import judge, needed
from trading.models import AuditEntry, OrderIntent
from trading.scene import Look, look_at
from trading.venues.venue import Venue

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether an order may go, why not, and how much of the given asset it sets aside."""

    denial: Denial | None
    reserved: Decimal


def decide(intent: OrderIntent, venue: Venue, *, now: datetime) -> Decision:
    """Decide about an order and write it to the audit trail; whatever goes wrong is a denial.

    Call it in the transaction that holds the lock of the account's row.
    """
    look: Look | None = None
    denial: Denial | None
    reserved = Decimal(0)
    try:
        with transaction.atomic():
            look = look_at(intent, venue, pair(), now)
            denial = judge(look.case)
            reserved = needed(look.case) or Decimal(0)
    except Exception as error:
        logger.exception("The guard could not look at %s.", intent)
        reason = f"The guard could not look ({type(error).__name__}). See the log."
        denial = Denial(code=Code.GUARD_FAILED, reason=reason)
    append(
        AuditEntry.Kind.DECISION,
        _said(intent, look, denial),
        actor=intent.actor,
        now=now,
        intent=intent,
    )
    return Decision(denial=denial, reserved=Decimal(0) if denial else reserved)


def _said(intent: OrderIntent, look: Look | None, denial: Denial | None) -> Mapping[str, Any]:
    """Say what was asked, what was looked at, and what came of it."""
    case = asdict(look.case) if look else {}
    scene = case.get("scene", {})
    if scene.get("open_assets") is not None:
        scene["open_assets"] = sorted(scene["open_assets"])
    return {
        "client_id": intent.client_id,
        "mode": intent.mode,
        "case": case,
        "looked_at": look.ids if look else (),
        "code": denial.code if denial else "",
        "reason": denial.reason if denial else "",
    }
