"""What a model may cost is reserved before each request, and refused beyond every limit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from pytest_django import Settings

from agents import sessions
from agents.answers import Answer
from agents.budget import MOST_IN_SESSION, MOST_REQUESTS, Purse, Request, estimated, reserve, settle
from agents.faults import Fault, ModelFaultError
from agents.models import ModelCall
from agents.orchestrator import run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from agents.tests.fake_model import FakeModel, Reply, fake_model

pytestmark = pytest.mark.usefixtures("ledger")
PLAN = Reply(calls=[("get_price_data", {"symbol": "BTC", "timeframe": "latest"})])
DRAFT = Reply(text="The price of BTC was 64500.25 AUD [E1].")


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make a user, and a price to ask for."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    return get_user_model().objects.create_user("alice")


@pytest.fixture
def purse(alice: Any) -> Purse:
    """Open a session, and return who pays in it."""
    session = sessions.open_session(alice.pk, "model")
    return Purse(session_id=session.pk, turn=1, user_id=alice.pk)


@pytest.fixture
def model(settings: Settings) -> Iterator[FakeModel]:
    """Point the agents at a fake model that plans and drafts well."""
    with fake_model() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, "sk-test"
        server.mind = lambda asked: PLAN if asked.get("tools") else DRAFT
        yield server


def request(tokens_in: int = 1_000, tokens_out: int = 1_000) -> Request:
    """Make a request that costs 0.0125 dollars unless told otherwise."""
    return Request(
        purpose=ModelCall.Purpose.PLAN, model="m", prompt_hash="0" * 64,
        tokens_in=tokens_in, tokens_out=tokens_out,
    )  # fmt: skip


def ask(user: Any, **options: Any) -> Answer:
    """Ask in model mode as of NOW."""
    options = {"user_id": user.pk, "as_of": NOW, "now": NOW + DAY, "mode": "model", **options}
    return run_workflow("what is the price of BTC", **options)


def fault_of(purse: Purse, asked: Request | None = None) -> Fault | None:
    """Reserve once more, and return why it was refused, if it was."""
    try:
        reserve(purse, asked or request())
    except ModelFaultError as error:
        return error.fault
    return None


def test_a_request_is_written_down_before_it_is_made(purse: Purse) -> None:
    call = reserve(purse, request())
    assert (call.tokens, call.cost, call.settled_at) == (2_000, Decimal("0.0125"), None)
    settle(call, (10, 20), "answered")
    call.refresh_from_db()
    assert (call.tokens, call.cost, call.outcome) == (30, Decimal("0.000225"), "answered")
    assert call.settled_at is not None


def test_a_request_without_a_reply_keeps_its_reservation(purse: Purse) -> None:
    settle(reserve(purse, request()), None, "late")
    assert ModelCall.objects.get().cost == Decimal("0.0125")


def test_a_question_may_make_so_many_requests_and_a_session_so_many(
    purse: Purse, settings: Settings
) -> None:
    settings.OMC_MODEL_TOKENS = 10**9
    settings.OMC_MODEL_USER_BUDGET = settings.OMC_MODEL_BUDGET = Decimal(10**9)
    for turn in range(1, MOST_IN_SESSION // MOST_REQUESTS + 2):
        own = Purse(session_id=purse.session_id, turn=turn, user_id=purse.user_id)
        for _ in range(min(MOST_REQUESTS, MOST_IN_SESSION - ModelCall.objects.count())):
            assert fault_of(own) is None
    assert ModelCall.objects.count() == MOST_IN_SESSION
    later = Purse(session_id=purse.session_id, turn=99, user_id=purse.user_id)
    assert fault_of(later) == Fault.SESSION
    assert fault_of(purse) == Fault.QUESTION


def test_a_question_may_use_so_many_tokens(purse: Purse, settings: Settings) -> None:
    settings.OMC_MODEL_TOKENS = 5_000
    assert [fault_of(purse) for _ in range(3)] == [None, None, Fault.QUESTION]


def test_a_user_and_all_users_may_cost_so_much_a_day(purse: Purse, settings: Settings) -> None:
    settings.OMC_MODEL_USER_BUDGET = Decimal("0.03")
    settings.OMC_MODEL_BUDGET = Decimal("0.04")
    assert [fault_of(purse) for _ in range(3)] == [None, None, Fault.USER]
    bob = get_user_model().objects.create_user("bob")
    his = Purse(session_id=sessions.open_session(bob.pk, "model").pk, turn=1, user_id=bob.pk)
    assert [fault_of(his) for _ in range(2)] == [None, Fault.SYSTEM]
    assert fault_of(his.paid_by(bob.pk)) is None


def test_money_of_another_day_counts_no_more(purse: Purse, settings: Settings) -> None:
    settings.OMC_MODEL_USER_BUDGET = Decimal("0.02")
    assert [fault_of(purse) for _ in range(2)] == [None, Fault.USER]
    made = ModelCall.objects.get()
    ModelCall.objects.filter(pk=made.pk).update(at=made.at - DAY)
    assert fault_of(purse) is None


def test_requests_at_once_take_no_money_twice(purse: Purse, settings: Settings) -> None:
    settings.OMC_MODEL_USER_BUDGET = Decimal("0.04")
    faults: list[Fault | None] = []

    def take() -> None:
        faults.append(fault_of(purse))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults.count(None) == 3
    assert ModelCall.objects.count() == 3


@pytest.mark.parametrize("limit", ["OMC_MODEL_USER_BUDGET", "OMC_MODEL_BUDGET"])
def test_a_model_that_counts_ten_million_tokens_is_asked_no_more(
    alice: Any, model: FakeModel, settings: Settings, limit: str
) -> None:
    setattr(settings, limit, Decimal(5))
    model.mind = lambda _: Reply(text="A", tokens=(5_000_000, 5_000_000))
    first = ask(alice)
    asked = len(model.requests)
    second = ask(alice)
    assert (first.mode, second.mode) == ("planner", "planner")
    assert "64500.25" in second.answer
    assert "budget for the model is used up" in second.answer
    assert len(model.requests) == asked


def test_a_session_that_has_used_up_its_requests_goes_on_with_the_planner(
    alice: Any, model: FakeModel
) -> None:
    first = ask(alice)
    spent = ModelCall.objects.first()
    assert spent is not None
    given = {"session": spent.session, "turn": 1, "purpose": "plan", "model": "m", "tokens": 0}
    more = [ModelCall(**given, prompt_hash="", cost=0) for _ in range(MOST_IN_SESSION)]
    ModelCall.objects.bulk_create(more)
    second = ask(alice, session_id=first.session_id)
    assert (first.mode, second.mode) == ("model", "planner")
    assert "The session has used up" in second.answer


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1_000])
def test_an_estimate_is_never_nothing(length: int) -> None:
    assert estimated(length) >= 1
    assert estimated(length) * 3 > length
