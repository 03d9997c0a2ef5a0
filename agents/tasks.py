"""Celery's door of the agents."""

from __future__ import annotations

from celery import shared_task

from agents.models import AgentSession
from agents.orchestrator import resume_workflow


@shared_task(ignore_result=True)
def resume(session_id: str) -> None:
    """Bring the newest turn of a session to its end, also after the worker was killed."""
    session = AgentSession.objects.get(pk=session_id)
    resume_workflow(session.pk, user_id=session.user_id)
