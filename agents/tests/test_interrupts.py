"""Where a workflow stops for its user: a question back, a plan to approve; and how it is ended."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from agents import graph, sessions
from agents.models import JournalEntry, SessionEvent
from agents.orchestrator import (
    approve,
    begin_workflow,
    cancel,
    execute_step,
    get_session_state,
    resume_workflow,
    run_workflow,
)
from agents.plans import Outcome
from agents.sessions import BusyError, NoSessionError
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from agents.tests.test_sessions import ALL_STEPS, begin, forget, kinds

pytestmark = pytest.mark.usefixtures("ledger")
Kind = SessionEvent.Kind
VAGUE = "how is it doing?"


def ask(question: str, session_id: str | None = None, **options: Any) -> Any:
    """Ask as of NOW, in a session that may go on."""
    given = {"user_id": None, "as_of": NOW, "now": NOW + DAY, "session_id": session_id}
    return run_workflow(question, **{**given, **options})


@pytest.fixture
def vague(ledger: None) -> Any:
    """Return the answer to a question that has to be asked back."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    asked = ask(VAGUE)
    assert asked.outcome == Outcome.CLARIFY
    return asked


def snapshot(session_id: str, thread: int = 1) -> Any:
    """Return where LangGraph's own checkpoint of a thread stands."""
    return graph.workflow().get_state({"configurable": {"thread_id": f"{session_id}:{thread}"}})


def test_a_question_back_interrupts_the_graph_until_the_reply(vague: Any) -> None:
    stopped = snapshot(vague.session_id)
    assert stopped.next == ("wait",)
    assert [one.value for one in stopped.interrupts] == [{"waits_for": "reply"}]
    state = get_session_state(vague.session_id, None)
    assert (state.is_finished, state.waits_for) == (True, "reply")
    reply = ask("what is the price of BTC", vague.session_id)
    assert (reply.outcome, reply.turn) == (Outcome.ANSWER, 2)
    assert "64500.25" in reply.answer
    assert snapshot(vague.session_id).next == ()  # one thread held both turns
    assert not snapshot(vague.session_id, 2).values
    assert sessions.thread_of(vague.session_id, 2) == 1


def test_a_reply_inherits_nothing_of_the_question_it_completes(vague: Any) -> None:
    reply = ask("what is the price of BTC", vague.session_id)
    alone = ask("what is the price of BTC")
    assert (reply.answer, reply.calls, reply.citations) == (
        alone.answer,
        alone.calls,
        alone.citations,
    )


def test_a_second_question_back_waits_in_the_same_thread(vague: Any) -> None:
    again = ask(VAGUE, vague.session_id)
    assert again.outcome == Outcome.CLARIFY
    assert "64500.25" in ask("what is the price of BTC", vague.session_id).answer
    assert [sessions.thread_of(vague.session_id, turn) for turn in (1, 2, 3)] == [1, 1, 1]


def test_a_reply_is_answered_when_redis_has_lost_the_question(vague: Any) -> None:
    forget(vague.session_id)
    assert get_session_state(vague.session_id, None).waits_for == "reply"
    assert "64500.25" in ask("what is the price of BTC", vague.session_id).answer


def test_a_reply_can_be_worked_on_step_by_step(vague: Any) -> None:
    state = begin("what is the price of BTC", session_id=vague.session_id)
    seen = [state.step]
    while not state.is_finished:
        state = execute_step(state.session_id, user_id=None)
        seen.append(state.step)
    assert seen == [str(kind) for kind in ALL_STEPS]


def test_a_question_asked_back_step_by_step_takes_its_reply_too() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    state = begin(VAGUE)
    while not state.is_finished:
        state = execute_step(state.session_id, user_id=None)
    assert state.waits_for == "reply"
    assert "64500.25" in ask("what is the price of BTC", state.session_id).answer


def test_a_reviewed_plan_reads_nothing_before_it_is_approved() -> None:
    make.quotes([make.quote()])
    state = begin(review=True)
    with pytest.raises(BusyError, match="approval"):
        resume_workflow(state.session_id, user_id=None)
    state = get_session_state(state.session_id, None)
    assert (state.step, state.waits_for, state.is_finished) == ("planned", "approval", False)
    assert snapshot(state.session_id).next == ("approve",)
    assert execute_step(state.session_id, user_id=None) == state
    approve(state.session_id, user_id=None)
    answer = resume_workflow(state.session_id, user_id=None)
    assert "64500.25" in answer.answer
    steps = [str(kind) for kind in ALL_STEPS]
    assert kinds(state.session_id) == [*steps[:3], Kind.APPROVED, *steps[3:]]


