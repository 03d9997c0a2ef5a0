"""The only path to the state of a session: the truth in PostgreSQL, the hot copy in Redis.

Each step appends one event, and none twice, so that a run that is resumed after a kill leaves
the same journal. Redis may lose everything, and may miss a write: a hot copy counts only if it
is of the newest event, which the query that checks the owner returns as well.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum, auto
from functools import cache
from typing import Any, Literal
from uuid import UUID
from zlib import crc32

import redis
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection as database
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from agents.models import AgentSession, SessionEvent
from agents.plans import Outcome
from agents.results import Value
from ledgers.reading import Pair

log = logging.getLogger(__name__)
PREFIX = "omc:agents"
TTL = timedelta(days=7)
RUNNING = 0x6F6D63
"""The class of the advisory locks that say a turn is worked on; two keys, unlike announcements."""
POLL = 0.05
Kind = SessionEvent.Kind
ENDED = (Kind.ANSWERED, Kind.FAILED, Kind.CANCELLED)
LEFT = ("kind", "sequence", "payload__question", "payload__review")
WHERE = """
    SELECT s.id, s.user_id,
        (SELECT max(e.sequence) FROM agents_sessionevent e WHERE e.session_id = s.id)
    FROM agents_agentsession s WHERE s.id = ANY(%s)
"""
Asked = tuple[str | UUID, int | None]
"""A session, and who asks for it."""


class Asker(Enum):
    """Stands for a caller who names no user; None is the console, whose sessions are nobody's."""

    UNNAMED = auto()


class NoSessionError(LookupError):
    """No session of this user has this id; another user's is as good as absent."""


class BusyError(RuntimeError):
    """The session's newest question has no answer yet; the message says what to do."""


class TurnEndedError(RuntimeError):
    """The turn ended meanwhile, because its user cancelled it; nothing more is appended."""


class SessionState(Value):
    """Where a session stands: its newest turn, the step it finished last, and the answer.

    `waits_for` says what its user has to do: reply to a question back, or approve the plan.
    """

    session_id: str
    turn: int
    step: str
    question: str
    is_finished: bool
    waits_for: Literal["", "reply", "approval"]
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
    owner = Q(user__isnull=True) if user_id is None else Q(user=user_id)
    found = AgentSession.objects.filter(owner, pk=_key_of(session_id)).first()
    if found is None:
        raise _no_session(session_id)
    return found


def ask(
    session: AgentSession, question: str, pair: Pair, mode: str, *, review: bool = False
) -> int:
    """Append a question with its pair, to the microsecond, and return its turn.

    A session answers one question after the other: raise `BusyError` while one is open. The
    reply to a question back goes on in the thread of the question that it completes.
    """
    payload = {
        "question": question,
        "mode": mode,
        "as_of": pair.as_of.isoformat(),
        "horizon": pair.horizon.isoformat(),
        "review": review,
    }
    with transaction.atomic():
        _lock(session.pk)
        last = _events(session.pk).order_by("-sequence").first()
        if last and last.kind not in ENDED:
            raise BusyError("Your last question has no answer yet. Wait for it, or cancel it.")
        turn = last.turn + 1 if last else 1
        payload["thread"] = turn
        if last and last.payload.get("outcome") == Outcome.CLARIFY:
            payload["thread"] = thread_of(str(session.pk), last.turn)
        sequence = last.sequence + 1 if last else 1
        _append(session.pk, sequence, turn, Kind.ASKED, payload)
    _remember(
        str(session.pk), sequence, _state(str(session.pk), turn, Kind.ASKED, payload, payload)
    )
    return turn


def append(
    session_id: str,
    turn: int,
    kind: str,
    payload: dict[str, Any],
    *,
    beside: Callable[[], object] | None = None,
) -> None:
    """Append one step's event, unless the step has left it before.

    `beside` is written in the same transaction, and only with the event. Raise `TurnEndedError`
    when the turn has ended meanwhile.
    """
    with transaction.atomic():
        _lock(session_id)
        left = {one.pop("kind"): one for one in _events(session_id).filter(turn=turn).values(*LEFT)}
        if kind in left:
            return
        if set(left) & set(ENDED):
            raise TurnEndedError(f"Turn {turn} of session {session_id} has ended.")
        # Only the newest turn is worked on, so its newest event is the session's.
        sequence = max(one["sequence"] for one in left.values()) + 1
        _append(session_id, sequence, turn, kind, payload)
        if beside:
            beside()
    asked = {name: left[Kind.ASKED][f"payload__{name}"] for name in ("question", "review")}
    _remember(session_id, sequence, _state(session_id, turn, kind, asked, payload))


