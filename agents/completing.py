"""A draft becomes what leaves: grounded, and completed by the planner where a model fell short."""

from __future__ import annotations

from collections.abc import Sequence

from agents import drafting
from agents.claims import keys_in
from agents.evidence import Evidence
from agents.grounding import Grounded, ground
from agents.plans import Step
from agents.results import Result


def completed(
    draft: Sequence[str],
    steps: Sequence[Step],
    results: Sequence[Result],
    evidence: Sequence[Evidence],
) -> Grounded:
    """Ground a model's draft, and let the planner tell each call of which nothing was kept."""
    checked = ground(draft, evidence)
    if not checked.kept:
        own = ground(drafting.drafted(steps, results, evidence), evidence)
        return own.model_copy(update={"withheld": (*checked.withheld, *own.withheld)})
    by_key = {one.key: one.step for one in evidence}
    told = {by_key[key] for sentence in checked.kept for key in keys_in(sentence)}
    missing = [
        sentence
        for index in range(len(steps))
        if index not in told
        for sentence in drafting.drafted_of(index, steps, results, evidence)
    ]
    return checked.joined(ground(missing, evidence))
