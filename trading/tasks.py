"""Celery's doors of trading, on a queue of their own: collectors never delay an order."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from trading.orders import send
from trading.sweeping import sweep


@shared_task(ignore_result=True)
def send_order(intent_id: int) -> None:
    """Send an order at once; if this message gets lost, the next sweep sends it or ends it."""
    send(intent_id, now=timezone.now())


@shared_task(ignore_result=True)
def sweep_orders() -> None:
    """Look after every order that has not ended."""
    sweep(timezone.now())
