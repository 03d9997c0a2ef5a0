"""Where a user's accounts stand: what every report is made of, kept or booked just now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledgers.exchange.models import Account
from trading.core.days import Stand
from trading.core.valuation import Valuation
from trading.pricing import Price, Wanted

MAX_DAYS = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report tells of one account beside its valuation."""

    method: str
    fees_in_basis: Decimal
    implied_flows: Decimal
    fills: int
    transfers: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Accounts at one or several moments, the last of which is asked for.

    `found` are the prices of those moments, `used` those that bookings asked for, in their order.
    """

    accounts: Sequence[Account]
    stands: Sequence[Stand]
    told: Mapping[int, Told]
    found: Mapping[Wanted, Price]
    used: Sequence[Price]

    @property
    def last(self) -> Stand:
        """Return where the accounts stand at the moment asked for."""
        return self.stands[-1]

    def values(self, accounts: Iterable[Account]) -> list[Valuation]:
        """Return what some of the accounts are worth at that moment."""
        return [self.last.valuations[str(account.pk)] for account in accounts]