def event(session_id: str, turn: int, kind: str) -> dict[str, Any] | None:
    """Return what a step of a turn left, or None."""
    found = _events(session_id).filter(turn=turn, kind=kind)
    payload: dict[str, Any] | None = found.values_list("payload", flat=True).first()
    return payload


def end_of(session_id: str, turn: int) -> dict[str, Any] | None:
    """Return how a turn ended, or None if it has not."""
    found = _events(session_id).filter(turn=turn, kind__in=ENDED)
    payload: dict[str, Any] | None = found.values_list("payload", flat=True).first()
    return payload


def newest_turn(session_id: str) -> int:
    """Return the number of the newest turn that has ended, 0 if none has."""
    ended = _events(session_id).filter(kind__in=ENDED)
    return int(ended.aggregate(Max("turn"))["turn__max"] or 0)


def events_after(session_id: str | UUID, sequence: int) -> list[SessionEvent]:
    """Return the events that a reader has not seen yet, oldest first."""
    return list(_events(session_id).filter(sequence__gt=sequence).order_by("sequence"))


def questions(session_id: str, *, before: int) -> list[str]:
    """Return the earlier questions of a session, oldest first."""
    asked = _events(session_id).filter(kind=Kind.ASKED, turn__lt=before)
    return [one["question"] for one in asked.order_by("turn").values_list("payload", flat=True)]


def first_question(session_id: str | UUID) -> str:
    """Return what a session began with; empty if it was never asked anything."""
    asked = _events(session_id).filter(sequence=1).values_list("payload__question", flat=True)
    return str(asked.first() or "")


def thread_of(session_id: str, turn: int) -> int:
    """Return the turn that began the thread of checkpoints in which a turn is worked on."""
    asked = event(session_id, turn, Kind.ASKED) or {}
    return int(asked.get("thread", turn))


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
    """Return where the user's session stands, or raise `NoSessionError`."""
    (found,) = states_of([(session_id, user_id)])
    if isinstance(found, NoSessionError):
        raise found
    return found


def outline_of(session_id: str | UUID) -> SessionState:
    """Return where a session stands, whosever it is; a user's words are for that user alone."""
    session = AgentSession.objects.filter(pk=_key_of(session_id)).first()
    if session is None:
        raise _no_session(session_id)
    state = state_of(session.pk, session.user_id)
    if session.user_id is None:
        return state
    return state.model_copy(update={"question": "", "answer": None})


def states_of(asked: Sequence[Asked]) -> list[SessionState | NoSessionError]:
    """Return where each session stands, from Redis, or from the events when it is gone.

    One query and one round trip to Redis for all of them; the query tells the owners and which
    events are newest. What is not the asker's stands there as the error that it is.
    """
    keys = [(_uuid(session_id), user_id) for session_id, user_id in asked]
    with database.cursor() as cursor:
        cursor.execute(WHERE, [[key for key, _ in keys if key]])
        newest = {(key, owner): sequence for key, owner, sequence in cursor.fetchall()}
    hot = _hot([str(key) for key, _ in newest.keys() & keys])
    return [
        _stands(str(key[0]), newest[key], hot) if key in newest else _no_session(session_id)
        for key, (session_id, _) in zip(keys, asked, strict=True)
    ]


@contextmanager
def working(session_id: str | UUID, *, patience: float) -> Iterator[bool]:
    """Be the only one who works on a session; yield False when another one is for so long.

    The lock is the connection's, so that it goes when its holder is killed.
    """
    keys = [RUNNING, crc32(UUID(str(session_id)).bytes) - 2**31]
    end = time.monotonic() + patience
    with database.cursor() as cursor:
        while not (has_it := _asked(cursor, "SELECT pg_try_advisory_lock(%s, %s)", keys)):
            if time.monotonic() >= end:
                break
            time.sleep(POLL)
    try:
        yield has_it
    finally:
        if has_it:
            with database.cursor() as cursor:
                _asked(cursor, "SELECT pg_advisory_unlock(%s, %s)", keys)


