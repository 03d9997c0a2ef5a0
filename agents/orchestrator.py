"""Run a question through the workflow: in one go, step by step, or on from where it stopped.

One process works on a session at a time; who comes second waits for the answer of the first.
These functions are for synchronous callers; `agents.awaiting` has the same for event loops. The
graph, and with it langchain, is imported at the first question of a process, not before.
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

import redis
from django.contrib.auth import get_user_model
from django.db import transaction

from agents import journal, keys, sessions
from agents.admission import BadInputError, admitted
from agents.answers import Answer
from agents.models import SessionEvent
from agents.plans import Outcome
from agents.sessions import Asker, BusyError, NoSessionError, SessionState, TurnEndedError
from agents.tools.registry import ToolError
from ledgers.reading import pair

logger = logging.getLogger(__name__)
Kind = SessionEvent.Kind
PATIENCE = 30.0
"""Seconds to wait for another process that works on the same session."""
FRESH: dict[str, Any] = {
    "plan": {}, "results": [], "evidence": [], "draft": [], "grounded": {}, "answer": {},
    "faults": [], "used": [], "spent": {},
}  # fmt: skip
"""What a reply does not inherit from the question that it completes."""


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

    Raise `NoSessionError` for a session that is not the user's, `BusyError` for one whose last
    question is open. Input that cannot be answered is rejected before anything is stored.
    """
    began = time.time()
    try:
        state = begin_workflow(
            question, user_id=user_id, now=now, as_of=as_of, mode=mode, session_id=session_id
        )
    except BadInputError as error:
        return Answer(outcome=Outcome.REJECT_INPUT, answer=str(error), mode=mode, as_of=as_of)
    return resume_workflow(state.session_id, user_id=user_id, began=began)


def begin_workflow(  # noqa: PLR0913  # as run_workflow, and how far to go
    question: str,
    *,
    user_id: int | None,
    now: datetime,
    as_of: datetime | None = None,
    mode: str = "planner",
    session_id: str | UUID | None = None,
    review: bool = False,
) -> SessionState:
    """Store a question as the next turn of a session, without answering it yet.

    With `review` the plan waits for `approve` before anything is read.
    """
    asked = admitted(question, mode=mode, as_of=as_of, now=now)
    _check_key(user_id, mode)
    if session_id is None:
        with transaction.atomic():  # a session without a question is a half-written one
            session = sessions.open_session(user_id, mode)
            sessions.ask(session, asked, pair(as_of), mode, review=review)
    else:
        session = sessions.owned(session_id, user_id)
        sessions.ask(session, asked, pair(as_of), mode, review=review)
    return sessions.state_of(session.pk, user_id)


def resume_workflow(
    session_id: str | UUID,
    *,
    user_id: int | None,
    patience: float = PATIENCE,
    began: float | None = None,
) -> Answer:
    """Go on with the session's newest turn to its end; one that is answered stays as it is.

    Raise `BusyError` when it waits for an approval, or when another process takes too long. The
    model's time counts from `began`, a moment of `time.time()`, by default from now.
    """
    state = _advanced(session_id, user_id, one_step=False, patience=patience, began=began)
    if not state.is_finished:
        raise BusyError(
            "The plan waits for your approval. Approve it, or cancel the question."
            if state.waits_for
            else "The question is still worked on. Look at its state in a moment."
        )
    return Answer.model_validate(sessions.end_of(state.session_id, state.turn))


def execute_step(session_id: str | UUID, *, user_id: int | None) -> SessionState:
    """Run the next step of the session's newest turn, and return where it stands then."""
    return _advanced(session_id, user_id, one_step=True)


def approve(session_id: str | UUID, *, user_id: int | None) -> SessionState:
    """Let the plan that waits for its user be carried out; nothing else changes."""
    state = sessions.state_of(session_id, user_id)
    if state.waits_for == "approval":
        sessions.append(state.session_id, state.turn, Kind.APPROVED, {"approved": True})
    return sessions.state_of(session_id, user_id)


def cancel(session_id: str | UUID, *, user_id: int | None) -> SessionState:
    """End the session's newest turn without an answer, if it has none; a running step is the last.

    What was asked and what the steps left stays in the journal.
    """
    state = sessions.state_of(session_id, user_id)
    if not state.is_finished:
        flow = _initial(state.session_id, state.turn, user_id)
        ended = _end(flow, Outcome.CANCELLED, "You cancelled this question.")
        try:
            _leave(flow, Kind.CANCELLED, ended)
        except TurnEndedError:
            logger.info("Session %s was answered before it was cancelled.", state.session_id)
    return sessions.state_of(session_id, user_id)


def give_up(session_id: str | UUID, *, user_id: int | None) -> None:
    """End the session's newest turn with an error, unless it has ended or somebody works on it."""
    state = sessions.state_of(session_id, user_id)
    with sessions.working(state.session_id, patience=0) as is_ours:
        if not is_ours:
            raise BusyError("The question is still worked on.")
        flow = _initial(state.session_id, state.turn, user_id)
        said = "Nobody could finish this question. Ask it again."
        try:
            _leave(flow, Kind.FAILED, _end(flow, Outcome.ERROR, said))
        except TurnEndedError:
            logger.info("Session %s was answered after all.", state.session_id)


