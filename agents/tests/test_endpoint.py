"""Whose key opens the endpoint, and what becomes of it: it is shown nowhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

from agents import keys
from agents.answers import Answer
from agents.endpoint import Endpoint, endpoint_of
from agents.faults import Fault, ModelFaultError
from agents.models import JournalEntry, ModelCall, SessionEvent
from agents.orchestrator import run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from agents.tests.fake_model import FakeModel, Reply, fake_model
from ledgers import credentials

OWN, HOUSE = "sk-own-zebra-0123456789", "sk-house-zebra-0123456789"
PLAN = Reply(calls=[("get_price_data", {"symbol": "BTC", "timeframe": "latest"})])
DRAFT = Reply(text="The price of BTC was 64500.25 AUD [E1].")
REFUSED = Reply(status=401, raw=b'{"error": {"message": "no"}}')


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make a user, and a price to ask for."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    return get_user_model().objects.create_user("alice")


@pytest.fixture
def model(settings: Settings) -> Iterator[FakeModel]:
    """Point the agents at a fake model that plans and drafts well."""
    with fake_model() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, HOUSE
        server.mind = lambda asked: PLAN if asked.get("tools") else DRAFT
        yield server


def ask(user: Any) -> Answer:
    """Ask in model mode as of NOW."""
    return run_workflow(
        "what is the price of BTC", user_id=user.pk, as_of=NOW, now=NOW + DAY, mode="model"
    )


def store(user: Any) -> None:
    """Keep a key of the user's own."""
    credentials.store_secret(keys.owner_of(user.pk), {keys.NAME: OWN}, actor="alice")


def test_a_users_own_key_is_used_before_the_installations(alice: Any, model: FakeModel) -> None:
    assert ask(alice).mode == "model"
    assert set(model.keys) == {f"Bearer {HOUSE}"}
    model.keys.clear()
    store(alice)
    assert ask(alice).mode == "model"
    assert set(model.keys) == {f"Bearer {OWN}"}
    assert [call.is_own_key for call in ModelCall.objects.order_by("id")] == [False] * 2 + [
        True
    ] * 2


def test_a_revoked_key_is_asked_once_and_used_no_more(alice: Any, model: FakeModel) -> None:
    store(alice)
    model.mind = lambda _: REFUSED
    answer = ask(alice)
    assert answer.mode == "planner"
    assert "64500.25" in answer.answer
    assert "refuses the key" in answer.answer
    assert len(model.requests) == 1
    with pytest.raises(ModelFaultError) as caught:
        endpoint_of(alice.pk)
    assert caught.value.fault == Fault.KEY


def test_the_revoked_key_of_one_user_is_nobody_elses_trouble(alice: Any, model: FakeModel) -> None:
    store(alice)
    bob = get_user_model().objects.create_user("bob")
    keys.note_refusal(alice.pk, reason="The endpoint refuses it.")
    assert ask(bob).mode == "model"
    assert set(model.keys) == {f"Bearer {HOUSE}"}


def test_without_any_key_or_endpoint_there_is_none(alice: Any, settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    with pytest.raises(ModelFaultError) as caught:
        endpoint_of(alice.pk)
    assert caught.value.fault == Fault.UNSET
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert endpoint_of(alice.pk).key == "none"


def test_security_a_key_is_in_no_repr_prompt_log_journal_or_answer(
    alice: Any, model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store(alice)
    written = ask(alice).model_dump_json() + repr(endpoint_of(alice.pk)) + str(vars(Endpoint))
    model.mind = lambda _: Reply(status=500, raw=f'{{"error": {{"message": "{OWN}"}}}}'.encode())
    written += ask(alice).model_dump_json() + caplog.text + str(model.requests)
    for kept in (SessionEvent, JournalEntry, ModelCall):
        written += str(list(kept.objects.values()))
    assert OWN not in written
    assert HOUSE not in written


def test_security_a_key_goes_to_no_other_host(alice: Any, model: FakeModel) -> None:
    with fake_model() as elsewhere:
        elsewhere.script = [PLAN]
        model.mind = lambda _: Reply(
            status=307, raw=b"", location=f"{elsewhere.url}/chat/completions"
        )
        assert ask(alice).mode == "planner"
        assert elsewhere.requests == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "OPENAI_PROXY"])
def test_security_no_proxy_of_the_environment_hears_the_model(
    alice: Any, model: FakeModel, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with fake_model() as proxy:
        proxy.script = [PLAN]
        monkeypatch.setitem(os.environ, variable, proxy.url)
        monkeypatch.setitem(os.environ, "NO_PROXY", "")
        assert ask(alice).mode == "model"
        assert proxy.requests == []


def test_security_tracing_stays_off_whatever_the_environment_says(
    alice: Any, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_model() as tracer:
        tracer.script = [Reply(raw=b"{}")]
        for name, value in (("TRACING_V2", "true"), ("ENDPOINT", tracer.url), ("API_KEY", "x")):
            monkeypatch.setitem(os.environ, f"LANGSMITH_{name}", value)
            monkeypatch.setitem(os.environ, f"LANGCHAIN_{name}", value)
        monkeypatch.setitem(os.environ, "LANGSMITH_TRACING", "true")
        assert ask(alice).mode == "model"
        assert tracer.requests == []
