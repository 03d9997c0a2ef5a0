"""How long it takes to see where a session stands, alone and among a hundred others."""

from __future__ import annotations

import asyncio
import time
from statistics import median, quantiles

from django.contrib.auth import get_user_model
from django.utils import timezone

from agents import awaiting, sessions
from agents.orchestrator import get_session_state, run_workflow
from agents.sessions import NoSessionError
from benchmarks.figures import Figure, Goal
from benchmarks.measuring import frozen_heap, often, say

SESSIONS = 100
READS = 2_000
READS_EACH = 20
WARM = 5
ALONE, CROWDED = 5.0, 120.0


def measure(_: int) -> list[Figure]:
    """Read states one after the other, then a hundred at once, each by its owner."""
    say("states: sessions")
    owner = get_user_model().objects.create_user("bench-states").pk
    made = [_session(owner) for _ in range(SESSIONS)]
    _check(made[0], owner)
    with frozen_heap():
        say("states: alone")
        alone = _alone(made, owner, often(READS // 2) * 2)
        say("states: a hundred at once")
        crowded = _crowded(made, owner, often(READS_EACH))
    return [
        _figure("state.alone", "one session's state, owner checked", alone, ALONE),
        _figure("state.crowded", f"states of {SESSIONS} sessions at once", crowded, CROWDED),
    ]


def _session(owner: int) -> str:
    answer = run_workflow("what is the price of BTC", user_id=owner, now=timezone.now())
    return str(answer.session_id)


def _check(session_id: str, owner: int) -> None:
    """Make sure that what is measured is the real thing: hot, finished, and the owner's alone."""
    if not sessions.connection().ping() or not get_session_state(session_id, owner).is_finished:
        raise AssertionError("The session's state is not what its run left.")
    try:
        get_session_state(session_id, owner + 1)
    except NoSessionError:
        return
    raise AssertionError("Somebody else saw the session's state.")


def _alone(made: list[str], owner: int, reads: int) -> list[float]:
    return [_timed(made[number % len(made)], owner) for number in range(reads)]


def _crowded(made: list[str], owner: int, reads: int) -> list[float]:
    """Have every session read by a caller of its own, all at once in one event loop.

    What a caller waits for its turn counts; PostgreSQL's hundred connections would not do for a
    hundred threads.
    """

    async def caller(session_id: str) -> list[float]:
        took = []
        for _ in range(WARM + reads):
            began = time.perf_counter()
            await awaiting.get_session_state(session_id, owner)
            took.append((time.perf_counter() - began) * 1e3)
        return took[WARM:]

    async def callers() -> list[list[float]]:
        return await asyncio.gather(*(caller(one) for one in made))

    return [took for found in asyncio.run(callers()) for took in found]


def _timed(session_id: str, owner: int) -> float:
    """Return the milliseconds of one read."""
    began = time.perf_counter()
    get_session_state(session_id, owner)
    return (time.perf_counter() - began) * 1e3


def _figure(name: str, work: str, took: list[float], limit: float) -> Figure:
    p99 = quantiles(took, n=100)[98]
    return Figure(
        name=name,
        work=f"{work}, p99",
        ours=f"{p99:.2f} ms",
        peer="-",
        value=p99,
        unit="ms",
        goal=Goal(side="<=", limit=limit),
        details={"median": median(took), "max": max(took), "reads": len(took)},
    )
