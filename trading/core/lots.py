"""Lots, and the order in which they are sold.

A lot is one acquisition and what it cost. A position is what is open of an asset: a heap of lots,
the next one to be sold on top, so that a sale costs the logarithm of the open lots and never
looks at the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any, NamedTuple

from trading.core.exact import CONTEXT, GRID, ZERO, share

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lot:
    """One acquisition: `quantity` units for `cost` in the account's currency.

    `at` and `key` are of the entry that acquired it first; an own transfer keeps them. `serial`
    counts the acquisitions of the book.
    """

    asset: str
    at: datetime
    key: str
    serial: int
    quantity: Decimal
    cost: Decimal


@dataclass(slots=True)
class OpenLot:
    """What is left of a lot. It shrinks as the lot is sold."""

    lot: Lot
    quantity: Decimal
    cost: Decimal


class Piece(NamedTuple):
    """A part cut off an open lot. Without a lot its basis is unknown, and it costs nothing."""

    lot: Lot | None
    quantity: Decimal
    cost: Decimal


class Disposal(NamedTuple):
    """A piece that left the book for `proceeds`, by the entry `key`, as its goods or as its fee.

    A named tuple: a long history emits hundreds of thousands, and a frozen dataclass takes three
    times as long to make.
    """

    at: datetime
    key: str
    asset: str
    lot: Lot | None
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    is_fee: bool

    @property
    def gain(self) -> Decimal:
        """What it brought beyond what it had cost."""
        return CONTEXT.subtract(self.proceeds, self.cost)


Rank = tuple[Any, ...]


def _unit_cost(lot: Lot) -> Decimal:
    return lot.cost // (lot.quantity * GRID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A cost-basis method: lots are sold in the order of `rank`, or melt into one if `pooled`."""

    rank: Callable[[Lot], Rank]
    pooled: bool = False


METHODS: dict[str, Method] = {
    "fifo": Method(rank=lambda lot: (lot.at, lot.serial)),
    "lifo": Method(rank=lambda lot: (EPOCH - lot.at, -lot.serial)),
    "hifo": Method(rank=lambda lot: (-_unit_cost(lot), lot.at, lot.serial)),
    "lofo": Method(rank=lambda lot: (_unit_cost(lot), lot.at, lot.serial)),
    "average": Method(rank=lambda lot: (lot.at, lot.serial), pooled=True),
}
"""First in, last in, highest cost, lowest cost (the older first if they tie), moving average."""


@dataclass(slots=True)
class Position:
    """What is held of one asset, and every total that its entries added up to.

    Money is in the account's currency. The account's currency itself is a position without lots
    whose cost is its quantity.
    """

    asset: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    lots: list[tuple[Any, ...]] = field(default_factory=list)
    realized: Decimal = ZERO
    realized_unmatched: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    flows: Decimal = ZERO
    unmatched: Decimal = ZERO
    unpriced: bool = False

    def open_lots(self) -> list[OpenLot]:
        """List what is open, the next to be sold first."""
        return [ranked[-1] for ranked in sorted(self.lots)]

    def add(self, lot: Lot, method: Method) -> None:
        """Put a new lot into the position; a pool keeps the oldest date."""
        self.quantity += lot.quantity
        self.cost += lot.cost
        if method.pooled and self.lots:
            pool = self.lots[0][-1]
            pool.quantity += lot.quantity
            pool.cost += lot.cost
            pool.lot = min(pool.lot, lot, key=lambda lot: lot.at)
        else:
            self.keep(OpenLot(lot, lot.quantity, lot.cost), method)

    def keep(self, lot: OpenLot, method: Method) -> None:
        """Put an open lot in its place; the totals of the position count it already.

        A position may be restored with its totals and only the lots that a sale will need.
        """
        heappush(self.lots, (*method.rank(lot.lot), lot))

    def take(self, quantity: Decimal) -> list[Piece]:
        """Cut `quantity` off the lots; what they cannot cover is a last piece without a lot."""
        pieces = []
        while quantity and self.lots:
            lot = self.lots[0][-1]
            if lot.quantity <= quantity:
                heappop(self.lots)
                piece = Piece(lot.lot, lot.quantity, lot.cost)
            else:
                piece = Piece(lot.lot, quantity, share(lot.cost, quantity, lot.quantity))
                lot.quantity -= quantity
                lot.cost -= piece.cost
            self.quantity -= piece.quantity
            self.cost -= piece.cost
            quantity -= piece.quantity
            pieces.append(piece)
        if quantity:
            self.unmatched += quantity
            pieces.append(Piece(None, quantity, ZERO))
        return pieces
