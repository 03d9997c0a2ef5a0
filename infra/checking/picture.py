"""Draw a dashboard from its own definition: where each widget stands, and what is in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CELL, ROW, GAP, LINE, MARGIN = 40, 32, 6, 14, 10
LINES = 9
SEARCH = re.compile(r"""SEARCH\('\{[^,]+,([\w,]+)\} MetricName="(\w+)"', .*\)""")
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")
FONT = 'font-family="sans-serif"'


def picture_of(plan: Mapping[str, Any]) -> str:
    """Return the picture of the one dashboard in a plan."""
    (body,) = [
        json.loads(each["change"]["after"]["dashboard_body"])
        for each in plan["resource_changes"]
        if each["type"] == "aws_cloudwatch_dashboard"
    ]
    return draw("Dashboard of Oh My Coins", body)


def draw(name: str, body: Mapping[str, Any]) -> str:
    """Return the dashboard as SVG text."""
    widgets = body["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * CELL
    height = max(each["y"] + each["height"] for each in widgets) * ROW
    parts = [part for widget in widgets for part in _widget(widget)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{html.escape(name)}: {len(widgets)} widgets</title>",
            f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _widget(widget: Mapping[str, Any]) -> Iterator[str]:
    left, top = widget["x"] * CELL + GAP, widget["y"] * ROW + GAP
    width, height = widget["width"] * CELL - 2 * GAP, widget["height"] * ROW - 2 * GAP
    properties = widget["properties"]
    yield (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#fff" '
        'stroke="#aab7b8" rx="3"/>'
    )
    yield _text(left + MARGIN, top + 20, properties["title"], 'font-size="14" font-weight="bold"')
    is_log = widget["type"] == "log"
    lines = _steps(properties["query"]) if is_log else _series(properties["metrics"])
    for alarm in properties.get("annotations", {}).get("horizontal", []):
        lines = [*lines, f"{alarm['label']} above {alarm['value']}"]
    for number, line in enumerate(lines[:LINES]):
        at = top + 42 + number * LINE
        colour = "#aab7b8" if is_log else COLOURS[number % len(COLOURS)]
        yield f'<rect x="{left + MARGIN}" y="{at - 8}" width="8" height="8" fill="{colour}"/>'
        yield _text(left + MARGIN + 14, at, line, 'font-size="11"')
    if len(lines) > LINES:
        at = top + 42 + LINES * LINE
        yield _text(left + MARGIN + 14, at, f"and {len(lines) - LINES} more", 'font-size="11"')


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {FONT} {style} fill="#16191f">{html.escape(text)}</text>'


def _steps(query: str) -> list[str]:
    """Return the steps of a query of logs."""
    return [step.strip() for step in re.split(r"\s\|\s", query)]


def _series(metrics: Sequence[Sequence[Any]]) -> list[str]:
    """Return what each series is called: its metric, and whose it is."""
    lines = []
    for metric in metrics:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        words = [word for word in metric if isinstance(word, str)]
        if "expression" in options:
            found = SEARCH.fullmatch(options["expression"])
            lines.append(f"{found[2]} of each {found[1]}" if found else options["expression"])
            continue
        whose = " ".join(words[3::2][-1:])
        extra = " ".join([options.get("stat", ""), "(right)" if "yAxis" in options else ""])
        lines.append(" ".join(f"{words[1]} {whose} {extra}".split()))
    return lines
