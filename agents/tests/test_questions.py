"""Six hundred questions as people ask them, and the calls or the answer that each must lead to."""

from __future__ import annotations

from typing import Any

import pytest

from agents.admission import BadInputError, admitted
from agents.planner import Asking, plan
from agents.plans import Outcome, Plan
from agents.tests.asking import clock_of, ends_well, missing_calls, questions
from agents.tools.registry import tools

ALL = questions()
OWN = {"get_order_history", "get_positions", "get_pnl"}


def planned(question: dict[str, Any]) -> Plan:
    """Admit and plan a question of the set; what is not admitted has a plan that says so."""
    clock = clock_of(question)
    try:
        admitted(question["question"], mode="planner", as_of=clock, now=clock)
    except BadInputError as error:
        return Plan(outcome=Outcome.REJECT_INPUT, message=str(error))
    prior = tuple(question.get("prior_turns", ()))
    return plan(Asking(question=question["question"], clock=clock, prior=prior, username="alice"))


def test_the_set_has_enough_questions_of_every_category_and_each_has_its_own_id() -> None:
    assert len(ALL) >= 150
    assert len({question["id"] for question in ALL}) == len(ALL)
    wanted = {"price", "sentiment", "catalyst", "orders", "multi", "multi_turn", "ambiguous",
              "unanswerable", "action", "other_user", "abuse", "robust", "fundamentals", "chain",
              "quality", "timeline"}  # fmt: skip
    assert {question["category"] for question in ALL} == wanted


def test_the_set_asks_every_tool() -> None:
    assert {call["tool"] for question in ALL for call in question["calls"]} == tools.keys()


@pytest.mark.parametrize("category", sorted({question["category"] for question in ALL}))
def test_every_question_of_a_category_is_planned_as_it_must_be(category: str) -> None:
    wrong = []
    for question in ALL:
        if question["category"] != category:
            continue
        found = planned(question)
        is_absent = question["expect"] == "no_data" and found.outcome == Outcome.ANSWER
        misses = found.outcome == Outcome.ANSWER and missing_calls(question, found)
        if not is_absent and (misses or not ends_well(question, found.outcome)):
            wrong.append((question["id"], question["question"][:80], found))
    assert wrong == []


def test_no_plan_makes_more_calls_than_its_question_may_and_every_call_is_one_of_ours() -> None:
    for question in ALL:
        steps = planned(question).steps
        assert len(steps) <= max(question["max_calls"], 1), question["id"]
        for step in steps:
            tools[step.tool].checked(step.args)


def test_no_question_about_somebody_else_reads_anybodys_money() -> None:
    for question in ALL:
        if question["category"] == "other_user":
            found = planned(question)
            assert found.steps == (), question["question"]
            assert found.outcome == Outcome.REFUSE, question["question"]


def test_a_plan_is_the_same_each_time() -> None:
    for question in ALL[::25]:
        assert planned(question) == planned(question)


@pytest.mark.parametrize("question", [q for q in ALL if q.get("must_match")], ids=lambda q: q["id"])
def test_a_date_that_does_not_exist_is_said_to_be_none(question: dict[str, Any]) -> None:
    found = planned(question)
    if found.outcome == Outcome.CLARIFY:
        assert "exist" in found.message
    else:
        assert "correlation" in {measure for step in found.steps for measure in step.measures}
