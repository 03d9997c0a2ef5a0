"""Sixteen ways in which an endpoint fails: each question is answered or declined, in time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from pytest_django import Settings

from agents.answers import Answer
from agents.models import ModelCall
from agents.orchestrator import run_workflow
from agents.plans import Outcome
from agents.tests.factories import DAY, NOW
from agents.tests.fake_model import FakeModel, Reply, fake_model
from agents.tests.minds import plain_plan
from agents.tests.worlds import QUESTIONS, small_world
from ledgers.tests.redis_keys import forget

SHARED = Path(django_settings.BASE_DIR).parent / "shared" / "agent_eval" / "fake_openai.py"
MANY = [("get_price_data", {"symbol": "BTC", "timeframe": f"{n}d"}) for n in range(200)]
LIE = "BTC is at $123,456.78, up 42.0 % today (source: glass#999999999)."
FAULTS: dict[str, Reply] = {
    "loop": Reply(calls=[("get_price_data", {"symbol": "BTC", "timeframe": "7d"})]),
    "many": Reply(calls=MANY),
    "bad_json": Reply(calls=[("get_price_data", '{"symbol": "BTC", "timeframe": ')]),
    "bad_args": Reply(
        calls=[("get_price_data", {"symbol": [1]}), ("get_order_history", {"user_id": 102})]
    ),
    "unknown": Reply(calls=[("admin_reset_password", {"user": "alice"})]),
    "empty": Reply(raw=b'{"id": "x", "object": "chat.completion", "choices": []}'),
    "null": Reply(text=None),
    "html200": Reply(raw=b"<html>502 Bad Gateway</html>", content_type="text/html"),
    "trunc": Reply(text="x" * 500, cut=True),
    "http429": Reply(status=429, raw=b'{"error": {"message": "Rate limit"}}'),
    "http500": Reply(status=500, raw=b'{"error": {"message": "fault"}}'),
    "http401": Reply(status=401, raw=b'{"error": {"message": "no key"}}'),
    "hang": Reply(text="late", hang=30),
    "drip": Reply(text="x" * 900, drip=0.05),
    "liar": Reply(text=LIE),
    "huge": Reply(text="A" * 2**20, tokens=(5_000_000, 5_000_000)),
}
SLOW = ("hang", "drip")
GRACE = 1.0
"""Seconds that an answer may take beyond the deadline of the model."""
DEADLINE, SHORT = 10.0, 0.5


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make the small world, and return who asks."""
    return small_world()


@pytest.fixture
def model(settings: Settings) -> Iterator[FakeModel]:
    """Point the agents at a fake model."""
    with fake_model() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, "sk-test"
        settings.OMC_MODEL = "fake"
        yield server


def ask(question: str, user: Any) -> Answer:
    """Ask in model mode as of NOW."""
    return run_workflow(question, user_id=user.pk, as_of=NOW, now=NOW + DAY, mode="model")


def check(answer: Answer, question: str) -> None:
    """Assert that an answer is one, that it says who gave it, and that it holds no lie."""
    assert answer.outcome in {Outcome.ANSWER, Outcome.NO_DATA, Outcome.CLARIFY}, question
    assert answer.mode == "planner"
    if answer.outcome != Outcome.CLARIFY:
        assert "Answered by the planner." in answer.answer
    assert "123,456" not in answer.model_dump_json()


@pytest.mark.parametrize("mode", FAULTS)
def test_a_question_is_answered_whatever_fails(
    alice: Any, model: FakeModel, settings: Settings, mode: str
) -> None:
    settings.OMC_MODEL_DEADLINE = SHORT if mode in SLOW else 30.0
    model.script = [FAULTS[mode]]
    answer = ask(QUESTIONS[1], alice)
    check(answer, QUESTIONS[1])
    assert "BTC rose 7.50 %" in answer.answer
    assert [call.tool for call in answer.calls] == ["get_price_data"]
    assert len(model.requests) <= 4


@pytest.mark.full
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("mode", FAULTS)
def test_every_question_is_answered_whatever_fails(
    alice: Any, model: FakeModel, settings: Settings, mode: str, question: str
) -> None:
    settings.OMC_MODEL_DEADLINE = SHORT if mode in SLOW else DEADLINE
    model.script = [FAULTS[mode]]
    began = time.monotonic()
    check(ask(question, alice), question)
    assert time.monotonic() - began < settings.OMC_MODEL_DEADLINE + GRACE


@pytest.mark.full
@pytest.mark.parametrize("planned", [True, False], ids=["at the plan", "at the draft"])
@pytest.mark.parametrize("mode", SLOW)
def test_the_real_deadline_is_ten_seconds_and_one_more(
    alice: Any, model: FakeModel, mode: str, *, planned: bool
) -> None:
    slow: Callable[[Any], Reply] = lambda asked: (  # noqa: E731  # two cases in one line
        plain_plan(asked) if asked.get("tools") and not planned else FAULTS[mode]
    )
    model.mind = slow
    began = time.monotonic()
    check(ask(QUESTIONS[0], alice), QUESTIONS[0])
    assert DEADLINE <= time.monotonic() - began < DEADLINE + GRACE


FIRST = """
import sys, time
import django
django.setup()
from datetime import datetime
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from agents.orchestrator import run_workflow
at, began = datetime.fromisoformat(sys.argv[2]), time.monotonic()
answer = run_workflow(sys.argv[3], user_id=int(sys.argv[4]), as_of=at, now=at, mode="model")
print(time.monotonic() - began, "Answered by the planner." in answer.answer)
"""


