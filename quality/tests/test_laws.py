"""Laws: alerts against a model of their life, freshness against plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as some
from psycopg.types.range import Range

from ledgers.collecting.registry import feed_of
from ledgers.feeds import State as FeedState
from ledgers.feeds import judge, states
from ledgers.models import Coverage, Ledger
from ledgers.reading import Pair
from quality.alerting import acknowledge, snooze, troubles_of, write_alerts
from quality.checks.human import human_is_fresh
from quality.findings import Level
from quality.models import Alert, AlertEvent
from quality.tests.factories import (
    HOUR,
    MINUTE,
    NOW,
    covered,
    finding,
    make_collector,
    make_run,
    make_user,
    stray_feed,
)

CHECK = "freshness.glass"
SUBJECTS = ("a", "b", "c")
State, Kind = Alert.State, AlertEvent.Kind
pytestmark = pytest.mark.usefixtures("ledger")


@dataclass
class Told:
    """An alert as a person would keep it on paper."""

    subject: str
    level: int
    opened_at: datetime
    state: str = "open"
    count: int = 1  # runs that saw it
    until: datetime | None = None
    history: tuple[str, ...] = ("opened",)

    def hear(self, level: int, now: datetime) -> bool:
        """Note another sight of it; tell whether a person is to be woken."""
        wakes = False
        if level > self.level:
            self.history += ("escalated",)
            wakes = True
        elif self.state == "snoozed" and self.until is not None and self.until <= now:
            self.history += ("woken",)
            wakes = True
        elif level < self.level:
            self.history += ("eased",)
        if wakes:
            self.state, self.until = "open", None
        self.level = level
        self.count += 1
        return wakes


class Paper:
    """The model: what stands, and what is over."""

    def __init__(self) -> None:
        self.standing: dict[str, Told] = {}
        self.over: list[Told] = []

    def run(self, found: dict[str, int], now: datetime, *, is_whole: bool) -> set[tuple[str, str]]:
        """Note what a run found; return what a person is told."""
        told: set[tuple[str, str]] = set()
        for subject, level in found.items():
            known = self.standing.get(subject)
            if known is None:
                self.standing[subject] = Told(subject, level, now)
                told.add(("opened", subject))
            elif known.hear(level, now):
                told.add((known.history[-1], subject))
        for subject in set(self.standing) - set(found) if is_whole else set():
            ended = self.standing.pop(subject)
            ended.state, ended.until = "resolved", None
            ended.history += ("resolved",)
            self.over.append(ended)
            told.add(("resolved", subject))
        return told

    def everything(self) -> list[tuple[Any, ...]]:
        """Return all alerts in an order that does not matter."""
        alerts = [*self.standing.values(), *self.over]
        return sorted(
            (one.subject, one.opened_at, one.state, one.level, one.count, one.history)
            for one in alerts
        )


def stored() -> list[tuple[Any, ...]]:
    """Return what the database holds, in the form of the model."""
    return sorted(
        (
            alert.subject,
            alert.opened_at,
            alert.state,
            alert.level,
            alert.count,
            tuple(event.kind for event in alert.events.all()),
        )
        for alert in Alert.objects.prefetch_related("events")
    )


FOUND = some.dictionaries(some.sampled_from(SUBJECTS), some.sampled_from(list(Level)))
RUNS = some.tuples(some.just("run"), FOUND, some.booleans())
ANSWERS = some.tuples(
    some.sampled_from(["acknowledge", "snooze"]),
    some.sampled_from(SUBJECTS),
    some.integers(min_value=1, max_value=4),
)
STEPS = some.lists(some.one_of(RUNS, RUNS, ANSWERS), max_size=14)


def answer(paper: Paper, step: tuple[str, str, int], now: datetime, user_id: int) -> None:
    """Acknowledge or snooze what stands, in the database and on paper."""
    action, subject, minutes = step
    known = paper.standing.get(subject)
    if known is None:
        return
    key = Alert.objects.standing().get(subject=subject).pk
    if action == "snooze":
        known.until = now + minutes * MINUTE
        snooze(key, until=known.until, by=user_id, now=now)
        known.state, known.history = "snoozed", (*known.history, "snoozed")
        return
    acknowledge(key, by=user_id, now=now)
    if known.state != "acknowledged":
        known.state, known.until = "acknowledged", None
        known.history += ("acknowledged",)


@given(steps=STEPS)
def test_alerts_live_as_on_paper(steps) -> None:
    Alert.objects.all().delete()
    user_id = _user_id()
    paper = Paper()
    for number, step in enumerate(steps):
        now = NOW + number * MINUTE
        if step[0] != "run":
            answer(paper, step, now, user_id)
            continue
        _, found, is_whole = step
        told = _write(found, now, is_whole=is_whole)
        assert told == paper.run(found, now, is_whole=is_whole)
    assert stored() == paper.everything()


@given(steps=STEPS)
def test_every_history_begins_with_its_opening_and_ends_with_its_end(steps) -> None:
    Alert.objects.all().delete()
    for number, step in enumerate(steps):
        if step[0] == "run":
            _write(step[1], NOW + number * MINUTE, is_whole=step[2])
    for alert in Alert.objects.prefetch_related("events"):
        kinds = [event.kind for event in alert.events.all()]
        assert kinds[0] == Kind.OPENED
        assert kinds.count(Kind.OPENED) == 1
        assert (kinds[-1] == Kind.RESOLVED) is (alert.state == State.RESOLVED)
        assert (alert.resolved_at is not None) is (alert.state == State.RESOLVED)
        assert alert.opened_at <= alert.seen_at


def _user_id() -> int:
    found = get_user_model().objects.first() or make_user()
    return int(found.pk)


def _write(found: dict[str, int], now: datetime, *, is_whole: bool) -> set[tuple[str, str]]:
    findings = [finding(subject, level=level) for subject, level in found.items()]
    with transaction.atomic():
        notices = write_alerts(CHECK, troubles_of(findings), now, is_whole=is_whole)
    return {(notice.kind, notice.subject) for notice in notices}


AGES = some.dictionaries(
    some.sampled_from(["one", "two", "three/a", "three/b", "three/c"]),
    some.one_of(some.none(), some.integers(min_value=0, max_value=4 * 3600)),
    min_size=1,
)


def state_of(age: int | None) -> FeedState:
    """Return the state of an hourly feed, by plain arithmetic."""
    if age is None:
        return FeedState.UNKNOWN
    if age > 2 * 3600:
        return FeedState.STALE
    return FeedState.LATE if age > 3600 / 2 else FeedState.FRESH


def expected(ages: dict[str, int | None], least: FeedState) -> set[tuple[str, str]]:
    """Return which alerts there should be, and how bad."""
    states = {name: state_of(age) for name, age in ages.items()}
    if all(state >= FeedState.STALE for state in states.values()):
        return {("human", "critical")}
    level = {FeedState.LATE: "warning", FeedState.STALE: "error", FeedState.UNKNOWN: "critical"}
    three = [state for name, state in states.items() if name.startswith("three/")]
    is_dead = len(three) > 1 and min(three) >= FeedState.STALE
    found: dict[str, FeedState] = {}
    for name, state in states.items():
        if state >= least and state != FeedState.FRESH:
            about = "three" if is_dead and name.startswith("three/") else name
            found[about] = max(state, found.get(about, state))
    return {(about, level[state]) for about, state in found.items()}


@given(ages=AGES, least=some.sampled_from([FeedState.LATE, FeedState.STALE, FeedState.UNKNOWN]))
def test_freshness_finds_what_arithmetic_finds(sources, ages, least) -> None:
    own = f"-{next(EXAMPLES)}."
    _install(sources, ages, own)
    troubles = troubles_of(human_is_fresh(NOW, least=least))
    found = {
        (about.replace(own, ""), one.level.label)
        for about, one in troubles.items()
        if own in about or about == Ledger.HUMAN
    }
    assert found == expected(ages, least)


EXAMPLES = count()
"""Coverage is never deleted: each example has feeds of its own."""


def _install(sources: Callable[..., None], ages: dict[str, int | None], own: str) -> None:
    """Make the collectors of these feeds, each looked at so many seconds ago."""
    scopes: dict[str, tuple[str, ...]] = {}
    for name in ages:
        source, _, scope = name.partition("/")
        scopes[source] = (*scopes.get(source, ()), scope)
    made = {
        source: make_collector(source + own, Ledger.HUMAN, every=HOUR, scopes=named)
        for source, named in scopes.items()
    }
    sources(*made.values())
    for name, age in ages.items():
        if age is not None:
            source, _, scope = name.partition("/")
            covered(feed_of(made[source], scope), NOW - timedelta(seconds=age))


LOOKS = some.lists(
    some.tuples(*[some.integers(min_value=0, max_value=90)] * 4), min_size=1, max_size=8
)


@given(looks=LOOKS, every=some.integers(min_value=1, max_value=40), as_of=some.integers(0, 90))
def test_a_feed_is_judged_by_what_a_scan_of_all_its_looks_gives(looks, every, as_of) -> None:
    feed = stray_feed(f"law{next(EXAMPLES)}", every=every * MINUTE)
    run = make_run(feed)
    start = NOW - 90 * MINUTE
    seen = []
    for begin, width, known, available in looks:
        upper = begin + width + 1
        Coverage.objects.create(
            feed=run.feed,
            run=run,
            window=Range(start + begin * MINUTE, start + upper * MINUTE),
            known_at=start + known * MINUTE,
            available_at=start + available * MINUTE,
        )
        if available <= as_of:
            seen.append((upper, upper + (0 if upper >= known else every)))
    (judged,) = states([feed], Pair(as_of=start + as_of * MINUTE, horizon=NOW))
    if not seen:
        assert judged.covered_until is None
        return
    ends, dues = zip(*seen, strict=True)
    assert judged.covered_until == start + max(ends) * MINUTE
    due = start + max(dues) * MINUTE
    assert judged == judge(feed, judged.covered_until, start + as_of * MINUTE, due=due)
