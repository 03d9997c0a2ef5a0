"""Store records as facts: only what is new or different leaves a row.

One short transaction: lock the feed, announce and stamp, then two ways in. Records past the end
of their series cannot exist yet and go straight in by COPY; the rest goes through a staging
table, where an anti-join finds new identities and changed ones. Nothing is ever updated.

Which of two observations is newer is decided by (parser, observed_at): a better parser that
replays a kept payload may correct what the old one made of the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db import transaction

from ledgers.collecting.series import is_series, past_the_end
from ledgers.collecting.staging import Stamps, insert_new, merge
from ledgers.models import CollectorRun, Fact, Feed
from ledgers.partitions import ensure_months, is_partitioned
from ledgers.reading import announce_and_stamp

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_BATCH = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What one store transaction did with its distinct records.

    `late` counts differences that came too late to count; what is neither added, revised nor
    late was stored before and has not changed.
    """

    known_at: datetime
    added: int = 0
    revised: int = 0
    late: int = 0


def store(
    model: type[Fact],
    records: Sequence[DataclassInstance],
    run: CollectorRun,
    *,
    observed_at: datetime,
) -> Stored:
    """Store what one payload said at `observed_at`; the last of a repeated identity counts."""
    if len(records) > MAX_BATCH:
        raise ValueError(f"{len(records)} records in one batch. Store at most {MAX_BATCH}.")
    if is_partitioned(model._meta.db_table):
        ensure_months(model._meta.db_table, {record.event_at for record in records})  # type: ignore[attr-defined]  # every record has it
    with transaction.atomic():
        stamps = _open(run, observed_at)
        distinct = _last_of_each(model, records)
        fresh, rest = _split(model, distinct)
        insert_new(model, fresh, stamps)
        added, revised, late = merge(model, rest, stamps) if rest else (0, 0, 0)
    return Stored(
        known_at=stamps.known_at,
        added=added + len(fresh),
        revised=revised,
        late=late,
    )


def _open(run: CollectorRun, observed_at: datetime) -> Stamps:
    """Lock the feed, stamp the transaction, and move the feed's newest observation."""
    feed = Feed.objects.select_for_update().get(pk=run.feed_id)
    mark = (feed.parser, feed.observed_through or observed_at)
    is_newest = (run.parser, observed_at) >= mark
    if is_newest:
        Feed.objects.filter(pk=feed.pk).update(parser=run.parser, observed_through=observed_at)
    return Stamps(
        known_at=announce_and_stamp(),
        observed_at=observed_at,
        run_id=run.pk,
        parser=run.parser,
        is_old_knowledge=run.kind == run.Kind.BACKFILL and not feed.restates,
        is_newest=is_newest,
        is_seed=run.kind == run.Kind.SEED,
    )


def _last_of_each(
    model: type[Fact], records: Iterable[DataclassInstance]
) -> list[DataclassInstance]:
    identify = attrgetter(*model.identity)
    return list({identify(record): record for record in records}.values())


def _split(
    model: type[Fact], records: list[DataclassInstance]
) -> tuple[list[DataclassInstance], list[DataclassInstance]]:
    """Part the records that no stored row can equal from the others."""
    if not is_series(model) or not records:
        return [], records
    return past_the_end(model, records)
