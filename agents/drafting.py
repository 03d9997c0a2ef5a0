"""The planner's own sentences: plain, each claim followed by the key of its evidence.

They pass the same grounding as a model's. The sentences about states and gaps hold no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.compute import shown
from agents.evidence import Evidence, has_correlation, says_something, tellings
from agents.plans import Step
from agents.results import PriceData, Result, State
from agents.telling.phrases import PLACES, between, value_of

FEWEST_CLOSES = 3
BETWEEN = frozenset({"difference", "correlation"})
"""What is computed over two calls."""


def drafted(
    steps: Sequence[Step], results: Sequence[Result], evidence: Sequence[Evidence]
) -> list[str]:
    """Return the sentences of an answer, call by call."""
    said: list[str] = []
    for index in range(len(steps)):
        said += drafted_of(index, steps, results, evidence)
    said += [_compared(one) for one in evidence if one.field == "difference"]
    if any("correlation" in step.measures for step in steps):
        said += [_correlated(one) for one in evidence if one.field == "correlation"]
    return said


def drafted_of(
    index: int, steps: Sequence[Step], results: Sequence[Result], evidence: Sequence[Evidence]
) -> list[str]:
    """Return the sentences about one call."""
    if not says_something(results[index]):
        return []
    own = [one for one in evidence if one.step == index and one.field not in BETWEEN]
    return list(tellings[steps[index].tool].draft(steps[index], own)) if own else []


def caveats(steps: Sequence[Step], results: Sequence[Result]) -> list[str]:
    """Return what the answer must say of missing, stale or partly unseen data; no numbers."""
    said = [
        sentence
        for step, result in zip(steps, results, strict=True)
        for sentence in _caveats(step, result)
    ]
    if any("correlation" in step.measures for step in steps) and not has_correlation(results):
        said.append("The correlation cannot be computed: it takes more daily rows of two coins.")
    return list(dict.fromkeys(said))


def _caveats(step: Step, result: Result) -> Iterator[str]:
    subject = _subject(step)
    if not says_something(result):
        ledger = tellings[step.tool].ledger
        yield f"{subject}: not observed. Look at the last runs of the {ledger} collectors."
    elif result.state == State.STALE:
        yield f"{subject}: stale, nobody should act on it."
    elif result.quality.state in {"late", "stale", "unknown"} and result.window is None:
        yield f"{subject}: its feed is {result.quality.state}."
    elif result.gaps and result.count and result.window is not None:
        yield f"{subject}: parts of that window were not observed."
    if "volatility" in step.measures and isinstance(result, PriceData):
        closes = [row for row in result.rows if row.role == "close"]
        if result.count and len(closes) < FEWEST_CLOSES:
            yield f"{subject}: its volatility cannot be computed, it takes more daily rows."


def _subject(step: Step) -> str:
    symbol = str(step.args.get("symbol", "*"))
    about = "" if symbol == "*" else f" of {symbol}"
    return tellings[step.tool].subject + about


def _compared(one: Evidence) -> str:
    better, worse = one.assets
    value = shown(value_of(one), PLACES)
    if not one.value:
        return f"{better} and {worse} did the same, a difference of {value} points [{one.key}]."
    return f"{better} did better than {worse} by {value} percentage points [{one.key}]."


def _correlated(one: Evidence) -> str:
    first, second = one.assets
    value = shown(value_of(one), PLACES)
    return (
        f"The correlation of the daily returns of {first} and {second} was {value} "
        f"{between(one)} [{one.key}]."
    )
