"""What a planner decides: which tools to ask, with which arguments and windows, or why none."""

from __future__ import annotations

from enum import StrEnum

from agents.results import Value, Window


class Outcome(StrEnum):
    """How a question ends."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    REFUSE = "refuse"
    NO_DATA = "no_data"
    UNSUPPORTED = "unsupported"
    REJECT_INPUT = "reject_input"
    ERROR = "error"
    CANCELLED = "cancelled"


class Step(Value):
    """One call of one tool. `measures` are the computations that the question asks for."""

    tool: str
    args: dict[str, str | int]
    window: Window | None = None
    label: str = ""
    measures: tuple[str, ...] = ()


class Plan(Value):
    """The calls that answer a question; without calls, `message` says why there are none.

    `notes` state what the planner assumed, such as a default window.
    """

    outcome: Outcome
    steps: tuple[Step, ...] = ()
    message: str = ""
    notes: tuple[str, ...] = ()
