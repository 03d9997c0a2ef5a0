"""Which feeds of a ledger are looked at in time: what its freshness check says.

The state of a feed is decided by `ledgers.feeds` alone. Here it becomes findings, one per cause:
a ledger of which no feed can be trusted is one finding, a source of which no feed can be trusted
is one alert, anything else is about its feed. A source that refuses us is a warning before its
feeds are stale, and the same alert gets worse when they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import Min

from ledgers.breaker import FAILED
from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import FeedState, State, states
from ledgers.filling import SEED
from ledgers.models import CollectorRun, Feed, Ledger, Schedule, Slot
from ledgers.operating import job_of
from ledgers.reading import pair
from ledgers.wire import fetch
from quality.findings import Finding, Level

Outcome = CollectorRun.Outcome
HOPELESS = (Outcome.BLOCKED, Outcome.DRIFT, Outcome.CRASHED)
"""How a look ends that asking again does not mend."""
LEVELS = {State.LATE: Level.WARNING, State.STALE: Level.ERROR, State.UNKNOWN: Level.CRITICAL}
GRACE = timedelta(minutes=5)
Failures = Annotated[int, "One look may fail for any reason; a refusal counts at once."]
LOOKS = """
    SELECT asked.feed, array_agg(look.outcome ORDER BY look.started_at DESC),
           (array_agg(look.error ORDER BY look.started_at DESC))[1]
    FROM unnest(%(feeds)s::text[]) AS asked (feed)
    CROSS JOIN LATERAL (
        SELECT outcome, error, started_at FROM ledgers_collectorrun
        WHERE feed_id = asked.feed AND kind = 'live' AND finished_at IS NOT NULL
          AND started_at <= %(now)s
        ORDER BY started_at DESC LIMIT %(failures)s
    ) look
    GROUP BY asked.feed
"""
WORKERS = "Look whether worker and beat run: manage.py doctor."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A feed that is looked at by a cadence, and its state now."""

    feed: Feed
    judged: FeedState
    failed: str = ""
    """How its last look failed, if that tells of a fault; empty if it did not."""

    @property
    def is_dead(self) -> bool:
        """Tell whether what the feed brought is no basis for anything any more."""
        return self.judged.state >= State.STALE


def feeds_are_fresh(
    ledger: Ledger, now: datetime, *, least: State, grace: timedelta, failures: int
) -> Iterator[Finding]:
    """Yield what is wrong with the feeds of a ledger: in the state `least` or worse, or failing.

    Of a feed whose job was sent for the first time less than `grace` ago nothing is said: its
    first look may not have ended yet. A feed fails if its last look ended in a way that asking
    again does not mend, or its last `failures` looks failed in any way.
    """
    expected = expected_feeds(ledger)
    everything = _judged(expected or _retired(ledger, ()), now)
    watched = _without_new(everything, now - grace)
    if everything and not watched:
        return
    if all(one.is_dead for one in watched):
        yield _dead_ledger(ledger, watched)
        return
    known = _with_failures(watched, now, failures)
    bad = [one for one in known if one.judged.state >= least or one.failed]
    yield from _bad_feeds(bad, _dead_sources(watched), least)
    for one in _judged(_retired(ledger, [feed.name for feed in expected]), now):
        if one.is_dead:
            yield _retired_feed(one)


def is_polled(ledger: Ledger) -> bool:
    """Tell whether any feed of a ledger is looked at by a cadence, or was."""
    return bool(expected_feeds(ledger) or _retired(ledger, ()))


def _retired(ledger: Ledger, expected: Iterable[str]) -> list[Feed]:
    """Return the feeds that were looked at by a cadence, and that no collector names any more.

    Rows that were seeded, and feeds that are filled on demand, tell nothing about a ledger that
    collectors should fill.
    """
    stored = Feed.objects.filter(ledger=ledger, every__isnull=False).exclude(name__in=expected)
    return list(stored.exclude(name__startswith=SEED))


def _judged(feeds: Sequence[Feed], now: datetime) -> list[Watched]:
    if not feeds:
        return []
    judged = states(feeds, pair(now))
    return [Watched(feed=feed, judged=one) for feed, one in zip(feeds, judged, strict=True)]


