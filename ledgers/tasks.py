"""Celery's doors of the ledgers."""

from __future__ import annotations

from celery import current_app, shared_task
from django.utils import timezone

from ledgers import slots
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import active
from ledgers.collecting.runner import run_collector
from ledgers.jobs import task_of
from ledgers.pruning import prune
from ledgers.retention import drop_old, make_ahead


@shared_task(ignore_result=True)
def dispatch() -> None:
    """Send what is due; the one task that beat knows."""
    slots.dispatch(timezone.now(), lambda job, slot: current_app.send_task(task_of(job), [slot]))


@shared_task(ignore_result=True)
def collect(slot_id: int) -> None:
    """Run the collector of a slot, unless another worker has it, or it was switched off since."""
    if not (claim := slots.claim(slot_id, timezone.now())):
        return
    if collector := active().get(claim.name):
        run_collector(collector, RequestsHttp(collector), now=timezone.now(), claim=claim)
    else:
        with slots.fenced(claim) as slot:
            slots.finish(slot)


@shared_task(ignore_result=True)
def keep(slot_id: int) -> None:
    """Make the months to come of partitioned tables, and let go what is old enough."""
    if claim := slots.claim(slot_id, timezone.now()):
        make_ahead(timezone.now())
        drop_old(timezone.now())
        prune(timezone.now())
        with slots.fenced(claim) as slot:
            slots.finish(slot)
