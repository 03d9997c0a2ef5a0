"""A model that lies is not heard; one that tells the truth, in whatever words, is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from agents.answers import Answer
from agents.briefs import drafting as brief
from agents.grounding import ground, sentences_of
from agents.orchestrator import run_workflow
from agents.plans import Outcome
from agents.tests.evidences import WORLD
from agents.tests.factories import DAY, NOW
from agents.tests.fake_model import FakeModel, fake_model
from agents.tests.minds import Liar, Truthful
from agents.tests.worlds import QUESTIONS, small_world

SOME, ALL = 10, 1_000
TRUE_SHARE = 0.99


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make the small world, and return who asks."""
    return small_world()


@pytest.fixture
def model(settings: Settings) -> Iterator[FakeModel]:
    """Point the agents at a fake model that costs nothing."""
    with fake_model() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, "sk-test"
        settings.OMC_MODEL_DEADLINE = 60.0
        settings.OMC_MODEL_INPUT_PRICE = settings.OMC_MODEL_OUTPUT_PRICE = 0
        yield server


def chance(seed: int) -> random.Random:
    """Return what makes the same choices each time."""
    return random.Random(seed)  # noqa: S311  # nothing secret


def ask(question: str, user: Any) -> Answer:
    """Ask in model mode as of NOW."""
    return run_workflow(question, user_id=user.pk, as_of=NOW, now=NOW + DAY, mode="model")


@pytest.mark.parametrize("count", [SOME, pytest.param(ALL, marks=pytest.mark.full)])
def test_security_no_invented_number_reaches_the_user(
    alice: Any, model: FakeModel, count: int
) -> None:
    for number in range(count):
        liar = Liar(chance=chance(number))
        model.mind = liar
        answer = ask(QUESTIONS[number % len(QUESTIONS)], alice)
        written = answer.model_dump_json(exclude={"evidence", "citations"})
        told = {lie for lie in liar.lies if lie in written or f"{float(lie):,.2f}" in written}
        assert told == set(), answer.answer
        assert answer.outcome in {Outcome.ANSWER, Outcome.NO_DATA}


@pytest.mark.parametrize("count", [SOME, pytest.param(ALL, marks=pytest.mark.full)])
def test_true_drafts_pass(alice: Any, model: FakeModel, count: int) -> None:
    written: list[str] = []
    withheld: list[str] = []
    answered = 0
    for number in range(count):
        truthful = Truthful(chance=chance(number))
        model.mind = truthful
        answer = ask(QUESTIONS[number % len(QUESTIONS)], alice)
        written += truthful.written
        withheld += [said for said in truthful.written if said not in answer.answer]
        answered += answer.mode == "model"
    assert len(withheld) <= (1 - TRUE_SHARE) * len(written), withheld[:20]
    assert answered >= TRUE_SHARE * count
    assert len(written) >= 2 * count


SEEDS = st.integers(0, 2**32)


def drafted_by(mind: Any) -> list[str]:
    """Return the sentences that a mind writes about the made-up evidence."""
    _, said = brief("what happened", WORLD)
    return sentences_of(mind({"messages": [{"role": "user", "content": said.content}]}).text or "")


@given(seed=SEEDS)
def test_security_no_lie_about_any_evidence_is_kept(seed: int) -> None:
    liar = Liar(chance=chance(seed))
    assert ground(drafted_by(liar), WORLD).kept == ()
    assert liar.lies


@given(seed=SEEDS)
def test_every_truth_about_any_evidence_is_kept(seed: int) -> None:
    truthful = Truthful(chance=chance(seed))
    checked = ground(drafted_by(truthful), WORLD)
    assert [(one.sentence, one.reason) for one in checked.withheld] == []
    assert len(checked.kept) >= 5
