"""Work is done once, whatever the messages do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from ledgers.jobs import JobKind, kinds
from ledgers.models import Slot
from ledgers.slots import Claim, FencedError, claim, dispatch, fenced, finish

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=90)


class Sent(list[int]):
    """The slots that were sent."""

    def append_slot(self, job: str, slot: int) -> None:
        assert job == "test:minutely"
        self.append(slot)


@pytest.fixture
def sent(ledger) -> Iterator[Sent]:
    others = dict(kinds)
    kinds.clear()
    kinds["test"] = JobKind(kind="test", task="none", cadences=lambda: {"minutely": MINUTE})
    yield Sent()
    kinds.clear()
    kinds.update(others)


def at_once(*works) -> None:
    """Run the works in threads that start together."""
    barrier = Barrier(len(works))

    def run(work) -> None:
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_dispatchers_send_one_message_a_slot(sent) -> None:
    for minute in range(20):
        at_once(*[lambda m=minute: dispatch(NOW + m * MINUTE, sent.append_slot)] * 3)
    assert sorted(set(sent)) == sorted(Slot.objects.values_list("pk", flat=True))
    assert Slot.objects.count() == 20
    assert len(sent) == sum(Slot.objects.values_list("sends", flat=True))


def test_only_one_of_many_workers_gets_the_slot(sent) -> None:
    dispatch(NOW, sent.append_slot)
    claims: list[Claim | None] = []
    at_once(*[lambda: claims.append(claim(sent[0], NOW, LEASE))] * 6)
    assert [c.attempt for c in claims if c] == [1]


def test_a_job_has_one_live_lease_even_with_two_slots(sent) -> None:
    dispatch(NOW, sent.append_slot)
    dispatch(NOW + MINUTE, sent.append_slot)
    assert claim(sent[0], NOW + MINUTE, LEASE)
    assert claim(sent[1], NOW + MINUTE, LEASE) is None


def test_an_expired_lease_is_sent_again_and_the_sleeper_is_fenced(sent) -> None:
    dispatch(NOW, sent.append_slot)
    sleeper = claim(sent[0], NOW, LEASE)
    dispatch(NOW + 2 * MINUTE, sent.append_slot)
    assert sent.count(sent[0]) == 2
    second = claim(sent[0], NOW + 2 * MINUTE, LEASE)
    with pytest.raises(FencedError), fenced(sleeper):
        pass
    with fenced(second) as slot:
        finish(slot)
    assert Slot.objects.get(pk=sent[0]).state == Slot.State.DONE


def test_a_live_lease_is_left_alone(sent) -> None:
    dispatch(NOW, sent.append_slot)
    claim(sent[0], NOW, 10 * MINUTE)
    dispatch(NOW + 2 * MINUTE, sent.append_slot)
    assert sent.count(sent[0]) == 1


def test_what_is_done_is_never_claimed_again(sent) -> None:
    dispatch(NOW, sent.append_slot)
    with fenced(claim(sent[0], NOW, LEASE)) as slot:
        finish(slot)
    assert claim(sent[0], NOW + 5 * MINUTE, LEASE) is None


def test_a_slot_nobody_answers_is_abandoned_after_three_sends(sent) -> None:
    for minute in range(9):
        dispatch(NOW + minute * MINUTE, sent.append_slot)
    first = Slot.objects.get(pk=sent[0])
    assert (first.state, first.sends, sent.count(first.pk)) == (Slot.State.ABANDONED, 3, 3)


def test_a_dispatcher_does_not_wait_for_a_worker_that_stores(sent) -> None:
    dispatch(NOW, sent.append_slot)
    with fenced(claim(sent[0], NOW, LEASE)):
        at_once(lambda: dispatch(NOW + 5 * MINUTE, sent.append_slot))
    assert sent.count(sent[0]) == 1
