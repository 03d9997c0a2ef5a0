"""What a question ends in: one object, the same for the command line, the API and the journal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from agents.claims import keys_in
from agents.evidence import Evidence
from agents.grounding import Claim
from agents.plans import Outcome, Step
from agents.results import FeedQuality, Quality, Result, Row, Value, Window

ORDER = ("fresh", "late", "stale", "unknown")
MOST_ROWS = 20
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


class Call(Value):
    """One tool call as it was made; the user is the server's and is not named."""

    tool: str
    args: dict[str, str | int]
    window: Window | None
    state: str
    count: int


class Citation(Value):
    """One row behind a claim: the key in the answer, the row's public id, and its times."""

    key: str
    ledger: str
    id: str
    source: str
    at: datetime
    known_at: datetime
    field: str
    value: Decimal | None
    over: str


class Answer(Value):
    """The answer to one question.

    `evidence` holds every number that stands in a row or that a declared computation gave;
    `withheld` names, for each sentence that the evidence did not bear out, the rule it broke, in
    words of ours alone: what it said stands in the journal. `claims` lead from what the answer
    says to the computation and rows behind it.
    """

    outcome: Outcome
    answer: str
    calls: tuple[Call, ...] = ()
    evidence: tuple[Decimal, ...] = ()
    citations: tuple[Citation, ...] = ()
    quality: Quality | None = None
    as_of: datetime | None = None
    horizon: datetime | None = None
    mode: str = "planner"
    latency_ms: int = 0
    session_id: str | None = None
    turn: int = 0
    notes: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()


def calls_of(steps: Sequence[Step], results: Sequence[Result]) -> tuple[Call, ...]:
    """Return the calls as they were made, with the window that each one used."""
    return tuple(
        Call(
            tool=step.tool,
            args=step.args,
            window=result.window,
            state=result.state,
            count=result.count,
        )
        for step, result in zip(steps, results, strict=True)
    )


def citations_of(
    sentences: Sequence[str], evidence: Sequence[Evidence], results: Sequence[Result]
) -> tuple[Citation, ...]:
    """Return the rows behind what the sentences cite, in the order of the keys."""
    used = {key for sentence in sentences for key in keys_in(sentence)}
    rows: dict[str, Row] = {row.id: row for result in results for row in result.cited}
    return tuple(
        Citation(
            key=one.key,
            ledger=rows[one_id].home,
            id=one_id,
            source=rows[one_id].source,
            at=rows[one_id].at,
            known_at=rows[one_id].known_at,
            field=one.field,
            value=one.value,
            over=one.over,
        )
        for one in evidence
        if one.key in used
        for one_id in one.rows[:MOST_ROWS]
    )


def numbers_of(evidence: Sequence[Evidence]) -> tuple[Decimal, ...]:
    """Return every number that the evidence holds: values, and those in its texts and names."""
    found = [one.value for one in evidence if one.value is not None]
    said = " ".join(text for one in evidence for text in (one.text, *one.words))
    written = (Decimal(number.replace(",", "")) for number in NUMBER.findall(said))
    return tuple(dict.fromkeys([*found, *written]))


def withheld_notice(kept: Sequence[str], withheld: Sequence[object]) -> str:
    """Return what the answer says about sentences that were withheld; empty when none was."""
    if not withheld:
        return ""
    if not kept:
        return "Nothing could be said that the evidence bears out."
    return "What the evidence does not bear out was withheld."


def quality_of(results: Sequence[Result]) -> Quality | None:
    """Return the worst quality of all calls, with every feed; None when nothing was read."""
    if not results:
        return None
    bad = max((result.quality for result in results), key=lambda one: ORDER.index(one.state))
    feeds: dict[str, FeedQuality] = {
        feed.feed: feed for result in results for feed in result.quality.feeds
    }
    return bad.model_copy(update={"feeds": tuple(feeds.values())})
