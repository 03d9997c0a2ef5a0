"""How long each tool takes beside many prices: the slowest one is the figure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.results import Window
from agents.tools.registry import Context, read_only, tools
from benchmarks.agents.world import filled, furnished
from benchmarks.figures import Figure, Goal
from benchmarks.measuring import often, say
from ledgers.reading import pair

MONTH = timedelta(days=30)
TIMES = 15
LIMIT, QUERIES = 200.0, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One call of a tool: the median of its times in milliseconds, and its statements."""

    name: str
    took: float
    queries: int


def measure(rows: int) -> list[Figure]:
    """Call every tool, with a window of thirty days and without, as the graph calls it."""
    user_id, end = furnished(rows), filled(rows)
    say("tools: calling")
    found = [_called(name, args, user_id, end, window) for name, args, window in _calls(end)]
    if missing := tools.keys() - {one.name.split()[0] for one in found}:
        raise AssertionError(f"No call of {min(missing)} is measured.")
    for one in sorted(found, key=lambda one: -one.took):
        say(f"tools: {one.took:7.1f} ms  {one.queries} statements  {one.name}")
    return [_figure(found, rows)]


def _calls(end: datetime) -> Iterator[tuple[str, dict[str, Any], Window | None]]:
    month = Window(start=end - MONTH, end=end)
    for name, args in (
        ("get_price_data", {"symbol": "BTC"}),
        ("get_sentiment_data", {"symbol": "BTC"}),
        ("get_catalyst_events", {"symbol": "BTC"}),
        ("get_order_history", {}),
        ("get_positions", {}),
        ("get_pnl", {}),
        ("get_protocol_fundamentals", {"symbol": "AAVE"}),
        ("get_chain_metrics", {"symbol": "BTC"}),
        ("get_data_quality", {}),
        ("get_timeline", {"symbol": "BTC"}),
    ):
        yield name, args, None
        yield name, args, month
    yield "get_sentiment_data", {"symbol": "*"}, month
    yield "get_catalyst_events", {"symbol": "*"}, month


def _called(
    name: str, args: dict[str, Any], user_id: int, end: datetime, window: Window | None
) -> Took:
    """Call a tool several times, all of it: checks, statements, and its result."""
    context = Context(pair=pair(end), window=window, user_id=user_id)
    tool = tools[name]
    with read_only(), CaptureQueriesContext(connection) as sent:
        result = tool.call(args, context)
    if not result.count:
        raise AssertionError(f"{name} found nothing.")
    took = []
    for _ in range(often(TIMES)):
        with read_only():
            began = time.perf_counter()
            tool.call(args, context)
            took.append((time.perf_counter() - began) * 1e3)
    said = " ".join([name, *map(str, args.values()), "30 days" if window else ""]).strip()
    reads = [one for one in sent.captured_queries if "SELECT" in one["sql"]]
    return Took(name=said, took=median(took), queries=len(reads))


def _figure(found: list[Took], rows: int) -> Figure:
    slowest = max(found, key=lambda one: one.took)
    if (most := max(one.queries for one in found)) > QUERIES:
        raise AssertionError(f"A tool sends {most} statements, more than {QUERIES}.")
    return Figure(
        name="tool.slowest",
        work=f"the slowest tool at {rows:,} prices: {slowest.name}",
        ours=f"{slowest.took:.0f} ms",
        peer="-",
        value=slowest.took,
        unit="ms",
        goal=Goal(side="<=", limit=LIMIT),
        details={one.name: one.took for one in found},
    )
