"""What became of a check. A skip is never a pass: it is counted apart and says what is missing."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class State(enum.StrEnum):
    """How a check ended."""

    PASSED = "ok"
    FAILED = "FAILED"
    SKIPPED = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One check: its name, how it ended, how long it took, and what there is to say about it."""

    name: str
    state: State
    detail: str = ""
    seconds: float = 0.0

    def line(self) -> str:
        """Return the line that is printed; what a failed check said follows it."""
        first, _, rest = self.detail.partition("\n")
        said = f"{self.state:6} {self.name:32} {self.seconds:5.1f} s  {first}".rstrip()
        return f"{said}\n{rest}" if rest and self.state is State.FAILED else said


def passed(name: str, detail: str = "") -> Outcome:
    """Say that a check passed."""
    return Outcome(name=name, state=State.PASSED, detail=detail)


def failed(name: str, detail: str) -> Outcome:
    """Say that it failed, and with which words."""
    return Outcome(name=name, state=State.FAILED, detail=detail)


def skipped(name: str, detail: str) -> Outcome:
    """Say that it was not done, and what is missing."""
    return Outcome(name=name, state=State.SKIPPED, detail=detail)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the closing line."""
    counted = {state: sum(each.state is state for each in outcomes) for state in State}
    return (
        f"infra: {counted[State.PASSED]} passed, {counted[State.FAILED]} failed, "
        f"{counted[State.SKIPPED]} skipped"
    )


def status(outcomes: Sequence[Outcome], *, is_required: bool) -> int:
    """Return the exit status: a failure is 1, and so is a skip where everything is required."""
    states = {each.state for each in outcomes}
    is_bad = State.FAILED in states or not outcomes or (is_required and State.SKIPPED in states)
    return int(is_bad)