def test_an_approval_counts_also_when_redis_has_lost_the_plan() -> None:
    make.quotes([make.quote()])
    state = begin(review=True)
    with pytest.raises(BusyError):
        resume_workflow(state.session_id, user_id=None)
    approve(state.session_id, user_id=None)
    forget(state.session_id)
    assert "64500.25" in resume_workflow(state.session_id, user_id=None).answer


def test_a_question_that_is_declined_needs_no_approval() -> None:
    state = begin("buy 1 BTC for me", review=True)
    assert resume_workflow(state.session_id, user_id=None).outcome == Outcome.REFUSE


def test_a_cancelled_question_ends_without_an_answer_and_is_in_the_journal() -> None:
    make.quotes([make.quote()])
    state = begin()
    execute_step(state.session_id, user_id=None)
    ended = cancel(state.session_id, user_id=None)
    assert (ended.step, ended.is_finished) == ("cancelled", True)
    assert ended.answer["outcome"] == "cancelled"
    assert resume_workflow(state.session_id, user_id=None).outcome == Outcome.CANCELLED
    assert kinds(state.session_id) == [Kind.ASKED, Kind.GUARDED, Kind.CANCELLED]
    assert JournalEntry.objects.get(session=state.session_id).outcome == "cancelled"
    assert "64500.25" in ask("what is the price of BTC", state.session_id).answer


def test_an_answer_that_is_there_cannot_be_cancelled() -> None:
    make.quotes([make.quote()])
    answered = ask("what is the price of BTC")
    assert cancel(answered.session_id, user_id=None).step == Kind.ANSWERED
    assert Kind.CANCELLED not in kinds(answered.session_id)


def test_a_step_that_runs_when_its_question_is_cancelled_is_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cancel comes while the retrieval runs: nothing after it is stored."""
    make.quotes([make.quote()])
    state = begin()
    real = sessions.append

    def cancelling(session_id: str, turn: int, kind: str, *args: Any, **options: Any) -> None:
        if kind == Kind.RETRIEVED:
            cancel(session_id, user_id=None)
        real(session_id, turn, kind, *args, **options)

    monkeypatch.setattr(sessions, "append", cancelling)
    assert resume_workflow(state.session_id, user_id=None).outcome == Outcome.CANCELLED
    assert kinds(state.session_id)[-2:] == [Kind.PLANNED, Kind.CANCELLED]


def test_a_session_answers_one_question_after_the_other() -> None:
    state = begin()
    with pytest.raises(BusyError, match="cancel it"):
        begin(session_id=state.session_id)
    assert kinds(state.session_id) == [Kind.ASKED]


def test_two_workers_on_one_question_leave_one_answer() -> None:
    make.quotes([make.quote()])
    state = begin()
    told: list[str] = []

    def work() -> None:
        told.append(resume_workflow(state.session_id, user_id=None).answer)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4
    assert len(set(told)) == 1
    assert kinds(state.session_id) == [str(kind) for kind in ALL_STEPS]
    assert JournalEntry.objects.filter(session=state.session_id).count() == 1


def test_a_stale_copy_in_redis_is_not_believed() -> None:
    make.quotes([make.quote()])
    state = begin()
    client: Any = sessions.connection()
    key = f"{sessions.PREFIX}:state:{state.session_id}"
    old = client.hgetall(key)
    resume_workflow(state.session_id, user_id=None)
    client.hset(key, mapping=old)  # as if Redis had been away when the answer was stored
    assert get_session_state(state.session_id, None).is_finished


def test_the_hot_copy_and_the_checkpoints_expire() -> None:
    state = begin()
    client: Any = sessions.connection()
    execute_step(state.session_id, user_id=None)
    keys = list(client.scan_iter(f"{sessions.PREFIX}:*{state.session_id}*"))
    assert len(keys) >= 2
    assert all(0 < client.ttl(key) <= sessions.TTL.total_seconds() for key in keys)


def test_security_another_user_neither_approves_nor_cancels(django_user_model: Any) -> None:
    alice = django_user_model.objects.create_user("alice")
    bob = django_user_model.objects.create_user("bob")
    state = begin_workflow("price of BTC", user_id=alice.pk, now=NOW, review=True)
    for door in (approve, cancel):
        for user_id in (bob.pk, None):
            with pytest.raises(NoSessionError):
                door(state.session_id, user_id=user_id)
    assert kinds(state.session_id) == [Kind.ASKED]
