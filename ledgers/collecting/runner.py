"""Run one collector once, and leave a record of it whatever happens.

A round is one look at every due feed of a source. Its requests run at the same time in a few
threads, within the budget of the host; parsing and storing stay in the thread of the task, one
page after the other, because what a collector asks next may depend on what was stored. A look
that fails costs only itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings

from ledgers import slots
from ledgers.collecting.collector import Ask, Collector, Http, slot_of
from ledgers.collecting.looks import Look, Round, Tally, open_run
from ledgers.collecting.needs import opened
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import feed_of, job_name
from ledgers.feeds import FeedState, states
from ledgers.models import CollectorRun, Schedule
from ledgers.reading import pair


def run_collector(
    collector: Collector, http: Http, *, now: datetime, claim: slots.Claim | None = None
) -> list[CollectorRun]:
    """Look at every feed of a source; return one run each. Without a claim no slot is closed."""
    if claim and _rests(claim, now):
        return []
    current = pair()
    scopes = list(collector.scopes())
    judged = states([feed_of(collector, scope) for scope in scopes], current)
    before = dict(zip(scopes, judged, strict=True))
    if claim:
        scopes = [s for s in scopes if _is_due(collector, s, before[s], current.as_of)]
        if not scopes:
            _finish(claim)
    opening = _Opening(
        collector=collector, round=Round(claim=claim, size=len(scopes)), pace=_pace(collector)
    )
    begun = [
        _Begun(ask=opening.ask(scope, now), covered_until=before[scope].covered_until)
        for scope in scopes
    ]
    return _fan_out(opening, begun, http)


def look_back(collector: Collector, ask: Ask, http: Http) -> CollectorRun:
    """Look at one part of the past, which `ask` names, in a run of its own."""
    feed = feed_of(collector, ask.scope)
    before = states([feed], pair())[0].covered_until
    opening = _Opening(
        collector=collector,
        round=Round(claim=None, size=1),
        pace=_pace(collector),
        kind=CollectorRun.Kind.BACKFILL,
    )
    (run,) = _fan_out(opening, [_Begun(ask=ask, covered_until=before)], http)
    return run


def _rests(claim: slots.Claim, now: datetime) -> bool:
    """Tell whether the breaker of the job is open; then its slot ends without a look."""
    with slots.fenced(claim) as slot:
        rests_until = slot.schedule.rests_until
        if rests_until is None or rests_until <= now:
            return False
        slots.finish(slot)
        return True


def _finish(claim: slots.Claim) -> None:
    with slots.fenced(claim) as slot:
        slots.finish(slot)


def _is_due(collector: Collector, scope: str, state: FeedState, now: datetime) -> bool:
    """Tell whether a scope is to be looked at; a slow scope of a fast source can wait."""
    is_slow = collector.cadence(scope) > collector.every
    return not (is_slow and state.covered_until and state.covered_until > now)


def _pace(collector: Collector) -> timedelta:
    """Return how often the source is really looked at: an operator may have slowed it down."""
    schedules = Schedule.objects.filter(job=job_name(collector))
    chosen = schedules.values_list("every", flat=True).first()
    return max(chosen or collector.every, collector.every)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """What a look is about, and where the coverage of its feed ended before."""

    ask: Ask
    covered_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """What the looks of one round have in common; none is faster than the `pace` of the source."""

    collector: Collector
    round: Round
    pace: timedelta
    kind: CollectorRun.Kind = CollectorRun.Kind.LIVE

    def ask(self, scope: str, now: datetime) -> Ask:
        """Return what a live look at one scope is about: its slot."""
        return Ask(scope=scope, window=slot_of(now, self._every(scope)), now=now)

    def look(self, begun: _Begun) -> Look:
        """Open one look."""
        tally = Tally()
        return Look(
            collector=self.collector,
            run=self._run(begun.ask.scope),
            ask=replace(
                begun.ask, known=lambda: tally.known > 0, covered_until=begun.covered_until
            ),
            round=self.round,
            covered_until=begun.covered_until,
            tally=tally,
        )

    def _run(self, scope: str) -> CollectorRun:
        feed = feed_of(self.collector, scope)
        feed.every = self._every(scope)
        claim, parser = self.round.claim, self.collector.parser
        return open_run(feed, claim=claim, kind=self.kind, parser=parser)

    def _every(self, scope: str) -> timedelta:
        return max(self.collector.cadence(scope), self.pace)


def _fan_out(opening: _Opening, begun: Iterable[_Begun], http: Http) -> list[CollectorRun]:
    """Look at all of it, so much at once as there are threads; return the runs in order."""
    left, looks = deque(begun), list[Look]()
    waiting: dict[Future[Payload | None], Look] = {}
    threads = settings.OMC_FETCH_THREADS
    pool = ThreadPoolExecutor(threads, thread_name_prefix=opening.collector.slug)

    def ask(look: Look) -> None:
        waiting[pool.submit(copy_context().run, look.next_page, http)] = look

    with opened(opening.collector):
        try:
            while left or waiting:
                while left and len(waiting) < threads:
                    looks.append(opening.look(left.popleft()))
                    ask(looks[-1])
                for page in wait(waiting, return_when=FIRST_COMPLETED).done:
                    look = waiting.pop(page)
                    if look.take(page):
                        ask(look)
        finally:
            pool.shutdown(cancel_futures=True)
    return [look.run for look in looks]
