"""Work that nobody did is found."""

from __future__ import annotations

import pytest
from django.conf import settings

from ledgers.models import Schedule, Slot
from quality.checks.slots import no_slot_is_abandoned
from quality.findings import Level
from quality.tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, make_slot

JOB = "collect:coinspot"
ABANDONED, DONE = Slot.State.ABANDONED, Slot.State.DONE
pytestmark = pytest.mark.usefixtures("ledger")


def test_no_slot_and_no_abandoned_slot_is_no_finding() -> None:
    assert list(no_slot_is_abandoned(NOW)) == []
    for number, state in enumerate((Slot.State.SENT, Slot.State.DONE)):
        make_slot(JOB, number, state, NOW - 5 * MINUTE)
    assert list(no_slot_is_abandoned(NOW)) == []


def test_abandoned_slots_of_a_job_are_one_finding_of_its_ledger() -> None:
    for number in range(3):
        make_slot(JOB, number, ABANDONED, NOW - (5 - number) * MINUTE)
    (found,) = no_slot_is_abandoned(NOW)
    assert (found.subject, found.ledger, found.level) == (JOB, "glass", Level.ERROR)
    assert "gave up 3 slots, last sent at 2026-03-18 11:57:00 UTC" in found.message


def test_a_job_of_no_ledger_is_found_too() -> None:
    make_slot("check:slots.abandoned", 1, ABANDONED, NOW - 5 * MINUTE)
    assert [one.ledger for one in no_slot_is_abandoned(NOW)] == [""]


@pytest.mark.parametrize(
    ("after", "is_found"), [(-SECOND, True), (0 * SECOND, True), (SECOND, False)]
)
def test_it_is_shown_for_the_window_after_the_job_works_again(after, is_found) -> None:
    given_up_at = NOW - HOUR - after
    make_slot(JOB, 1, ABANDONED, given_up_at - settings.OMC_PATIENCE)
    make_slot(JOB, 2, DONE, given_up_at + MINUTE)
    assert bool(list(no_slot_is_abandoned(NOW))) is is_found
    assert bool(list(no_slot_is_abandoned(NOW, window=2 * HOUR))) is True


def test_it_is_shown_for_ever_while_the_job_does_not_work() -> None:
    make_slot(JOB, 1, DONE, NOW - 31 * DAY)
    make_slot(JOB, 2, ABANDONED, NOW - 30 * DAY)
    assert len(list(no_slot_is_abandoned(NOW))) == 1


def test_a_paused_job_and_one_that_exists_no_more_are_left_alone() -> None:
    make_slot(JOB, 1, ABANDONED, NOW - 5 * MINUTE)
    make_slot("collect:gone", 1, ABANDONED, NOW - 5 * MINUTE)
    Schedule.objects.filter(job=JOB).update(is_paused=True)
    assert list(no_slot_is_abandoned(NOW)) == []


@pytest.mark.parametrize(("jobs", "causes"), [(2, {""}), (3, {"workers"})])
def test_many_jobs_that_gave_up_have_one_cause_their_workers(jobs, causes) -> None:
    for job in ("collect:coinspot", "collect:kraken", "collect:fed")[:jobs]:
        make_slot(job, 1, "abandoned", NOW - 2 * MINUTE)
    assert {one.cause for one in no_slot_is_abandoned(NOW)} == causes
