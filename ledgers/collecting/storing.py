"""Store records as facts: only what is new or different leaves a row.

One short transaction: lock the feed, announce and stamp, then two ways in. Rows past the end of
their series cannot exist yet and go straight in by COPY; the rest goes through a staging table,
where an anti-join finds new identities and changed ones. Nothing is ever updated. What the fact
keeps beside its rows (`Fact.projections`) follows in the same transaction.

Which of two observations is newer is decided by (parser, observed_at): a better parser that
replays a kept payload may correct what the old one made of the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction

from ledgers.collecting.layout import Layout, layout_of
from ledgers.collecting.refusing import without_erased
from ledgers.collecting.series import Batch, Split, batch_of, event_of_each, split
from ledgers.collecting.staging import Merged, Stamps, insert_new, merge
from ledgers.models import CollectorRun, Fact, Feed
from ledgers.partitions import ensure_months
from ledgers.projecting import Change
from ledgers.reading import announce_and_stamp
from ledgers.wire import unanswered

MAX_BATCH = 50_000
TURN = "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))"
BATCH = 25_000
"""Rows of one transaction of a long ingest: enough to go unnoticed in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What one store transaction did with its distinct records.

    `late` counts differences that came too late to count, `erased` records of what was erased;
    what is none of it was stored before and has not changed.
    """

    known_at: datetime
    added: int = 0
    revised: int = 0
    late: int = 0
    erased: int = 0


def store(
    model: type[Fact], records: Sequence[Any], run: CollectorRun, *, observed_at: datetime
) -> Stored:
    """Store what one payload said at `observed_at`; the last of a repeated identity counts.

    A record is the fact's own record, or a tuple of its fields in the order of `layout_of`.
    """
    if len(records) > MAX_BATCH:
        raise ValueError(f"{len(records)} records in one batch. Store at most {MAX_BATCH}.")
    batch = batch_of(layout_of(model), records)
    with _storing(model, batch, run, observed_at) as stored:
        return stored


def store_all(
    model: type[Fact], records: Iterable[Any], run: CollectorRun, *, observed_at: datetime
) -> Stored:
    """Store any number of records, read as they are needed; return the sum of the batches.

    Each batch is a transaction of its own: the batches read before an error are stored, and the
    same ingest again goes on from there. The next batch is read before a transaction begins, so
    that none waits for a slow reader, and is prepared while the database works on projections.
    """
    layout, remaining = layout_of(model), iter(records)
    batch = batch_of(layout, list(islice(remaining, BATCH)))
    done: Stored | None = None
    while done is None or batch.rows:
        following: list[Any] = []
        try:
            following = list(islice(remaining, BATCH))
        finally:
            with _storing(model, batch, run, observed_at) as stored:
                batch = batch_of(layout, following)
        done = _sum(done, stored) if done else stored
    return done


@contextmanager
def _storing(
    model: type[Fact], batch: Batch, run: CollectorRun, observed_at: datetime
) -> Iterator[Stored]:
    """Store a batch when the block ends; it runs while the database works on the projections."""
    layout = layout_of(model)
    if layout.is_partitioned:
        ensure_months(layout.table, batch.moments)
    with transaction.atomic():
        stamps = _open(model, run, observed_at)
        kept = without_erased(model, layout, batch)
        parts = split(layout, kept)
        insert_new(layout, parts.fresh, stamps)
        merged = merge(layout, parts.rest, stamps)
        change = _change(layout, parts, merged)
        projections = model.projections if change.ends else ()
        with unanswered() if projections else nullcontext():
            for projection in projections:
                projection.follow(change)
            yield Stored(
                known_at=stamps.known_at,
                added=merged.added + len(parts.fresh),
                revised=merged.revised,
                late=merged.late,
                erased=len(batch.rows) - len(kept.rows),
            )


def _sum(done: Stored, stored: Stored) -> Stored:
    return replace(
        stored,
        added=done.added + stored.added,
        revised=done.revised + stored.revised,
        late=done.late + stored.late,
        erased=done.erased + stored.erased,
    )


def _open(model: type[Fact], run: CollectorRun, observed_at: datetime) -> Stamps:
    """Lock the feed, stamp the transaction, and move the feed's newest observation.

    A replay reads all kept observations again, oldest first, so that the newest has the last
    word: what an older parser made of each may be corrected, also where a newer look came between.
    """
    feed = Feed.objects.select_for_update().get(pk=run.feed_id)
    through = feed.observed_through or observed_at
    is_replay = run.kind == run.Kind.REPLAY and run.parser >= feed.parser
    is_newest = is_replay or (run.parser, observed_at) >= (feed.parser, through)
    if is_newest:
        through = max(through, observed_at) if is_replay else observed_at
        Feed.objects.filter(pk=feed.pk).update(parser=run.parser, observed_through=through)
    if model.is_told_by_many:
        _take_turn(model, feed)
    return Stamps(
        known_at=announce_and_stamp(),
        observed_at=observed_at,
        run_id=run.pk,
        parser=run.parser,
        is_old_knowledge=run.kind == run.Kind.BACKFILL and not feed.restates,
        is_newest=is_newest,
        is_replay=is_replay,
        is_seed=run.kind == run.Kind.SEED,
    )


def _take_turn(model: type[Fact], feed: Feed) -> None:
    """Wait, before the stamp, for the other feeds of a source that tell of the same things.

    Without it two feeds that bring one thing at the same time would both find it new.
    """
    with connection.cursor() as cursor:
        cursor.execute(TURN, [model._meta.db_table, feed.source])


def _change(layout: Layout, parts: Split, merged: Merged) -> Change:
    """Work out how far each series grew; a new one grew from its first event on."""
    last = parts.grown
    is_new = None in parts.ends.values()
    first = event_of_each(layout, parts.fresh[::-1]) if is_new else {}
    grown = {series: (parts.ends[series] or first[series], end) for series, end in last.items()}
    touched = {series for series, _ in merged.hours} - last.keys()
    before = {series: end for series in touched if (end := parts.ends[series])}
    return Change(grown=grown, hours=merged.hours, ends=before | last)
