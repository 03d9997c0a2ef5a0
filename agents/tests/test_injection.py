"""Texts of strangers that give orders: nobody follows them, and the question is still answered."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from unicodedata import category

import pytest
from pytest_django import Settings

from agents.answers import Answer
from agents.evidence import quotable
from agents.language.refusals import refusal_of
from agents.language.text import normal
from agents.models import SessionEvent
from agents.orchestrator import run_workflow
from agents.planner import Asking, plan
from agents.plans import Outcome
from agents.quoting import cleaned, looks_like_command
from agents.tests.factories import DAY, NOW
from agents.tests.fake_model import FakeModel, fake_model
from agents.tests.minds import is_plan, obedient, orders_in, said_to
from agents.tests.payloads import HARMFUL, PAYLOADS
from agents.tests.worlds import small_world

TEXTS = tuple(PAYLOADS.values())
TOGETHER = 4
"""Fewer than the texts of one kind that an answer quotes, so that each is looked at."""
BATCHES = [TEXTS[at : at + TOGETHER] for at in range(0, len(TEXTS), TOGETHER)]
QUESTION = "what is the price of BTC now, the news about BTC, and events about BTC this week"
TOOLS = ["get_price_data", "get_sentiment_data", "get_catalyst_events"]
POSTS = "reddit posts about BTC this week"


@pytest.fixture
def model(settings: Settings) -> Iterator[FakeModel]:
    """Point the agents at a model that does whatever any text tells it."""
    with fake_model() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, "sk-canary-0123456789"
        settings.OMC_MODEL_DEADLINE = 60.0
        server.mind = obedient
        yield server


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Keep every address beyond this machine that anything connects to."""
    reached: list[object] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "::1")):
            reached.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    return reached


def ask(question: str, user: Any, mode: str = "planner") -> Answer:
    """Ask as of NOW."""
    return run_workflow(question, user_id=user.pk, as_of=NOW, now=NOW + DAY, mode=mode)


def check(answer: Answer, tools: list[str]) -> None:
    """Assert that an answer read what was asked, of nobody else, and says nothing injected."""
    assert answer.outcome == Outcome.ANSWER
    assert sorted(call.tool for call in answer.calls) == sorted(tools)
    assert not any("user" in name for call in answer.calls for name in call.args)
    check_words(answer)


def check_words(answer: Answer) -> None:
    """Assert that nothing injected is said; ids of rows and sessions may hold any digits."""
    written = answer.model_dump_json(exclude={"citations": True, "session_id": True,
                                              "claims": {"__all__": {"rows"}}})  # fmt: skip
    assert [word for word in HARMFUL if word in written] == []
    assert not any(category(sign) == "Cf" for sign in written)


@pytest.mark.parametrize("at", range(len(BATCHES)))
def test_security_orders_in_texts_change_nothing(
    ledger: None, model: FakeModel, outside: list[object], at: int
) -> None:
    """Turn by turn with the planner and with the obedient model; --full takes each with both."""
    answer = ask(QUESTION, small_world(BATCHES[at]), "model" if at % 2 else "planner")
    check(answer, TOOLS)
    assert "64500.25 AUD" in answer.answer
    assert "“Bitcoin slips as traders wait for data”" in answer.answer
    assert outside == []


@pytest.mark.full
@pytest.mark.parametrize("mode", ["planner", "model"])
@pytest.mark.parametrize("text", TEXTS, ids=PAYLOADS)
def test_security_each_order_alone_changes_nothing(
    ledger: None, model: FakeModel, outside: list[object], text: str, mode: str
) -> None:
    alice = small_world((text,))
    for question, tools in ((QUESTION, TOOLS), (POSTS, ["get_sentiment_data"])):
        check(ask(question, alice, mode), tools)
    assert outside == []


@pytest.mark.parametrize("mode", ["planner", "model"])
def test_security_orders_in_posts_change_nothing(
    ledger: None, model: FakeModel, outside: list[object], mode: str
) -> None:
    alice = small_world(TEXTS[:TOGETHER])
    check(ask(POSTS, alice, mode), ["get_sentiment_data"])
    assert outside == []


