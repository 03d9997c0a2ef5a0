"""The orchestrator for event loops: many at once, nothing nested, no connection left behind."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections

from agents import awaiting, orchestrator
from agents.models import AgentSession
from agents.sessions import NoSessionError
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW

pytestmark = pytest.mark.usefixtures("ledger", "kept_by_no_thread")
SYMBOLS = ("BTC", "ETH", "SOL")


@pytest.fixture
def kept_by_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no thread keep a connection to the test's database, which could not be dropped then."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


def test_twelve_questions_at_once_in_one_loop_each_get_their_own_answer() -> None:
    make.covered(
        make.quotes([make.quote(one, str(n + 1)) for n, one in enumerate(SYMBOLS)]), NOW - DAY
    )

    async def ask(number: int) -> Any:
        question = f"price of {SYMBOLS[number % 3]}"
        answer = await awaiting.run_workflow(question, user_id=None, as_of=NOW, now=NOW)
        return number, answer, await awaiting.get_session_state(answer.session_id, None)

    async def all_of_them() -> Any:
        return await asyncio.gather(*(ask(number) for number in range(12)))

    for number, answer, state in asyncio.run(all_of_them()):
        assert f"was {number % 3 + 1} AUD" in answer.answer
        assert state.answer["answer"] == answer.answer
        assert state.is_finished
    assert AgentSession.objects.count() == 12


def test_a_step_is_awaited_like_the_whole() -> None:
    make.quotes([make.quote()])

    async def steps() -> Any:
        asked = {"user_id": None, "as_of": NOW, "now": NOW}
        state = await awaiting.begin_workflow("price of BTC", **asked)
        while not state.is_finished:
            state = await awaiting.execute_step(state.session_id, user_id=None)
        return state

    assert "64500.25" in asyncio.run(steps()).answer["answer"]


def test_an_error_reaches_who_awaits() -> None:
    async def look() -> Any:
        return await awaiting.get_session_state("1", None)

    with pytest.raises(NoSessionError):
        asyncio.run(look())


def test_the_loop_runs_on_while_a_question_is_answered() -> None:
    make.quotes([make.quote()])
    where: list[int] = []

    async def both() -> None:
        task = asyncio.ensure_future(
            awaiting.run_workflow("price of BTC", user_id=None, as_of=NOW, now=NOW)
        )
        while not task.done():
            where.append(threading.get_ident())
            await asyncio.sleep(0)
        assert "64500.25" in (await task).answer

    asyncio.run(both())
    assert len(where) > 1
    assert set(where) == {threading.get_ident()}


def test_the_synchronous_functions_refuse_to_block_a_loop() -> None:
    async def wrong() -> None:
        orchestrator.get_session_state("e2ec8d52-9ae2-4957-9530-9960d3519680", None)

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(wrong())
