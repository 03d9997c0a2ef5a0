"""The workflow of one question: guard, plan, retrieve, compute, draft, ground, and its end.

    guard -> plan -> retrieve -> compute -> draft -> ground -> answer
        \\_______\\-> clarify | decline

Its state is plain JSON, so that a checkpoint is small and a step that a kill interrupted runs
again from the one before. Steps only read; the journal keeps each step's event once. The tools
and the user are fixed before any ledger text is read, and no node may add a call afterwards.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, TypedDict

from django.conf import settings
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import TypeAdapter

from agents import drafting, sessions
from agents.answers import Answer, calls_of, citations_of, numbers_of, quality_of
from agents.checkpoints import RedisCheckpoints
from agents.evidence import Evidence, evidence_of
from agents.grounding import Grounded, ground, sentences_of
from agents.language.refusals import refusal_of
from agents.language.text import normal
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
STEPS = 12
"""The recursion limit: seven nodes and room for one more of each kind."""
EVIDENCE = TypeAdapter(tuple[Evidence, ...])
DRAFT_SHARE = 0.6


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
    started: float
    faults: list[str]
    used: list[str]
    spent: dict[str, Any]
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
    found = _by_model(flow, lambda model: model.plan(flow["question"], tools, _pair(flow).as_of))
    if not found["value"]:
        return {"plan": own.model_dump(mode="json"), "used": ["planner"], **_spent(flow, found)}
    chosen = Plan(outcome=Outcome.ANSWER, steps=tuple(found["value"]))
    return {"plan": chosen.model_dump(mode="json"), "used": ["model"], **_spent(flow, found)}


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
    if not found["value"]:
        return {"draft": own, **_spent(flow, found)}
    used = [*flow.get("used", []), "model"]
    return {"draft": sentences_of(found["value"]), "used": used, **_spent(flow, found)}


def grounded(flow: Flow) -> Flow:
    """Withhold every sentence that the evidence does not bear out.

    When nothing of a model's draft holds, the planner's sentences take its place.
    """
    evidence = _evidence(flow)
    checked = ground(flow["draft"], evidence)
    if not checked.kept and checked.withheld and "model" in flow.get("used", []):
        own = ground(drafting.drafted(_plan(flow).steps, _results(flow), evidence), evidence)
        checked = Grounded(kept=own.kept, withheld=(*checked.withheld, *own.withheld))
        faults = [*flow.get("faults", []), "Nothing of the model's draft was borne out."]
        return {"grounded": _written(checked), "faults": faults}
    return {"grounded": _written(checked)}


def answer(flow: Flow) -> Flow:
    """Put the kept sentences, the caveats and the citations into one answer."""
    plan_, results = _plan(flow), _results(flow)
    kept, withheld = flow["grounded"]["kept"], flow["grounded"]["withheld"]
    caveats = drafting.caveats(plan_.steps, results)
    told = "" if not withheld or kept else "Nothing could be said that the evidence bears out."
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
            withheld=tuple(f"{one['sentence']} ({one['reason']})" for one in withheld),
        ),
    )


def without_reading(flow: Flow) -> Flow:
    """End with the plan's own message: a question back, or why nothing is answered."""
    found = _plan(flow)
    return _ended(flow, Answer(outcome=found.outcome, answer=found.message))


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


@cache
def workflow() -> CompiledStateGraph[Flow, Any, Flow, Flow]:
    """Return the compiled graph with its checkpoints; once a process."""
    graph: StateGraph[Flow, Any, Flow, Flow] = StateGraph(Flow)
    for name, node, kind in NODES:
        graph.add_node(name, journaled(node, kind))
    graph.add_edge(START, "guard")
    ends: dict[Hashable, str] = {"go": "plan", "clarify": "clarify", "decline": "decline"}
    graph.add_conditional_edges("guard", _way, ends)
    graph.add_conditional_edges("plan", _way, {**ends, "go": "retrieve"})
    for before, after in (("retrieve", "compute"), ("compute", "draft"), ("draft", "ground"),
                          ("ground", "answer")):  # fmt: skip
        graph.add_edge(before, after)
    for end in ("answer", "clarify", "decline"):
        graph.add_edge(end, END)
    return graph.compile(checkpointer=RedisCheckpoints(sessions.connection()))


def journaled(node: Node, kind: str) -> Any:
    """Make a node leave its event in the journal, once a turn."""

    def run(flow: Flow) -> Flow:
        found = node(flow)
        payload = found.get("answer") or dict(found)
        sessions.append(flow["session_id"], flow["turn"], kind, payload)
        return found

    return run


def _way(flow: Flow) -> str:
    outcome = Outcome(flow["plan"]["outcome"]) if "plan" in flow else Outcome.ANSWER
    if outcome == Outcome.ANSWER:
        return "go"
    return "clarify" if outcome == Outcome.CLARIFY else "decline"


def _ended(flow: Flow, found: Answer) -> Flow:
    pair, elapsed = _pair(flow), time.time() - flow["started"]
    used = flow.get("used", [])
    return {
        "answer": found.model_copy(
            update={
                "as_of": pair.as_of,
                "horizon": pair.horizon,
                "mode": "model" if "model" in used and not flow.get("faults") else "planner",
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


def _by_model(flow: Flow, ask: Callable[[Any], Any]) -> dict[str, Any]:
    """Let the model do its part within what is left of the question's time."""
    if not settings.OPENAI_API_KEY and not settings.OPENAI_BASE_URL:
        return {"value": None, "fault": "No language model is configured: set OPENAI_API_KEY."}
    left = settings.OMC_MODEL_DEADLINE - (time.time() - flow["started"])
    if left <= 0:
        return {"value": None, "fault": "The time for the model was used up."}
    llm: Any = import_module("agents.llm")  # openai costs memory that the planner need not pay
    model = llm.LanguageModel(deadline=left)
    try:
        return {"value": ask(model), "spent": vars(model.spent)}
    except llm.ModelFaultError as error:
        return {"value": None, "fault": str(error), "spent": vars(model.spent)}
    finally:
        model.close()


def _spent(flow: Flow, found: dict[str, Any]) -> Flow:
    """Add up what the model cost, and note a fault."""
    before, more = flow.get("spent", {}), found.get("spent", {})
    keys = ("requests", "tokens")
    total: dict[str, Any] = {key: before.get(key, 0) + more.get(key, 0) for key in keys}
    total["prompts"] = [*before.get("prompts", []), *more.get("prompts", [])]
    total["model"] = settings.OMC_MODEL
    faults = [*flow.get("faults", []), *([found["fault"]] if "fault" in found else [])]
    return {"spent": total, "faults": faults}


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


def _written(checked: Grounded) -> dict[str, Any]:
    withheld = [{"sentence": one.sentence, "reason": one.reason} for one in checked.withheld]
    return {"kept": list(checked.kept), "withheld": withheld}


def _has_rows(result: Result) -> bool:
    return result.count > 0
