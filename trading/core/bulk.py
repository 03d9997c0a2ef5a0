"""Many trades for cash at once: most of a long history, booked in one tight loop.

It does to a book what `trading.core.book` does with the same trades one by one, and a law says so.
There a call for each step of each trade takes half of the time; here the steps are few.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from heapq import heappop
from typing import Final

from trading.core.entries import Entry, Side, Trade
from trading.core.exact import ZERO, share
from trading.core.journal import Book, FeePolicy, FeePosting, pay
from trading.core.lots import METHODS, Disposal, Lot, Position

BUY: Final = Side.BUY
made: Final = tuple.__new__
"""Makes a named tuple of a tuple; its own constructor takes twice as long."""


def book_cash_trades(book: Book, entries: Iterable[Entry]) -> Entry | None:
    """Book trades for cash with fees in cash, each later than all before it.

    Stops at the first entry that is something else, and returns it.
    """
    currency, positions, method = book.currency, book.positions, METHODS[book.method]
    in_basis = book.fees is FeePolicy.BASIS
    for trade in entries:
        if (
            not isinstance(trade, Trade)
            or trade.quote != currency
            or (trade.fee_asset != currency and trade.fee)
        ):
            return trade
        cash, position, fee = positions[currency], positions[trade.base], trade.fee
        worth = trade.quantity * trade.price
        if trade.side is BUY:
            paid = worth + fee
            cost = paid if in_basis else worth
            lot = Lot(trade.base, trade.at, trade.key, book.serial, trade.quantity, cost)
            book.serial += 1
            book.acquisitions.append(lot)
            position.add(lot, method)
        else:
            _sell(position, trade, worth - fee if in_basis else worth, book.disposals)
            cash.quantity += worth
            paid = fee
        if paid > cash.quantity:
            pay(book, trade, cash, paid)
        else:
            cash.quantity = cash.cost = cash.quantity - paid
        if fee:
            if not in_basis:
                cash.fees += fee
            posting = (trade.at, trade.key, currency, fee, fee, in_basis)
            book.fee_postings.append(made(FeePosting, posting))
    return None


def _sell(position: Position, trade: Trade, proceeds: Decimal, disposals: list[Disposal]) -> None:
    """Cut what is sold off the lots, and share the proceeds among the pieces as they come."""
    at, key, asset, lots = trade.at, trade.key, trade.base, position.lots
    left, spent, earned = trade.quantity, ZERO, ZERO
    while left and lots:
        lot = lots[0][-1]
        quantity, cost = lot.quantity, lot.cost
        if quantity > left:
            quantity, cost = left, share(cost, left, quantity)
            lot.quantity -= quantity
            lot.cost -= cost
        else:
            heappop(lots)
        part = proceeds if quantity == left else share(proceeds, quantity, left)
        piece = (at, key, asset, lot.lot, quantity, cost, part, False)
        disposals.append(made(Disposal, piece))
        spent += cost
        earned += part
        left -= quantity
        proceeds -= part
    if left:
        position.unmatched += left
        position.realized_unmatched += proceeds
        disposals.append(Disposal(at, key, asset, None, left, ZERO, proceeds, is_fee=False))
    position.quantity -= trade.quantity - left
    position.cost -= spent
    position.realized += earned - spent
