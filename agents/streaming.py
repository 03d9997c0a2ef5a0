"""The events of a session as they happen, in the form of server-sent events.

Of a step that has not been grounded only its outline is told: no sentence leaves before it was
checked. A turn that nobody works on any more, because a worker was killed or none runs, is
brought to its end by whoever waits for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from agents import sessions
from agents.models import SessionEvent
from agents.orchestrator import get_session_state, resume_workflow
from agents.sessions import BusyError

Kind = SessionEvent.Kind
EVERY, IDLE, PATIENCE = 0.1, 2.0, 25.0
"""Seconds between looks, until an idle turn is taken over, and until the stream ends anyway."""


def stream(
    session_id: UUID, user_id: int, after: int, *, idle: float = IDLE, patience: float = PATIENCE
) -> Iterator[str]:
    """Yield what happens in the user's session after an event, until its turn ends or waits.

    A reader that is cut off, or whose patience is over, comes again with the last id it saw.
    """
    yield "retry: 1000\n\n"
    end = time.monotonic() + patience
    moved = time.monotonic()
    while True:
        state = get_session_state(session_id, user_id)
        for event in sessions.events_after(session_id, after):
            after, moved = event.sequence, time.monotonic()
            yield _written(event.kind, outline_of(event), identifier=event.sequence)
        if state.is_finished or state.waits_for:
            yield _written("end", state.model_dump(), identifier=after)
            return
        if time.monotonic() >= end:
            return
        if time.monotonic() - moved >= idle:
            _take_over(session_id, user_id)
        else:
            time.sleep(EVERY)


def outline_of(event: SessionEvent) -> dict[str, Any]:
    """Return what may be told of a step: no draft, no result, the answer once there is one."""
    told = TOLD.get(event.kind, _nothing)(event.payload)
    return {"turn": event.turn, "step": event.kind, "at": event.at, **told}


def _take_over(session_id: UUID, user_id: int) -> None:
    try:
        resume_workflow(session_id, user_id=user_id)
    except BusyError:
        return  # somebody works on it after all


def _nothing(_: dict[str, Any]) -> dict[str, Any]:
    return {}


def _asked(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in ("question", "mode", "as_of", "horizon")}


def _planned(payload: dict[str, Any]) -> dict[str, Any]:
    plan = payload.get("plan", {})
    calls = [{name: step[name] for name in ("tool", "args", "window")} for step in plan["steps"]]
    return {"outcome": plan["outcome"], "calls": calls, "notes": plan["notes"]}


def _retrieved(payload: dict[str, Any]) -> dict[str, Any]:
    results = payload.get("results", [])
    return {"results": [{"state": one["state"], "count": one["count"]} for one in results]}


def _grounded(payload: dict[str, Any]) -> dict[str, Any]:
    checked = payload.get("grounded", {})
    return {name: len(checked.get(name, ())) for name in ("kept", "withheld")}


def _ended(payload: dict[str, Any]) -> dict[str, Any]:
    return {"answer": payload}


TOLD: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Kind.ASKED: _asked,
    Kind.PLANNED: _planned,
    Kind.RETRIEVED: _retrieved,
    Kind.GROUNDED: _grounded,
    **dict.fromkeys(sessions.ENDED, _ended),
}


def _written(kind: str, data: dict[str, Any], *, identifier: int) -> str:
    body = json.dumps(data, cls=DjangoJSONEncoder)
    return f"id: {identifier}\nevent: {kind}\ndata: {body}\n\n"