def get_session_state(
    session_id: str | UUID, user_id: int | Asker | None = Asker.UNNAMED
) -> SessionState:
    """Return where the user's session stands; another user's is as good as absent.

    With the id alone it is where any session stands: turn, step, what it waits for. The question
    and the answer of a session that has an owner are left out then. Every door names its user.
    """
    if isinstance(user_id, Asker):
        return sessions.outline_of(session_id)
    return sessions.state_of(session_id, user_id)


def _check_key(user_id: int | None, mode: str) -> None:
    """Refuse a question to the model with a key that its endpoint has refused."""
    if mode == "model" and user_id is not None:
        try:
            keys.check_usable(user_id)
        except keys.KeyRefusedError as error:
            raise BadInputError(str(error)) from error


def _advanced(
    session_id: str | UUID,
    user_id: int | None,
    *,
    one_step: bool,
    patience: float = PATIENCE,
    began: float | None = None,
) -> SessionState:
    """Work on the newest turn, unless it has ended or waits; return where it stands then."""
    state = sessions.state_of(session_id, user_id)
    if state.is_finished or state.waits_for:
        return state
    with sessions.working(state.session_id, patience=patience) as is_ours:
        state = sessions.state_of(session_id, user_id)
        if is_ours and not state.is_finished and not state.waits_for:
            _advance(state, user_id, one_step=one_step, began=began)
    return sessions.state_of(session_id, user_id)


def _advance(
    state: SessionState, user_id: int | None, *, one_step: bool, began: float | None
) -> None:
    """Run the graph from its newest checkpoint, or from the start when Redis has lost it.

    While Redis is away it runs from the start in memory; what a step left before is not left again.
    """
    started = began or time.time()  # what a process imports for its first question counts, too
    module = _graph_module()
    flow = {**_initial(state.session_id, state.turn, user_id), "started": started}
    thread = f"{state.session_id}:{sessions.thread_of(state.session_id, state.turn)}"
    stop: Any = module.STOPS if one_step else None
    try:
        try:
            _run(module.workflow(), flow, thread, stop)
        except redis.RedisError:
            logger.warning("Redis does not answer. Session %s runs in memory.", state.session_id)
            _run(module.workflow_in_memory(), flow, thread, None)
    except TurnEndedError:
        logger.info("Session %s was cancelled while it was worked on.", state.session_id)
    except Exception as error:  # the border of a whole question: it ends with an answer
        is_ours = isinstance(error, ToolError)
        if not is_ours:
            logger.exception("The workflow of session %s failed.", state.session_id)
        said = str(error) if is_ours else "An error of ours. The log of the server tells more."
        _leave(flow, Kind.FAILED, _end(flow, Outcome.CLARIFY if is_ours else Outcome.ERROR, said))


def _run(graph: Any, flow: dict[str, Any], thread: str, stop: Any) -> None:
    module = _graph_module()
    config = {"configurable": {"thread_id": thread}, **module.LIMITS}
    given = _given(graph.get_state(config), flow, module.Command)
    with _tracing().tracing_context(enabled=False):
        graph.invoke(given, config, interrupt_after=stop, durability="sync")


def _given(snapshot: Any, flow: dict[str, Any], command: Any) -> Any:
    """Return what the graph is given: a turn's start, the reply that it waits for, or nothing."""
    kept = snapshot.values
    if not kept:
        return flow
    if kept["turn"] != flow["turn"]:
        return command(resume={**FRESH, **flow})
    return command(resume=True) if snapshot.next == ("approve",) else None


def _leave(flow: dict[str, Any], kind: str, answer: Answer) -> None:
    """Store the end of a turn that no node reached, with its entry in the journal."""
    written = answer.model_dump(mode="json")
    sessions.append(
        flow["session_id"],
        flow["turn"],
        kind,
        written,
        beside=lambda: journal.write(flow, written),
    )


def _end(flow: dict[str, Any], outcome: Outcome, said: str) -> Answer:
    return Answer(
        outcome=outcome,
        answer=said,
        as_of=flow["as_of"],
        horizon=flow["horizon"],
        session_id=flow["session_id"],
        turn=flow["turn"],
    )


def _initial(session_id: str, turn: int, user_id: int | None) -> dict[str, Any]:
    """Return the state a turn starts with, from its event: the pair is fixed once and for all."""
    asked = sessions.event(session_id, turn, Kind.ASKED)
    if asked is None:
        raise NoSessionError(f"Session {session_id} was never asked anything.")
    return {
        "session_id": session_id,
        "turn": turn,
        "question": asked["question"],
        "prior": sessions.questions(session_id, before=turn),
        "user_id": user_id,
        "username": _username(user_id),
        "as_of": asked["as_of"],
        "horizon": asked["horizon"],
        "mode": asked["mode"],
        "review": asked.get("review", False),
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
