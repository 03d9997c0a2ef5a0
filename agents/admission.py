"""What is refused before a session exists: input that is no question, or cannot be asked."""

from __future__ import annotations

import json
from datetime import datetime

LONGEST = 2_000
MODES = ("planner", "model")


class BadInputError(ValueError):
    """An input that cannot be answered; the message says what to change."""


def admitted(question: object, *, mode: str, as_of: datetime | None, now: datetime) -> str:
    """Return the question, or raise `BadInputError`."""
    if not isinstance(question, str) or not question.strip():
        raise BadInputError("The question is empty. Ask for example: what is the price of BTC")
    if len(question) > LONGEST:
        raise BadInputError(
            f"The question has {len(question)} characters. Ask in at most {LONGEST}."
        )
    if "\0" in question or any("\ud800" <= one <= "\udfff" for one in question):
        raise BadInputError("The question holds characters that are no text. Type it again.")
    if _is_json(question):
        raise BadInputError("The question is JSON. Send its text alone, in words.")
    if mode not in MODES:
        raise BadInputError(f"No mode is called {mode!r}. There are: {', '.join(MODES)}.")
    _check_time(as_of, now)
    return question


def moment_of(written: str) -> datetime:
    """Return the aware moment that an ISO 8601 text means, or raise `BadInputError`."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadInputError(
            f"as_of {written[:40]!r} is no ISO 8601 time. Write it like 2026-03-18T12:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise BadInputError(f"as_of {written} has no time zone. Add Z for UTC.")
    return moment


def _check_time(as_of: datetime | None, now: datetime) -> None:
    if as_of is None:
        return
    if as_of.tzinfo is None:
        raise BadInputError(f"as_of {as_of.isoformat()} has no time zone. Add Z for UTC.")
    if as_of > now:
        raise BadInputError(
            f"as_of {as_of.isoformat()} lies in the future. Leave it out to ask as of now."
        )


def _is_json(question: str) -> bool:
    if question.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(question)
    except ValueError:
        return False
    return True
