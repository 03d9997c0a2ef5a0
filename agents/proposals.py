"""A model's plan: what it is offered, and its calls checked as the API would check them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from langchain.messages import AIMessage
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from agents.faults import RepairableError
from agents.plans import Step
from agents.results import Window
from agents.tools.registry import Tool

MOST_CALLS = 8
PERIOD = ("since", "until")


class _Period(BaseModel):
    """The two arguments that every tool takes from a model beside its own."""

    model_config = ConfigDict(extra="forbid")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def offered(tool: Tool) -> dict[str, Any]:
    """Return a tool as a model sees it: without what the server injects, with a period."""
    schema = tool.schema
    moment = {"type": "string", "description": "ISO 8601 with Z; leave out if no period is asked."}
    schema["properties"] = {**schema.get("properties", {}), **dict.fromkeys(PERIOD, moment)}
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def steps_of(reply: AIMessage, tools: Mapping[str, Tool], clock: datetime) -> list[Step]:
    """Check each call, refuse unknown tools, and serve equal calls once."""
    if reply.invalid_tool_calls:
        raise RepairableError("A call's arguments are not JSON.")
    if not reply.tool_calls:
        raise RepairableError("You called no tool.")
    if len(reply.tool_calls) > MOST_CALLS:
        raise RepairableError(f"There were {len(reply.tool_calls)} calls, at most {MOST_CALLS}.")
    steps = [_step(call["name"], call["args"], tools, clock) for call in reply.tool_calls]
    return list({step.model_dump_json(): step for step in steps}.values())


def _step(name: str, args: dict[str, Any], tools: Mapping[str, Tool], clock: datetime) -> Step:
    if name not in tools:
        raise RepairableError(f"No tool is called {name[:40]!r}.")
    own = {key: value for key, value in args.items() if key not in PERIOD}
    try:
        period = _Period(since=args.get("since"), until=args.get("until"))
        checked = tools[name].checked(own)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RepairableError(f"{name}: {where[:80]}: {first['msg'][:200]}.") from error
    window = _window(name, period, clock)
    if checked.get("timeframe") == "range" and window is None:
        raise RepairableError(f"{name}: the timeframe range needs since and until.")
    return Step(tool=name, args=checked, window=window)


def _window(name: str, period: _Period, clock: datetime) -> Window | None:
    if period.since is None:
        return None
    end = period.until or clock
    if period.since >= end:
        raise RepairableError(f"{name}: since must be before until.")
    return Window(start=period.since, end=end)
