"""Run one collector once, and leave a record of it whatever happens.

Each scope is a look of its own, with a run row and a feed. Each payload is stored whole, in one
transaction that only the slot's newest claim may commit; the last transaction of a look records
its coverage, and of the last look closes the slot.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.utils import timezone

from ledgers import slots
from ledgers.assets import note_assets
from ledgers.checks import model_of
from ledgers.collecting.collector import (
    Ask,
    Collector,
    Http,
    Looked,
    Reject,
    slot_of,
)
from ledgers.collecting.errors import CollectError, DriftError
from ledgers.collecting.keeping import is_rejected, keep_payload, keep_rejects
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import feed_of
from ledgers.collecting.storing import MAX_BATCH, Stored, store
from ledgers.coverage import cover
from ledgers.feeds import states
from ledgers.models import CollectorRun, Feed, Slot
from ledgers.reading import announce_and_stamp, pair

logger = logging.getLogger(__name__)
Outcome = CollectorRun.Outcome

MAX_AHEAD = timedelta(minutes=5)
MAX_REJECTED = 0.05
"""Above this share of rejects (and more than one) a payload is taken for drift."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What one look has met so far."""

    known: int = 0
    met: set[Any] = field(default_factory=set)
    events: list[datetime] = field(default_factory=list)
    observed_at: datetime | None = None


def run_collector(
    collector: Collector, http: Http, *, now: datetime, claim: slots.Claim | None = None
) -> list[CollectorRun]:
    """Look at every feed of a source; return one run each. Without a claim no slot is closed."""
    scopes = _due(collector) if claim else list(collector.scopes())
    if claim and not scopes:
        with slots.fenced(claim) as slot:
            slots.finish(slot)
    return [
        _run(collector, scope, http, now, _Fence(claim=claim, closes=scope == scopes[-1]))
        for scope in scopes
    ]


def _due(collector: Collector) -> list[str]:
    """Return the scopes whose coverage has ended; a slow scope of a fast source can wait."""
    current = pair()
    slow = [s for s in collector.scopes() if collector.cadence(s) > collector.every]
    known = states([feed_of(collector, scope) for scope in slow], current)
    rested = {
        scope
        for scope, state in zip(slow, known, strict=True)
        if state.covered_until and state.covered_until > current.as_of
    }
    return [scope for scope in collector.scopes() if scope not in rested]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """Opens the transactions of one look; `closes` if its end is also the end of the slot."""

    claim: slots.Claim | None
    closes: bool

    @contextmanager
    def open(self) -> Iterator[Slot | None]:
        """Open a store transaction, which the slot's newest claim alone may commit."""
        if self.claim is None:
            with transaction.atomic():
                yield None
        else:
            with slots.fenced(self.claim) as slot:
                yield slot


def _run(
    collector: Collector, scope: str, http: Http, now: datetime, fence: _Fence
) -> CollectorRun:
    """Look at one feed; every error ends in the run's outcome, none in silence."""
    run = _open(collector, scope, fence.claim)
    ask = Ask(scope=scope, window=slot_of(now, collector.cadence(scope)), now=now)
    tally = _Tally()
    try:
        before = states([run.feed], pair())[0].covered_until
        for payload in collector.fetch(http, replace(ask, known=lambda: tally.known > 0)):
            _store_payload(collector, payload, run, tally, fence)
    except slots.FencedError as error:
        return _end(run, Outcome.INTERRUPTED, str(error))
    except CollectError as error:
        return _close(run, fence, error.outcome, str(error))
    except Exception as error:
        logger.exception("The look at %s crashed.", run.feed_id)
        return _close(run, fence, Outcome.CRASHED, f"{type(error).__name__}: {error}")
    return _complete(collector, run, _looked(ask, tally, before), fence)


def _open(collector: Collector, scope: str, claim: slots.Claim | None) -> CollectorRun:
    """Make the run's row and its feed's; what a vanished worker left open is interrupted."""
    described = feed_of(collector, scope)
    own = ("source", "scope", "ledger", "every", "restates", "lag")
    feed, _ = Feed.objects.update_or_create(
        name=described.name, defaults={name: getattr(described, name) for name in own}
    )
    if claim:
        left = CollectorRun.objects.filter(feed=feed, outcome=Outcome.RUNNING, slot__isnull=False)
        left.update(outcome=Outcome.INTERRUPTED, finished_at=timezone.now())
    slot_id = claim.slot_id if claim else None
    return CollectorRun.objects.create(feed=feed, slot_id=slot_id, parser=collector.parser)


