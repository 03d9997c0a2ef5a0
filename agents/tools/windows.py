"""Timeframes: how far back a question looks from its as_of."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from agents.results import Window
from agents.timeframes import SPANS
from agents.tools.registry import ToolError

Timeframe = Literal[
    "latest",
    "1h",
    "12h",
    "24h",
    "7d",
    "14d",
    "30d",
    "90d",
    "1y",
    "ytd",
    "mtd",
    "range",
]


def window_of(timeframe: str, as_of: datetime) -> Window | None:
    """Return the window of a timeframe that ends at `as_of`; None for latest."""
    if timeframe == "latest":
        return None
    if timeframe == "range":
        raise ToolError("The timeframe range needs a window: say from when to when.")
    if timeframe in SPANS:
        return Window(start=as_of - SPANS[timeframe], end=as_of)
    start = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(start=start.replace(month=1) if timeframe == "ytd" else start, end=as_of)
