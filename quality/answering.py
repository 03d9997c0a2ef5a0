"""What a person can do about an alert with one press, on the board and on the list of alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quality.alerting import acknowledge, assign, snooze
from quality.models import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: what its button says, what is said after it, and what it does to an alert."""

    label: str
    done: str
    do: Callable[[int, Any, datetime], Alert]


def _snoozing(label: str, width: timedelta) -> Answer:
    return Answer(
        label=label,
        done="Snoozed",
        do=lambda key, user, now: snooze(key, until=now + width, by=user.pk, now=now),
    )


ANSWERS: Mapping[str, Answer] = {
    "acknowledge": Answer(
        label="Acknowledge",
        done="Acknowledged",
        do=lambda key, user, now: acknowledge(key, by=user.pk, now=now),
    ),
    "take": Answer(
        label="Assign to me",
        done="Assigned",
        do=lambda key, user, now: assign(key, to=user.get_username(), by=user.pk, now=now),
    ),
    "hour": _snoozing("Snooze 1 h", timedelta(hours=1)),
    "day": _snoozing("Snooze 1 d", timedelta(days=1)),
    "week": _snoozing("Snooze 7 d", timedelta(weeks=1)),
}
