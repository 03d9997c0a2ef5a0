"""What a PnL report says: the amounts, what they leave open, and from what they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ledgers.answers import Covered, Quality
from trading.core.valuation import Amounts
from trading.pricing import Price


class By(StrEnum):
    """The parts that a report can be told in."""

    ASSET = "asset"
    DAY = "day"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """An account, as its owner calls it."""

    id: int
    name: str
    currency: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of the whole: an asset, an account, or what came about on one day.

    The amounts of all lines add up to the report's, if they are of one currency. `closing` is the
    equity at the end: of the day for a day, else the part's own. `unmatched` and `missing` are
    what they were at that moment.
    """

    key: str
    currency: str
    amounts: Amounts
    closing: Decimal
    unmatched: Mapping[str, Decimal]
    missing: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What an account holds of one asset, and the price it stands at; without one, its cost.

    `age` is how old the price was. `is_missing`: its worth is not known, now or when booked.
    """

    account: AccountName
    asset: str
    quantity: Decimal
    cost: Decimal
    value: Decimal
    unrealized: Decimal
    realized: Decimal
    unmatched: Decimal
    price: Price | None
    age: timedelta | None
    is_missing: bool

    @property
    def needs_price(self) -> bool:
        """Tell whether its worth depends on a price: cash does not, nor does what is not held."""
        return self.asset != self.account.currency and self.quantity > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The whole of accounts of one currency; what the seven amounts mean: see docs/pnl.md.

    `fees` are those outside the basis, `fees_in_basis` those that cost and proceeds hold already;
    of `flows`, `implied_flows` were recorded by nobody.
    """

    amounts: Amounts
    fees_in_basis: Decimal
    implied_flows: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlReport:
    """The profit and loss of one user's accounts at one moment, as known by one pair.

    Accounts of several currencies have no sum: then `totals` and `currency` are None, and `by`
    tells the accounts. `prices` are the stored prices that the numbers were made from.
    """

    user_id: int
    accounts: tuple[AccountName, ...]
    currency: str | None
    method: str
    as_of: datetime
    horizon: datetime
    at: datetime
    totals: Totals | None
    unmatched: Mapping[str, Decimal]
    complete: bool
    missing: tuple[str, ...]
    by: tuple[Line, ...]
    holdings: tuple[Holding, ...]
    prices: tuple[Price, ...]
    fills: int
    transfers: int
    quality: Quality
    coverage: Covered

    @property
    def realized(self) -> Decimal | None:
        """Return what sales brought beyond the cost of what was sold."""
        return self.totals.amounts.realized if self.totals else None

    @property
    def realized_unmatched(self) -> Decimal | None:
        """Return what units of unknown basis were sold for."""
        return self.totals.amounts.realized_unmatched if self.totals else None

    @property
    def unrealized(self) -> Decimal | None:
        """Return what is held is worth beyond its cost."""
        return self.totals.amounts.unrealized if self.totals else None

    @property
    def income(self) -> Decimal | None:
        """Return what came in as income."""
        return self.totals.amounts.income if self.totals else None

    @property
    def fees(self) -> Decimal | None:
        """Return the fees that are not in the basis."""
        return self.totals.amounts.fees if self.totals else None

    @property
    def flows(self) -> Decimal | None:
        """Return net deposits, implied ones included."""
        return self.totals.amounts.flows if self.totals else None

    @property
    def equity(self) -> Decimal | None:
        """Return what everything held is worth."""
        return self.totals.amounts.equity if self.totals else None

    @property
    def fees_in_basis(self) -> Decimal | None:
        """Return the fees that cost and proceeds hold."""
        return self.totals.fees_in_basis if self.totals else None

    @property
    def implied_flows(self) -> Decimal | None:
        """Return the cash that came in without a record."""
        return self.totals.implied_flows if self.totals else None
