"""What an operator sees of the sources: which work, which are off and why, how they went lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import OuterRef, Subquery

from ledgers.collecting.collector import Collector
from ledgers.collecting.needs import is_given, missing, owner_of, variable_of
from ledgers.collecting.registry import broken, collectors, feeds_of_source, is_on, job_name
from ledgers.credentials import masked
from ledgers.feeds import FeedState, states, worst
from ledgers.latency import Latency, latency_of
from ledgers.models import CollectorRun, Feed, Schedule
from ledgers.reading import Pair

SHOWN_RUNS = 12
REACH = timedelta(days=7)
"""How far back the last error and the last new row are looked for."""


class Work(StrEnum):
    """Whether a source works, and what keeps it from it."""

    ON = "on"
    OFF = "off"
    BROKEN = "broken"
    PAUSED = "paused"
    RESTING = "resting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source at one moment: `lacks` are the names of values it needs and has not."""

    collector: Collector
    feeds: tuple[Feed, ...]
    judged: tuple[FeedState, ...]
    schedule: Schedule | None
    last: CollectorRun | None
    lacks: tuple[str, ...]
    work: Work

    @property
    def slug(self) -> str:
        """Return the name of the source."""
        return self.collector.slug

    @property
    def worst(self) -> FeedState | None:
        """Return the worst state of its feeds; None without feeds."""
        return worst(self.judged)

    @property
    def every(self) -> timedelta:
        """Return how often it is looked at."""
        return self.schedule.every if self.schedule else self.collector.every

    @property
    def why(self) -> str:
        """Say what keeps it from working; empty if nothing does."""
        match self.work:
            case Work.BROKEN:
                return broken[self.slug]
            case Work.OFF:
                return self._why_off()
            case Work.PAUSED:
                return "An operator paused it."
            case Work.RESTING:
                return _rests(self.schedule)
            case Work.ON:
                return self._why_idle()

    def _why_idle(self) -> str:
        if self.lacks:
            return f"It lacks {', '.join(self.lacks)}."
        return "" if self.feeds else "It has nothing to look at: no account has its keys."

    def _why_off(self) -> str:
        if not self.collector.needs:
            return f"A plug-in: it is on when OMC_PLUG_INS names {self.slug}."
        return f"A plug-in: it is on when it has its keys. Missing: {', '.join(self.lacks)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One value that a source needs, as it may be shown: where it comes from, and its end."""

    name: str
    help: str
    is_secret: bool
    variable: str
    is_given: bool
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How a source went lately: its newest runs, its last error, and how late its rows came."""

    runs: tuple[CollectorRun, ...]
    error: CollectorRun | None
    newest: CollectorRun | None
    lag: Latency | None


def all_sources(pair: Pair, now: datetime) -> list[Source]:
    """Return every source that could be imported, by ledger and name."""
    ordered = sorted(collectors.values(), key=lambda one: (one.ledger, one.slug))
    return sources_of(ordered, pair, now)


def sources_of(wanted: Iterable[Collector], pair: Pair, now: datetime) -> list[Source]:
    """Return the sources of some collectors; the same few queries however many they are."""
    chosen = list(wanted)
    feeds = {one.slug: feeds_of_source(one) if is_on(one) else [] for one in chosen}
    every_feed = [feed for own in feeds.values() for feed in own]
    judged = {state.feed: state for state in states(every_feed, pair)}
    jobs = {job_name(one): one.slug for one in chosen}
    schedules = {jobs[row.job]: row for row in Schedule.objects.filter(job__in=jobs)}
    last = _last_runs([one.slug for one in chosen])
    return [
        Source(
            collector=one,
            feeds=tuple(feeds[one.slug]),
            judged=tuple(judged[feed.name] for feed in feeds[one.slug]),
            schedule=schedules.get(one.slug),
            last=last.get(one.slug),
            lacks=tuple(missing(one)),
            work=_work(one, schedules.get(one.slug), now),
        )
        for one in chosen
    ]


def keys_of(collector: Collector) -> list[Key]:
    """Return what a source needs, as it may be shown."""
    stored = masked(owner_of(collector)) if collector.needs else {}
    return [
        Key(
            name=need.name,
            help=need.help,
            is_secret=need.is_secret,
            variable=variable_of(collector, need.name),
            is_given=is_given(collector, need.name),
            hint=stored.get(need.name, ""),
        )
        for need in collector.needs
    ]


def history_of(slug: str, now: datetime) -> History:
    """Return how a source went lately."""
    runs = CollectorRun.objects.filter(feed__source=slug).select_related("feed")
    recent = runs.filter(started_at__gte=now - REACH)
    newest = recent.filter(new__gt=0, kind=CollectorRun.Kind.LIVE).first()
    return History(
        runs=tuple(runs[:SHOWN_RUNS]),
        error=recent.exclude(error="").first(),
        newest=newest,
        lag=latency_of(newest) if newest else None,
    )


def _work(collector: Collector, schedule: Schedule | None, now: datetime) -> Work:
    if collector.slug in broken:
        return Work.BROKEN
    if not is_on(collector):
        return Work.OFF
    if schedule and schedule.is_paused:
        return Work.PAUSED
    if schedule and schedule.rests_until and schedule.rests_until > now:
        return Work.RESTING
    return Work.ON


def _rests(schedule: Schedule | None) -> str:
    assert schedule is not None  # noqa: S101  # only a schedule rests
    return f"Failed rounds in a row: {schedule.failures}. One round tries it again after its rest."


def _last_runs(slugs: list[str]) -> Mapping[str, CollectorRun]:
    """Return the newest run of each source, by the index of each feed's runs."""
    newest = CollectorRun.objects.filter(feed=OuterRef("pk")).order_by("-started_at")
    feeds = Feed.objects.filter(source__in=slugs).annotate(last=Subquery(newest.values("pk")[:1]))
    runs = CollectorRun.objects.select_related("feed").in_bulk(
        [pk for pk in feeds.values_list("last", flat=True) if pk]
    )
    ordered = sorted(runs.values(), key=lambda run: run.started_at)
    return {run.feed.source: run for run in ordered}
