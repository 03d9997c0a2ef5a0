"""Read kept payloads again with the parser of today.

A look is read again if an older parser read it, or if it left something unread: an open reject, or
an answer that could not be parsed. Its answers go through the parser in the order in which they
came, so that the newest observation has the last word. Nothing is asked of a source, and coverage
stays as it was: reading better does not mean having looked more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import CharField, Exists, Func, OuterRef, Q, QuerySet
from django.utils import timezone

from ledgers.assets import note_assets
from ledgers.checks import model_of
from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import CollectError
from ledgers.collecting.keeping import answers_of, forget_payloads, settle_rejects
from ledgers.collecting.looks import batches, parsed, settled
from ledgers.collecting.payload import Payload
from ledgers.collecting.storing import Stored, store
from ledgers.models import CollectorRun, RawPayload, RejectedRecord

logger = logging.getLogger(__name__)
Kind, Outcome = CollectorRun.Kind, CollectorRun.Outcome

LOOKS = 200
"""Looks that one replay run stands for."""
READ_ANEW = (Kind.LIVE, Kind.BACKFILL)
UNREAD = (Outcome.DRIFT, Outcome.CRASHED)

Progress = Callable[[str, int, int], None]
"""Told after each look: the feed, how many looks were read again, and how many there are."""


@dataclass(slots=True, kw_only=True)
class Reread:
    """What reading the looks of one feed again came to.

    Of the looks that are `gone` no payload is kept any more, of the others `missing` ones are not.
    """

    feed: str
    looks: int = 0
    gone: int = 0
    payloads: int = 0
    missing: int = 0
    unreadable: int = 0
    new: int = 0
    revised: int = 0
    resolved: int = 0
    rejected: int = 0


def reparse(
    collector: Collector, *, since: datetime | None, progress: Progress
) -> Iterator[Reread]:
    """Read the looks of a source again, feed by feed; return what it came to.

    A replay that was killed is begun anew: what is stored already changes nothing.
    """
    looks = _looks_to_read(collector, since)
    for feed in looks.order_by("feed").values_list("feed", flat=True).distinct():
        own = looks.filter(feed=feed)
        there = own.filter(Exists(_payloads_kept()))
        done = Reread(feed=feed, gone=own.count() - there.count())
        yield _reparse_feed(collector, there, done, progress)


def _looks_to_read(collector: Collector, since: datetime | None) -> QuerySet[CollectorRun]:
    rejected = RejectedRecord.objects.filter(run=OuterRef("pk"), resolved_by=None)
    is_unread = Q(outcome__in=UNREAD) | Q(Exists(rejected))
    looks = CollectorRun.objects.filter(
        Q(parser__lt=collector.parser) | is_unread, feed__source=collector.slug, kind__in=READ_ANEW
    )
    looks = looks.exclude(payloads=[]).exclude(outcome=Outcome.RUNNING)
    return looks.filter(started_at__gte=since) if since else looks


def _payloads_kept() -> QuerySet[RawPayload]:
    """Return the payloads of a look that are still there, for a question about looks."""
    look = CollectorRun.objects.filter(pk=OuterRef(OuterRef("pk")))
    own = look.values_list(Func("payloads", function="unnest", output_field=CharField()))
    return RawPayload.objects.filter(sha256__in=own)


def _reparse_feed(
    collector: Collector, looks: QuerySet[CollectorRun], done: Reread, progress: Progress
) -> Reread:
    """Read the looks of one feed again, in replay runs of a bounded number of looks."""
    whole = looks.count()
    ordered = looks.order_by("started_at", "pk").iterator(chunk_size=LOOKS)
    while some := list(islice(ordered, LOOKS)):
        run = CollectorRun.objects.create(
            feed_id=done.feed,
            kind=Kind.REPLAY,
            parser=collector.parser,
            payloads=[sha256 for look in some for sha256 in look.payloads],
        )
        for look in some:
            _reread(collector, look, run, done)
            done.looks += 1
            progress(done.feed, done.looks, whole)
        run.outcome = Outcome.PARTIAL if run.rejected or run.error else Outcome.OK
        run.finished_at = timezone.now()
        run.save()
        _add(done, run)
    return done


def _reread(collector: Collector, look: CollectorRun, run: CollectorRun, done: Reread) -> None:
    """Read the answers of one look again; one that is still not readable costs only itself."""
    for payload in answers_of(look):
        if payload is None:
            done.missing += 1
            continue
        done.payloads += 1
        try:
            with transaction.atomic():
                done.resolved += _store(collector, payload, run)
        except CollectError as error:
            done.unreadable += 1
            run.error = str(error)
        except Exception as error:
            logger.exception("The parser of %s crashed.", collector.slug)
            done.unreadable += 1
            run.error = f"{type(error).__name__}: {error}"


def _store(collector: Collector, payload: Payload, run: CollectorRun) -> int:
    """Store what one answer says by today's parser; return how many rejects that resolved."""
    records, rejects = parsed(collector, payload)
    records, doubtful = settled(collector, payload, records)
    rejects += doubtful
    done = [
        store(model_of(batch[0]), batch, run, observed_at=payload.observed_at)
        for batch in batches(records)
    ]
    if any(stored.erased for stored in done):
        forget_payloads([payload.sha256])
    note_assets(records)
    resolved = settle_rejects(run, rejects, payload=payload.sha256)
    _count(run, done, records=len(records), rejects=len(rejects))
    return resolved


def _count(run: CollectorRun, done: Sequence[Stored], *, records: int, rejects: int) -> None:
    """Count the items of an answer, now that they are stored for certain."""
    new, revised, late = (
        sum(getattr(stored, name) for stored in done) for name in ("added", "revised", "late")
    )
    run.new += new
    run.revised += revised
    run.late += late
    run.duplicate += records - new - revised - late
    run.rejected += rejects
    run.fetched += records + rejects


def _add(done: Reread, run: CollectorRun) -> None:
    done.new += run.new
    done.revised += run.revised
    done.rejected += run.rejected
