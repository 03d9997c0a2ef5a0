"""The question set: what each question must lead to, and how a plan is compared with it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agents.plans import Outcome, Plan, Step
from agents.results import Window
from agents.tools.windows import window_of

QUESTIONS = Path(__file__).with_name("data") / "questions.jsonl"
DECLINED = {Outcome.REFUSE, Outcome.UNSUPPORTED}
SLACK = timedelta(hours=1)


def questions() -> list[dict[str, Any]]:
    """Return the questions of the set."""
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def clock_of(question: dict[str, Any]) -> datetime:
    """Return as of when a question is asked."""
    return datetime.fromisoformat(question["clock"])


def ends_well(question: dict[str, Any], outcome: str) -> bool:
    """Tell whether a question ended as it may; to refuse and to say unsupported are one."""
    wanted = {question["expect"], *question.get("accept_expect", ())}
    return outcome in (wanted | DECLINED if wanted & DECLINED else wanted)


def missing_calls(question: dict[str, Any], plan: Plan) -> list[dict[str, Any]]:
    """Return the expected calls that a plan does not make."""
    clock = clock_of(question)
    return [
        wanted
        for wanted in question["calls"]
        if not any(_is_made(wanted, step, clock) for step in plan.steps)
    ]


def _is_made(wanted: dict[str, Any], step: Step, clock: datetime) -> bool:
    if step.tool not in (wanted["tool"], *wanted.get("alt_tools", ())):
        return False
    return _has_args(wanted, step) and _has_window(wanted, step, clock)


def _has_args(wanted: dict[str, Any], step: Step) -> bool:
    """Compare the arguments; the user is the server's and in no plan."""
    for name, value in wanted["args"].items():
        allowed = {value, *wanted["accept"].get(name, ())}
        if name == "user_id":
            if "user_id" in step.args:
                return False
        elif step.args.get(name) not in allowed:
            return False
    return True


def _has_window(wanted: dict[str, Any], step: Step, clock: datetime) -> bool:
    windows = [one for one in (wanted["window"], *wanted["window_alt"]) if one]
    if not windows:
        return True
    timeframe = str(step.args.get("timeframe", "latest"))
    found = step.window or window_of(timeframe, clock)
    return found is not None and any(_is_near(one, found) for one in windows)


def _is_near(wanted: dict[str, str], found: Window) -> bool:
    start, end = (datetime.fromisoformat(wanted[name]) for name in ("start", "end"))
    return abs(start - found.start) <= SLACK and abs(end - found.end) <= SLACK
