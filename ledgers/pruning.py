"""What is let go after a time, so that nothing but facts and what proves them grows without end.

Kept payloads go `OMC_PAYLOAD_DAYS` after they came last. Those that hold something unread, an open
reject or an answer that no parser could read, wait for a better parser until `OMC_UNREAD_DAYS`.
Slots that nobody will work on any more go after a month. Runs stay: coverage, facts and rejects
name them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from ledgers.collecting.keeping import drop_payloads
from ledgers.models import CollectorRun, Slot

logger = logging.getLogger(__name__)
SLOT_AGE = timedelta(days=30)
BATCH = 1000
"""Rows of one transaction: nobody waits long for it, and a task that is ended goes on later."""
UNREAD = (CollectorRun.Outcome.DRIFT, CollectorRun.Outcome.CRASHED)
READ_LONG_AGO = """
    SELECT kept.sha256 FROM ledgers_rawpayload kept
    WHERE kept.seen_at < %(old)s AND (kept.seen_at < %(ancient)s OR (
        NOT EXISTS (
            SELECT FROM ledgers_rejectedrecord reject
            WHERE reject.payload = kept.sha256 AND reject.resolved_by_id IS NULL
        ) AND NOT EXISTS (
            SELECT FROM ledgers_collectorrun run, unnest(run.payloads) AS sha256
            WHERE run.outcome = ANY(%(unread)s) AND run.started_at >= %(ancient)s
              AND sha256 = kept.sha256
        )
    )) ORDER BY kept.seen_at LIMIT %(most)s
"""


def prune(now: datetime) -> dict[str, int]:
    """Delete what is old enough, batch by batch; return how many of each kind went."""
    gone = {"payloads": _all(lambda: _drop_payloads(now)), "slots": _all(lambda: _drop_slots(now))}
    logger.info("Let %(payloads)s kept payloads and %(slots)s slots go.", gone)
    return gone


def _all(drop: Callable[[], int]) -> int:
    """Drop batches until one is not full; return how many rows went."""
    whole = 0
    while went := drop():
        whole += went
        if went < BATCH:
            break
    return whole


def _drop_payloads(now: datetime) -> int:
    kept = timedelta(days=settings.OMC_PAYLOAD_DAYS)
    unread = max(kept, timedelta(days=settings.OMC_UNREAD_DAYS))
    question: dict[str, Any] = {
        "old": now - kept,
        "ancient": now - unread,
        "unread": list(UNREAD),
        "most": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(READ_LONG_AGO, question)
        hashes = [sha256 for (sha256,) in cursor.fetchall()]
    return drop_payloads(hashes)


def _drop_slots(now: datetime) -> int:
    """Delete one batch of slots that are at their end; their runs forget of which they were."""
    ended = Slot.objects.filter(
        state__in=(Slot.State.DONE, Slot.State.ABANDONED), sent_at__lt=now - SLOT_AGE
    )
    some = list(ended.order_by("pk").values_list("pk", flat=True)[:BATCH])
    Slot.objects.filter(pk__in=some).delete()
    return len(some)
