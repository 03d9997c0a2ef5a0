"""What a fact keeps beside its rows, in the transaction that stores them.

A projection is a cache: made of facts, rebuilt from them, no fact itself. Each of its rows keeps
the largest `available_at` and `known_at` of its inputs and is used only if both pass a read's
cuts; otherwise the facts are read. So no projection can show what a pair did not know. All
writers of a series share its feed's lock, so no two transactions project one series at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Series = tuple[Any, ...]
"""The identity of a fact without its event time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one store transaction did to the series of a fact.

    `grown`: how far each series got rows past its end, from that end (a new series: from its
    first event) to its new one. `hours`: the hours in which holes were filled or rows revised.
    `ends`: the newest event of each series that is named in either.
    """

    grown: Mapping[Series, tuple[datetime, datetime]]
    hours: Sequence[tuple[Series, datetime]]
    ends: Mapping[Series, datetime]


class Projection(Protocol):
    """One cache over a fact."""

    def follow(self, change: Change) -> None:
        """Take in what a store transaction changed; called inside it."""

    def rebuild(self) -> int:
        """Make it anew from the facts and return its number of rows."""

    def forget(self, since: datetime, until: datetime) -> None:
        """Forget what was made of events in [since, until), whose facts are gone."""

    def forget_sources(self, prefix: str) -> None:
        """Forget what was made of sources whose name begins so, whose facts are gone."""
