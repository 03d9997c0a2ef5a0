"""The only path to the state of a session: the truth in PostgreSQL, the hot copy in Redis.

Each step appends one event, and none twice, so that a run that is resumed after a kill leaves
the same journal. Redis may lose everything: what it held is read from the events again.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from agents.models import AgentSession, SessionEvent
from agents.results import Value
from ledgers.reading import Pair

log = logging.getLogger(__name__)
PREFIX = "omc:agents"
TTL = timedelta(days=7)
Kind = SessionEvent.Kind
ENDED = (Kind.ANSWERED, Kind.FAILED)


class NoSessionError(LookupError):
    """No session of this user has this id; another user's is as good as absent."""


class SessionState(Value):
    """Where a session stands: its newest turn, the step it finished last, and the answer."""

    session_id: str
    turn: int
    step: str
    question: str
    is_finished: bool
    answer: dict[str, Any] | None


@cache
def connection() -> redis.Redis:
    """Return the process's pool of Redis connections."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def open_session(user_id: int | None, mode: str) -> AgentSession:
    """Begin a conversation of a user."""
    return AgentSession.objects.create(user_id=user_id, mode=mode)


def owned(session_id: str | UUID, user_id: int | None) -> AgentSession:
    """Return the user's session, or raise `NoSessionError`."""
    session = _owned(session_id, user_id)
    if session is None:
        raise NoSessionError(f"You have no session {str(session_id)[:40]!r}.")
    return session


def _owned(session_id: str | UUID, user_id: int | None) -> AgentSession | None:
    owner = Q(user__isnull=True) if user_id is None else Q(user=user_id)
    try:
        return AgentSession.objects.filter(owner, pk=UUID(str(session_id))).first()
    except ValueError:
        return None


def ask(session: AgentSession, question: str, pair: Pair, mode: str) -> int:
    """Append a question with its pair, to the microsecond, and return its turn."""
    as_of, horizon = pair.as_of.isoformat(), pair.horizon.isoformat()
    payload = {"question": question, "mode": mode, "as_of": as_of, "horizon": horizon}
    with transaction.atomic():
        _lock(session.pk)
        turn = (session.events.aggregate(Max("turn"))["turn__max"] or 0) + 1
        _append(session.pk, turn, Kind.ASKED, payload)
    remember(str(session.pk), turn, Kind.ASKED, payload)
    return turn


def append(session_id: str, turn: int, kind: str, payload: dict[str, Any]) -> None:
    """Append one step's event, unless the step has left it before."""
    with transaction.atomic():
        _lock(session_id)
        if not _events(session_id).filter(turn=turn, kind=kind).exists():
            _append(session_id, turn, kind, payload)
    remember(session_id, turn, kind, payload)


def event(session_id: str, turn: int, kind: str) -> dict[str, Any] | None:
    """Return what a step of a turn left, or None."""
    found = _events(session_id).filter(turn=turn, kind=kind)
    payload: dict[str, Any] | None = found.values_list("payload", flat=True).first()
    return payload


def questions(session_id: str, *, before: int) -> list[str]:
    """Return the earlier questions of a session, oldest first."""
    asked = _events(session_id).filter(kind=Kind.ASKED, turn__lt=before)
    return [one["question"] for one in asked.order_by("turn").values_list("payload", flat=True)]


def messages(session: AgentSession) -> list[dict[str, Any]]:
    """Return the turns of a session, oldest first: question, time, and answer if there is one."""
    turns: dict[int, dict[str, Any]] = {}
    for one in session.events.filter(kind__in=[Kind.ASKED, *ENDED]).order_by("sequence"):
        if one.kind == Kind.ASKED:
            question = one.payload["question"]
            turns[one.turn] = {"turn": one.turn, "question": question, "asked_at": one.at}
        turns[one.turn]["answer"] = None if one.kind == Kind.ASKED else one.payload
    return list(turns.values())


def state_of(session_id: str | UUID, user_id: int | None) -> SessionState:
    """Return where the user's session stands, from Redis, or from the events when it is gone."""
    key = str(owned(session_id, user_id).pk)
    try:
        hot: Any = connection().get(_key(key))
    except redis.RedisError:
        log.warning("Redis does not answer. The state of session %s is read from PostgreSQL.", key)
        hot = None
    return SessionState.model_validate_json(hot) if hot else _from_events(key)


def remember(session_id: str, turn: int, kind: str, payload: dict[str, Any]) -> None:
    """Keep the hot copy; without Redis the events alone remain, which is enough."""
    try:
        known: Any = connection().get(_key(session_id)) if kind != Kind.ASKED else None
        question = payload.get("question") or (json.loads(known)["question"] if known else "")
        state = SessionState(
            session_id=session_id,
            turn=turn,
            step=kind,
            question=question,
            is_finished=kind in ENDED,
            answer=payload if kind in ENDED else None,
        )
        written = json.dumps(state.model_dump(), cls=DjangoJSONEncoder)
        connection().set(_key(session_id), written, ex=TTL)
    except redis.RedisError:
        log.warning("Redis does not answer. Session %s has no hot copy.", session_id)


def forget(session_id: str) -> None:
    """Drop the hot copy; the next reader takes the events."""
    connection().delete(_key(session_id))


def _from_events(session_id: str) -> SessionState:
    last = _events(session_id).order_by("-sequence").first()
    if last is None:
        raise NoSessionError(f"Session {session_id} was never asked anything.")
    asked = event(session_id, last.turn, Kind.ASKED) or {}
    finished = last.kind in ENDED
    return SessionState(
        session_id=session_id,
        turn=last.turn,
        step=last.kind,
        question=asked.get("question", ""),
        is_finished=finished,
        answer=last.payload if finished else None,
    )


def _events(session_id: str | UUID) -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(session=UUID(str(session_id)))


def _lock(session_id: str | UUID) -> None:
    AgentSession.objects.select_for_update().get(pk=session_id)


def _append(session_id: str | UUID, turn: int, kind: str, payload: dict[str, Any]) -> None:
    sequence = (_events(session_id).aggregate(Max("sequence"))["sequence__max"] or 0) + 1
    SessionEvent.objects.create(
        session_id=session_id, sequence=sequence, turn=turn, kind=kind, payload=payload
    )


def _key(session_id: str) -> str:
    return f"{PREFIX}:state:{session_id}"
