"""A source that fails again and again rests, is tried once, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from ledgers import breaker
from ledgers.collecting.collector import Need
from ledgers.collecting.limits import connection as redis_connection
from ledgers.collecting.needs import value_of
from ledgers.jobs import JobKind, kinds
from ledgers.models import CollectorRun, Schedule, Slot
from ledgers.operating import pause, resume, run_now
from ledgers.slots import claim, dispatch
from ledgers.tests.many import JOB, Many, asked, numbers, run
from ledgers.tests.misbehaving import HEAD, body

Outcome = CollectorRun.Outcome
REST = timedelta(minutes=5)
STEP = timedelta(seconds=1)
GONE = body(b"", HEAD.replace(b"200 OK", b"404 Gone"))
GOOD = numbers(a=1)


@pytest.fixture(autouse=True)
def _only_job(ledger, settings) -> Iterator[None]:
    """Leave one job to the dispatcher, which opens its breaker at the third failure."""
    settings.OMC_BREAKER_FAILURES = 3
    settings.OMC_BREAKER_REST, settings.OMC_BREAKER_MAX_REST = REST, 4 * REST
    others = dict(kinds)
    kinds.clear()
    kinds["collect"] = JobKind(kind="collect", task="none", cadences=lambda: {"many": STEP})
    yield
    kinds.clear()
    kinds.update(others)


class Clock:
    """The dispatcher's clock, a cadence further with each round."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def round(self, collector: Many | None = None) -> list[CollectorRun] | None:
        """Dispatch, and do what was sent; None if nothing was."""
        self.now += STEP
        sent: list[int] = []
        dispatch(self.now, lambda job, slot: sent.append(slot))
        if not sent:
            return None
        runs: list[CollectorRun] = []
        for slot in sent:
            held = claim(slot, self.now)
            assert held is not None
            runs += run(collector or Many(), self.now, held)
        return runs


def schedule() -> Schedule:
    return Schedule.objects.get(job=JOB)


def is_resting(now) -> bool:
    return breaker.resting(now).filter(job=JOB).exists()


def test_after_so_many_failures_in_a_row_nothing_is_sent_until_the_rest_is_over(settings) -> None:
    clock = Clock()
    with asked(settings, GONE) as requests:
        for _ in range(3):
            clock.round()
        assert schedule().failures == 3
        assert is_resting(clock.now)
        for _ in range(3):
            assert clock.round() is None
    assert len(requests) == 3


def test_one_run_tries_again_and_its_success_closes_the_breaker(settings) -> None:
    clock = Clock()
    with asked(settings, GONE, GONE, GONE, GOOD):
        for _ in range(3):
            clock.round()
        clock.now = schedule().rests_until
        (tried,) = clock.round()
    assert tried.outcome == Outcome.OK
    assert (schedule().failures, schedule().rests_until) == (0, None)


def test_each_failed_try_doubles_the_rest_up_to_a_limit(settings) -> None:
    clock, rests = Clock(), []
    with asked(settings, GONE):
        for _ in range(6):
            clock.round()
            if until := schedule().rests_until:
                rests.append(until - timezone.now())
                clock.now = max(clock.now, until)
    assert [round(rest / REST) for rest in rests] == [1, 2, 4, 4]


def test_a_success_between_two_failures_begins_the_count_anew(settings) -> None:
    clock = Clock()
    with asked(settings, GONE, GONE, GOOD, GONE, GONE):
        for _ in range(5):
            clock.round()
    assert schedule().failures == 2
    assert not is_resting(clock.now)


def test_a_source_one_feed_of_which_works_does_not_rest(settings) -> None:
    def answer(connection, request: bytes) -> None:
        (GONE if b"scope=dead" in request else GOOD)(connection, request)

    clock = Clock()
    with asked(settings, answer):
        for _ in range(5):
            clock.round(Many("dead", "alive"))
    assert schedule().failures == 0


@pytest.mark.parametrize(("asks", "hours"), [("7200", 2), ("99999999999", 24 * 7)])
def test_a_source_that_says_for_how_long_is_left_alone_so_long_at_once(
    settings, asks, hours
) -> None:
    head = HEAD.replace(b"200 OK", b"429 Slow") + f"Retry-After: {asks}\r\n".encode()
    clock = Clock()
    with asked(settings, body(b"", head)) as requests:
        (run_,) = clock.round()
        assert clock.round() is None
    assert (run_.outcome, len(requests)) == (Outcome.RATE_LIMITED, 1)
    assert schedule().failures == 1
    rest = schedule().rests_until - run_.started_at
    assert timedelta(hours=hours) <= rest < timedelta(hours=hours, minutes=1)


def test_a_message_that_was_sent_before_ends_its_slot_without_a_look(settings) -> None:
    clock, sent = Clock(), []
    for seconds in (1, 2):
        dispatch(clock.now + seconds * STEP, lambda job, slot: sent.append(slot))
    with asked(settings, GONE) as requests:
        first, second = (claim(slot, clock.now) for slot in sent[:1]), sent[1]
        Schedule.objects.update(failures=2)
        run(Many(), clock.now, next(first))
        assert run(Many(), clock.now, claim(second, clock.now)) == []
    assert len(requests) == 1
    assert set(Slot.objects.values_list("state", flat=True)) == {Slot.State.DONE}


def test_losing_redis_does_not_wake_what_rests(settings) -> None:
    clock = Clock()
    with asked(settings, GONE) as requests:
        for _ in range(3):
            clock.round()
        redis_connection().flushdb()
        assert clock.round() is None
    assert len(requests) == 3


@pytest.mark.parametrize("ask", ["run_now", "resume"])
def test_an_operator_closes_the_breaker(settings, ask) -> None:
    clock, sent = Clock(), []
    with asked(settings, GONE):
        for _ in range(3):
            clock.round()
    if ask == "run_now":
        run_now([JOB], clock.now, lambda job, slot: sent.append(slot))
        assert len(sent) == 1
    else:
        pause([JOB])
        resume([JOB])
    assert (schedule().failures, schedule().rests_until) == (0, None)
    with asked(settings, GOOD):
        assert clock.round()


def test_a_source_without_its_keys_is_no_failing_source(settings) -> None:
    class Keyed(Many):
        needs = (Need(name="key", help="A key."),)

        def fetch(self, http, ask):
            value_of(self, "key")
            yield from super().fetch(http, ask)

    clock = Clock()
    with asked(settings, GOOD) as requests:
        for _ in range(4):
            (look,) = clock.round(Keyed())
    assert look.outcome == Outcome.UNCONFIGURED
    assert (schedule().failures, requests) == (0, [])


def test_every_way_to_end_is_good_bad_or_nobodys_fault() -> None:
    neither = {Outcome.RUNNING, Outcome.INTERRUPTED, Outcome.UNCONFIGURED}
    assert set(breaker.COMPLETE) | set(breaker.FAILED) | neither == set(Outcome)
    assert not set(breaker.COMPLETE) & set(breaker.FAILED)
