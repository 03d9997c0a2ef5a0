"""How long a question takes from the first word to the checked answer, over many prices."""

from __future__ import annotations

import time
from statistics import median, quantiles

from django.contrib.auth import get_user_model

from agents.orchestrator import run_workflow
from agents.plans import Outcome
from benchmarks.agents.world import KNOWN, filled
from benchmarks.figures import Figure, Goal
from benchmarks.measuring import often, say

FORMS = (
    "what is the price of {0}",
    "how did {0} do last week?",
    "{0} high and low over the last 24 hours",
    "volatility of {0} over 30 days",
    "compare {0} and {1} over 30 days",
    "average price of {0} in the last 14 days",
    "which did better this month, {0} or {1}?",
    "how much did {0} change over 7 days",
    "correlation of {0} and {1} over 30 days",
    "{0} price between 2026-01-02 and 2026-01-05",
    "any news about {0} and how did it do over 24 hours?",
)
ROUNDS = 4
LIMIT = 1.0
MOST = 0.8
"""Of the questions must be answered, so that no quick refusal counts as an answer."""


def measure(rows: int) -> list[Figure]:
    """Ask questions of every form about every known asset, without a model."""
    now = filled(rows)
    owner = get_user_model().objects.create_user("bench-questions").pk
    say("questions: asking")
    took, answered = [], 0
    asked = _questions()
    run_workflow(asked[0], user_id=owner, now=now, as_of=now)  # imports what it needs
    for _ in range(often(ROUNDS)):
        for question in asked:
            began = time.perf_counter()
            answer = run_workflow(question, user_id=owner, now=now, as_of=now)
            took.append(time.perf_counter() - began)
            answered += answer.outcome == Outcome.ANSWER
    if answered < MOST * len(took):
        raise AssertionError(f"Only {answered} of {len(took)} questions were answered.")
    return [_figure(took, answered, rows)]


def _questions() -> list[str]:
    pairs = zip(KNOWN, (*KNOWN[1:], KNOWN[0]), strict=True)
    return [form.format(*pair) for pair in pairs for form in FORMS]


def _figure(took: list[float], answered: int, rows: int) -> Figure:
    p95 = quantiles(took, n=20)[18]
    return Figure(
        name="question.planner",
        work=f"a question at {rows:,} prices, p95",
        ours=f"{p95 * 1e3:.0f} ms",
        peer="-",
        value=p95,
        unit="s",
        goal=Goal(side="<=", limit=LIMIT),
        details={
            "median": median(took),
            "max": max(took),
            "questions": len(took),
            "answered": answered,
        },
    )
