"""How long after its publication a fact was known: what a reader of the past pays for polling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, F, Max
from django.utils import timezone

from ledgers.filling import tables_of
from ledgers.models import CollectorRun

REACH = timedelta(days=7)
"""How far before a live look its new facts may have happened."""
CLOCKS = timedelta(minutes=5)
"""How far the clocks of the database and of a worker may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From publication to storing, over the rows of one run that say when they were published."""

    rows: int
    mean: timedelta
    longest: timedelta


def latency_of(run: CollectorRun) -> Latency | None:
    """Return how late the rows of a run were known; None if none says when it was published.

    Rows have no index on their run: the window of the look and the time of the run, by which
    quotes and candles have a small index, bound the search.
    """
    found = [parts for table in tables_of(run.feed) if (parts := _parts(table, run))["rows"]]
    rows = sum(parts["rows"] for parts in found)
    if not rows:
        return None
    whole = sum((parts["mean"] * parts["rows"] for parts in found), timedelta())
    return Latency(rows=rows, mean=whole / rows, longest=max(parts["longest"] for parts in found))


def _parts(table: Any, run: CollectorRun) -> dict[str, Any]:
    since = min(run.started_at - REACH, (run.window and run.window.lower) or run.started_at)
    rows = table.objects.filter(run=run, event_at__gte=since, published_at__isnull=False)
    if run.kind != run.Kind.SEED:  # whose rows were known when they were published
        until = (run.finished_at or timezone.now()) + CLOCKS
        rows = rows.filter(known_at__range=(run.started_at - CLOCKS, until))
    if hasattr(rows, "of_everyone"):
        rows = rows.of_everyone()
    late = F("known_at") - F("published_at")
    parts: dict[str, Any] = rows.aggregate(
        rows=Count("event_at"), mean=Avg(late), longest=Max(late)
    )
    return parts
