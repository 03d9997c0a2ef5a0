"""What trading asks of a venue, and what a venue may answer.

A venue that answers says one of: taken (`Placed`), refused (`RefusedError`). Everything else (a
time-out, a cut connection, an answer nobody understands) is `AmbiguousError`: the order may be
there. It is never sent again; the reconciler asks the venue what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ledgers.exchange.models import Account
from trading.core.cases import Market
from trading.models import OrderIntent


class RefusedError(Exception):
    """The venue said no, and the order is not there."""


class AmbiguousError(Exception):
    """Nobody knows whether the order reached the venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The venue took the order, under this id."""

    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a venue knows of an order: its id, and whether it still works."""

    venue_order_id: str
    is_open: bool


class Venue(Protocol):
    """One venue, for one account; `fee` is the highest share of its worth that a trade costs."""

    is_live: bool
    fee: Decimal

    def __init__(self, account: Account) -> None:
        """Serve one account."""

    def market(self, base: str, quote: str) -> Market | None:
        """Return the steps of a market, or None if the venue has none such."""

    def place(self, intent: OrderIntent, now: datetime) -> Placed:
        """Send the order once; raise `RefusedError` or `AmbiguousError`."""

    def cancel(self, intent: OrderIntent, now: datetime) -> None:
        """Ask for the cancellation of an open order; raise as `place` does."""

    def look(
        self, intent: OrderIntent, now: datetime, since: datetime | None = None
    ) -> Found | None:
        """Find the order among the venue's, also without an id; None: it is not there.

        What the venue told before `since`, by the database's clock, does not count; without it,
        what it told lately may. Executions that it tells are stored as fills before this returns.
        Raises `AmbiguousError` if the venue cannot be asked, or leaves a doubt.
        """
