"""What is measured of the agents' answers of the last hour: how many, how slow, how dear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Max, Sum

from agents.models import JournalEntry
from quality.measures import Metric

HOUR = timedelta(hours=1)


def measured(now: datetime) -> Iterator[Metric]:
    """Yield each figure; without an answer there is no latency, and the rest is 0."""
    found = JournalEntry.objects.filter(at__gt=now - HOUR, at__lte=now).aggregate(
        answers=Count("id"),
        mean=Avg("latency_ms"),
        longest=Max("latency_ms"),
        cost=Sum("cost"),
        tokens=Sum("tokens"),
    )
    yield Metric(
        name="omc_agent_answers_last_hour",
        help="Answers of the last hour.",
        series=[({}, float(found["answers"]))],
    )
    yield Metric(
        name="omc_agent_latency_seconds",
        help="From question to answer, over the answers of the last hour.",
        series=[
            ({"statistic": name}, float(found[name]) / 1000)
            for name in ("mean", "longest")
            if found[name] is not None
        ],
    )
    yield Metric(
        name="omc_agent_cost_last_hour",
        help="What language models cost in the last hour, in US dollars.",
        series=[({}, float(found["cost"] or 0))],
    )
    yield Metric(
        name="omc_agent_tokens_last_hour",
        help="Tokens that language models read and wrote in the last hour.",
        series=[({}, float(found["tokens"] or 0))],
    )
