"""Work that survives losing Redis: slots are rows, messages only hints.

A slot is one due run of a job. `dispatch` makes the newest slot and sends it; what is not done
is sent again. A worker claims it for a lease, and its `attempt` is a fence: a worker that slept
through its lease finds a newer attempt and may not store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from ledgers.jobs import cadences
from ledgers.models import Schedule, Slot
from ledgers.reading import clock

MAX_SENDS = 3

Send = Callable[[str, int], None]
"""Sends one message: the job and its slot's id."""


class FencedError(Exception):
    """Another attempt owns the slot; what this worker fetched is thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a slot, as long as nobody claims it after us."""

    slot_id: int
    attempt: int
    job: str
    lease: timedelta

    @property
    def name(self) -> str:
        """Return the job without its kind: the collector's slug, the check's id."""
        return self.job.partition(":")[2]


def sync_schedules() -> None:
    """Give every registered job its row; an operator's cadence and pause are left alone."""
    wanted = cadences()
    known = set(Schedule.objects.values_list("job", flat=True))
    missing = [Schedule(job=job, every=every) for job, every in wanted.items() if job not in known]
    if missing:
        Schedule.objects.bulk_create(missing, ignore_conflicts=True)


def dispatch(now: datetime, send: Send) -> None:
    """Make and send what is due, send again what got lost; any number may run at once.

    Rows of jobs that no longer exist stay, with their history, and are not sent. Nor is what
    rests, until its time is over.
    """
    sync_schedules()
    awake = Schedule.objects.filter(is_paused=False, job__in=cadences())
    for schedule in awake.exclude(rests_until__gt=now):
        with transaction.atomic():
            _send_due(schedule, now, send)
            _send_again(schedule, now, send)


def claim(slot_id: int, now: datetime, lease: timedelta | None = None) -> Claim | None:
    """Take the slot, or return None if it is done, gone, or its job has a live lease."""
    lease = lease or settings.OMC_LEASE
    schedule_id = Slot.objects.filter(pk=slot_id).values_list("schedule_id", flat=True).first()
    if schedule_id is None:
        return None
    try:
        with transaction.atomic():
            _expired(schedule_id, now).update(state=Slot.State.SENT)
            mine = Slot.objects.filter(pk=slot_id, state=Slot.State.SENT).update(
                state=Slot.State.LEASED, attempt=F("attempt") + 1, lease_until=now + lease
            )
            attempt = Slot.objects.values_list("attempt", flat=True).get(pk=slot_id)
    except IntegrityError:
        return None
    if not mine:
        return None
    return Claim(slot_id=slot_id, attempt=attempt, job=schedule_id, lease=lease)


@contextmanager
def fenced(claim: Claim) -> Iterator[Slot]:
    """Open a transaction that only the newest claim of the slot may commit; it renews the lease."""
    with transaction.atomic():
        slot = Slot.objects.select_for_update().get(pk=claim.slot_id)
        if (slot.state, slot.attempt) != (Slot.State.LEASED, claim.attempt):
            raise FencedError(f"{slot}: attempt {claim.attempt} lost to {slot.attempt}.")
        slot.lease_until = clock() + claim.lease
        slot.save(update_fields=["lease_until"])
        yield slot


def finish(slot: Slot) -> None:
    """Mark the slot done; call it inside `fenced`, with the last rows and the coverage."""
    slot.state, slot.lease_until = Slot.State.DONE, None
    slot.save(update_fields=["state", "lease_until"])


def _send_due(schedule: Schedule, now: datetime, send: Send) -> None:
    """Insert the newest slot; only the dispatcher that inserted it sends it."""
    number = int(now.timestamp() // schedule.every.total_seconds())
    slot, is_new = Slot.objects.get_or_create(
        schedule=schedule, number=number, defaults={"sent_at": now}
    )
    if is_new:
        transaction.on_commit(partial(send, schedule.job, slot.pk))


def _send_again(schedule: Schedule, now: datetime, send: Send) -> None:
    """Send what nobody works on for the patience of the job; give up after three times.

    SKIP LOCKED, because a worker holds its slot's row during each store transaction.
    """
    patience = max(settings.OMC_PATIENCE, schedule.every)
    idle = Q(state=Slot.State.SENT) | Q(state=Slot.State.LEASED, lease_until__lt=now)
    lost = Slot.objects.filter(idle, schedule=schedule, sent_at__lte=now - patience)
    for slot in lost.select_for_update(skip_locked=True):
        if slot.sends >= MAX_SENDS:
            slot.state = Slot.State.ABANDONED
        else:
            slot.state, slot.sends, slot.sent_at = Slot.State.SENT, slot.sends + 1, now
            transaction.on_commit(partial(send, schedule.job, slot.pk))
        slot.save(update_fields=["state", "sends", "sent_at"])


def _expired(schedule_id: str, now: datetime) -> models.QuerySet[Slot]:
    return Slot.objects.filter(schedule=schedule_id, state=Slot.State.LEASED, lease_until__lt=now)
