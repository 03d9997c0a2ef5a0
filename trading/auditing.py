"""The audit trail: what was decided and done, each entry chained to the one before by its hash.

Nobody can change an entry (a trigger refuses), take one out, or put one in between without every
later digest being wrong; `broken_links` finds where.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from trading.models import AuditEntry, KillSwitch, OrderIntent

CHAIN_LOCK = 7010
FIRST = "0" * 64


def chain_of(account_id: int) -> str:
    """Return the name of an account's chain, which is also the scope of its kill switch."""
    return f"account:{account_id}"


def append(
    kind: AuditEntry.Kind,
    said: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    intent: OrderIntent | None = None,
    chain: str = KillSwitch.EVERYTHING,
) -> AuditEntry:
    """Append an entry to a chain; inside the transaction of what it tells about."""
    name = chain_of(intent.account_id) if intent else chain
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [CHAIN_LOCK, name])
    last = AuditEntry.objects.filter(chain=name).order_by("-number").first()
    entry = AuditEntry(
        chain=name,
        number=last.number + 1 if last else 1,
        at=now,
        kind=kind,
        actor=actor,
        intent=intent,
        text=json.dumps(said, sort_keys=True, default=str),
    )
    entry.digest = _digest(last.digest if last else FIRST, entry)
    entry.save(force_insert=True)
    return entry


def broken_links(chain: str) -> Iterator[str]:
    """Yield a sentence for each place where a chain is not what was written."""
    before, expected = FIRST, 1
    for entry in AuditEntry.objects.filter(chain=chain).order_by("number").iterator():
        if entry.number != expected:
            yield f"{chain}: entry {expected} is missing before {entry.number}."
        if entry.digest != _digest(before, entry):
            yield f"{chain}: entry {entry.number} is not what was written."
        before, expected = entry.digest, entry.number + 1


def chains() -> list[str]:
    """Return the names of all chains."""
    return sorted(AuditEntry.objects.values_list("chain", flat=True).distinct())


def _digest(before: str, entry: AuditEntry) -> str:
    fields = [
        before,
        entry.chain,
        str(entry.number),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(entry.kind),
        entry.actor,
        str(entry.intent_id or ""),
        entry.text,
    ]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()
