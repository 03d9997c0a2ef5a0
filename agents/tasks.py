"""Celery's door of the agents."""

from __future__ import annotations

import logging

import kombu.exceptions
from celery import shared_task
from django.utils import timezone

from agents.models import AgentSession
from agents.orchestrator import resume_workflow
from agents.sessions import BusyError
from agents.sweeping import Swept, sweep
from ledgers import slots

logger = logging.getLogger(__name__)
LATEST = 60
"""Seconds after which nobody waits for a worker any more."""


@shared_task(ignore_result=True)
def resume(session_id: str) -> None:
    """Bring the newest turn of a session to its end, also after the worker was killed."""
    session = AgentSession.objects.get(pk=session_id)
    try:
        resume_workflow(session.pk, user_id=session.user_id)
    except BusyError as error:
        logger.info("Session %s: %s", session_id, error)


@shared_task(ignore_result=True)
def sweep_turns(slot_id: int) -> None:
    """Bring the turns to an end that nobody works on any more, unless another worker does."""
    if claim := slots.claim(slot_id, timezone.now()):
        swept = sweep(timezone.now())
        if swept != Swept():
            logger.info("Turns without anybody: %s", swept)
        with slots.fenced(claim) as slot:
            slots.finish(slot)


def send(session_id: str) -> None:
    """Ask the workers to do it; the events' reader does it himself when the broker is away."""
    try:
        resume.apply_async(args=[session_id], expires=LATEST, retry=False)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("No worker was told of session %s: %s", session_id, error)
