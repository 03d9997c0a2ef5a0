"""Open what an answer cites: each claim, the computation behind it, and the rows it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents import sessions
from agents.claims import keys_in
from agents.models import AgentSession, SessionEvent
from agents.records import Record, fact_of, record_of
from ledgers.models import Fact

Kind = SessionEvent.Kind


class NoTurnError(LookupError):
    """A session has no answered turn of that number."""


def opened(session: AgentSession, turn: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the citations of an answer, of the newest one by default, each with its row.

    `claims` are the sentences that cite it, `fact` the row or None if it is gone; `record` is the
    row where it is no fact: a look of a feed, a feed, or an alert. What is a user's own opens to
    the session's user alone.
    """
    key = str(session.pk)
    asked = turn or sessions.newest_turn(key)
    answer = sessions.event(key, asked, Kind.ANSWERED)
    if answer is None and turn is not None:
        raise NoTurnError(f"Turn {turn} of this session has no answer.")
    grounded = sessions.event(key, asked, Kind.GROUNDED) or {}
    kept = grounded.get("grounded", {}).get("kept", [])
    rows: dict[str, dict[str, Fact | Record | None]] = {}
    for one in (answer or {}).get("citations", []):
        if one["id"] not in rows:
            rows[one["id"]] = {
                "fact": fact_of(one["id"], user_id=session.user_id),
                "record": record_of(one["id"], user_id=session.user_id),
            }
        yield {**one, "claims": claims_of(one, kept), **rows[one["id"]]}


def claims_of(citation: Mapping[str, Any], sentences: list[str]) -> list[str]:
    """Return the sentences that cite a piece of evidence by its key."""
    return [sentence for sentence in sentences if citation["key"] in keys_in(sentence)]
