"""The circuit breaker of a source: who fails again and again rests, and then is tried once.

Its state is two columns of the job's `Schedule` row, so that it survives whatever Redis loses. A
round counts as failed if no look of it was complete. A source that says how long it wants to be
left alone (`Retry-After`) is left alone at least that long, at once. While a job rests nothing is
sent, and slots that were sent before end without a look; so exactly one round tries it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from ledgers.models import CollectorRun, Schedule

Outcome = CollectorRun.Outcome
COMPLETE = (Outcome.OK, Outcome.EMPTY, Outcome.PARTIAL)
FAILED = (
    Outcome.RATE_LIMITED,
    Outcome.BLOCKED,
    Outcome.DRIFT,
    Outcome.TRANSPORT,
    Outcome.CRASHED,
)
"""What counts against a source; an interrupted look, and one that lacks a setting, do not."""
MAX_DOUBLINGS = 20


def note(
    job: str, outcomes: Iterable[str], *, now: datetime, retry_after: timedelta | None = None
) -> None:
    """Count how a round of a job ended; call it in the transaction that closes the round."""
    ended = set(outcomes)
    schedules = Schedule.objects.select_for_update().filter(job=job)
    if ended & set(COMPLETE):
        schedules.filter(failures__gt=0).update(failures=0, rests_until=None)
    elif ended & set(FAILED):
        for schedule in schedules:
            _count_failure(schedule, now, retry_after)


def close(jobs: Iterable[str]) -> None:
    """Let the jobs run again at once, and forget that they failed."""
    open_or_counting = Q(failures__gt=0) | Q(rests_until__isnull=False)
    Schedule.objects.filter(open_or_counting, job__in=set(jobs)).update(
        failures=0, rests_until=None
    )


def resting(now: datetime) -> QuerySet[Schedule]:
    """Return the jobs that rest."""
    return Schedule.objects.filter(rests_until__gt=now)


def _count_failure(schedule: Schedule, now: datetime, retry_after: timedelta | None) -> None:
    """Count one failed round more; open the breaker if that is too many, or if we were asked to."""
    schedule.failures += 1
    rest = max(_rest_after(schedule.failures), retry_after or timedelta(0))
    if rest:
        schedule.rests_until = now + rest
    schedule.save(update_fields=["failures", "rests_until"])


def _rest_after(failures: int) -> timedelta:
    """Return how long a job rests after so many failures: nothing at first, then doubling."""
    beyond = failures - settings.OMC_BREAKER_FAILURES
    if beyond < 0:
        return timedelta(0)
    rest: timedelta = settings.OMC_BREAKER_REST * 2 ** min(beyond, MAX_DOUBLINGS)
    return min(rest, settings.OMC_BREAKER_MAX_REST)
