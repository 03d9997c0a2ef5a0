"""The workflow of one question: guard, plan, retrieve, compute, draft, ground, and its end.

    guard -> plan -> (approve) -> retrieve -> compute -> draft -> ground -> answer
        \\_______\\-> clarify -> wait -> guard ...
              \\-> decline

It stops, by LangGraph's interrupts, at two places: after a question back until the user replies,
and before the first read until the user approves the plan, if a review was asked for. Its state
is plain JSON, so that a checkpoint is small and a step that a kill interrupted runs again from
the one before. Steps only read; the journal keeps each step's event once. The tools and the user
are fixed before any ledger text is read, and no node may add a call afterwards.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import cache, partial
from typing import Any, Final, TypedDict, TypeVar
from uuid import UUID

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt
from pydantic import TypeAdapter

from agents import drafting, journal, sessions
from agents.answers import (
    Answer,
    calls_of,
    citations_of,
    numbers_of,
    quality_of,
    withheld_notice,
)
from agents.budget import Purse
from agents.checkpoints import RedisCheckpoints
from agents.completing import completed
from agents.evidence import Evidence, evidence_of
from agents.faults import SENTENCES, Fault
from agents.grounding import Claim, ground, sentences_of
from agents.language.refusals import refusal_of
from agents.language.text import normal
from agents.modelling import Part, ask_model
from agents.models import SessionEvent
from agents.planner import Asking, plan
from agents.plans import Outcome, Plan, Step
from agents.results import Result
from agents.results import State as Presence
from agents.tools.registry import Context, read_only, tools
from ledgers.models import Asset
from ledgers.reading import Pair

logger = logging.getLogger(__name__)
Kind = SessionEvent.Kind
LIMITS: Final = {"recursion_limit": 12, "max_concurrency": 1}
"""At most nine nodes run between two stops, one after the other; one thread for the checkpoints
is then enough, and each further one that LangGraph would start costs more than a checkpoint."""
EVIDENCE = TypeAdapter(tuple[Evidence, ...])
DRAFTED = "draft"
"""Stands in `used` when the draft is a model's."""
T = TypeVar("T")


class Flow(TypedDict, total=False):
    """The state of one question, JSON throughout; `faults` say why the model was not used."""

    session_id: str
    turn: int
    question: str
    prior: list[str]
    user_id: int | None
    username: str
    as_of: str
    horizon: str
    mode: str
    review: bool
    started: float
    faults: list[str]
    used: list[str]
    plan: dict[str, Any]
    results: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    draft: list[str]
    grounded: dict[str, Any]
    answer: dict[str, Any]


def guard(flow: Flow) -> Flow:
    """Decline what no model may decide: attacks, other people's data, actions, advice."""
    refused = refusal_of(normal(flow["question"]), username=flow["username"])
    return {"plan": refused.plan().model_dump(mode="json")} if refused else {"faults": []}


def planned(flow: Flow) -> Flow:
    """Fix the calls, by the planner, or by the model when the planner does not decline."""
    own = plan(_asking(flow))
    if flow["mode"] == "planner" or own.outcome in {Outcome.REFUSE, Outcome.UNSUPPORTED}:
        return {"plan": own.model_dump(mode="json"), "used": ["planner"]}
    clock, prior = _pair(flow).as_of, flow["prior"]
    found = _by_model(flow, lambda model: model.plan(flow["question"], prior, tools, clock))
    if not found.value:
        return {"plan": own.model_dump(mode="json"), "used": ["planner"], **_noted(flow, found)}
    chosen = Plan(outcome=Outcome.ANSWER, steps=tuple(found.value))
    return {"plan": chosen.model_dump(mode="json"), "used": ["model"]}


def approve(flow: Flow) -> Flow:
    """Wait until the user approves the plan; the journal knows, whatever Redis has lost."""
    if sessions.event(flow["session_id"], flow["turn"], Kind.APPROVED) is None:
        interrupt({"waits_for": "approval"})
    return {"started": time.time()}  # the time that a person took is not the model's


def retrieve(flow: Flow) -> Flow:
    """Make the planned calls in one read-only transaction, all at one pair."""
    pair = _pair(flow)
    with read_only():
        found = [
            tools[step.tool].call(
                step.args, Context(pair=pair, window=step.window, user_id=flow["user_id"])
            )
            for step in _plan(flow).steps
        ]
    return {"results": [one.model_dump(mode="json") for one in found]}


