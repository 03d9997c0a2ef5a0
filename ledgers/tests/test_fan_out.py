"""The looks of one round run at the same time, and each fails alone."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.collecting.collector import Collector
from ledgers.collecting.needs import opened
from ledgers.glass.models import ChainMetric
from ledgers.models import CollectorRun, Coverage, Slot
from ledgers.slots import claim
from ledgers.tests.many import MINUTE, Many, asked, claimed, numbers, run, scope_of
from ledgers.tests.misbehaving import HEAD, body

Outcome = CollectorRun.Outcome
pytestmark = pytest.mark.usefixtures("ledger")
SCOPES = [f"scope{number:02}" for number in range(30)]


class Crowd:
    """Count how many requests are answered at once; each waits for `together` of them."""

    def __init__(self, together: int) -> None:
        self.barrier = threading.Barrier(together)
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def answer(self, connection, request: bytes) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.barrier.wait(timeout=10)
        with self.lock:
            self.inside -= 1
        numbers(**{scope_of(request): 1})(connection, request)


def sessions() -> int:
    """Count the sessions of our database, but this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def falls_to(before: int) -> bool:
    """Wait until there are no more sessions than before: a server ends one after its client."""
    with connection.cursor() as cursor:
        for _ in range(600):
            if sessions() <= before:
                return True
            cursor.execute("SELECT pg_sleep(0.05)")
    return False


def test_as_many_requests_run_at_once_as_there_are_threads_and_no_more(settings) -> None:
    settings.OMC_FETCH_THREADS = 5
    crowd = Crowd(together=5)
    before = sessions()
    with asked(settings, crowd.answer) as requests:
        runs = run(Many(*SCOPES), timezone.now())
    assert (len(requests), crowd.most) == (30, 5)
    assert [look.feed.scope for look in runs] == SCOPES
    assert {look.outcome for look in runs} == {Outcome.OK}
    assert ChainMetric.objects.count() == Coverage.objects.count() == 30
    assert falls_to(before)


def test_a_request_that_fails_costs_only_its_own_look(settings) -> None:
    def answer(connection, request: bytes) -> None:
        head = HEAD.replace(b"200 OK", b"404 Gone") if b"scope07" in request else HEAD
        page = b'{"numbers": {"%s": 1}, "last": true}' % scope_of(request).encode()
        body(b"[]" if b"scope11" in request else page, head)(connection, request)

    with asked(settings, answer):
        runs = run(Many(*SCOPES), timezone.now())
    ended = {look.feed.scope: look.outcome for look in runs}
    assert ended.pop("scope07") == Outcome.TRANSPORT
    assert ended.pop("scope11") == Outcome.CRASHED
    assert set(ended.values()) == {Outcome.OK}
    assert Coverage.objects.count() == 28


def test_the_slot_is_closed_with_the_last_look_whichever_that_is(settings) -> None:
    quick_is_over = threading.Event()

    class Watched(Many):
        def covered(self, looked):
            quick_is_over.set()
            return super().covered(looked)

    def answer(connection, request: bytes) -> None:
        if b"scope=slow" in request:
            quick_is_over.wait(timeout=10)
        numbers(**{scope_of(request): 1})(connection, request)

    now = timezone.now()
    with asked(settings, answer):
        slow, quick = run(Watched("slow", "quick"), now, claimed(now))
    assert {slow.outcome, quick.outcome} == {Outcome.OK}
    assert slow.finished_at > quick.finished_at
    assert Slot.objects.get().state == Slot.State.DONE


def test_a_look_asks_for_its_next_page_after_the_last_one_was_stored(settings) -> None:
    now = timezone.now()
    dated = HEAD + f"Date: {now:%a, %d %b %Y %H:%M:%S} GMT\r\n".encode()
    pages = [body(b'{"numbers": {"%s": 1}, "last": false}' % name, dated) for name in (b"a", b"b")]
    with asked(settings, *pages, numbers(c=1)) as first:
        (whole,) = run(Many(), now)
    assert (len(first), whole.new) == (3, 3)
    with asked(settings, *pages) as again:
        (met,) = run(Many(), now)
    assert (len(again), met.duplicate) == (1, 1)


def test_a_claim_lost_on_the_way_stores_nothing_more_of_any_look(settings) -> None:
    now = timezone.now()
    held = claimed(now)
    begun, stolen = threading.Event(), threading.Event()

    def answer(connection_, request: bytes) -> None:
        begun.set()
        assert stolen.wait(timeout=60)
        numbers(**{scope_of(request): 1})(connection_, request)

    def steal() -> None:
        assert begun.wait(timeout=60)
        Slot.objects.filter(pk=held.slot_id).update(lease_until=now - MINUTE)
        assert claim(held.slot_id, now) is not None
        connection.close()
        stolen.set()

    with asked(settings, answer):
        thief = threading.Thread(target=steal)
        thief.start()
        runs = run(Many("a", "b", "c"), now, held)
        thief.join()
    assert {look.outcome for look in runs} == {Outcome.INTERRUPTED}
    assert not ChainMetric.objects.exists()
    assert Slot.objects.get().state == Slot.State.LEASED


def test_a_collector_that_uses_the_database_while_it_asks_leaves_no_session(settings) -> None:
    class Curious(Many):
        def fetch(self, http, ask):
            assert not Slot.objects.exists()
            yield from super().fetch(http, ask)

    before = sessions()
    with asked(settings, numbers(a=1)):
        runs = run(Curious(*SCOPES[:10]), timezone.now())
    assert {look.outcome for look in runs} == {Outcome.OK}
    assert falls_to(before)


def test_what_was_opened_for_a_round_is_seen_in_its_threads(settings) -> None:
    seen: list[str] = []

    class Keyed(Many):
        def fetch(self, http, ask):
            seen.append(threading.current_thread().name)
            yield from super().fetch(http, ask)

    with asked(settings, numbers(a=1)), opened(Keyed()):
        run(Keyed("a", "b"), timezone.now())
    assert all(name.startswith("many") for name in seen)


def test_no_cookie_goes_from_one_request_to_the_next(settings) -> None:
    with asked(
        settings, body(b'{"numbers": {"a": 1}, "last": false}', HEAD + b"Set-Cookie: a=1\r\n")
    ) as got:
        run(Many(), timezone.now())
    assert len(got) == 3
    assert not any(b"Cookie" in request for request in got)


@pytest.mark.full
def test_thirty_requests_of_200_ms_take_at_most_twice_their_share(settings) -> None:
    """The goal is that of the design: one task, ceil(30 / threads) rounds of waiting, twice."""
    settings.OMC_FETCH_THREADS = 8

    def answer(connection, request: bytes) -> None:
        time.sleep(0.2)
        numbers(**{scope_of(request): 1})(connection, request)

    with asked(settings, answer):
        run(Many("warm"), timezone.now())
        began = time.monotonic()
        runs = run(Many(*SCOPES), timezone.now())
        took = time.monotonic() - began
    assert Counter(look.outcome for look in runs) == {Outcome.OK: 30}
    assert took <= 2 * math.ceil(30 / 8) * 0.2


def test_the_test_source_is_a_collector() -> None:
    assert isinstance(Many(), Collector)
