"""The book as a value, its journals, and the few moves that every entry is made of.

`give`, `get`, `dispose` and the `post_*` functions keep the totals of the positions and the
journals in step; which moves an entry makes, and at what worth, is the matter of
`trading.core.book`. All of them need the core's decimal context.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from trading.core.entries import Entry, FlowKind, PriceLookup
from trading.core.exact import ZERO, share, total
from trading.core.lots import METHODS, Disposal, Lot, Piece, Position


class FeePolicy(Enum):
    """Whether a trade's fee is part of cost and proceeds."""

    BASIS = "basis"
    SEPARATE = "separate"


class FeePosting(NamedTuple):
    """A fee in its own asset, and what it was worth in the account's currency."""

    at: datetime
    key: str
    asset: str
    quantity: Decimal
    value: Decimal
    in_basis: bool


class FlowPosting(NamedTuple):
    """What came in (positive) or went out (negative); `value` is cash or the cost of the lots.

    Income is no flow between the person and the account, but it is listed here too.
    """

    at: datetime
    key: str
    kind: FlowKind
    asset: str
    quantity: Decimal
    value: Decimal
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """Lots under way between two accounts; their cost is in the currency of the one they left."""

    currency: str
    lots: tuple[Lot, ...]


def no_prices(_asset: str, _at: datetime) -> Decimal | None:
    """Know no price of anything."""
    return None


class Positions(dict[str, Position]):
    """Positions by asset; asking for a new asset opens its position."""

    def __missing__(self, asset: str) -> Position:
        """Open the position of an asset."""
        self[asset] = position = Position(asset)
        return position


@dataclass(slots=True, kw_only=True)
class Book:
    """Positions with their open lots, and the journals of what made them.

    The one value here that grows in place, so that an entry costs the same after ten others and
    after a million. The journals may be emptied between entries: what they hold afterwards is
    what those entries did. `transit` may be shared by the books of several accounts.
    """

    currency: str
    method: str = "fifo"
    fees: FeePolicy = FeePolicy.BASIS
    prices: PriceLookup = field(default=no_prices, compare=False)
    positions: Positions = field(default_factory=Positions)
    acquisitions: list[Lot] = field(default_factory=list)
    disposals: list[Disposal] = field(default_factory=list)
    fee_postings: list[FeePosting] = field(default_factory=list)
    flow_postings: list[FlowPosting] = field(default_factory=list)
    transit: dict[tuple[str, str], Parcel] = field(default_factory=dict)
    serial: int = 0
    last: tuple[datetime, bool, str] | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown method."""
        if self.method not in METHODS:
            raise ValueError(f"No method {self.method!r}. The methods are {', '.join(METHODS)}.")


def give(book: Book, entry: Entry, asset: str, quantity: Decimal) -> list[Piece]:
    """Take a quantity out of the book: cash as such, anything else as pieces of its lots."""
    position = book.positions[asset]
    if asset != book.currency:
        return position.take(quantity)
    pay(book, entry, position, quantity)
    return []


def pay(book: Book, entry: Entry, cash: Position, amount: Decimal) -> None:
    """Pay from cash; what an entry pays beyond it came from somewhere: one implied deposit."""
    left = cash.quantity - amount
    if left < ZERO:
        _imply(book, entry, cash, -left)
        left = ZERO
    cash.quantity = cash.cost = left


def _imply(book: Book, entry: Entry, cash: Position, short: Decimal) -> None:
    last = book.flow_postings[-1] if book.flow_postings else None
    if last and last.is_implied and (last.at, last.key) == (entry.at, entry.key):
        book.flow_postings.pop()
        cash.flows -= last.value
        short += last.value
    deposit = (entry.at, entry.key, FlowKind.DEPOSIT, cash.asset, short, short)
    post_flow(book, FlowPosting(*deposit, is_implied=True))


def get(book: Book, entry: Entry, asset: str, quantity: Decimal, cost: Decimal) -> None:
    """Take a quantity into the book: cash as such, anything else as a new lot."""
    if asset == book.currency:
        position = book.positions[asset]
        position.quantity += quantity
        position.cost = position.quantity
    elif quantity:
        open_lot(book, Lot(asset, entry.at, entry.key, book.serial, quantity, cost))


def open_lot(book: Book, lot: Lot) -> None:
    """Add a lot, new or carried over from another account."""
    book.serial += 1
    book.acquisitions.append(lot)
    book.positions[lot.asset].add(lot, METHODS[book.method])


def dispose(
    book: Book,
    entry: Entry,
    asset: str,
    pieces: list[Piece],
    proceeds: Decimal | None,
    *,
    is_fee: bool = False,
) -> None:
    """Share the proceeds among the pieces and realize the gain of each; None: each at its cost."""
    position = book.positions[asset]
    left = ZERO if len(pieces) == 1 else sum((piece.quantity for piece in pieces), ZERO)
    for piece in pieces:
        lot, quantity, cost = piece
        if proceeds is None:
            earned = cost
        else:
            earned = proceeds if piece is pieces[-1] else share(proceeds, quantity, left)
            left -= quantity
            proceeds -= earned
        if lot is None:
            position.realized_unmatched += earned
        else:
            position.realized += earned - cost
        book.disposals.append(
            Disposal(entry.at, entry.key, asset, lot, quantity, cost, earned, is_fee)
        )


def post_fee(book: Book, entry: Entry, value: Decimal, *, in_basis: bool) -> None:
    """Note the fee of an entry; what is not in the basis counts as an expense."""
    if not in_basis:
        book.positions[entry.fee_asset].fees += value
    book.fee_postings.append(
        FeePosting(entry.at, entry.key, entry.fee_asset, entry.fee, value, in_basis)
    )


def post_flow(book: Book, flow: FlowPosting) -> None:
    """Note what came in or went out."""
    position = book.positions[flow.asset]
    if flow.kind is FlowKind.INCOME:
        position.income += flow.value
    else:
        position.flows += flow.value
    book.flow_postings.append(flow)


def cost_of(pieces: Iterable[Piece]) -> Decimal:
    """Add up what the pieces had cost."""
    return sum((piece.cost for piece in pieces), ZERO)


def fees_in_basis(book: Book) -> Decimal:
    """Add up the fees that cost and proceeds already hold, and that `fees` therefore leaves out."""
    return total(posting.value for posting in book.fee_postings if posting.in_basis)


def implied_flows(book: Book) -> Decimal:
    """Add up the cash that must have come in although nobody recorded a deposit."""
    return total(posting.value for posting in book.flow_postings if posting.is_implied)