def compute(flow: Flow) -> Flow:
    """Make the evidence: the rows' fields and the declared computations over them."""
    found = evidence_of(_plan(flow).steps, _results(flow))
    return {"evidence": [one.model_dump(mode="json") for one in found]}


def draft(flow: Flow) -> Flow:
    """Write sentences: the planner's, or the model's when it drafts."""
    evidence = _evidence(flow)
    own = drafting.drafted(_plan(flow).steps, _results(flow), evidence)
    if flow["mode"] == "planner" or flow.get("faults") or not own:
        return {"draft": own}
    found = _by_model(flow, lambda model: model.draft(flow["question"], evidence))
    if not found.value:
        return {"draft": own, **_noted(flow, found)}
    return {"draft": sentences_of(found.value), "used": [*flow.get("used", []), DRAFTED]}


def grounded(flow: Flow) -> Flow:
    """Withhold every sentence that the evidence does not bear out.

    Where nothing of a model's draft holds, the planner's sentences take its place.
    """
    evidence = _evidence(flow)
    if DRAFTED not in flow.get("used", []):
        return {"grounded": ground(flow["draft"], evidence).model_dump(mode="json")}
    told = completed(flow["draft"], _plan(flow).steps, _results(flow), evidence)
    written: Flow = {"grounded": told.model_dump(mode="json")}
    if not set(told.kept) & set(flow["draft"]):
        written["faults"] = [*flow.get("faults", []), SENTENCES[Fault.UNGROUNDED]]
    return written


def answer(flow: Flow) -> Flow:
    """Put the kept sentences, the caveats and the citations into one answer."""
    plan_, results = _plan(flow), _results(flow)
    kept, withheld = flow["grounded"]["kept"], flow["grounded"]["withheld"]
    caveats = drafting.caveats(plan_.steps, results)
    told = withheld_notice(kept, withheld)
    text = " ".join(part for part in [*kept, told, *caveats, *plan_.notes, *_faults(flow)] if part)
    unseen = all(one.state == Presence.NOT_OBSERVED or not _has_rows(one) for one in results)
    absent = unseen and not kept
    evidence = _evidence(flow)
    return _ended(
        flow,
        Answer(
            outcome=Outcome.NO_DATA if absent else Outcome.ANSWER,
            answer=text,
            calls=calls_of(plan_.steps, results),
            evidence=numbers_of(evidence),
            citations=citations_of(kept, evidence, results),
            quality=quality_of(results),
            notes=plan_.notes,
            withheld=tuple(one["kind"] for one in withheld),
            claims=tuple(map(Claim.model_validate, flow["grounded"]["claims"])),
        ),
    )


def without_reading(flow: Flow) -> Flow:
    """End with the plan's own message: a question back, or why nothing is answered."""
    found = _plan(flow)
    return _ended(flow, Answer(outcome=found.outcome, answer=found.message))


def wait(flow: Flow) -> Flow:  # noqa: ARG001  # every node takes the flow
    """Wait for the reply to a question back; it is the next turn, and begins a flow anew."""
    reply: Flow = interrupt({"waits_for": "reply"})
    return reply


Node = Callable[[Flow], Flow]
NODES: tuple[tuple[str, Node, str], ...] = (
    ("guard", guard, Kind.GUARDED),
    ("plan", planned, Kind.PLANNED),
    ("retrieve", retrieve, Kind.RETRIEVED),
    ("compute", compute, Kind.COMPUTED),
    ("draft", draft, Kind.DRAFTED),
    ("ground", grounded, Kind.GROUNDED),
    ("answer", answer, Kind.ANSWERED),
    ("clarify", without_reading, Kind.ANSWERED),
    ("decline", without_reading, Kind.ANSWERED),
)
PAUSES: tuple[tuple[str, Any], ...] = (("approve", approve), ("wait", wait))
STOPS = tuple(name for name, _, _ in NODES)
"""Where a single step ends; what only waits is none."""
__all__ = ["LIMITS", "STOPS", "Command", "workflow", "workflow_in_memory"]


@cache
def workflow() -> CompiledStateGraph[Flow, Any, Flow, Flow]:
    """Return the compiled graph with its checkpoints in Redis; once a process."""
    return compiled(RedisCheckpoints(sessions.connection()))


def workflow_in_memory() -> CompiledStateGraph[Flow, Any, Flow, Flow]:
    """Return the graph for one run while Redis is away: a kill then costs the whole turn."""
    return compiled(InMemorySaver())