def forget(session_id: str) -> None:
    """Drop the hot copy; the next reader takes the events."""
    connection().delete(_key(session_id))


def _asked(cursor: Any, query: str, values: list[int]) -> bool:
    cursor.execute(query, values)
    return bool(cursor.fetchone()[0])


def _stands(
    key: str, newest: int | None, hot: Mapping[str, Mapping[bytes, bytes]]
) -> SessionState | NoSessionError:
    """Return the state of a session from its hot copy if that is of the newest event."""
    if newest is None:
        return NoSessionError(f"Session {key} was never asked anything.")
    kept = hot.get(key, {})
    if kept.get(b"sequence") == b"%d" % newest:
        return SessionState.model_validate_json(kept[b"state"])
    return _from_events(key)


def _hot(keys: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
    """Return the hot copies that Redis has; one round trip."""
    if not keys:
        return {}
    pipe = connection().pipeline(transaction=False)
    for key in keys:
        pipe.hgetall(_key(key))
    try:
        return dict(zip(keys, pipe.execute(), strict=True))
    except redis.RedisError:
        log.warning("Redis does not answer. %d states are read from PostgreSQL.", len(keys))
        return {}


def _remember(session_id: str, sequence: int, state: dict[str, Any]) -> None:
    """Keep the hot copy; without Redis the events alone remain, which is enough."""
    kept = {"sequence": str(sequence), "state": json.dumps(state, cls=DjangoJSONEncoder)}
    try:
        pipe = connection().pipeline(transaction=True)
        pipe.hset(_key(session_id), mapping=kept)  # type: ignore[arg-type]  # redis wants one kind
        pipe.expire(_key(session_id), TTL)
        pipe.execute()
    except redis.RedisError:
        log.warning("Redis does not answer. Session %s has no hot copy.", session_id)


def _from_events(session_id: str) -> SessionState:
    last = _events(session_id).order_by("-sequence")[:1].get()
    asked = event(session_id, last.turn, Kind.ASKED) or {}
    return SessionState.model_validate(
        _state(session_id, last.turn, last.kind, asked, last.payload)
    )


def _state(
    session_id: str, turn: int, kind: str, asked: dict[str, Any], payload: dict[str, Any]
) -> dict[str, Any]:
    is_finished = kind in ENDED
    waits_for = ""
    if payload.get("outcome") == Outcome.CLARIFY:
        waits_for = "reply"
    elif kind == Kind.PLANNED and asked.get("review") and _goes_on(payload):
        waits_for = "approval"
    return {
        "session_id": session_id,
        "turn": turn,
        "step": kind,
        "question": asked.get("question", ""),
        "is_finished": is_finished,
        "waits_for": waits_for,
        "answer": payload if is_finished else None,
    }


def _goes_on(planned: dict[str, Any]) -> bool:
    outcome: object = planned.get("plan", {}).get("outcome")
    return outcome == Outcome.ANSWER


def _events(session_id: str | UUID) -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(session=UUID(str(session_id)))


def _lock(session_id: str | UUID) -> None:
    AgentSession.objects.select_for_update().only("pk").get(pk=session_id)


def _append(
    session_id: str | UUID, sequence: int, turn: int, kind: str, payload: dict[str, Any]
) -> None:
    SessionEvent.objects.create(
        session_id=session_id, sequence=sequence, turn=turn, kind=kind, payload=payload
    )


def _key_of(session_id: str | UUID) -> UUID:
    if key := _uuid(session_id):
        return key
    raise _no_session(session_id)


def _uuid(session_id: str | UUID) -> UUID | None:
    """Return an id as what it should be, or None."""
    try:
        return session_id if isinstance(session_id, UUID) else UUID(session_id)
    except ValueError:
        return None


def _no_session(session_id: str | UUID) -> NoSessionError:
    return NoSessionError(f"You have no session {str(session_id)[:40]!r}.")


def _key(session_id: str) -> str:
    return f"{PREFIX}:state:{session_id}"
