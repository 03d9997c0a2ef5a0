"""What it costs to put one step of a graph on record: our Redis saver and LangGraph's own."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypedDict
from uuid import uuid4

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from psycopg.rows import dict_row

from agents import sessions
from agents.checkpoints import RedisCheckpoints
from agents.graph import LIMITS
from benchmarks.engine import connect
from benchmarks.figures import Figure, Goal
from benchmarks.measuring import Cost, alternate, best, middle, say

NODES = 8
RUNS = 60
ROWS = 12
"""Of a tool's result, as an ordinary question has them."""
RESULT = [
    {"id": f"glass.quote.coinspot~BTC~AUD~{row}", "price": "64500.25", "at": "2026-03-18T12:00:00Z"}
    for row in range(ROWS)
]
LIMIT, RATIO = 2.0, 0.7


class State(TypedDict, total=False):
    """A question's state: small at first, with its results on the way."""

    question: str
    seen: list[int]
    results: list[dict[str, str]]
    answer: str


def measure(_: int) -> list[Figure]:
    """Run the same graph of eight steps with each saver, in turns, both with our own limits."""
    say("steps: checkpoints")
    ours = RedisCheckpoints(sessions.connection())
    ways: dict[str, Callable[[], None]] = {"ours": _runs(ours)}
    peer = _peer()
    if peer is not None:
        ways["peer"] = _runs(peer)
    for run in ways.values():
        run()  # warm
    costs = alternate(ways, times=RUNS)
    mine = _per_step(costs["ours"])
    theirs = _per_step(costs["peer"]) if peer is not None else None
    return [_absolute(mine, costs["ours"]), _relative(mine, theirs)]


def _absolute(mine: float, costs: list[Cost]) -> Figure:
    return Figure(
        name="step.record",
        work="a step of a graph with its checkpoint",
        ours=f"{mine:.2f} ms",
        peer="-",
        value=mine,
        unit="ms",
        goal=Goal(side="<=", limit=LIMIT),
        details={
            "best wall": best(costs).wall * 1e3 / NODES,
            "middle cpu": middle(costs).cpu * 1e3 / NODES,
        },
    )


def _relative(mine: float, theirs: float | None) -> Figure:
    return Figure(
        name="step.postgres",
        work="a step of a graph with its checkpoint",
        ours=f"{mine:.2f} ms",
        peer="PostgresSaver" if theirs is None else f"{theirs:.2f} ms PostgresSaver",
        value=None if theirs is None else mine / theirs,
        goal=Goal(side="<=", limit=RATIO),
    )


def _per_step(costs: list[Cost]) -> float:
    """Return milliseconds a step, the middle of all runs."""
    return middle(costs).wall * 1e3 / NODES


def _runs(saver: BaseCheckpointSaver[Any]) -> Callable[[], None]:
    graph: Any = StateGraph(State)
    names = [f"step{number}" for number in range(NODES)]
    for number, name in enumerate(names):
        graph.add_node(name, _node(number))
    graph.add_edge(START, names[0])
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    compiled = graph.compile(checkpointer=saver)

    def run() -> None:
        config = {"configurable": {"thread_id": str(uuid4())}, **LIMITS}
        found = compiled.invoke({"question": "price of BTC"}, config, durability="sync")
        if len(found["seen"]) != NODES or compiled.get_state(config).values != found:
            raise AssertionError("The saver does not give back what the steps left.")

    return run


def _node(number: int) -> Callable[[State], State]:
    def step(state: State) -> State:
        left: State = {"seen": [*state.get("seen", []), number]}
        return {**left, "results": RESULT} if number == NODES // 2 else left

    return step


def _peer() -> BaseCheckpointSaver[Any] | None:
    """Return LangGraph's saver on this run's PostgreSQL, or None if it is not installed."""
    if importlib.util.find_spec("langgraph.checkpoint.postgres") is None:
        return None
    module: Any = importlib.import_module("langgraph.checkpoint.postgres")
    connection = connect()
    connection.row_factory = dict_row
    connection.prepare_threshold = 0  # as its own from_conn_string does
    saver: BaseCheckpointSaver[Any] = module.PostgresSaver(connection)
    saver.setup()  # type: ignore[attr-defined]  # of that saver alone
    return saver
