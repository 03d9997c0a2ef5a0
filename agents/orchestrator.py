"""Run a question through the workflow: in one go, step by step, or on from where it stopped.

The graph, and with it langchain, is imported at the first question of a process, not before.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from agents import sessions
from agents.admission import BadInputError, admitted
from agents.answers import Answer
from agents.models import AgentSession, SessionEvent
from agents.plans import Outcome
from agents.sessions import NoSessionError, SessionState
from agents.tools.registry import ToolError
from ledgers.reading import pair

logger = logging.getLogger(__name__)
Kind = SessionEvent.Kind


def run_workflow(  # the question and all that the server knows of it
    question: str,
    *,
    user_id: int | None,
    now: datetime,
    as_of: datetime | None = None,
    mode: str = "planner",
    session_id: str | UUID | None = None,
) -> Answer:
    """Answer a question, in a new session or as the next turn of the user's own.

    Raise `NoSessionError` for a session that is not the user's. Input that cannot be answered
    is rejected before anything is stored.
    """
    try:
        state = begin_workflow(
            question, user_id=user_id, now=now, as_of=as_of, mode=mode, session_id=session_id
        )
    except BadInputError as error:
        return Answer(outcome=Outcome.REJECT_INPUT, answer=str(error), mode=mode, as_of=as_of)
    return resume_workflow(state.session_id, user_id=user_id)


def begin_workflow(  # as run_workflow
    question: str,
    *,
    user_id: int | None,
    now: datetime,
    as_of: datetime | None = None,
    mode: str = "planner",
    session_id: str | UUID | None = None,
) -> SessionState:
    """Store a question as the next turn of a session, without answering it yet."""
    asked = admitted(question, mode=mode, as_of=as_of, now=now)
    if session_id is None:
        session = sessions.open_session(user_id, mode)
    else:
        session = sessions.owned(session_id, user_id)
    sessions.ask(session, asked, pair(as_of), mode)
    return sessions.state_of(session.pk, user_id)


def resume_workflow(session_id: str | UUID, *, user_id: int | None) -> Answer:
    """Go on with the session's newest turn to its end; one that is answered stays as it is."""
    session = sessions.owned(session_id, user_id)
    state = sessions.state_of(session.pk, user_id)
    if not state.is_finished:
        _advance(session, state, one_step=False)
        state = sessions.state_of(session.pk, user_id)
    answered = sessions.event(str(session.pk), state.turn, Kind.ANSWERED)
    failed = sessions.event(str(session.pk), state.turn, Kind.FAILED)
    return Answer.model_validate(answered or failed)


def execute_step(session_id: str | UUID, *, user_id: int | None) -> SessionState:
    """Run the next step of the session's newest turn, and return where it stands then."""
    session = sessions.owned(session_id, user_id)
    state = sessions.state_of(session.pk, user_id)
    if not state.is_finished:
        _advance(session, state, one_step=True)
    return sessions.state_of(session.pk, user_id)


def get_session_state(session_id: str | UUID, user_id: int | None) -> SessionState:
    """Return where the user's session stands; another user's is as good as absent."""
    return sessions.state_of(session_id, user_id)


def _advance(session: AgentSession, state: SessionState, *, one_step: bool) -> None:
    """Run the graph from its newest checkpoint, or from the start when Redis has lost it."""
    module = _graph_module()
    graph: Any = module.workflow()
    config: dict[str, Any] = {
        "configurable": {"thread_id": f"{session.pk}:{state.turn}"},
        "recursion_limit": module.STEPS,
    }
    given = None if graph.get_state(config).values else _initial(session, state)
    stop: Any = "*" if one_step else None
    try:
        with _tracing().tracing_context(enabled=False):
            graph.invoke(given, config, interrupt_after=stop, durability="sync")
    except Exception as error:  # the border of a whole question: it ends with an answer
        if not isinstance(error, ToolError):
            logger.exception("The workflow of session %s failed.", session.pk)
        failed = _failure(session, state, error)
        sessions.append(str(session.pk), state.turn, Kind.FAILED, failed.model_dump(mode="json"))


def _failure(session: AgentSession, state: SessionState, error: Exception) -> Answer:
    is_ours = isinstance(error, ToolError)
    asked = sessions.event(str(session.pk), state.turn, Kind.ASKED) or {}
    return Answer(
        outcome=Outcome.CLARIFY if is_ours else Outcome.ERROR,
        answer=str(error) if is_ours else "An error of ours. The log of the server tells more.",
        as_of=asked.get("as_of"),
        horizon=asked.get("horizon"),
        session_id=str(session.pk),
        turn=state.turn,
    )


def _initial(session: AgentSession, state: SessionState) -> dict[str, Any]:
    """Return the state a turn starts with, from its event: the pair is fixed once and for all."""
    key = str(session.pk)
    asked = sessions.event(key, state.turn, Kind.ASKED)
    if asked is None:
        raise NoSessionError(f"Session {key} was never asked anything.")
    return {
        "session_id": key,
        "turn": state.turn,
        "question": asked["question"],
        "prior": sessions.questions(key, before=state.turn),
        "user_id": session.user_id,
        "username": _username(session.user_id),
        "as_of": asked["as_of"],
        "horizon": asked["horizon"],
        "mode": asked["mode"],
        "started": time.time(),
    }


def _username(user_id: int | None) -> str:
    if user_id is None:
        return ""
    named = get_user_model().objects.filter(pk=user_id)
    return str(named.values_list("username", flat=True).first() or "")


@cache
def _graph_module() -> ModuleType:
    """Import the graph late: langchain takes 90 MB that only a process with a question pays."""
    return import_module("agents.graph")


@cache
def _tracing() -> Any:
    """Return LangSmith's switch, to keep it off whatever the environment says."""
    return import_module("langsmith")
