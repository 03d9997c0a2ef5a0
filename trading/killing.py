"""The kill switch: engaged, it stops every new order before it is sent, and cancels open ones.

Its state is a row in PostgreSQL, so it survives a restart and a flushed Redis; a row that cannot
be read counts as engaged (`trading.guard`).
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from trading.auditing import append, chain_of
from trading.models import AuditEntry, KillSwitch


class ReasonError(ValueError):
    """A kill switch is released without saying why."""


def is_engaged(account_id: int) -> bool:
    """Tell whether orders of this account are stopped, by its own switch or by that of all."""
    scopes = [KillSwitch.EVERYTHING, chain_of(account_id)]
    return KillSwitch.objects.filter(scope__in=scopes, is_engaged=True).exists()


def engage(scope: str, *, actor: str, reason: str, now: datetime) -> KillSwitch:
    """Stop all orders of a scope: `KillSwitch.EVERYTHING`, or an account's `chain_of`."""
    return _turn(scope, is_engaged=True, actor=actor, reason=reason, now=now)


def release(scope: str, *, actor: str, reason: str, now: datetime) -> KillSwitch:
    """Let orders of a scope through again; raises `ReasonError` if nobody says why."""
    if not reason.strip():
        raise ReasonError("Say why the kill switch is released; the reason is kept for ever.")
    return _turn(scope, is_engaged=False, actor=actor, reason=reason, now=now)


def _turn(scope: str, *, is_engaged: bool, actor: str, reason: str, now: datetime) -> KillSwitch:
    said = {"scope": scope, "is_engaged": is_engaged, "reason": reason}
    with transaction.atomic():
        switch, _ = KillSwitch.objects.update_or_create(
            scope=scope,
            defaults={
                "is_engaged": is_engaged,
                "reason": reason,
                "actor": actor,
                "changed_at": now,
            },
        )
        append(AuditEntry.Kind.KILL_SWITCH, said, actor=actor, now=now, chain=scope)
    return switch
