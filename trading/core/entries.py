"""What a book eats: trades and flows of one account, as its venue told them.

Plain values. They are checked here once, so that booking never meets a number it cannot keep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from enum import Enum
from operator import attrgetter
from typing import ClassVar

from trading.core.exact import CONTEXT, ZERO, require_exact

PriceLookup = Callable[[str, datetime], Decimal | None]
"""The price of one unit of an asset at a moment, in the account's currency; None if unknown."""


class Side(Enum):
    """Which way a trade went, seen from the base asset."""

    BUY = "buy"
    SELL = "sell"


class FlowKind(Enum):
    """Why something came or went without a trade."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INCOME = "income"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"


DEPARTURES = {FlowKind.WITHDRAWAL, FlowKind.TRANSFER_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution: `quantity` units of base against `quantity * price` units of quote.

    The fee is an amount of any asset and never negative: a rebate is income. `key` is the venue's
    identity of the execution; entries of one moment are booked in the order of their keys.
    """

    arrives_last: ClassVar[bool] = False
    at: datetime
    key: str
    side: Side
    base: str
    quote: str
    quantity: Decimal
    price: Decimal
    fee: Decimal = ZERO
    fee_asset: str = ""

    def __post_init__(self) -> None:
        """Refuse a trade that cannot have happened."""
        _check(self)
        if self.base == self.quote:
            raise ValueError(f"Trade {self.key} is of {self.base} against itself.")
        require_exact("price", self.price)
        if self.price <= 0:
            raise ValueError(f"Trade {self.key} has the price {self.price}; it must be positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Something that came or went without a trade.

    `value` is what the whole quantity was worth, or had cost, in the account's currency, if known.
    The fee comes on top of the quantity. Two flows with the same `match` are one transfer between
    two accounts of the same person.
    """

    at: datetime
    key: str
    kind: FlowKind
    asset: str
    quantity: Decimal
    fee: Decimal = ZERO
    fee_asset: str = ""
    value: Decimal | None = None
    match: str | None = None

    @property
    def arrives_last(self) -> bool:
        """Whether it is what another account of the same person may have sent in this moment."""
        return self.kind is FlowKind.TRANSFER_IN and bool(self.match)

    def __post_init__(self) -> None:
        """Refuse a flow that cannot have happened."""
        _check(self)
        if not self.asset:
            raise ValueError(f"Flow {self.key} names no asset.")
        if self.value is not None:
            require_exact("value", self.value)
            if self.value < 0:
                raise ValueError(f"Flow {self.key} has the negative value {self.value}.")


Entry = Trade | Flow


booking_order = attrgetter("at", "arrives_last", "key")
"""Sort by time, then by the venue's identity.

What arrives from another account of the same person comes last in its moment, so that it finds
what left there in the same moment.
"""


def assets_in(entry: Entry) -> set[str]:
    """Return the assets that an entry moves, cash among them."""
    moved = {entry.base, entry.quote} if isinstance(entry, Trade) else {entry.asset}
    return moved | {entry.fee_asset} if entry.fee else moved


def assets_to_price(entry: Entry, currency: str) -> set[str]:
    """Return the assets whose price at the moment of the entry its booking may ask for."""
    if isinstance(entry, Trade):
        asked = set() if currency in (entry.base, entry.quote) else {entry.base, entry.quote}
    else:
        asked = {entry.asset} if entry.value is None else set()
    if entry.fee:
        asked.add(entry.fee_asset)
    return asked - {currency}


def given_by(entry: Entry) -> dict[str, Decimal]:
    """Return the most that booking an entry can take out of each asset."""
    given: dict[str, Decimal] = {}
    with localcontext(CONTEXT):
        if isinstance(entry, Trade) and entry.side is Side.BUY:
            given[entry.quote] = entry.quantity * entry.price
        elif isinstance(entry, Trade):
            given[entry.base] = entry.quantity
        elif entry.kind in DEPARTURES:
            given[entry.asset] = entry.quantity
        if entry.fee:
            given[entry.fee_asset] = given.get(entry.fee_asset, ZERO) + entry.fee
    return given


def _check(entry: Entry) -> None:
    if entry.at.utcoffset() is None:
        raise ValueError(f"Entry {entry.key} has the time {entry.at} without a zone.")
    require_exact("quantity", entry.quantity)
    require_exact("fee", entry.fee)
    if entry.quantity <= 0:
        raise ValueError(f"Entry {entry.key} has the quantity {entry.quantity}; it must be > 0.")
    if entry.fee < 0:
        raise ValueError(f"Entry {entry.key} has the fee {entry.fee}; a rebate is income.")
    if entry.fee and not entry.fee_asset:
        raise ValueError(f"Entry {entry.key} has a fee of {entry.fee}, but no asset of the fee.")
