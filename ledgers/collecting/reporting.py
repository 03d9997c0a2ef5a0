"""What the runs of one round add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from ledgers.models import CollectorRun

Outcome = CollectorRun.Outcome
COUNTS = ("fetched", "new", "revised", "duplicate", "late", "rejected")
COMPLETE = (Outcome.OK, Outcome.EMPTY, Outcome.PARTIAL)


class FeedReport(TypedDict):
    """What one look brought."""

    feed: str
    run: int
    outcome: str
    error: str
    fetched: int
    new: int
    revised: int
    duplicate: int
    late: int
    rejected: int


class RunReport(TypedDict):
    """What one round over all feeds of a source brought; `complete` counts the good looks."""

    source: str
    outcome: str
    complete: int
    fetched: int
    new: int
    revised: int
    duplicate: int
    late: int
    rejected: int
    feeds: list[FeedReport]


def report(source: str, runs: Sequence[CollectorRun]) -> RunReport:
    """Add up the runs of one round; the outcome is theirs if they agree, else partial."""
    outcomes = {str(run.outcome) for run in runs}
    totals: Any = {name: sum(getattr(run, name) for run in runs) for name in COUNTS}
    return RunReport(
        source=source,
        outcome=outcomes.pop() if len(outcomes) == 1 else str(Outcome.PARTIAL),
        complete=sum(run.outcome in COMPLETE for run in runs),
        **totals,
        feeds=[_feed(run) for run in runs],
    )


def _feed(run: CollectorRun) -> FeedReport:
    counts: Any = {name: getattr(run, name) for name in COUNTS}
    return FeedReport(
        feed=run.feed_id, run=run.pk, outcome=str(run.outcome), error=run.error, **counts
    )
