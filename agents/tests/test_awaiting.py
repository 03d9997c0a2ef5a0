"""The orchestrator for event loops: many at once, nothing nested, no connection left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections
from django.db.backends.signals import connection_created

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


@contextmanager
def counted() -> Iterator[list[str]]:
    """Keep the statements that any thread sends."""
    sent: list[str] = []

    def keep(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        sent.append(str(sql))
        return execute(sql, params, many, context)

    def watch(connection: Any, **_: Any) -> None:
        connection.execute_wrappers.append(keep)

    connection_created.connect(watch)
    try:
        yield sent
    finally:
        connection_created.disconnect(watch)


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


@pytest.mark.parametrize("who", [(), (None,)])
def test_an_error_reaches_who_awaits(who: tuple[None, ...]) -> None:
    async def look() -> Any:
        return await awaiting.get_session_state("1", *who)

    with pytest.raises(NoSessionError):
        asyncio.run(look())


def test_the_id_alone_is_awaited_as_it_is_asked_for() -> None:
    state = orchestrator.begin_workflow("price of BTC", user_id=None, as_of=NOW, now=NOW)

    async def look() -> Any:
        return await awaiting.get_session_state(state.session_id)

    assert asyncio.run(look()) == state


def test_a_hundred_who_ask_at_once_are_told_by_a_few_queries_each_of_his_own() -> None:
    make.quotes([make.quote()])
    alice = get_user_model().objects.create_user("alice").pk
    own = orchestrator.begin_workflow("price of BTC", user_id=alice, now=NOW).session_id
    his = orchestrator.begin_workflow("price of ETH", user_id=None, now=NOW).session_id
    asked: list[tuple[str, int | None]] = [(own, alice), (his, None), (own, None), ("x", alice)]

    async def all_of_them() -> Any:
        looks = [awaiting.get_session_state(*asked[number % 4]) for number in range(100)]
        return await asyncio.gather(*looks, return_exceptions=True)

    with counted() as statements:
        found = asyncio.run(all_of_them())
    assert len(statements) <= 3
    for number, state in enumerate(found):
        if number % 4 < 2:
            assert state.session_id == (own, his)[number % 4]
        else:
            assert isinstance(state, NoSessionError)
    assert not awaiting._lookers


def test_who_gives_up_leaves_the_others_their_state() -> None:
    session = orchestrator.begin_workflow("price of BTC", user_id=None, now=NOW).session_id

    async def three() -> Any:
        first, second = (
            asyncio.ensure_future(awaiting.get_session_state(session, None)) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        third = asyncio.ensure_future(awaiting.get_session_state(session, None))
        return await asyncio.gather(first, second, third, return_exceptions=True)

    first, second, third = asyncio.run(three())
    assert isinstance(first, asyncio.CancelledError)
    assert second.session_id == third.session_id == session


def test_who_looks_sees_what_was_there_when_he_asked() -> None:
    make.quotes([make.quote()])
    state = orchestrator.begin_workflow("price of BTC", user_id=None, as_of=NOW, now=NOW)

    async def steps() -> None:
        at = state
        while not at.is_finished:
            other = asyncio.ensure_future(awaiting.get_session_state(at.session_id, None))
            await asyncio.sleep(0)
            at = await awaiting.execute_step(at.session_id, user_id=None)
            assert await awaiting.get_session_state(at.session_id, None) == at
            await other

    asyncio.run(steps())


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
