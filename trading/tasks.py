"""Celery's doors of trading; those of orders have a queue and a process of their own."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from ledgers import slots
from trading.keeping.service import keep_all
from trading.orders import send
from trading.sweeping import sweep
from trading.turns import Turn, turn


@shared_task(ignore_result=True)
def send_order(intent_id: int) -> None:
    """Send an order at once; if this message gets lost, the next sweep sends it or ends it."""
    send(intent_id, now=timezone.now())


@shared_task(ignore_result=True)
def sweep_orders() -> None:
    """Look after every order that has not ended, unless another worker is at it."""
    with turn(Turn.SWEEP, waits=False) as has_turn:
        if has_turn:
            sweep(timezone.now())


@shared_task(ignore_result=True)
def keep_books(slot_id: int) -> None:
    """Bring the books of all users up to date, unless another worker does."""
    if claim := slots.claim(slot_id, timezone.now()):
        keep_all()
        with slots.fenced(claim) as slot:
            slots.finish(slot)