def _store_payload(
    collector: Collector, payload: Payload, run: CollectorRun, tally: _Tally, fence: _Fence
) -> None:
    """Parse one payload and store it whole, together with its counts and its rejects."""
    keep_payload(payload)
    run.payloads.append(payload.sha256)
    run.save(update_fields=["payloads"])
    records, rejects = _parsed(collector, payload)
    tally.observed_at = payload.observed_at
    with fence.open():
        for batch in _batches(records):
            stored = store(model_of(batch[0]), batch, run, observed_at=payload.observed_at)
            _count(run, tally, batch, stored)
        if rejects and not is_rejected(payload.sha256):
            keep_rejects(run, rejects, payload=payload.sha256)
        note_assets(records)
        run.rejected += len(rejects)
        run.fetched += len(rejects)
        run.save()


def _parsed(collector: Collector, payload: Payload) -> tuple[list[Any], list[Reject]]:
    """Return the records and rejects of a payload; one that parses to nothing is drift."""
    records: list[Any] = []
    rejects: list[Reject] = []
    for parsed in collector.parse(payload):
        item = _refuse_future(parsed, payload)
        (rejects if isinstance(item, Reject) else records).append(item)
    if not records and not rejects and not collector.is_empty(payload):
        raise DriftError(f"{payload.url} holds no items, and does not say that it is empty.")
    if rejects and not records:
        raise DriftError(
            f"{payload.url}: none of {len(rejects)} items is usable. First: {rejects[0].detail}"
        )
    return records, rejects


def _refuse_future(item: Any, payload: Payload) -> Any:
    """Turn a record of the future into a reject: it would look fresh for ever."""
    if isinstance(item, Reject) or item.event_at <= payload.seen_at + MAX_AHEAD:
        return item
    detail = f"event_at {item.event_at:%F %T} is after the answer ({payload.seen_at:%F %T})."
    return Reject(reason="future", detail=detail, item=str(item)[:4000])


def _batches(records: list[Any]) -> Iterator[list[Any]]:
    """Part records by their fact, and into batches that one transaction may hold."""
    by_type: dict[type, list[Any]] = defaultdict(list)
    for record in records:
        by_type[type(record)].append(record)
    for same in by_type.values():
        for start in range(0, len(same), MAX_BATCH):
            yield same[start : start + MAX_BATCH]


def _count(run: CollectorRun, tally: _Tally, batch: list[Any], stored: Stored) -> None:
    run.fetched += len(batch)
    run.new += stored.added
    run.revised += stored.revised
    run.late += stored.late
    run.duplicate += len(batch) - stored.added - stored.revised - stored.late
    tally.known += _met_before(tally, batch, stored)
    tally.events.extend(record.event_at for record in batch)


def _met_before(tally: _Tally, batch: list[Any], stored: Stored) -> int:
    """Count the identities of a batch that were stored before this look, not earlier in it."""
    identify = attrgetter(*model_of(batch[0]).identity)
    first_met = {identify(record) for record in batch} - tally.met
    tally.met |= first_met
    return len(first_met) - stored.added


def _looked(ask: Ask, tally: _Tally, before: datetime | None) -> Looked:
    return Looked(
        ask=ask,
        observed_at=tally.observed_at or ask.now,
        covered_until=before,
        overlaps=tally.known > 0,
        events=tally.events,
    )


def _complete(
    collector: Collector, run: CollectorRun, looked: Looked, fence: _Fence
) -> CollectorRun:
    """End a look whose every page was stored: coverage, outcome and slot in one transaction."""
    if run.rejected > max(1, MAX_REJECTED * run.fetched):
        message = f"{run.rejected} of {run.fetched} items were rejected. Look at the first of them."
        return _close(run, fence, Outcome.DRIFT, message)
    run.window = collector.covered(looked)
    outcome = Outcome.PARTIAL if run.rejected else Outcome.OK if run.fetched else Outcome.EMPTY
    return _close(run, fence, outcome)


def _close(run: CollectorRun, fence: _Fence, outcome: str, error: str = "") -> CollectorRun:
    """Write the end of a look, unless another attempt owns the slot by now."""
    try:
        with fence.open() as slot:
            if run.window:
                cover(run, run.window, known_at=announce_and_stamp())
            if slot and fence.closes:
                slots.finish(slot)
            return _end(run, outcome, error)
    except slots.FencedError as lost:
        run.window = None
        return _end(run, Outcome.INTERRUPTED, str(lost))


def _end(run: CollectorRun, outcome: str, error: str = "") -> CollectorRun:
    run.outcome, run.error, run.finished_at = Outcome(outcome), error, timezone.now()
    run.save()
    if error:
        logger.warning("%s ended %s: %s", run.feed_id, run.outcome, error)
    return run
