"""What travels with every answer: the state of its feeds, and where they looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.range import Range

from ledgers.coverage import Missing, Presence, look
from ledgers.feeds import FeedState, State, states, worst
from ledgers.models import Feed
from ledgers.reading import Pair

MAX_GAPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """As good as the worst feed: its state, why, and until when somebody looked."""

    state: str
    reason: str
    since: datetime | None
    feeds: Sequence[FeedState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part of the window in which a feed has not looked; None: without end."""

    feed: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What the rows, or their absence, mean in the window; the newest gaps, at most a hundred.

    `dropped` are those gaps in which somebody had looked and retention dropped what was seen.
    """

    presence: Presence
    since: datetime | None
    until: datetime
    gaps: Sequence[Gap]
    more_gaps: int
    dropped: Sequence[Gap] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer says beside its rows."""

    pair: Pair
    quality: Quality
    coverage: Covered


def answer(
    feeds: Sequence[Feed],
    pair: Pair,
    *,
    since: datetime | None,
    until: datetime,
    found: bool,
) -> Answer:
    """Return what travels with the rows of [since, until), or with their absence."""
    return Answer(
        pair=pair,
        quality=quality_of(feeds, pair),
        coverage=coverage_of(feeds, pair, since=since, until=until, found=found),
    )


def quality_of(feeds: Sequence[Feed], pair: Pair) -> Quality:
    """Return the state of a group of feeds as the pair knows it; no feed is unknown."""
    found = states(feeds, pair)
    bad = worst(found)
    if bad is None:
        return Quality(
            state=State.UNKNOWN.name.lower(),
            reason="No feed fills this. Ask for another source, or look at the feeds.",
            since=None,
            feeds=(),
        )
    return Quality(state=bad.label, reason=bad.reason, since=bad.covered_until, feeds=found)


def coverage_of(
    feeds: Sequence[Feed],
    pair: Pair,
    *,
    since: datetime | None,
    until: datetime,
    found: bool,
) -> Covered:
    """Say what was looked at in [since, until), and what that makes of rows or their absence."""
    names = [feed.name for feed in feeds]
    seen = look(names, Range(since, until), pair, found=found)
    gaps = _newest_first(seen.gaps, until)
    return Covered(
        presence=seen.presence,
        since=since,
        until=until,
        gaps=gaps[:MAX_GAPS],
        more_gaps=max(0, len(gaps) - MAX_GAPS),
        dropped=_newest_first(seen.dropped, until)[:MAX_GAPS],
    )


def _newest_first(missing: Iterable[Missing], until: datetime) -> list[Gap]:
    gaps = [Gap(feed=feed, since=start, until=end) for feed, start, end in missing]
    return sorted(gaps, key=lambda gap: (gap.until or until, gap.feed), reverse=True)
