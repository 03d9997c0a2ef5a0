"""Plant example rows through the same door as real ones, in runs of kind seed.

A seed is a pure function of its anchor, the moment at which the example year ends. Its rows count
as known when they were published, so that past moments can be asked; every name begins with
`seed:`, so that nobody takes them for an observation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from psycopg.types.range import Range

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.models import CollectorRun, Coverage, Feed, Ledger

PREFIX = "seed:"
DAY = timedelta(days=1)
DAYS = 365
Window = Range[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFeed:
    """One feed to plant: its batches in the order in which they were observed.

    `gap` is a window in which nobody looked: rows in it are left out. `every` None is a feed that
    is filled on demand. Someone looked every `pace` from `since` on, by default for a year.
    """

    source: str
    ledger: Ledger
    batches: Sequence[Sequence[Any]]
    scope: str = ""
    every: timedelta | None = DAY
    gap: Window | None = None
    since: datetime | None = None
    pace: timedelta = DAY / 2

    @property
    def name(self) -> str:
        """Return the name that the feed's rows carry as their source, with its scope."""
        return f"{self.source}/{self.scope}" if self.scope else self.source


def midnight(moment: datetime) -> datetime:
    """Return the start of the moment's day, UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def first_day(anchor: datetime) -> datetime:
    """Return the start of the seeded year."""
    return midnight(anchor) - DAYS * DAY


def days(anchor: datetime) -> list[datetime]:
    """Return the start of each closed day of the seeded year, oldest first."""
    return [first_day(anchor) + number * DAY for number in range(DAYS)]


def gap_before(anchor: datetime, *, days: int, length: int = 2) -> Window:
    """Return a window of whole days that begins so many days before the anchor's day."""
    start = midnight(anchor) - days * DAY
    return Range(start, start + length * DAY)


def plant(seed: SeedFeed, anchor: datetime) -> CollectorRun:
    """Store one feed's rows and where it looked, in one run; call it once a feed and database."""
    if not seed.source.startswith(PREFIX):
        raise ValueError(f"{seed.source!r} is not the name of a seed. Begin it with {PREFIX!r}.")
    feed, _ = Feed.objects.get_or_create(
        name=seed.name,
        defaults={
            "source": seed.source,
            "scope": seed.scope,
            "ledger": seed.ledger,
            "every": seed.every,
            "restates": False,
            "lag": timedelta(0),
        },
    )
    run = CollectorRun(feed=feed, kind=CollectorRun.Kind.SEED, outcome=CollectorRun.Outcome.OK)
    run.window = Range(seed.since or first_day(anchor), anchor)
    run.save()
    for number, batch in enumerate(seed.batches, start=1 - len(seed.batches)):
        _store(seed, batch, run, observed_at=anchor + number * timedelta(seconds=1))
    run.finished_at = timezone.now()
    run.save()
    Coverage.objects.bulk_create(_looked(seed, run, anchor))
    return run


def _store(
    seed: SeedFeed, batch: Sequence[Any], run: CollectorRun, *, observed_at: datetime
) -> None:
    """Store the records of one observation, each kind in its table, and count them."""
    kept = [record for record in batch if seed.gap is None or record.event_at not in seed.gap]
    for kind in dict.fromkeys(type(record) for record in kept):
        same = [record for record in kept if type(record) is kind]
        stored = store(model_of(same[0]), same, run, observed_at=observed_at)
        run.fetched += len(same)
        run.new += stored.added
        run.revised += stored.revised
        run.late += stored.late
        run.duplicate += len(same) - stored.added - stored.revised - stored.late


def _looked(seed: SeedFeed, run: CollectorRun, anchor: datetime) -> Iterator[Coverage]:
    """Yield one window after the other, each known when it ended: the past knows its own past."""
    start = seed.since or first_day(anchor)
    while start < anchor:
        end = min(start + seed.pace, anchor)
        if seed.gap is None or start not in seed.gap:
            yield Coverage(
                feed_id=run.feed_id,
                window=Range(start, end),
                known_at=end,
                available_at=end,
                run=run,
            )
        start = end
