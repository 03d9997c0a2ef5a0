"""Evidence of a small made-up answer, for the tests of grounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.evidence import Evidence
from agents.results import Window

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
WEEK = Window(start=NOW - timedelta(days=7), end=NOW)


def evidence(key: str = "E1", **options: Any) -> Evidence:
    """Make the newest price of BTC, unless told otherwise."""
    values: dict[str, Any] = {
        "key": key,
        "step": 0,
        "field": "price",
        "value": Decimal("64500.25"),
        "unit": "AUD",
        "assets": ("BTC",),
        "words": ("coinspot", "last"),
        "times": (NOW - timedelta(minutes=1),),
        "rows": ("glass.quote.1",),
        "as_of": NOW,
        "role": "latest" if options.get("field", "price") in {"price", "age"} else "",
    }
    if "value" in options and options["value"] is not None:
        options["value"] = Decimal(str(options["value"]))
    return Evidence(**{**values, **options})


WORLD = (
    evidence("E1"),
    evidence("E2", field="change", value="-3.217", unit="%", window=WEEK, over="last / first - 1"),
    evidence("E3", field="high", value="70000", window=WEEK, times=(NOW - timedelta(days=3),)),
    evidence("E4", field="low", value="60000.5", window=WEEK),
    evidence("E5", field="change", value="4.5", unit="%", assets=("ETH",), window=WEEK, over="x"),
    evidence(
        "E6", field="difference", value="7.717", unit="points", assets=("ETH", "BTC"), over="x"
    ),
    evidence(
        "E7",
        field="count",
        value=12,
        unit="items",
        words=("news", "article", "headline"),
        window=WEEK,
    ),
    evidence("E8", field="mean", value="65123.456789", window=WEEK, over="mean of 99 rows"),
    evidence(
        "E9",
        field="item",
        value="0.4",
        unit="score",
        words=("decrypt", "article", "headline"),
        text="Bitcoin slips below 65,000 as traders wait",
    ),
    evidence("E10", field="count", value=0, unit="events", assets=("COIN",), window=WEEK),
    evidence("E11", field="age", value=1, unit="minutes", words=("fresh", "value"), over="age"),
    evidence(
        "E12",
        field="item",
        value=None,
        assets=("COIN",),
        words=("filing", "10-K"),
        text="Annual",
        role="latest",
    ),
)
