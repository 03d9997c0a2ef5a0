"""What the agents' answers took and cost is measured with everything else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agents.measures import measured
from agents.models import AgentSession, JournalEntry
from quality.measures import exposition

pytestmark = pytest.mark.usefixtures("ledger")


def answered(**fields):
    """Make an entry of the journal, now."""
    session = AgentSession.objects.create()
    return JournalEntry.objects.create(
        session=session,
        turn=1,
        question="?",
        as_of=timezone.now(),
        horizon=timezone.now(),
        mode="planner",
        answered_by="planner",
        outcome="answer",
        plan={},
        calls=[],
        quality={},
        prompts=[],
        faults=[],
        **fields,
    )


def figures(now):
    return {
        (metric.name, *labels.values()): value
        for metric in measured(now)
        for labels, value in metric.series
    }


def test_nobody_asked():
    assert figures(timezone.now()) == {
        ("omc_agent_answers_last_hour",): 0,
        ("omc_agent_cost_last_hour",): 0,
        ("omc_agent_tokens_last_hour",): 0,
    }


def test_answers_are_counted_timed_and_charged_for_an_hour():
    answered(latency_ms=1000, tokens=10, cost=Decimal("0.25"))
    answered(latency_ms=3000, tokens=20, cost=Decimal("0.5"))
    now = timezone.now()
    assert figures(now) == {
        ("omc_agent_answers_last_hour",): 2,
        ("omc_agent_latency_seconds", "mean"): 2,
        ("omc_agent_latency_seconds", "longest"): 3,
        ("omc_agent_cost_last_hour",): 0.75,
        ("omc_agent_tokens_last_hour",): 30,
    }
    assert figures(now + timedelta(hours=1))[("omc_agent_answers_last_hour",)] == 0


def test_they_stand_among_the_metrics_of_the_house():
    assert "\nomc_agent_answers_last_hour 0.0\n" in exposition(timezone.now())
