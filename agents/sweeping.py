"""Bring turns to an end that nobody works on any more, because whoever did was killed.

A reader of the events takes an idle turn over at once; this looks after those that nobody reads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents.models import SessionEvent
from agents.orchestrator import give_up, resume_workflow
from agents.plans import Outcome
from agents.sessions import ENDED, BusyError

logger = logging.getLogger(__name__)
Kind = SessionEvent.Kind
LONGEST = timedelta(hours=1)
"""A turn that is open for so long ends without an answer: what works on it may kill who does."""
MOST = 20
"""So many at once, within the time that a task has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many turns were brought to their end, given up, and left because somebody is at them."""

    resumed: int = 0
    given_up: int = 0
    busy: int = 0


def sweep(now: datetime) -> Swept:
    """End every turn without a step for `OMC_TURN_PATIENCE` that waits for nobody, oldest first."""
    resumed = given_up = busy = 0
    for asked in orphans(now)[:MOST]:
        key, user_id = asked.session_id, asked.session.user_id
        try:
            if asked.at <= now - LONGEST:
                give_up(key, user_id=user_id)
                given_up += 1
            else:
                resume_workflow(key, user_id=user_id, patience=0)
                resumed += 1
        except BusyError as error:
            logger.info("Session %s: %s", key, error)
            busy += 1
    return Swept(resumed=resumed, given_up=given_up, busy=busy)


def orphans(now: datetime) -> QuerySet[SessionEvent]:
    """Return the questions whose turn is open, idle, and not its user's move."""
    turn = SessionEvent.objects.filter(session=OuterRef("session"), turn=OuterRef("turn"))
    idle_since = now - settings.OMC_TURN_PATIENCE
    goes_on = turn.filter(kind=Kind.PLANNED, payload__plan__outcome=Outcome.ANSWER)
    awaits_approval = (
        Q(payload__review=True) & Exists(goes_on) & ~Exists(turn.filter(kind=Kind.APPROVED))
    )
    asked = SessionEvent.objects.filter(kind=Kind.ASKED, at__lte=idle_since)
    return (
        asked.filter(~Exists(turn.filter(kind__in=ENDED)))
        .filter(~Exists(turn.filter(at__gt=idle_since)))
        .exclude(awaits_approval)
        .select_related("session")
        .order_by("at")
    )
