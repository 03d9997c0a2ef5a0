"""Checks of the work itself: what was due and nobody did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from django.conf import settings
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest

from ledgers.collecting.registry import collectors
from ledgers.jobs import cadences
from ledgers.models import Slot
from quality.findings import Finding, Level
from quality.registry import register

MANY = 3
"""Jobs that gave up, from which on it is not their tasks that are wrong."""


@register("slots.abandoned", ledger=None)
def no_slot_is_abandoned(
    now: datetime,
    *,
    window: Annotated[timedelta, "Long enough for a person to see it."] = timedelta(hours=1),
) -> Iterator[Finding]:
    """No job that is on beat has given up a slot within `window`, or since it last worked.

    A slot is given up after three messages that nobody answered: workers are down, or the task
    takes its process along.
    """
    by_job = _abandoned(now - window).values("schedule_id").order_by("schedule_id")
    bad = list(by_job.annotate(slots=Count("pk"), last=Max("sent_at")))
    cause = "workers" if len(bad) >= MANY else ""
    for job in bad:
        yield replace(_finding(job["schedule_id"], job["slots"], job["last"]), cause=cause)


def _abandoned(since: datetime) -> QuerySet[Slot]:
    """Return what was given up since then, or after the last slot that its job finished."""
    later = Slot.objects.filter(
        schedule=OuterRef("schedule"), state=Slot.State.DONE, sent_at__gt=OuterRef("sent_at")
    )
    patience = Greatest(F("schedule__every"), Value(settings.OMC_PATIENCE))
    given_up = Slot.objects.filter(
        state=Slot.State.ABANDONED, schedule__is_paused=False, schedule_id__in=list(cadences())
    ).annotate(given_up_at=F("sent_at") + patience)
    return given_up.filter(Q(given_up_at__gte=since) | ~Exists(later))


def _finding(job: str, slots: int, last: datetime) -> Finding:
    collector = collectors.get(job.removeprefix("collect:"))
    return Finding(
        ledger=collector.ledger if collector else "",
        subject=job,
        level=Level.ERROR,
        message=f"{job} gave up {slots} slots, last sent at {last:%F %T} UTC: nobody did them.",
        hint="Look whether workers run, and in their log whether this task ends its process.",
    )
