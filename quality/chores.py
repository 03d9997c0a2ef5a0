"""What quality does beside checking: it tells people, beats, publishes figures and forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from ledgers.jobs import JobKind, register_kind
from quality.delivering import beat_heart, deliver_due
from quality.models import CheckRun, Delivery
from quality.publishing import publish

KIND = "alerts"
BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """One thing to do by a cadence."""

    every: timedelta
    do: Callable[[datetime], None]


def forget_old(now: datetime) -> None:
    """Delete the runs and deliveries that are too old; alerts and their history stay.

    The newest run of each check stays, so that one always sees when a check last ran. What is
    still to be told stays too.
    """
    limit = now - timedelta(days=settings.OMC_CHECK_RUN_DAYS)
    newest = CheckRun.objects.order_by("check_id").values("check_id").annotate(newest=Max("id"))
    kept = newest.values_list("newest", flat=True)
    _delete(CheckRun.objects.filter(started_at__lt=limit).exclude(pk__in=list(kept)))
    _delete(Delivery.objects.filter(made_at__lt=limit).exclude(state=Delivery.State.PENDING))


def register_chores() -> None:
    """Put the chores on beat."""
    register_kind(JobKind(kind=KIND, task="quality.tasks.chore", cadences=_cadences))


def _delete(rows: QuerySet[Any]) -> None:
    """Delete in parts, so that no transaction holds many rows."""
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()


def _cadences() -> Mapping[str, timedelta]:
    return {name: chore.every for name, chore in CHORES.items()}


CHORES: Mapping[str, Chore] = {
    "deliver": Chore(every=timedelta(seconds=15), do=deliver_due),
    "heartbeat": Chore(every=timedelta(minutes=1), do=beat_heart),
    "publish": Chore(every=timedelta(minutes=1), do=publish),
    "forget": Chore(every=timedelta(days=1), do=forget_old),
}
