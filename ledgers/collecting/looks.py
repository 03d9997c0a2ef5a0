"""One look at one feed, page by page, to exactly one outcome.

A page is asked for in a worker thread (`Look.next_page`) and stored in the thread of the task
(`Look.take`), in one transaction that only the slot's newest claim may commit. The last
transaction of a look records its coverage, and that of a round's last look closes the slot.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from ledgers import breaker, slots
from ledgers.assets import note_assets
from ledgers.checks import model_of
from ledgers.collecting.collector import Ask, Collector, Http, Looked, Reject
from ledgers.collecting.errors import CollectError, DriftError, RateLimitedError
from ledgers.collecting.keeping import (
    forget_payloads,
    is_rejected,
    keep_rejects,
    note_payload,
)
from ledgers.collecting.payload import Payload
from ledgers.collecting.storing import MAX_BATCH, Stored, store
from ledgers.coverage import cover
from ledgers.models import CollectorRun, Feed, Slot
from ledgers.reading import announce_and_stamp

logger = logging.getLogger(__name__)
Outcome = CollectorRun.Outcome

MAX_AHEAD = timedelta(minutes=5)
MAX_REJECTED = 0.05
"""Above this share of rejects (and more than one) a payload is taken for drift."""


@dataclass(slots=True, kw_only=True)
class Round:
    """All looks at one source for one slot, of `size` scopes; without a claim no slot is closed."""

    claim: slots.Claim | None
    size: int
    outcomes: dict[int, str] = field(default_factory=dict)
    retry_after: timedelta | None = None

    @contextmanager
    def open(self) -> Iterator[Slot | None]:
        """Open a store transaction, which the slot's newest claim alone may commit."""
        if self.claim is None:
            with transaction.atomic():
                yield None
        else:
            with slots.fenced(self.claim) as slot:
                yield slot

    def end(self, run: CollectorRun, outcome: str, slot: Slot | None = None) -> None:
        """Count one look as ended; the last one closes the slot and tells the breaker."""
        self.outcomes[run.pk] = outcome
        if slot and len(self.outcomes) == self.size:
            breaker.note(
                slot.schedule_id,
                self.outcomes.values(),
                now=timezone.now(),
                retry_after=self.retry_after,
            )
            slots.finish(slot)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one look has met so far; `doubtful` rejects are well-formed and tell of no drift."""

    known: int = 0
    doubtful: int = 0
    met: set[Any] = field(default_factory=set)
    events: list[datetime] = field(default_factory=list)
    observed_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Look:
    """One look; `covered_until` is where the coverage of its feed ended before."""

    collector: Collector
    run: CollectorRun
    ask: Ask
    round: Round
    covered_until: datetime | None
    tally: Tally
    pages: Iterator[Payload] | None = None

    def next_page(self, http: Http) -> Payload | None:
        """Ask for the next page, None after the last one; the caller is a worker thread.

        A collector that needs the database all the same has a connection that ends here.
        """
        try:
            if self.pages is None:
                self.pages = iter(self.collector.fetch(http, self.ask))
            return next(self.pages, None)
        finally:
            connections.close_all()

    def take(self, page: Future[Payload | None]) -> bool:
        """Store what came and tell whether the look goes on; no error ends in silence."""
        try:
            payload = page.result()
            if payload is not None:
                self._store(payload)
                return True
            self._complete()
        except slots.FencedError as error:
            self._interrupt(error)
        except CollectError as error:
            if isinstance(error, RateLimitedError) and error.retry_after:
                self.round.retry_after = max(
                    error.retry_after, self.round.retry_after or error.retry_after
                )
            self._close(error.outcome, str(error))
        except Exception as error:
            logger.exception("The look at %s crashed.", self.run.feed_id)
            self._close(Outcome.CRASHED, f"{type(error).__name__}: {error}")
        return False

    def _store(self, payload: Payload) -> None:
        """Parse one payload and store it whole, together with its counts and its rejects."""
        with transaction.atomic():
            note_payload(self.run, payload)
        records, rejects = parsed(self.collector, payload)
        self.tally.observed_at = payload.observed_at
        with self.round.open():
            records, doubtful = settled(self.collector, payload, records)
            rejects += doubtful
            self.tally.doubtful += len(doubtful)
            for batch in batches(records):
                stored = store(model_of(batch[0]), batch, self.run, observed_at=payload.observed_at)
                _count(self.run, self.tally, batch, stored)
                if stored.erased:
                    forget_payloads([payload.sha256])
            if rejects and not is_rejected(payload.sha256):
                keep_rejects(self.run, rejects, payload=payload.sha256)
            note_assets(records)
            self.run.rejected += len(rejects)
            self.run.fetched += len(rejects)
            self.run.save()

    def _complete(self) -> None:
        """End a look whose every page was stored: coverage, outcome and slot in one transaction."""
        run = self.run
        if run.rejected - self.tally.doubtful > max(1, MAX_REJECTED * run.fetched):
            message = (
                f"{run.rejected} of {run.fetched} items were rejected. Look at the first of them."
            )
            self._close(Outcome.DRIFT, message)
            return
        run.window = self.collector.covered(self._looked())
        self._close(
            Outcome.PARTIAL if run.rejected else Outcome.OK if run.fetched else Outcome.EMPTY
        )

    def _looked(self) -> Looked:
        return Looked(
            ask=self.ask,
            observed_at=self.tally.observed_at or self.ask.now,
            covered_until=self.covered_until,
            overlaps=self.tally.known > 0,
            events=self.tally.events,
        )

    def _close(self, outcome: str, error: str = "") -> None:
        """Write the end of a look, unless another attempt owns the slot by now."""
        try:
            with self.round.open() as slot:
                if self.run.window:
                    cover(self.run, self.run.window, known_at=announce_and_stamp())
                self.round.end(self.run, outcome, slot)
                self._end(outcome, error)
        except slots.FencedError as lost:
            self._interrupt(lost)

    def _interrupt(self, lost: slots.FencedError) -> None:
        self.run.window = None
        self.round.end(self.run, Outcome.INTERRUPTED)
        self._end(Outcome.INTERRUPTED, str(lost))

    def _end(self, outcome: str, error: str) -> None:
        run = self.run
        run.outcome, run.error, run.finished_at = Outcome(outcome), error, timezone.now()
        run.save()
        if error:
            logger.warning("%s ended %s: %s", run.feed_id, run.outcome, error)


def open_run(
    described: Feed,
    *,
    claim: slots.Claim | None,
    kind: CollectorRun.Kind = CollectorRun.Kind.LIVE,
    parser: int = 1,
) -> CollectorRun:
    """Make the run's row and its feed's; what a vanished worker left open is interrupted."""
    own = ("source", "scope", "ledger", "every", "restates", "lag")
    feed, _ = Feed.objects.update_or_create(
        name=described.name, defaults={name: getattr(described, name) for name in own}
    )
    if claim:
        left = CollectorRun.objects.filter(feed=feed, outcome=Outcome.RUNNING, slot__isnull=False)
        left.update(outcome=Outcome.INTERRUPTED, finished_at=timezone.now())
    slot_id = claim.slot_id if claim else None
    return CollectorRun.objects.create(feed=feed, slot_id=slot_id, kind=kind, parser=parser)


def parsed(collector: Collector, payload: Payload) -> tuple[list[Any], list[Reject]]:
    """Return the records and rejects of a payload; one that parses to nothing is drift."""
    records: list[Any] = []
    rejects: list[Reject] = []
    for made in collector.parse(payload):
        item = _refuse_future(made, payload)
        (rejects if isinstance(item, Reject) else records).append(item)
    if not records and not rejects and not collector.is_empty(payload):
        raise DriftError(f"{payload.url} holds no items, and does not say that it is empty.")
    if rejects and not records:
        raise DriftError(
            f"{payload.url}: none of {len(rejects)} items is usable. First: {rejects[0].detail}"
        )
    return records, rejects


def settled(
    collector: Collector, payload: Payload, records: list[Any]
) -> tuple[list[Any], list[Reject]]:
    """Return what is to be stored of the records, and what the stored facts speak against."""
    items = list(collector.settle(payload, records))
    rejects = [item for item in items if isinstance(item, Reject)]
    return [item for item in items if not isinstance(item, Reject)], rejects


def _refuse_future(item: Any, payload: Payload) -> Any:
    """Turn a record of the future into a reject: it would look fresh for ever."""
    if isinstance(item, Reject) or item.event_at <= payload.seen_at + MAX_AHEAD:
        return item
    detail = f"event_at {item.event_at:%F %T} is after the answer ({payload.seen_at:%F %T})."
    return Reject(reason="future", detail=detail, item=str(item)[:4000])


def batches(records: list[Any]) -> Iterator[list[Any]]:
    """Part records by their fact, and into batches that one transaction may hold."""
    by_type: dict[type, list[Any]] = defaultdict(list)
    for record in records:
        by_type[type(record)].append(record)
    for same in by_type.values():
        for start in range(0, len(same), MAX_BATCH):
            yield same[start : start + MAX_BATCH]


def _count(run: CollectorRun, tally: Tally, batch: list[Any], stored: Stored) -> None:
    run.fetched += len(batch)
    run.new += stored.added
    run.revised += stored.revised
    run.late += stored.late
    run.duplicate += len(batch) - stored.added - stored.revised - stored.late
    tally.known += _met_before(tally, batch, stored)
    tally.events.extend(record.event_at for record in batch)


def _met_before(tally: Tally, batch: list[Any], stored: Stored) -> int:
    """Count the identities of a batch that were stored before this look, not earlier in it."""
    identify = attrgetter(*model_of(batch[0]).identity)
    first_met = {identify(record) for record in batch} - tally.met
    tally.met |= first_met
    return len(first_met) - stored.added
