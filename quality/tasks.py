"""Celery's doors of quality."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from ledgers import slots
from quality.chores import CHORES
from quality.services import run_check

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def check(slot_id: int) -> None:
    """Run the check of a slot, unless another worker has it."""
    if claim := slots.claim(slot_id, timezone.now()):
        try:
            run_check(claim.name, timezone.now(), claim=claim)
        except slots.FencedError as error:
            logger.warning("Another worker runs %s: %s", claim.name, error)


@shared_task(ignore_result=True)
def chore(slot_id: int) -> None:
    """Do the chore of a slot, unless another worker has it."""
    if claim := slots.claim(slot_id, timezone.now()):
        CHORES[claim.name].do(timezone.now())
        with slots.fenced(claim) as slot:
            slots.finish(slot)
