"""A file of questions, one JSON object a line, answered one after the other in one process.

A line has `id` and `question`, and may have `as_user` (a user's name), `clock` (as of when it is
asked) and `prior_turns` (earlier questions of its session). Each line ends in an answer: one that
cannot be read in an answer that says so, and the rest of the file goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.admission import BadInputError, moment_of
from agents.answers import Answer
from agents.orchestrator import run_workflow
from agents.people import user_id_of
from agents.plans import Outcome


class LineError(BadInputError):
    """A line that is no question, with what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question of a file, and all that the server is to know of it."""

    question: object
    user: str | None
    clock: datetime | None
    prior: tuple[str, ...]


def answers(
    lines: Iterable[str], *, now: datetime, mode: str
) -> Iterator[tuple[str | None, Answer]]:
    """Yield the id and the answer of each line that is not empty."""
    for number, text in enumerate(lines, start=1):
        if text.strip():
            yield _answered(text, f"line {number}", now=now, mode=mode)


def _answered(text: str, place: str, *, now: datetime, mode: str) -> tuple[str | None, Answer]:
    started = time.perf_counter()
    name: str | None = place
    try:
        given = _object(text, place)
        name = str(given["id"]) if "id" in given else place
        answer = _ask(_line(given, place), now=now, mode=mode)
    except BadInputError as error:
        answer = Answer(outcome=Outcome.REJECT_INPUT, answer=str(error), mode=mode)
    if not answer.latency_ms:
        spent = round((time.perf_counter() - started) * 1000)
        answer = answer.model_copy(update={"latency_ms": spent})
    return name, answer


def _ask(line: Line, *, now: datetime, mode: str) -> Answer:
    """Ask the earlier questions, then the one that counts, all in one session."""
    user_id, session = user_id_of(line.user), None
    for question in line.prior:
        before = run_workflow(
            question, user_id=user_id, now=now, as_of=line.clock, mode=mode, session_id=session
        )
        session = before.session_id or session
    return run_workflow(
        line.question,  # type: ignore[arg-type]  # what is no text is rejected there
        user_id=user_id,
        now=now,
        as_of=line.clock,
        mode=mode,
        session_id=session,
    )


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise LineError(f"{place.capitalize()} is no JSON. Write one object a line.") from error
    if not isinstance(given, dict):
        raise LineError(f"{place.capitalize()} is no JSON object. Give it id and question.")
    return given


def _line(given: dict[str, Any], place: str) -> Line:
    clock, prior = given.get("clock"), given.get("prior_turns") or []
    user = given.get("as_user")
    if user is not None and not isinstance(user, str):
        raise LineError(f"as_user in {place} is no name. Write it as text.")
    if clock is not None and not isinstance(clock, str):
        raise LineError(f"clock in {place} is no text. Write it like 2026-03-18T12:00:00Z.")
    if not isinstance(prior, list) or not all(isinstance(one, str) for one in prior):
        raise LineError(f"prior_turns in {place} is no list of questions.")
    return Line(
        question=given.get("question", ""),
        user=user,
        clock=moment_of(clock) if clock else None,
        prior=tuple(prior),
    )
