"""An operator runs, pauses and resumes jobs; the schedule's own slots are left alone."""

from __future__ import annotations

import pytest

from ledgers.jobs import cadences
from ledgers.models import Feed, Schedule, Slot
from ledgers.operating import job_of, pause, resume, run_now, with_pause
from ledgers.slots import claim, dispatch, fenced, finish
from ledgers.tests.factories import HOUR, T0, make_run

JOB = "collect:coinspot"
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def sent():
    return []


@pytest.fixture
def send(sent):
    return lambda job, slot: sent.append((job, slot))


def test_an_extra_slot_is_sent_and_does_not_take_the_place_of_a_due_one(sent, send) -> None:
    assert run_now([JOB], T0, send) == [JOB]
    (extra,) = sent
    dispatch(T0, send)
    due = [one for one in sent[1:] if one[0] == JOB]
    assert len(due) == 1
    assert due[0] != extra
    assert Slot.objects.filter(schedule=JOB).count() == 2


def test_an_extra_slot_is_claimed_and_finished_like_any_other(sent, send) -> None:
    run_now([JOB], T0, send)
    ((_, slot_id),) = sent
    held = claim(slot_id, T0)
    assert held is not None
    assert claim(slot_id, T0) is None
    with fenced(held) as slot:
        finish(slot)
    assert Slot.objects.get().state == Slot.State.DONE


def test_an_extra_slot_whose_message_got_lost_is_sent_again(sent, send) -> None:
    run_now([JOB], T0, send)
    dispatch(T0 + HOUR, send)
    assert sent.count(sent[0]) == 2


def test_a_job_that_does_not_exist_is_not_run(sent, send) -> None:
    assert run_now(["collect:nobody", JOB, JOB], T0, send) == [JOB]
    assert len(sent) == 1


def test_a_paused_job_is_not_sent_until_it_is_resumed(sent, send) -> None:
    assert pause([JOB]) == 1
    dispatch(T0, send)
    assert JOB not in {job for job, _ in sent}
    assert Schedule.objects.filter(is_paused=True).count() == 1
    assert resume([JOB]) == 1
    dispatch(T0, send)
    assert JOB in {job for job, _ in sent}


def test_a_feed_knows_its_job_and_whether_it_is_paused() -> None:
    make_run("coinspot")
    make_run("import_omc/1")
    pause([JOB])
    paused = {feed.name: feed.is_paused for feed in with_pause(Feed.objects.all())}
    assert paused == {"coinspot": True, "import_omc/1": False}
    jobs = {feed.name: job_of(feed) for feed in Feed.objects.all()}
    assert jobs == {"coinspot": JOB, "import_omc/1": None}
    assert JOB in cadences()
