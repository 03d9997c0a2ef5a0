"""What the agents' answers took and cost is measured with everything else."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

import quality.measures
from agents.measures import HOUR, measured
from agents.models import AgentSession, JournalEntry
from agents.tests import factories as make
from quality.measures import exposition
from quality.models import Delivery
from quality.services import run_check
from quality.tests.factories import make_alert, make_slot
from quality.tests.facts import look

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


def documented() -> dict[str, set[str]]:
    """Return the metrics of the table in docs/quality.md, each with its labels."""
    text = (settings.BASE_DIR / "docs" / "quality.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `omc_")]
    return {
        name: {label.strip() for label in labels.split(",")} - {""}
        for _, names, labels, *_ in rows
        for name in re.findall(r"`(omc_\w+)`", names)
    }


def test_the_documentation_names_every_metric_with_its_labels_and_no_other():
    now = timezone.now()
    run = make.quotes([make.quote()])
    make.covered(run, now - HOUR, now)
    look(run.feed, now, slot=make_slot("collect:coinspot", 1, "done", now))
    run_check("orders.unknown", now)
    alert = make_alert("a")
    Delivery.objects.create(alert=alert, channel="log", kind="opened", made_at=now, due_at=now)
    answered(latency_ms=1000)
    told = quality.measures.measured(timezone.now())
    labels = {one.name: {name for names, _ in one.series for name in names} for one in told}
    assert all(one.series for one in told)
    assert labels == documented()
