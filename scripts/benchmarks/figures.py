"""What a benchmark hands over: one judged figure, and how figures are printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

HEADINGS = ("work", "ours", "peer", "figure", "goal", "")
MISSING = "peer missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A limit and the side of it that is good."""

    side: Literal["<=", ">="]
    limit: float

    def holds(self, value: float) -> bool:
        """Tell whether a value reaches the goal."""
        return value <= self.limit if self.side == "<=" else value >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One judged number: `value` in `unit` ("x" is a ratio), and what it was made of.

    `value` is None when the peer is not installed; that is no pass.
    """

    name: str
    work: str
    ours: str
    peer: str
    value: float | None
    unit: str = "x"
    goal: Goal
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the goal was reached; a figure that is not there reaches nothing."""
        return self.value is not None and self.goal.holds(self.value)

    @property
    def verdict(self) -> str:
        """The goal's outcome in a word."""
        return MISSING if self.value is None else "pass" if self.is_met else "FAIL"


def as_table(figures: Sequence[Figure]) -> str:
    """Write figures for a person."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def exit_status(figures: Sequence[Figure]) -> int:
    """Return 1 if a goal is missed, a peer is missing or nothing was measured."""
    return 0 if figures and all(figure.is_met for figure in figures) else 1


def _row(figure: Figure) -> tuple[str, ...]:
    value = "-" if figure.value is None else _spoken(figure.value, figure.unit)
    goal = f"{figure.goal.side} {_spoken(figure.goal.limit, figure.unit)}"
    return (figure.work, figure.ours, figure.peer, value, goal, figure.verdict)


def _spoken(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"  # noqa: PLR2004  # digits
    return f"{number}x" if unit == "x" else f"{number} {unit}"


def as_json(figures: Sequence[Figure], *, rows: int) -> dict[str, Any]:
    """Return figures, verdicts and the machine for a program."""
    return {
        "rows": rows,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "figures": [asdict(figure) | {"verdict": figure.verdict} for figure in figures],
    }
