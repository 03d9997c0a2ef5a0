"""Questions whose worker died and that nobody reads: a sweep brings them to their end."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents import sessions
from agents.models import AgentSession, JournalEntry, SessionEvent
from agents.orchestrator import approve, cancel, execute_step, get_session_state, run_workflow
from agents.plans import Outcome
from agents.sweeping import LONGEST, MOST, Swept, orphans, sweep
from agents.tasks import sweep_turns
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from agents.tests.test_sessions import ALL_STEPS, begin, forget, kinds
from ledgers import slots
from ledgers.jobs import cadences, task_of
from ledgers.models import Slot

pytestmark = pytest.mark.usefixtures("ledger")
Kind = SessionEvent.Kind
NONE = Swept()


@pytest.fixture
def later(ledger: None) -> datetime:
    """Store a price, and return when a turn that had no step since now is an orphan."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    return timezone.now() + settings.OMC_TURN_PATIENCE + timedelta(seconds=30)


def ends(session_id: str) -> list[str]:
    """Return the outcomes in the journal of a session."""
    return list(JournalEntry.objects.filter(session=session_id).values_list("outcome", flat=True))


@pytest.mark.parametrize("steps", [0, 2, 5])
def test_a_turn_that_nobody_works_on_is_answered_once(later: datetime, steps: int) -> None:
    state = begin()
    for _ in range(steps):
        execute_step(state.session_id, user_id=None)
    assert sweep(later) == Swept(resumed=1)
    assert "64500.25" in get_session_state(state.session_id, None).answer["answer"]
    assert kinds(state.session_id) == [str(kind) for kind in ALL_STEPS]
    assert sweep(later) == NONE
    assert ends(state.session_id) == ["answer"]


def test_it_goes_on_although_redis_has_lost_everything(later: datetime) -> None:
    state = begin()
    execute_step(state.session_id, user_id=None)
    forget(state.session_id)
    assert sweep(later) == Swept(resumed=1)
    assert ends(state.session_id) == ["answer"]


def test_a_turn_that_moved_lately_and_one_that_ended_are_left_alone(later: datetime) -> None:
    begin()
    run_workflow("price of BTC", user_id=None, as_of=NOW, now=NOW)
    assert sweep(timezone.now()) == NONE
    assert [one.payload["question"] for one in orphans(later)] == ["what is the price of BTC"]


def test_a_plan_that_waits_for_its_user_is_no_orphan_but_an_approved_one_is(
    later: datetime,
) -> None:
    state = begin(review=True)
    assert sweep(later) == Swept(busy=1)  # planned, and now it waits
    assert get_session_state(state.session_id, None).waits_for == "approval"
    assert sweep(later) == NONE
    approve(state.session_id, user_id=None)
    assert sweep(later) == Swept(resumed=1)
    assert ends(state.session_id) == ["answer"]


def test_a_question_back_and_a_cancelled_one_wait_for_nobody(later: datetime) -> None:
    run_workflow("how is it doing?", user_id=None, as_of=NOW, now=NOW)
    state = begin()
    cancel(state.session_id, user_id=None)
    assert sweep(later) == NONE


def test_one_that_is_worked_on_is_left_to_who_does(later: datetime) -> None:
    state = begin()
    found: list[Swept] = []

    def other() -> None:
        try:
            found.append(sweep(later))
        finally:
            connection.close()

    with sessions.working(state.session_id, patience=0) as is_ours:
        assert is_ours
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == [Swept(busy=1)]
    assert kinds(state.session_id) == [Kind.ASKED]


def test_one_that_nobody_could_finish_for_an_hour_ends_and_the_next_can_be_asked(
    later: datetime,
) -> None:
    state = begin()
    assert sweep(timezone.now() + LONGEST + timedelta(minutes=1)) == Swept(given_up=1)
    ended = get_session_state(state.session_id, None)
    assert ended.is_finished
    assert ended.answer is not None
    assert "Ask it again" in ended.answer["answer"]
    assert ends(state.session_id) == [Outcome.ERROR]
    again = run_workflow(
        "price of BTC", user_id=None, as_of=NOW, now=NOW, session_id=state.session_id
    )
    assert again.outcome == Outcome.ANSWER


def test_a_sweep_takes_so_many_the_oldest_first(later: datetime) -> None:
    asked = [begin("?!" * 3 + f" {number}").session_id for number in range(MOST + 1)]
    assert [str(one.session_id) for one in orphans(later)] == asked
    assert sweep(later) == Swept(resumed=MOST)
    assert [str(one.session_id) for one in orphans(later)] == asked[-1:]


def test_each_question_keeps_its_own_user(later: datetime, django_user_model: Any) -> None:
    alice = django_user_model.objects.create_user("alice")
    account = make.make_account(alice)
    make.orders([make.order(account)], account)
    state = begin("list my orders", user_id=alice.pk)
    assert sweep(later) == Swept(resumed=1)
    assert AgentSession.objects.get(pk=state.session_id).user == alice
    assert "0.5 BTC" in get_session_state(state.session_id, alice.pk).answer["answer"]


def test_the_job_is_on_beat_and_one_worker_does_it(later: datetime) -> None:
    assert cadences()["turns:all"] == timedelta(minutes=1)
    assert task_of("turns:all") == sweep_turns.name
    sent: list[int] = []
    slots.dispatch(timezone.now(), lambda job, slot: job == "turns:all" and sent.append(slot))
    state = begin()
    sweep_turns(sent[0])
    assert Slot.objects.get(pk=sent[0]).state == Slot.State.DONE
    assert kinds(state.session_id) == [Kind.ASKED]


def test_a_slot_that_another_worker_holds_is_left_alone(later: datetime) -> None:
    sent: list[int] = []
    slots.dispatch(timezone.now(), lambda job, slot: job == "turns:all" and sent.append(slot))
    assert slots.claim(sent[0], timezone.now())
    sweep_turns(sent[0])
    assert Slot.objects.get(pk=sent[0]).state == Slot.State.LEASED


def test_the_sweep_reads_no_old_events(later: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {orphans(later).values('id').query.sql_with_params()[0]}",
                       orphans(later).values("id").query.sql_with_params()[1])  # fmt: skip
        plan = str(cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "event_asked_at" in plan