def compiled(saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Flow, Any, Flow, Flow]:
    """Return the compiled graph with checkpoints in a saver."""
    graph: StateGraph[Flow, Any, Flow, Flow] = StateGraph(Flow)
    for name, node, kind in NODES:
        graph.add_node(name, journaled(node, kind))
    for name, pause in PAUSES:
        graph.add_node(name, pause)
    graph.add_edge(START, "guard")
    ends: dict[Hashable, str] = {"go": "plan", "clarify": "clarify", "decline": "decline"}
    graph.add_conditional_edges("guard", _way, ends)
    graph.add_conditional_edges("plan", _way, {**ends, "go": "retrieve", "review": "approve"})
    for before, after in (("approve", "retrieve"), ("retrieve", "compute"), ("compute", "draft"),
                          ("draft", "ground"), ("ground", "answer"), ("clarify", "wait"),
                          ("wait", "guard")):  # fmt: skip
        graph.add_edge(before, after)
    for end in ("answer", "decline"):
        graph.add_edge(end, END)
    return graph.compile(checkpointer=saver)


def journaled(node: Node, kind: str) -> Any:
    """Make a node leave its event in the journal, once a turn, and an answer its entry."""

    def run(flow: Flow) -> Flow:
        found = node(flow)
        told = found.get("answer")
        entry = partial(journal.write, flow, told) if told else None
        place = flow["session_id"], flow["turn"]
        sessions.append(*place, kind, told or dict(found), beside=entry)
        return found

    return run


def _way(flow: Flow) -> str:
    plan_ = flow.get("plan")
    outcome = Outcome(plan_["outcome"]) if plan_ else Outcome.ANSWER
    if outcome == Outcome.ANSWER:
        return "review" if plan_ and flow.get("review") else "go"
    return "clarify" if outcome == Outcome.CLARIFY else "decline"


def _ended(flow: Flow, found: Answer) -> Flow:
    pair, elapsed = _pair(flow), time.time() - flow["started"]
    used, faults = flow.get("used", []), flow.get("faults", [])
    return {
        "answer": found.model_copy(
            update={
                "as_of": pair.as_of,
                "horizon": pair.horizon,
                "mode": "model" if used and used != ["planner"] and not faults else "planner",
                "latency_ms": round(max(elapsed, 0) * 1000),
                "session_id": flow["session_id"],
                "turn": flow["turn"],
            }
        ).model_dump(mode="json")
    }


def _faults(flow: Flow) -> list[str]:
    """Say that the planner stood in for the model, and why."""
    if flow["mode"] != "model" or not flow.get("faults"):
        return []
    return [f"Answered by the planner. {flow['faults'][-1]}"]


def _by_model(flow: Flow, ask: Callable[[Any], T]) -> Part[T]:
    """Let the model do its part within what is left of the question's time and money."""
    purse = Purse(session_id=UUID(flow["session_id"]), turn=flow["turn"], user_id=flow["user_id"])
    return ask_model(purse, flow["started"], ask)


def _noted(flow: Flow, found: Part[Any]) -> Flow:
    """Note why the model did not do its part, if it did not."""
    return {"faults": [*flow.get("faults", []), found.fault]} if found.fault else {}


def _asking(flow: Flow) -> Asking:
    """Return the question as the planner takes it, with the assets that this installation has."""
    return Asking(
        question=flow["question"],
        clock=_pair(flow).as_of,
        prior=tuple(flow["prior"]),
        username=flow["username"],
        symbols=frozenset(
            Asset.objects.filter(kind=Asset.Kind.CRYPTO).values_list("symbol", flat=True)
        ),
    )


def _pair(flow: Flow) -> Pair:
    return Pair(
        as_of=datetime.fromisoformat(flow["as_of"]), horizon=datetime.fromisoformat(flow["horizon"])
    )


def _plan(flow: Flow) -> Plan:
    return Plan.model_validate(flow["plan"])


def _results(flow: Flow) -> list[Result]:
    steps: tuple[Step, ...] = _plan(flow).steps
    return [
        tools[step.tool].result.model_validate(one)
        for step, one in zip(steps, flow["results"], strict=True)
    ]


def _evidence(flow: Flow) -> tuple[Evidence, ...]:
    return EVIDENCE.validate_python(flow["evidence"])


def _has_rows(result: Result) -> bool:
    return result.count > 0
