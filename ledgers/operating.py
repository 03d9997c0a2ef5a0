"""What an operator may do to the collecting: run a job now, pause it, resume it.

Who runs a job by hand, or resumes it, says that it can work: that closes its breaker.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from ledgers import breaker
from ledgers.jobs import cadences
from ledgers.models import Feed, Schedule, Slot
from ledgers.slots import Send, sync_schedules


def job_of(feed: Feed) -> str | None:
    """Return the job that looks at a feed; None for one that is filled on demand."""
    return next((job for job in cadences() if job.partition(":")[2] == feed.source), None)


def with_pause(feeds: QuerySet[Feed]) -> QuerySet[Feed]:
    """Annotate each feed with `is_paused`: whether an operator paused its job."""
    name = Concat(Value(":"), OuterRef("source"))
    paused = Schedule.objects.filter(job__endswith=name, is_paused=True)
    return feeds.annotate(is_paused=Exists(paused))


def run_now(jobs: Iterable[str], now: datetime, send: Send) -> list[str]:
    """Make an extra slot for each job that exists and send it; return the jobs.

    An extra slot has a negative number, so that it never takes the place of a due one; if its
    message gets lost, `dispatch` sends it again like any other.
    """
    sync_schedules()
    known = cadences()
    wanted = sorted({job for job in jobs if job in known})
    breaker.close(wanted)
    for job in wanted:
        with transaction.atomic():
            number = -int(now.timestamp() * 1_000_000)
            slot = Slot.objects.create(schedule_id=job, number=number, sent_at=now)
            transaction.on_commit(partial(send, job, slot.pk))
    return wanted


def set_every(job: str, every: timedelta) -> bool:
    """Change how often a job runs; tell whether there is such a job."""
    sync_schedules()
    return bool(Schedule.objects.filter(job=job).update(every=every))


def pause(jobs: Iterable[str]) -> int:
    """Stop sending the jobs until they are resumed; return how many there are."""
    sync_schedules()
    return Schedule.objects.filter(job__in=set(jobs)).update(is_paused=True)


def resume(jobs: Iterable[str]) -> int:
    """Send the jobs again when they are due; return how many there are."""
    sync_schedules()
    wanted = set(jobs)
    breaker.close(wanted)
    return Schedule.objects.filter(job__in=wanted).update(is_paused=False)