def _without_new(watched: Sequence[Watched], since: datetime) -> list[Watched]:
    """Leave out the feeds that nobody could have looked at, since their job has only begun.

    A job begins when its first slot is sent. One that is scheduled and was not sent yet began
    with the installation; what nobody scheduled has no first moment, and no grace.
    """
    unknown = [one for one in watched if one.judged.state == State.UNKNOWN]
    if not unknown:
        return list(watched)
    jobs = {one.feed.name: f"{job_of(one.feed)}" for one in unknown}
    sent = Schedule.objects.filter(job__in=set(jobs.values()), is_paused=False)
    began = dict(sent.annotate(began=Min("slots__sent_at")).values_list("job", "began"))
    installed = Slot.objects.aggregate(began=Min("sent_at"))["began"]
    new = {
        name
        for name, job in jobs.items()
        if job in began and (first := began[job] or installed) and first > since
    }
    return [one for one in watched if one.feed.name not in new]


def _with_failures(watched: Sequence[Watched], now: datetime, failures: int) -> list[Watched]:
    """Note how each feed fails; one query."""
    question = {"feeds": [one.feed.name for one in watched], "now": now, "failures": failures}
    failed = {
        name: f"ended {outcomes[0]}: {error}"
        for name, outcomes, error in fetch(LOOKS, question)
        if outcomes[0] in HOPELESS or (len(outcomes) == failures and set(outcomes) <= set(FAILED))
    }
    return [replace(one, failed=failed.get(one.feed.name, "")) for one in watched]


def _dead_sources(watched: Sequence[Watched]) -> set[str]:
    """Return the sources with several feeds, of which none can be trusted."""
    names = [one.feed.source for one in watched]
    alive = {one.feed.source for one in watched if not one.is_dead}
    return {name for name in names if names.count(name) > 1} - alive


def _dead_ledger(ledger: Ledger, watched: Sequence[Watched]) -> Finding:
    return Finding(
        ledger=ledger,
        subject=ledger,
        level=Level.CRITICAL,
        message=_dead_message(ledger, watched),
        hint=next(_hints(watched[:1]), "Install a collector of it, or restore those it had."),
    )


def _dead_message(ledger: Ledger, watched: Sequence[Watched]) -> str:
    """Say since when nothing of a ledger can be trusted."""
    if not watched:
        return f"Nothing fills the {ledger.label} ledger: it has no feed."
    looked = [one.judged for one in watched if one.judged.covered_until]
    if not looked:
        return (
            f"The {ledger.label} ledger is unknown: "
            f"none of its feeds ({len(watched)}) was ever looked at completely."
        )
    newest = max(looked, key=lambda state: (state.covered_until, state.feed))
    return f"The {ledger.label} ledger is stale. Its newest feed: {newest.reason}"


def _bad_feeds(bad: Sequence[Watched], dead_sources: set[str], least: State) -> Iterator[Finding]:
    failing = Counter(one.feed.source for one in bad if one.failed)
    for one, hint in zip(bad, _hints(bad), strict=True):
        source = one.feed.source
        is_common = source in dead_sources or (one.failed and failing[source] > 1)
        is_bad = one.judged.state >= least
        yield Finding(
            ledger=one.feed.ledger,
            subject=one.feed.name,
            level=LEVELS[one.judged.state] if is_bad else Level.WARNING,
            message=one.judged.reason if is_bad else _failing(one),
            hint=hint,
            cause=source if is_common else "",
        )


def _failing(one: Watched) -> str:
    """Say how the last look at a feed failed that is not old yet."""
    return f"The last look at {one.feed.name} {one.failed[:300]}".strip()


def _retired_feed(one: Watched) -> Finding:
    return Finding(
        ledger=one.feed.ledger,
        subject=one.feed.name,
        level=Level.WARNING,
        message=f"{one.judged.reason} No collector looks at it any more.",
        hint="If that was intended, acknowledge it. Else look at what its collector follows.",
    )


def _hints(watched: Sequence[Watched]) -> Iterator[str]:
    """Yield for each feed where to look first: its schedule, its last run, or the workers."""
    names = [one.feed.name for one in watched]
    jobs = {f"{job_of(one.feed)}" for one in watched}
    schedules = {row.job: row for row in Schedule.objects.filter(job__in=jobs)}
    newest = CollectorRun.objects.order_by("-started_at")
    runs = {name: newest.filter(feed=name).first() for name in names}
    for one in watched:
        yield _hint(runs[one.feed.name], schedules.get(f"{job_of(one.feed)}"))


def _hint(run: CollectorRun | None, schedule: Schedule | None) -> str:
    if schedule and schedule.is_paused:
        return "Its schedule is paused. Resume it in the admin, under Feeds."
    if run is None:
        return f"It has no run. {WORKERS}"
    said = f"Its last run, #{run.pk} at {run.started_at:%F %T} UTC, ended {run.outcome}."
    if schedule and schedule.rests_until:
        return f"{said} After its failures it rests until {schedule.rests_until:%F %T} UTC."
    return f"{said} {WORKERS}" if run.outcome in ("ok", "empty", "running") else f"{said} See why."
