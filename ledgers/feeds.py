"""The state of a feed, decided here and nowhere else.

A feed is as good as its coverage: what counts is not when a row last changed but up to which
moment somebody looked. A look that covers its whole slot is followed by the next at the slot's
end; one that covers only up to itself, such as a look at a list of news, a cadence later. From
that moment on a feed is overdue, and the thresholds are multiples of its own cadence. What a
source publishes only later (its `lag`) nobody can have looked at before.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from django.db import connection

from ledgers.models import Feed
from ledgers.reading import Pair

LATE_AFTER = 0.5
STALE_AFTER = 2.0
NO_LAG = timedelta(0)
Looked = tuple[timedelta | None, datetime | None, datetime | None]


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


# The newest end is one probe of the index; what was due by an older look is within a cadence of it.
ENDS = """
    LEFT JOIN LATERAL (
        SELECT upper("window") AS until FROM ledgers_coverage
        WHERE feed_id = feed.name AND available_at <= %(as_of)s AND known_at <= %(horizon)s
          AND upper("window") IS NOT NULL
        ORDER BY upper("window") DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT max(upper("window") + CASE WHEN upper("window") >= known_at THEN interval '0'
                                          ELSE coalesce(feed.every, interval '0') END) AS due
        FROM ledgers_coverage
        WHERE feed_id = feed.name AND available_at <= %(as_of)s AND known_at <= %(horizon)s
          AND upper("window") >= newest.until - coalesce(feed.every, interval '0')
    ) latest ON true
"""
"""Joins to a `feed` where its coverage ends (`newest.until`), and when more was `latest.due`."""
NEWEST = f"""
    SELECT feed.name, feed.every, newest.until, latest.due
    FROM ledgers_feed feed {ENDS} WHERE feed.name = ANY(%(feeds)s)
"""  # noqa: S608  # constants of this module


def states(feeds: Iterable[Feed], pair: Pair) -> list[FeedState]:
    """Return the state of each feed as the pair knows it, in the order given; one query.

    A feed is judged by the cadence of its last look, if that is slower than its collector's own:
    then an operator changed its schedule.
    """
    wanted = list(feeds)
    looked = _looked_at([feed.name for feed in wanted], pair)
    judged = []
    for feed in wanted:
        every, until, due = looked.get(feed.name, (None, None, None))
        paced = copy(feed)
        paced.every = max(feed.every, every) if feed.every and every else feed.every
        judged.append(judge(paced, until, pair.as_of, due=due))
    return judged


def worst(states: Iterable[FeedState]) -> FeedState | None:
    """Return the worst of the states, never an average; None for no feed."""
    return max(states, key=lambda state: state.state, default=None)


def _looked_at(names: list[str], pair: Pair) -> dict[str, Looked]:
    """Return the cadence of each stored feed, where its coverage ends, and when more was due."""
    question: dict[str, Any] = {"feeds": names, "as_of": pair.as_of, "horizon": pair.horizon}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, question)
        return {name: (every, until, due) for name, every, until, due in cursor.fetchall()}


def judge(
    feed: Feed, until: datetime | None, now: datetime, *, due: datetime | None = None
) -> FeedState:
    """Return the state of a feed whose coverage ends at `until`, and was to grow at `due`.

    Without `due` it was to grow at its end.
    """
    state, reason = _judge(feed, until, due or until, now)
    return FeedState(
        feed=feed.name, ledger=feed.ledger, state=state, covered_until=until, reason=reason
    )


def _judge(
    feed: Feed, until: datetime | None, due: datetime | None, now: datetime
) -> tuple[State, str]:
    """Compare the time since more coverage was due with the feed's cadence."""
    if until is None or due is None:
        return State.UNKNOWN, f"{feed.name} was never looked at completely."
    if feed.every is None:
        return State.FRESH, f"{feed.name} is filled on demand, up to {until:%F %T} UTC."
    overdue = now - due - (feed.lag or NO_LAG)
    for state, share in ((State.STALE, STALE_AFTER), (State.LATE, LATE_AFTER)):
        if overdue > feed.every * share:
            return state, f"{feed.name} was last looked at for {until:%F %T} UTC."
    return State.FRESH, f"{feed.name} is looked at every {_spoken(feed.every)}."


def _spoken(every: timedelta) -> str:
    """Write a cadence as it follows the word every: minute, 5 minutes, 6 hours."""
    minutes = every.total_seconds() / 60
    count, unit = (minutes, "minute") if minutes < 120 else (minutes / 60, "hour")  # noqa: PLR2004  # two hours
    return unit if count == 1 else f"{count:g} {unit}s"
