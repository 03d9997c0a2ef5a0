"""What each answer was made of, written with it, and asked again later: bit for bit the same?

A tool's answer at a pair never changes, so its hash does not either, unless retention or an
erasure took rows away, or an operator changed how often a feed is expected. What a source revised
since is a new revision, known after the horizon, and is told apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from agents.models import JournalEntry, ModelCall
from agents.plans import Step
from agents.records import fact_of
from agents.results import Result, Value
from agents.tools.registry import Context, ToolError, read_only, tools
from ledgers.reading import Pair
from ledgers.revisions import history_of

QUALITY = "quality"


class Revised(Value):
    """A row of an answer of which the ledger knows more since."""

    id: str
    revision: int
    known_at: datetime
    withdrawn: bool
    changes: tuple[str, ...]


class Replayed(Value):
    """One call, made again: whether it returned the same bytes, and what was revised since.

    `difference` names the fields that differ; it is empty when nothing does.
    """

    turn: int
    tool: str
    args: dict[str, str | int]
    recorded: str
    replayed: str
    is_same: bool
    difference: str
    revised: tuple[Revised, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the model cost for one turn."""

    requests: int
    tokens: int
    cost: Any
    model: str
    prompts: Sequence[str]


def hash_of(result: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a tool's result in the one way of writing it."""
    written = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def write(flow: Mapping[str, Any], answer: Mapping[str, Any]) -> JournalEntry:
    """Write the entry of an answer; in the transaction that stores the answer."""
    spent = _spent(flow["session_id"], flow["turn"])
    return JournalEntry.objects.create(
        session_id=flow["session_id"],
        turn=flow["turn"],
        question=flow["question"],
        as_of=datetime.fromisoformat(flow["as_of"]),
        horizon=datetime.fromisoformat(flow["horizon"]),
        mode=flow["mode"],
        answered_by=answer["mode"],
        outcome=answer["outcome"],
        plan=flow.get("plan") or {},
        calls=[*_calls(flow)],
        quality=answer.get("quality") or {},
        model=spent.model,
        prompts=spent.prompts,
        requests=spent.requests,
        tokens=spent.tokens,
        cost=spent.cost,
        faults=flow.get("faults") or [],
        withheld=len(answer.get("withheld") or ()),
        latency_ms=answer["latency_ms"],
    )


def entries_of(session_id: str, turn: int | None = None) -> list[JournalEntry]:
    """Return the entries of a session, oldest first; none of an id that is no session's."""
    try:
        key = UUID(session_id)
    except ValueError:
        return []
    found = JournalEntry.objects.filter(session=key).select_related("session").order_by("turn")
    return list(found if turn is None else found.filter(turn=turn))


def replay(entry: JournalEntry) -> Iterator[Replayed]:
    """Make the calls of an entry again at its pair, for its user, in read-only transactions."""
    pair = Pair(as_of=entry.as_of, horizon=entry.horizon)
    for call in entry.calls:
        step = Step(tool=call["tool"], args=call["args"], window=call["window"])
        context = Context(pair=pair, window=step.window, user_id=entry.session.user_id)
        yield _replayed(entry, call, step, context)


def _replayed(
    entry: JournalEntry, call: Mapping[str, Any], step: Step, context: Context
) -> Replayed:
    revised: tuple[Revised, ...] = ()
    try:
        with read_only():
            result = tools[step.tool].call(step.args, context)
            revised = tuple(_revised(result, context))
        written = result.model_dump(mode="json")
        found, difference = hash_of(written), _difference(call["result"], written)
    except (KeyError, ToolError, ValueError) as error:
        found, difference = "", f"The tool cannot be asked so any more: {type(error).__name__}."
    return Replayed(
        turn=entry.turn,
        tool=step.tool,
        args=step.args,
        recorded=call["sha256"],
        replayed=found,
        is_same=found == call["sha256"],
        difference=difference if found != call["sha256"] else "",
        revised=revised,
    )


def _difference(recorded: Mapping[str, str], written: Mapping[str, Any]) -> str:
    """Name the fields of a result whose hashes differ; the values are not kept."""
    now = _field_hashes(written)
    names = sorted(name for name in {*recorded, *now} if recorded.get(name) != now.get(name))
    return ", ".join(names)


def _field_hashes(written: Mapping[str, Any]) -> dict[str, str]:
    return {name: hash_of({name: value})[:16] for name, value in written.items()}


def _revised(result: Result, context: Context) -> Iterator[Revised]:
    """Yield what is known since the horizon about each row of a result."""
    for row in getattr(result, "rows", ()):
        fact = fact_of(row.id, user_id=context.user_id)
        for one in history_of(fact) if fact else ():
            if one.known_at > context.pair.horizon:
                yield Revised(
                    id=row.id,
                    revision=one.number,
                    known_at=one.known_at,
                    withdrawn=one.withdrawn,
                    changes=tuple(
                        f"{change.field}: {change.before} -> {change.after}"
                        for change in one.changes
                    ),
                )


def _calls(flow: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each call with the hashes of its result, whole and field by field."""
    steps = (flow.get("plan") or {}).get("steps", ())
    for step, result in zip(steps, flow.get("results") or (), strict=False):
        yield {
            "tool": step["tool"],
            "args": step["args"],
            "window": step["window"],
            "sha256": hash_of(result),
            "result": _field_hashes(result),
            "state": result["state"],
            "count": result["count"],
            QUALITY: result[QUALITY]["state"],
        }


def _spent(session_id: str, turn: int) -> Cost:
    """Add up the requests of a turn to the model, as its budget has them."""
    made = ModelCall.objects.filter(session=UUID(session_id), turn=turn)
    total = made.aggregate(tokens=Sum("tokens"), cost=Sum("cost"))
    rows = list(made.order_by("id").values_list("model", "prompt_hash"))
    return Cost(
        requests=len(rows),
        tokens=total["tokens"] or 0,
        cost=total["cost"] or 0,
        model=rows[-1][0] if rows else "",
        prompts=[prompt for _, prompt in rows],
    )
