"""An operator runs, pauses and resumes jobs; the schedule's own slots are left alone."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ledgers.collecting.registry import feed_of
from ledgers.feeds import State, states
from ledgers.jobs import cadences
from ledgers.models import Feed, Schedule, Slot
from ledgers.operating import job_of, pause, resume, run_now, set_every, with_pause
from ledgers.reading import pair
from ledgers.slots import claim, dispatch, fenced, finish
from ledgers.tests.factories import HOUR, T0, make_run
from ledgers.tests.many import Many, asked, numbers, run

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


def test_a_source_that_an_operator_slowed_down_is_judged_by_the_new_cadence(settings) -> None:
    assert set_every("collect:nobody", HOUR) is False
    Schedule.objects.create(job="collect:many", every=HOUR)
    now = timezone.now()
    with asked(settings, numbers(a=1)):
        (look,) = run(Many(), now)
    assert look.feed.every == HOUR
    assert look.window.upper - look.window.lower == HOUR
    known = pair(look.window.upper + HOUR / 4)
    (judged,) = states([feed_of(Many(), "0")], known)
    assert judged.state == State.FRESH
    Schedule.objects.update(every=HOUR / 3600)
    with asked(settings, numbers(a=1)):
        (quick,) = run(Many(), now)
    assert quick.feed.every == Many.every