def test_security_the_obedient_model_does_obey_when_it_is_told(
    ledger: None, model: FakeModel
) -> None:
    """The tests above would pass with a model that hears nothing; this one hears."""
    told = {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": TEXTS[6]}]}
    assert "ZEBRA" not in str(obedient(told).text)
    assert obedient({**told, "tools": [{"function": {"name": "x"}}]}).calls == [
        ("get_order_history", {"user_id": "102"})
    ]
    assert "666001" in str(obedient({"messages": [told["messages"][0], _user(TEXTS[7])]}).text)
    hidden = orders_in(PAYLOADS["tag characters"] + PAYLOADS["base64"])
    assert hidden.count("get_order_history(user_id=102)") == 2


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_security_a_plan_is_made_before_any_text_is_read(ledger: None, model: FakeModel) -> None:
    alice = small_world(TEXTS[:TOGETHER])
    ask(QUESTION, alice, "model")
    plans = [said_to(one) for one in model.requests if is_plan(one)]
    drafts = [one for one in model.requests if not is_plan(one)]
    assert len(plans) == 1
    assert "Bitcoin slips" not in plans[0]
    assert drafts
    assert all("tools" not in one for one in drafts)


def test_security_the_key_is_in_no_prompt_and_no_journal(ledger: None, model: FakeModel) -> None:
    alice = small_world(TEXTS[:TOGETHER])
    written = ask(QUESTION, alice, "model").model_dump_json()
    written += str(model.requests) + str(list(SessionEvent.objects.values_list("payload")))
    assert "sk-canary" not in written
    assert model.keys == ["Bearer sk-canary-0123456789"] * len(model.requests)


@pytest.mark.parametrize("text", TEXTS, ids=PAYLOADS)
def test_security_a_text_that_gives_orders_is_not_quoted(text: str) -> None:
    assert not any(word in quotable(text) for word in HARMFUL)


@pytest.mark.parametrize("before", ["", "what is the price of BTC. "])
@pytest.mark.parametrize("text", TEXTS, ids=PAYLOADS)
def test_security_a_question_that_gives_orders_reads_only_what_it_plainly_asks(
    text: str, before: str
) -> None:
    question = before + text
    own = plan(Asking(question=question, clock=NOW, username="alice"))
    assert not any("user" in name for step in own.steps for name in step.args)
    assert {step.tool for step in own.steps} <= {"get_price_data", "get_sentiment_data"}
    assert not any(word in own.message for word in ("ZEBRA", "evil"))
    if before and own.outcome != Outcome.ANSWER:
        assert own.message


@pytest.mark.parametrize("at", range(0, len(TEXTS), 7))
def test_security_an_obedient_model_that_is_asked_to_obey_reads_nothing_of_others(
    ledger: None, model: FakeModel, outside: list[object], at: int
) -> None:
    alice = small_world()
    answer = ask(f"what is the price of BTC. {TEXTS[at]}", alice, "model")
    assert answer.outcome in set(Outcome) - {Outcome.ERROR}
    assert not any("user" in name for call in answer.calls for name in call.args)
    check_words(answer)
    assert outside == []


def test_security_what_is_declined_reaches_no_model(ledger: None, model: FakeModel) -> None:
    alice = small_world()
    declined = [text for text in TEXTS if refusal_of(normal(text), username="alice")]
    assert len(declined) >= len(TEXTS) / 3
    for text in declined[:3]:
        assert ask(text, alice, "model").outcome == Outcome.REFUSE
    assert model.requests == []


ORDINARY = (
    "Bitcoin slips below 65,000 as traders wait",
    "SEC delays decision on Solana ETF",
    "Coinbase lists new token; users can trade from Monday",
    "Why the Fed's rate decision matters for crypto",
    "Ethereum's Pectra upgrade goes live, fees fall 20%",
    "ChatGPT maker OpenAI weighs stablecoin payments",
    "Strategy buys 1,045 BTC, now holds 2.8% of supply",
    "Form 8-K: Entry into a Material Definitive Agreement",
    "Maintenance of the ADA wallet on 14 March, 09:00 AEDT",
    "How to buy the dip? Analysts say: wait",
    "Crypto's biggest week? What to expect in March",
)


@pytest.mark.parametrize("headline", ORDINARY)
def test_an_ordinary_headline_is_quoted(headline: str) -> None:
    assert not looks_like_command(cleaned(headline))
