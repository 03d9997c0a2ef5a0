"""Celery's door of the Human ledger."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from ledgers import slots
from ledgers.human.services import score_items


@shared_task(ignore_result=True)
def score(slot_id: int) -> None:
    """Score what is new, unless another worker does."""
    if claim := slots.claim(slot_id, timezone.now()):
        score_items(claim)
