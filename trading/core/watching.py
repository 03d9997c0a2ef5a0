"""Positions that know what changed of them, so that a book can be kept elsewhere entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.core.book import apply
from trading.core.entries import Entry, Side, Trade, assets_in
from trading.core.exact import CONTEXT, ZERO
from trading.core.journal import Book, Positions
from trading.core.lots import Lot, Method, OpenLot, Piece, Position


@dataclass(slots=True)
class WatchedPosition(Position):
    """A position that notes which lots changed, and counts what a report tells beside its totals.

    Of the lots in the heap, `open` finds each by its serial; `touched` holds every lot that was
    acquired or cut since somebody last emptied it. `fills` and `transfers` count each entry at the
    asset that it gave, so that the positions of an account add up to all of its entries.
    """

    first_at: datetime | None = None
    fills: int = 0
    transfers: int = 0
    fees_in_basis: Decimal = ZERO
    implied_flows: Decimal = ZERO
    open: dict[int, OpenLot] = field(default_factory=dict)
    touched: dict[int, Lot] = field(default_factory=dict)

    def add(self, lot: Lot, method: Method) -> None:
        """Note the lot, and the pool that it may have melted into."""
        pool = self.lots[0][-1] if method.pooled and self.lots else None
        if pool is not None:
            self.touched[pool.lot.serial] = pool.lot
            del self.open[pool.lot.serial]
        Position.add(self, lot, method)
        self.touched[lot.serial] = lot
        if pool is not None:
            self.open[pool.lot.serial] = pool

    def keep(self, lot: OpenLot, method: Method) -> None:
        """Remember where the lot is."""
        Position.keep(self, lot, method)
        self.open[lot.lot.serial] = lot

    def take(self, quantity: Decimal) -> list[Piece]:
        """Note the lots that were cut, and forget those that are sold."""
        pieces = Position.take(self, quantity)
        top = self.lots[0][-1] if self.lots else None
        for piece in pieces:
            if piece.lot is not None:
                self.touched[piece.lot.serial] = piece.lot
                if top is None or piece.lot is not top.lot:
                    del self.open[piece.lot.serial]
        return pieces

    def rest_of(self, serial: int) -> tuple[Decimal, Decimal]:
        """Return quantity and cost of what is left of a touched lot."""
        lot = self.open.get(serial)
        return (lot.quantity, lot.cost) if lot else (ZERO, ZERO)


class WatchedPositions(Positions):
    """Positions by asset that watch themselves."""

    def __missing__(self, asset: str) -> Position:
        """Open the position of an asset."""
        self[asset] = position = WatchedPosition(asset)
        return position


def apply_counted(book: Book, entry: Entry) -> set[str]:
    """Book an entry, count it, and return the assets whose positions changed."""
    fees, flows = len(book.fee_postings), len(book.flow_postings)
    apply(book, entry)
    moved = assets_in(entry) & book.positions.keys()
    for asset in moved:
        position = watched(book, asset)
        position.first_at = position.first_at or entry.at
    for fee in book.fee_postings[fees:]:
        if fee.in_basis:
            position = watched(book, fee.asset)
            position.fees_in_basis = CONTEXT.add(position.fees_in_basis, fee.value)
    for flow in book.flow_postings[flows:]:
        if flow.is_implied:
            position = watched(book, flow.asset)
            position.implied_flows = CONTEXT.add(position.implied_flows, flow.value)
    if isinstance(entry, Trade):
        watched(book, entry.quote if entry.side is Side.BUY else entry.base).fills += 1
    else:
        watched(book, entry.asset).transfers += 1
    return moved


def watched(book: Book, asset: str) -> WatchedPosition:
    """Return a position of a book whose positions watch themselves."""
    position = book.positions[asset]
    if not isinstance(position, WatchedPosition):
        raise TypeError(f"The position of {asset} does not watch itself.")
    return position
