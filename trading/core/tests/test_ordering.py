"""The moves of an order."""

from __future__ import annotations

import pytest

from trading.core.ordering import ENDED, MOVES, RESERVING, WORKING, IllegalMoveError, State
from trading.core.ordering import check_move as move


def test_every_state_says_where_it_leads() -> None:
    assert set(MOVES) == set(State)


def test_what_has_ended_stays_ended_but_for_a_fill_that_crossed_its_cancel() -> None:
    assert {(old, new) for old in ENDED for new in MOVES[old]} == {(State.CANCELLED, State.FILLED)}


@pytest.mark.parametrize("state", [State.SENDING, State.OPEN, State.PARTLY_FILLED])
def test_an_order_in_flight_may_become_unknown_and_only_the_venue_ends_that(state: State) -> None:
    move(state, State.UNKNOWN)
    assert MOVES[State.UNKNOWN] == {*WORKING, State.FILLED, State.CANCELLED, State.REJECTED}


def test_an_order_that_was_sent_is_never_sent_again() -> None:
    leads = {old for old in State if State.SENDING in MOVES[old]}
    assert leads == {State.ACCEPTED}


def test_a_denied_order_goes_nowhere() -> None:
    for state in State:
        with pytest.raises(IllegalMoveError, match="cannot become"):
            move(State.DENIED, state)


def test_what_may_still_take_is_reserved_for_and_what_has_ended_is_not() -> None:
    assert set(State) - ENDED == RESERVING
