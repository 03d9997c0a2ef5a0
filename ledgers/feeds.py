"""The state of a feed, decided here and nowhere else.

A feed is as good as its coverage: what counts is not when a row last changed but up to which
moment somebody looked. The thresholds are multiples of the feed's own cadence, so that a feed
polled each minute is late after a minute and a half, and a daily one after a day and a half.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from django.db import connection

from ledgers.models import Feed
from ledgers.reading import Pair

LATE_AFTER = 0.5
STALE_AFTER = 2.0


class State(IntEnum):
    """How far a feed can be trusted; a group is as good as its worst member."""

    FRESH = 0
    LATE = 1
    STALE = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of one feed at one moment; `covered_until` is the end of its coverage."""

    feed: str
    ledger: str
    state: State
    covered_until: datetime | None
    reason: str

    @property
    def label(self) -> str:
        """Return the state as the API writes it."""
        return self.state.name.lower()


NEWEST = """
    SELECT feed_id, max(upper("window")) FROM ledgers_coverage
    WHERE feed_id = ANY(%(feeds)s) AND available_at <= %(as_of)s AND known_at <= %(horizon)s
    GROUP BY feed_id
"""


def states(feeds: Iterable[Feed], pair: Pair) -> list[FeedState]:
    """Return the state of each feed as the pair knows it, in the order given; one query."""
    wanted = list(feeds)
    until = _covered_until([feed.name for feed in wanted], pair)
    return [judge(feed, until.get(feed.name), pair.as_of) for feed in wanted]


def worst(states: Iterable[FeedState]) -> FeedState | None:
    """Return the worst of the states, never an average; None for no feed."""
    return max(states, key=lambda state: state.state, default=None)


def _covered_until(names: list[str], pair: Pair) -> dict[str, datetime]:
    question: dict[str, Any] = {"feeds": names, "as_of": pair.as_of, "horizon": pair.horizon}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, question)
        return dict(cursor.fetchall())


def judge(feed: Feed, until: datetime | None, now: datetime) -> FeedState:
    """Return the state of a feed whose coverage is known to end at `until`."""
    state, reason = _judge(feed, until, now)
    return FeedState(
        feed=feed.name, ledger=feed.ledger, state=state, covered_until=until, reason=reason
    )


def _judge(feed: Feed, until: datetime | None, now: datetime) -> tuple[State, str]:
    """Compare the time since the end of coverage with the feed's cadence."""
    if until is None:
        return State.UNKNOWN, f"{feed.name} was never looked at completely."
    if feed.every is None:
        return State.FRESH, f"{feed.name} is filled on demand, up to {until:%F %T} UTC."
    overdue = now - until
    for state, share in ((State.STALE, STALE_AFTER), (State.LATE, LATE_AFTER)):
        if overdue > feed.every * share:
            return state, f"{feed.name} was last looked at for {until:%F %T} UTC."
    return State.FRESH, f"{feed.name} is looked at every {_spoken(feed.every)}."


def _spoken(every: timedelta) -> str:
    """Write a cadence as it follows the word every: minute, 5 minutes, 6 hours."""
    minutes = every.total_seconds() / 60
    count, unit = (minutes, "minute") if minutes < 120 else (minutes / 60, "hour")  # noqa: PLR2004  # two hours
    return unit if count == 1 else f"{count:g} {unit}s"
