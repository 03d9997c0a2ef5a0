"""Fill the gaps of a feed's coverage, oldest first, one chunk at a time.

Each chunk is a run of its own whose coverage is committed with its last row. What a kill leaves
undone is therefore a gap like any other, and the next start asks for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Collector, Http, Window
from ledgers.collecting.registry import collectors
from ledgers.collecting.reporting import COMPLETE
from ledgers.collecting.runner import look_back
from ledgers.coverage import gaps
from ledgers.models import CollectorRun
from ledgers.reading import pair

BACKFILL_LOCK = 7003

Progress = Callable[[str, timedelta, timedelta], None]
"""Told after each chunk: the feed, how much of its gaps was asked for, and how much there was."""


class BackfillRefusedError(Exception):
    """The backfill cannot be done; the message says why, and what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a backfill did to one feed: the gaps it found, its runs, and the gaps that are left."""

    feed: str
    found: Sequence[Window]
    runs: Sequence[CollectorRun]
    left: Sequence[Window]

    @property
    def failed(self) -> CollectorRun | None:
        """Return the run that ended the backfill of this feed before its time."""
        last = self.runs[-1] if self.runs else None
        return last if last is not None and last.outcome not in COMPLETE else None


def that_backfill() -> list[str]:
    """Name the sources that answer for the past."""
    return sorted(slug for slug, collector in collectors.items() if collector.backfills)


def scopes_to_fill(collector: Collector, scope: str | None) -> Sequence[str]:
    """Return the scopes that a backfill is about, or refuse."""
    if not collector.backfills:
        can = ", ".join(that_backfill()) or "none"
        raise BackfillRefusedError(
            f"{collector.slug} tells nothing about the past. Sources that can backfill: {can}."
        )
    scopes = collector.scopes()
    if scope is None:
        return scopes
    if scope not in scopes:
        known = ", ".join(scopes)
        raise BackfillRefusedError(f"{collector.slug} has no scope {scope!r}. It has: {known}.")
    return (scope,)


def backfill(
    collector: Collector, scope: str, http: Http, window: Window, progress: Progress
) -> Filled:
    """Ask for the gaps of one feed inside a window that has ended; stop at the first failure."""
    feed = collector.feed_name(scope)
    with _alone(feed):
        _interrupt_left(feed)
        found = gaps(feed, window, pair())
        runs = list(_fill(collector, scope, http, found, progress))
        return Filled(feed=feed, found=found, runs=runs, left=gaps(feed, window, pair()))


def _fill(
    collector: Collector, scope: str, http: Http, found: Sequence[Window], progress: Progress
) -> Iterator[CollectorRun]:
    """Walk through the gaps; what a chunk did not prove but might have is asked for next."""
    whole = sum((width_of(gap) for gap in found), timedelta(0))
    asked = timedelta(0)
    for gap in found:
        start, end = ends_of(gap)
        while start < end:
            chunk = Range(start, min(start + collector.chunk(scope), end))
            now = timezone.now()
            ask = Ask(scope=scope, window=chunk, now=now, is_backfill=True)
            run = look_back(collector, ask, http)
            yield run
            if run.outcome not in COMPLETE:
                return
            reached = _reached(run.window, chunk)
            asked += reached - start
            start = reached
            progress(collector.feed_name(scope), asked, whole)


def _reached(proven: Window | None, chunk: Window) -> datetime:
    """Return where to go on: behind what was proven from the chunk's start, else behind it all."""
    start, end = ends_of(chunk)
    if proven is None or proven.lower is None or proven.upper is None:
        return end
    grows = proven.lower <= start < proven.upper
    return min(proven.upper, end) if grows else end


def ends_of(window: Window) -> tuple[datetime, datetime]:
    """Return both ends of a window that has them."""
    if window.lower is None or window.upper is None:
        raise ValueError(f"{window} has no end. A backfill is about a part of the past.")
    return window.lower, window.upper


def width_of(window: Window) -> timedelta:
    """Return how long a window is."""
    start, end = ends_of(window)
    return end - start


@contextmanager
def _alone(feed: str) -> Iterator[None]:
    """Let one process at a time fill a feed; the lock goes with the process, however it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [BACKFILL_LOCK, feed])
        if not cursor.fetchone()[0]:
            raise BackfillRefusedError(f"Another backfill of {feed} is running. Wait for its end.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [BACKFILL_LOCK, feed])


def _interrupt_left(feed: str) -> None:
    """Close the runs that a killed backfill left open: the lock says that nobody works on them."""
    left = CollectorRun.objects.filter(
        feed=feed, kind=CollectorRun.Kind.BACKFILL, outcome=CollectorRun.Outcome.RUNNING
    )
    left.update(outcome=CollectorRun.Outcome.INTERRUPTED, finished_at=timezone.now())
