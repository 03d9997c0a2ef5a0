"""What the runs of one round add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from ledgers.models import CollectorRun

Outcome = CollectorRun.Outcome
COMPLETE = (Outcome.OK, Outcome.EMPTY, Outcome.PARTIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the items of one look, or of a round of them."""

    fetched: int
    new: int
    revised: int
    duplicate: int
    late: int
    rejected: int

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in asdict(self).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """How one look ended."""

    feed: str
    run: int
    outcome: str
    error: str
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a round over all feeds of a source ended; `complete` counts the good looks."""

    source: str
    outcome: str
    complete: int
    counts: Counts
    feeds: tuple[FeedReport, ...]

    def as_json(self) -> dict[str, object]:
        """Return the report as the command prints it, counts beside the other members."""
        flat = [{**asdict(feed), **asdict(feed.counts)} for feed in self.feeds]
        for feed in flat:
            del feed["counts"]
        return {
            "source": self.source,
            "outcome": self.outcome,
            "complete": self.complete,
            **asdict(self.counts),
            "feeds": flat,
        }


def report(source: str, runs: Sequence[CollectorRun]) -> RunReport:
    """Add up the runs of one round; the outcome is theirs if they agree, else partial."""
    outcomes = {str(run.outcome) for run in runs}
    return RunReport(
        source=source,
        outcome=outcomes.pop() if len(outcomes) == 1 else str(Outcome.PARTIAL),
        complete=sum(run.outcome in COMPLETE for run in runs),
        counts=_counts(*runs),
        feeds=tuple(_feed(run) for run in runs),
    )


def _feed(run: CollectorRun) -> FeedReport:
    return FeedReport(
        feed=run.feed_id,
        run=run.pk,
        outcome=str(run.outcome),
        error=run.error,
        counts=_counts(run),
    )


def _counts(*runs: CollectorRun) -> Counts:
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: sum(getattr(run, name) for run in runs) for name in names})
