"""What the feeds behind an answer have looked at: one query for a whole ledger.

Seeded feeds count only where no live feed has looked: the two are never mixed into one claim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.range import Range

from agents.results import FeedQuality, Gap, Quality, State, Window
from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import ENDS, FeedState, judge, worst
from ledgers.feeds import State as Level
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair

SEED = "seed:"
LOOKED = f"""
    SELECT feed.*, newest.until AS covered_until, latest.due, array(
        SELECT unnest(tstzmultirange(%(asked)s::tstzrange) - coalesce((
            SELECT range_agg(c."window") FROM ledgers_coverage c
            WHERE c.feed_id = feed.name AND c."window" && %(asked)s::tstzrange
              AND c.available_at <= %(as_of)s AND c.known_at <= %(horizon)s
        ), '{{}}'))
    ) AS missing
    FROM ledgers_feed feed {ENDS}
    WHERE feed.ledger = ANY(%(ledgers)s) AND (feed.ledger <> 'exchange' OR feed.scope IN (
        SELECT a.id::text FROM exchange_account a WHERE a.user_id = %(user)s
    ))
    ORDER BY feed.name
"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One feed, its state, and the parts of the asked window that it did not look at."""

    feed: Feed
    state: FeedState
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """What some feeds have looked at, of one window and at one pair."""

    feeds: tuple[Looked, ...]

    def only(self, name: str) -> Observation:
        """Return what one feed has looked at."""
        return Observation(tuple(one for one in self.feeds if one.feed.name == name))

    def told(self) -> Observation:
        """Keep the live feeds if any has ever looked, else the seeded ones, else all."""
        live = tuple(one for one in self.feeds if not is_seed(one.feed))
        if any(one.state.covered_until for one in live):
            return Observation(live)
        return Observation(tuple(one for one in self.feeds if is_seed(one.feed)) or live)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return the gaps of all feeds."""
        return tuple(gap for one in self.feeds for gap in one.gaps)

    @property
    def quality(self) -> Quality:
        """Return the state of the worst feed, and all of them."""
        states = [one.state for one in self.feeds]
        found = worst(states)
        return Quality(
            state=found.label if found else "unknown",
            reason=found.reason if found else "No feed of this kind is collected here.",
            since=found.covered_until if found else None,
            feeds=tuple(
                FeedQuality(feed=one.feed, state=one.label, covered_until=one.covered_until)
                for one in states
            ),
        )

    def state(self, *, found: bool, current: bool) -> State:
        """Say what rows or their absence mean; `current` asks for the newest, not for a past."""
        bad = worst(one.state for one in self.feeds)
        if found:
            is_stale = current and bad is not None and bad.state == Level.STALE
            return State.STALE if is_stale else State.VALUE
        blind = bool(self.gaps) or bad is None
        return State.NOT_OBSERVED if blind else State.NONE_IN_COVERED_WINDOW


def observe(
    ledger: str,
    wanted: Callable[[Feed], bool],
    asked: Window,
    pair: Pair,
    *,
    user_id: int | None = None,
) -> Observation:
    """Ask what the wanted feeds of a ledger have looked at in a window; one query.

    Feeds that a collector should fill and nobody ever looked at are there too, unknown. Of the
    Exchange ledger only feeds of the user's accounts are seen.
    """
    return observe_all((ledger,), wanted, asked, pair, user_id=user_id)


def observe_all(
    ledgers: Sequence[str],
    wanted: Callable[[Feed], bool],
    asked: Window,
    pair: Pair,
    *,
    user_id: int | None = None,
) -> Observation:
    """Ask the same of several ledgers; one query."""
    end = min(asked.end, pair.as_of)
    window = Range(min(asked.start, end), end)
    question: dict[str, Any] = {
        "ledgers": [str(ledger) for ledger in ledgers],
        "asked": window,
        "user": user_id,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
    }
    stored = {feed.name: feed for feed in Feed.objects.raw(LOOKED, question)}
    shared = [one for one in ledgers if one != Ledger.EXCHANGE]  # own feeds are stored
    expected = {feed.name: feed for ledger in shared for feed in expected_feeds(ledger)}
    feeds = (expected | stored).values()
    return Observation(tuple(_looked(feed, window, pair) for feed in feeds if wanted(feed)))


def is_seed(feed: Feed) -> bool:
    """Tell whether a feed is made by `manage.py seed`."""
    return feed.name.startswith(SEED) or feed.source.startswith(SEED)


def plain_source(feed: Feed) -> str:
    """Return the source of a feed, a seeded one's without its prefix."""
    return (feed.source or feed.name).removeprefix(SEED)


def _looked(feed: Feed, asked: Range[datetime], pair: Pair) -> Looked:
    until, due = getattr(feed, "covered_until", None), getattr(feed, "due", None)
    state = judge(feed, until, pair.as_of, due=due)
    return Looked(feed=feed, state=state, gaps=tuple(_gaps(feed, state, asked)))


def _gaps(feed: Feed, state: FeedState, asked: Range[datetime]) -> list[Gap]:
    """Return what a feed did not look at; a fresh feed has no gap at its own end.

    Nobody has looked at the future: of a window that lies there, it counts whether the feed
    that would announce it is watched.
    """
    if asked.lower == asked.upper:
        is_watched = state.state < Level.STALE
        return [] if is_watched else [Gap(feed=feed.name, start=state.covered_until, end=None)]
    missing: Sequence[Range[datetime]] = getattr(feed, "missing", [asked])
    return [
        Gap(feed=feed.name, start=gap.lower, end=gap.upper)
        for gap in missing
        if not (state.state == Level.FRESH and _is_running(gap, state, asked))
    ]


def _is_running(gap: Range[datetime], state: FeedState, asked: Range[datetime]) -> bool:
    """Tell whether a gap is only the time since the last look of a feed in step."""
    until, start = state.covered_until, gap.lower
    return gap.upper == asked.upper and until is not None and start is not None and start >= until
