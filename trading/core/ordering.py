"""The life of an order: its states, and the moves between them that are allowed.

    accepted -> sending -> open -> partly_filled -> filled
        |          |         \\________|________\\-> cancelled
        |          |-> rejected, filled, unknown
        |-> cancelled                      unknown -> whatever the venue proves

`denied` is where an order ends that the guard did not let pass. `unknown` means: sent, and nobody
knows what became of it. Time alone never ends it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an order stands."""

    DENIED = "denied"
    ACCEPTED = "accepted"
    SENDING = "sending"
    OPEN = "open"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class IllegalMoveError(ValueError):
    """An order cannot go from one state to the other."""


PROVEN = {State.OPEN, State.PARTLY_FILLED, State.FILLED, State.CANCELLED, State.REJECTED}
MOVES: dict[State, set[State]] = {
    State.DENIED: set(),
    State.ACCEPTED: {State.SENDING, State.CANCELLED},
    State.SENDING: PROVEN | {State.UNKNOWN},
    State.OPEN: {State.PARTLY_FILLED, State.FILLED, State.CANCELLED, State.UNKNOWN},
    State.PARTLY_FILLED: {State.FILLED, State.CANCELLED, State.UNKNOWN},
    State.UNKNOWN: PROVEN,
    State.FILLED: set(),
    State.CANCELLED: {State.FILLED},
    State.REJECTED: set(),
}
"""A cancel may cross a fill: what the venue filled is filled, whatever we heard before."""

ENDED = {State.DENIED, State.FILLED, State.CANCELLED, State.REJECTED}
WORKING = {State.OPEN, State.PARTLY_FILLED}
RESERVING = {State.ACCEPTED, State.SENDING, State.OPEN, State.PARTLY_FILLED, State.UNKNOWN}
"""States in which an order may still take what it has reserved."""


def check_move(old: State, new: State) -> None:
    """Raise `IllegalMoveError` unless an order may go from `old` to `new`."""
    if new not in MOVES[old]:
        raise IllegalMoveError(f"An order that is {old} cannot become {new}.")


class End(StrEnum):
    """Why an order that was let through ended without being filled."""

    ASKED = "asked"
    KILLED = "killed"
    TOO_LATE = "too_late"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    VENUE = "venue"