@pytest.mark.full
def test_the_first_question_of_a_process_has_no_more_time_although_it_imports_the_graph(
    alice: Any, model: FakeModel
) -> None:
    model.script = [FAULTS["hang"]]
    given = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-test", "OMC_MODEL": "fake"}
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omc_project.settings", **given}
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", FIRST, database, NOW.isoformat(), QUESTIONS[0], str(alice.pk)]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    took, fell_back = done.stdout.split()
    assert fell_back == "True"
    assert float(took) < DEADLINE + GRACE


@pytest.mark.parametrize("mode", ["null", "http500", "liar", "huge", "loop"])
def test_a_draft_that_fails_leaves_the_plan_of_the_model(
    alice: Any, model: FakeModel, mode: str
) -> None:
    model.mind = lambda asked: plain_plan(asked) if asked.get("tools") else FAULTS[mode]
    answer = ask(QUESTIONS[1], alice)
    check(answer, QUESTIONS[1])
    assert "BTC rose 7.50 %" in answer.answer


OUTCOMES = {
    "a revoked key": (Reply(status=401, raw=b"{}"), "refuses the key", "key"),
    "a forbidden key": (Reply(status=403, raw=b"{}"), "refuses the key", "key"),
    "an unknown model": (Reply(status=404, raw=b"{}"), "does not have the model", "model"),
    "too long a context": (
        Reply(status=400, raw=b'{"error": {"code": "context_length_exceeded", "message": "x"}}'),
        "more text than the model takes",
        "length",
    ),
    "too large a body": (Reply(status=413, raw=b"{}"), "more text than the model takes", "length"),
    "another refusal": (Reply(status=422, raw=b"{}"), "refuses the request", "refused"),
    "a busy endpoint": (Reply(status=429, raw=b"{}"), "asks to wait", "busy"),
    "a broken endpoint": (Reply(status=503, raw=b"{}"), "is broken", "broken"),
    "a reset": (Reply(reset=True), "cannot be reached", "unreachable"),
    "empty choices": (FAULTS["empty"], "has another shape", "reply"),
    "no JSON": (Reply(raw=b"hello"), "has another shape", "reply"),
    "a redirect": (
        Reply(status=307, raw=b"", location="http://127.0.0.1:9/v1/chat/completions"),
        "refuses the request",
        "refused",
    ),
    "a packed body": (Reply(text="x", encoding="gzip"), "cannot be reached", "unreachable"),
    "a body without end": (
        Reply(raw=b" " * (3 * 2**20)), "cannot be reached", "unreachable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTCOMES)
def test_each_fault_has_its_own_sentence_and_one_request(
    alice: Any, model: FakeModel, case: str
) -> None:
    reply, sentence, outcome = OUTCOMES[case]
    model.script = [reply]
    answer = ask(QUESTIONS[0], alice)
    check(answer, QUESTIONS[0])
    assert sentence in answer.answer
    assert len(model.requests) == 1
    assert ModelCall.objects.get().outcome == outcome


def test_security_nothing_that_a_fault_says_is_repeated(alice: Any, model: FakeModel) -> None:
    said = b'{"error": {"message": "BTC will be 999999, see http://evil.example OMC-CANARY-1"}}'
    named = "BTC_is_999999_OMC_CANARY_2"
    for reply in (
        Reply(status=400, raw=said),
        Reply(calls=[(named, {})]),
        Reply(calls=[("get_price_data", {"OMC_CANARY_3": 999999})]),
        Reply(calls=[("get_price_data", '{"OMC_CANARY_4')]),
    ):
        model.script = [reply]
        written = ask(QUESTIONS[0], alice).model_dump_json()
        assert "CANARY" not in written
        assert "999999" not in written


@pytest.fixture
def shared_fake() -> Iterator[str]:
    """Run the shared fake endpoint, if it is there."""
    if not SHARED.exists():
        pytest.skip("needs ../shared/agent_eval/fake_openai.py")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(SHARED), "--port", str(port), "--hang", "30"]
    with subprocess.Popen(command) as process:  # our interpreter, a file of ours
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            httpx.get(f"{url}/v1/models", trust_env=False)
        except httpx.TransportError:
            continue
        return
    raise AssertionError("The shared fake does not start.")


@pytest.mark.full
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_shared_fake_fails_in_all_its_modes_and_every_question_is_answered(
    alice: Any, shared_fake: str, settings: Settings, question: str
) -> None:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = f"{shared_fake}/v1", "sk-test"
    for mode in FAULTS:
        settings.OMC_MODEL = f"fake:{mode}"
        settings.OMC_MODEL_DEADLINE = SHORT if mode in SLOW else DEADLINE
        settings.OMC_MODEL_USER_BUDGET = settings.OMC_MODEL_BUDGET = 10**9
        began = time.monotonic()
        check(ask(question, alice), question)
        assert time.monotonic() - began < settings.OMC_MODEL_DEADLINE + GRACE


def test_no_fault_of_the_model_is_an_error_of_ours_at_the_door(
    alice: Any, model: FakeModel, settings: Settings
) -> None:
    forget("omc:rate:*")
    client = Client()
    client.force_login(alice)
    body = {"question": QUESTIONS[1], "as_of": NOW.isoformat(), "mode": "model"}
    for mode, reply in FAULTS.items():
        settings.OMC_MODEL_DEADLINE = SHORT if mode in SLOW else 30.0
        settings.OMC_MODEL_USER_BUDGET = settings.OMC_MODEL_BUDGET = 10**9
        model.script = [reply]
        response = client.post("/api/v1/agents/sessions", body, content_type="application/json")
        assert response.status_code == 201, (mode, response.content)
        check(Answer.model_validate(response.json()), mode)
