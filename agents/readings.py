"""Break the glass: read another user's conversation, with a reason, and never unseen.

Before a word is handed out, the reading stands in the session, where its owner sees it, and in
the audit trail; and the owner has been told, as of everything else that is the owner's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from django.db import transaction
from django.db.models import Count, Sum

from agents.models import AgentSession, SessionReading
from agents.sessions import messages
from quality.findings import Finding, Level
from quality.registry import register
from quality.services import run_check
from trading.overseeing import note_reading

CHECK: Final = "agents.readings"


class UntoldError(RuntimeError):
    """The owner could not be told, and so nothing is read; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One question, and what was answered; empty while it has no answer."""

    turn: int
    asked_at: datetime
    question: str
    answer: str


def read_conversation(
    session: AgentSession, *, reader: str, reason: str, now: datetime
) -> list[Exchanged]:
    """Return the questions and answers of a session, after all who must know of it do.

    Whatever of that fails raises, `UntoldError` if it is the telling, and nothing is returned.
    """
    why = " ".join(reason.split())  # one line, for it is told in logs too
    with transaction.atomic():
        reading = SessionReading.objects.create(session=session, reader=reader, reason=why, at=now)
        note_reading(
            f"session {session.pk}", owner_id=session.user_id, actor=reader, reason=why, now=now
        )
    told = run_check(CHECK, now).findings
    if session.user_id is not None and _subject_of(reading) not in {one.subject for one in told}:
        raise UntoldError("Its owner could not be told. Look at the last run of agents.readings.")
    return [
        Exchanged(
            turn=one["turn"],
            asked_at=one["asked_at"],
            question=one["question"],
            answer=(one["answer"] or {}).get("answer", ""),
        )
        for one in messages(session)
    ]


@register(CHECK, ledger=None, every=timedelta(hours=1))
def no_conversation_was_read_by_another(
    now: datetime,
    *,
    window: Annotated[timedelta, "Time for its owner to look into the alerts."] = timedelta(days=7),
) -> Iterator[Finding]:
    """Nobody but its owner has read a conversation.

    A superuser may, with a reason; the owner is told at once, and the alert stands for a week.
    """
    recent = SessionReading.objects.filter(at__gt=now - window, at__lte=now)
    for one in recent.exclude(session__user=None).select_related("session").order_by("pk"):
        session = one.session
        yield Finding(
            ledger="",
            subject=_subject_of(one),
            level=Level.WARNING,
            message=(
                f"{one.reader} read your conversation of {session.created_at:%F %T} UTC at "
                f"{one.at:%F %T} UTC. Reason: {one.reason}"
            ),
            hint="It is in the audit trail. Ask who read it, if the reason tells you nothing.",
            user_id=session.user_id,
        )


def spent_on(session: AgentSession) -> str:
    """Write what a session has cost: requests to the model, tokens and US dollars."""
    calls = session.model_calls.aggregate(
        requests=Count("pk"), tokens=Sum("tokens", default=0), cost=Sum("cost", default=0)
    )
    return f"{calls['requests']} requests, {calls['tokens']} tokens, {calls['cost']:f} US dollars"


def readings_of(session: AgentSession) -> list[SessionReading]:
    """Return who else has read a session, the newest first."""
    return list(session.readings.order_by("-pk"))


def _subject_of(reading: SessionReading) -> str:
    return f"session {reading.session_id}, reading {reading.pk}"
