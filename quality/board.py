"""The operator's board as values: four ledgers, what is wrong, and whether anybody hears of it.

States are those of `ledgers.feeds`, now and at each hour of the last day. Feeds of one source stand
together, because they most often fail together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db.models import Count

from ledgers.feeds import FeedState, State, states, worst
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair
from quality.channels import configured
from quality.delivering import HEARTBEAT, SILENCE
from quality.findings import Level
from quality.models import Alert, CheckRun, Delivery
from quality.registry import checks

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A feed, or the feeds of a source: the worst of them now, and at each hour of the last day."""

    name: str
    now: FeedState
    day: Sequence[State]
    feeds: Sequence[Lived] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One ledger; `worst` is None where no feed fills it."""

    ledger: Ledger
    worst: FeedState | None
    sources: Sequence[Lived]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one channel did with the notices of the last day, and the error of the last failure."""

    channel: str
    sent: int
    waiting: int
    given_up: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """The dead man's heartbeat: whether one is wanted, and how the last one went."""

    is_wanted: bool
    last: Delivery | None

    def is_beating(self, now: datetime) -> bool:
        """Tell whether whoever listens has heard us lately."""
        return bool(self.last and self.last.sent_at and now - self.last.sent_at < SILENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How the newest runs of the checks went."""

    checks: int
    never: Sequence[str]
    failed: Sequence[str]
    oldest: datetime | None


def rooms_of(feeds: Sequence[Feed], cuts: Pair) -> list[Room]:
    """Return the four ledgers in their order, in each the worst source first."""
    lived = _lived(feeds, cuts)
    return [_room(ledger, [one for one in lived if one.now.ledger == ledger]) for ledger in Ledger]


def standing_by_level() -> dict[Level, int]:
    """Return how many alerts stand and are not silenced, by level, the worst first."""
    open_ones = Alert.objects.standing().exclude(state=Alert.State.SNOOZED).order_by()
    counted = dict(open_ones.values_list("level").annotate(rows=Count("pk")))
    return {level: counted[level] for level in sorted(Level, reverse=True) if level in counted}


def told_of(now: datetime) -> list[Told]:
    """Return what became of the notices of the last day, of each channel that is or was in use."""
    recent = Delivery.objects.filter(made_at__gt=now - DAY).exclude(channel=HEARTBEAT)
    counted = recent.order_by().values_list("channel", "state").annotate(rows=Count("pk"))
    numbers = {(channel, state): rows for channel, state, rows in counted}
    names = {channel for channel, _ in numbers} | {channel.name for channel in configured()}
    failed = recent.exclude(error="").exclude(state=Delivery.State.SENT)
    return [
        Told(
            channel=name,
            sent=numbers.get((name, "sent"), 0),
            waiting=numbers.get((name, "pending"), 0),
            given_up=numbers.get((name, "given_up"), 0),
            error=failed.filter(channel=name).values_list("error", flat=True).first() or "",
        )
        for name in sorted(names)
    ]


def heart() -> Heart:
    """Return how the last heartbeat went."""
    last = Delivery.objects.filter(channel=HEARTBEAT).order_by("-pk").first()
    return Heart(is_wanted=bool(settings.OMC_HEARTBEAT_URL), last=last)


def work() -> Work:
    """Return which checks ran, and which could not."""
    newest = CheckRun.objects.newest(checks)
    return Work(
        checks=len(checks),
        never=sorted(set(checks) - set(newest)),
        failed=sorted(name for name, run in newest.items() if run.error),
        oldest=min((run.started_at for run in newest.values()), default=None),
    )


def _lived(feeds: Sequence[Feed], cuts: Pair) -> list[Lived]:
    now = states(feeds, cuts)
    hours = [
        states(feeds, Pair(as_of=cuts.as_of - back * HOUR, horizon=cuts.horizon))
        for back in range(HOURS - 1, 0, -1)
    ]
    each = [
        Lived(
            name=one.feed,
            now=one,
            day=[*(hour[place].state for hour in hours), one.state],
        )
        for place, one in enumerate(now)
    ]
    named = sorted(zip(feeds, each, strict=True), key=lambda pair: pair[0].source)
    return [
        _source(source, [one for _, one in own])
        for source, own in groupby(named, key=lambda pair: pair[0].source)
    ]


def _source(name: str, feeds: Sequence[Lived]) -> Lived:
    """Return a source as good as the worst of its feeds, at each hour."""
    if len(feeds) == 1:
        return feeds[0]
    ordered = sorted(feeds, key=lambda one: (-one.now.state, one.name))
    day = [max(hour) for hour in zip(*(one.day for one in feeds), strict=True)]
    return Lived(name=name, now=ordered[0].now, day=day, feeds=ordered)


def _room(ledger: Ledger, sources: Iterable[Lived]) -> Room:
    ordered = sorted(sources, key=lambda one: (-one.now.state, one.name))
    return Room(ledger=ledger, worst=worst(one.now for one in ordered), sources=ordered)


def spelled_day(day: Sequence[State]) -> str:
    """Say of the hours of a day how many were how good, the best first."""
    counted = Counter(day)
    return ", ".join(f"{counted[state]} h {state.name.lower()}" for state in sorted(counted))
