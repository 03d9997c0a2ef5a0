"""What importers and readers of the Exchange ledger return."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One row of `Order`, before it has a run; quantities in units of `base`, never in money."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    account_id: int
    order_id: str
    side: str
    kind: str
    base: str
    quote: str
    quantity: Decimal
    price: Decimal | None
    filled: Decimal
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecord:
    """One row of `Fill`, before it has a run; `price` in `quote` for one `base`, without fee.

    `value` is what it was worth in the account's currency, if the venue tells: then a trade of
    two coins needs no price from elsewhere.
    """

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    account_id: int
    venue_id: str
    order_id: str
    side: str
    base: str
    quote: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRecord:
    """One row of `Transfer`, before it has a run; `value` in the account's currency, if known."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    account_id: int
    venue_id: str
    kind: str
    asset: str
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    value: Decimal | None
    match: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecord:
    """One row of `Balance`, before it has a run: what the venue says is there."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    account_id: int
    asset: str
    quantity: Decimal
