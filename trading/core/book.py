"""Cost-basis accounting of one account: entries in; lots, disposals and postings out.

Pure: no Django, no clock, no network. The law that every line here serves, after every entry,
with every method and fee policy, to the last digit:

    cash + cost of the open lots
        = net flows + realized + realized unmatched + income - fees that are not in the basis

Valued at market, both sides grow by the unrealized gain (`trading.core.valuation`).

The conventions:

* The account's currency is cash: a balance, no lots. Every other asset, foreign money too, is
  held in lots. Cash short of what an entry pays is an implied deposit.
* A trade gives one asset and gets another. Given lots are disposed of, got units are a new lot,
  and both are worth the same: what the cash side says, else by the price of quote, else by the
  price of base. Without any of them the new lot takes over the cost of the given ones, and
  nothing is gained.
* What is given beyond the lots is unmatched: reported as a quantity of unknown basis, cost 0,
  its proceeds apart from the realized gain. It never becomes a negative position.
* A fee in the asset that was got is withheld from it. Any other is paid from cash, or disposes
  of lots of its asset at the price of the moment (without a price: at their cost).
* FeePolicy.BASIS adds a trade's fee to the cost of a buy or takes it off the proceeds of a sell;
  SEPARATE leaves both alone. The fee of a flow has no basis to go to and is always separate.
* A flow in kind is worth what its lots cost. What comes in brings its value, else the price of
  the moment, else 0. A matched own transfer brings the lots that left, with cost and dates.
* A worth that could not be known marks the position as `unpriced`, and the valuation names it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal, localcontext

from trading.core.bulk import book_cash_trades
from trading.core.entries import Entry, Flow, FlowKind, PriceLookup, Side, Trade, booking_order
from trading.core.exact import CONTEXT, ONE, ZERO, share
from trading.core.journal import (
    Book,
    FeePolicy,
    FlowPosting,
    Parcel,
    cost_of,
    dispose,
    get,
    give,
    no_prices,
    open_lot,
    post_fee,
    post_flow,
)
from trading.core.lots import METHODS, Lot, OpenLot, Position

__all__ = ["METHODS", "Book", "FeePolicy", "apply", "book_accounts", "book_entries", "restore"]

Rates = Mapping[str, Decimal | None]
ARRIVALS = {FlowKind.DEPOSIT, FlowKind.INCOME, FlowKind.TRANSFER_IN}


class OutOfOrderError(ValueError):
    """An entry is not later than the last one: the book must be made again from that point on."""


def book_entries(
    entries: Iterable[Entry],
    *,
    currency: str,
    method: str = "fifo",
    fees: FeePolicy = FeePolicy.BASIS,
    prices: PriceLookup = no_prices,
) -> Book:
    """Book a whole history, given in any order, into a new book."""
    book = Book(currency=currency, method=method, fees=fees, prices=prices)
    ordered = sorted(entries, key=booking_order)
    with localcontext(CONTEXT), _no_collection():
        later = _each_later(book, ordered)
        while (other := book_cash_trades(book, later)) is not None:
            _book(book, other)
    return book


def book_accounts(books: Mapping[str, Book], entries: Mapping[str, Iterable[Entry]]) -> None:
    """Book the histories of several accounts side by side, so that own transfers carry lots.

    The books must share one `transit`.
    """
    everything = [(entry, books[account]) for account in books for entry in entries[account]]
    with localcontext(CONTEXT), _no_collection():
        for entry, book in sorted(everything, key=lambda pair: booking_order(pair[0])):
            _book_each(book, [entry])


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the collector of cycles: a long history makes none, yet it took half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def apply(book: Book, entry: Entry) -> Book:
    """Book one entry that is later than all before it; return the same book, grown."""
    with localcontext(CONTEXT):
        _book_each(book, [entry])
    return book


def restore(book: Book, position: Position, lots: Iterable[OpenLot]) -> None:
    """Put a stored position into a book, with all its open lots or only those sold next.

    The totals of the position count all of them, so an entry that the given lots can cover books
    as in the whole book.
    """
    book.positions[position.asset] = position
    with localcontext(CONTEXT):
        for lot in lots:
            position.keep(lot, METHODS[book.method])


def _each_later(book: Book, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the entries; refuse one that is not later than all before it."""
    for entry in entries:
        order = booking_order(entry)
        if book.last is not None and order <= book.last:
            last = f"{book.last[2]} of {book.last[0]}"
            raise OutOfOrderError(f"Entry {entry.key} of {entry.at} is not later than {last}.")
        book.last = order
        yield entry


def _book_each(book: Book, entries: Iterable[Entry]) -> None:
    for entry in _each_later(book, entries):
        _book(book, entry)


def _book(book: Book, entry: Entry) -> None:
    if isinstance(entry, Flow):
        _book_flow(book, entry)
    else:
        _book_trade(book, entry)


def _book_trade(book: Book, trade: Trade) -> None:
    """Book any trade: dispose of what was given, pay the fee, take in what was got.

    The fee has two parts, the withheld units of what was got and the rest, and one worth, which
    lands in the cost, in the proceeds or among the expenses. Cash got or given stays at its face.
    """
    base, quote = (trade.base, trade.quantity), (trade.quote, trade.quantity * trade.price)
    (given, paid), (got, bought) = (quote, base) if trade.side is Side.BUY else (base, quote)
    rates = _rates(book, trade)
    rate = rates[trade.base]
    pieces = give(book, trade, given, paid)
    worth = cost_of(pieces) if rate is None else trade.quantity * rate
    withheld = min(trade.fee, bought) if trade.fee_asset == got else ZERO
    withheld_worth = _part(worth, withheld, bought, rates[got])
    fee = withheld_worth + _pay_fee(book, trade, trade.fee - withheld, rates)
    to_cost = rate is None or _fee_goes_to_cost(book, trade, given, got)
    in_basis = book.fees is FeePolicy.BASIS and (withheld < bought or not to_cost)
    if given != book.currency:
        proceeds = worth - fee if in_basis and not to_cost else worth
        dispose(book, trade, given, pieces, None if rate is None else proceeds)
    cost = worth - withheld_worth
    get(book, trade, got, bought - withheld, cost + fee if in_basis and to_cost else cost)
    if trade.fee:
        post_fee(book, trade, fee, in_basis=in_basis)


def _fee_goes_to_cost(book: Book, trade: Trade, given: str, got: str) -> bool:
    """Say whether a fee in the basis adds to the cost of what was got, or lowers the proceeds.

    Cash has no basis, so where one side is cash the fee goes to the other, whichever way round
    the venue tells the trade.
    """
    if book.currency in (given, got):
        return given == book.currency
    return trade.side is Side.BUY


def _rates(book: Book, trade: Trade) -> Rates:
    """Value one unit of base and one of quote in the account's currency."""
    base, quote, price = trade.base, trade.quote, trade.price
    if quote == book.currency:
        return {base: price, quote: ONE}
    if base == book.currency:
        return {base: ONE, quote: share(ONE, ONE, price)}
    rate = book.prices(quote, trade.at)
    if rate is not None:
        return {base: price * rate, quote: rate}
    rate = book.prices(base, trade.at)
    if rate is not None:
        return {base: rate, quote: share(rate, ONE, price)}
    book.positions[base].unpriced = book.positions[quote].unpriced = True
    return {base: None, quote: None}


def _part(worth: Decimal, part: Decimal, whole: Decimal, rate: Decimal | None) -> Decimal:
    """Value a part of what was got; the whole of it is worth exactly `worth`."""
    if part == whole:
        return worth
    return share(worth, part, whole) if rate is None else part * rate


def _pay_fee(book: Book, entry: Entry, quantity: Decimal, rates: Rates) -> Decimal:
    """Pay a fee from cash or by lots of its asset, and return what it was worth."""
    if not quantity:
        return ZERO
    asset = entry.fee_asset
    pieces = give(book, entry, asset, quantity)
    if asset == book.currency:
        return quantity
    rate = rates.get(asset)
    if rate is None:
        rate = book.prices(asset, entry.at)
    if rate is None:
        book.positions[asset].unpriced = True
    worth = None if rate is None else quantity * rate
    dispose(book, entry, asset, pieces, worth, is_fee=True)
    return cost_of(pieces) if worth is None else worth


def _book_flow(book: Book, flow: Flow) -> None:
    if flow.kind in ARRIVALS:
        value, quantity = _arrive(book, flow), flow.quantity
    else:
        value, quantity = -_leave(book, flow), -flow.quantity
    post_flow(book, FlowPosting(flow.at, flow.key, flow.kind, flow.asset, quantity, value))
    if flow.fee:
        post_fee(book, flow, _pay_fee(book, flow, flow.fee, {}), in_basis=False)


def _leave(book: Book, flow: Flow) -> Decimal:
    """Take out cash or lots, and return what they had cost; send a matched transfer's lots off."""
    pieces = give(book, flow, flow.asset, flow.quantity)
    if flow.asset == book.currency:
        return flow.quantity
    if flow.match and flow.kind is FlowKind.TRANSFER_OUT:
        lots = [
            replace(piece.lot, quantity=piece.quantity, cost=piece.cost)
            for piece in pieces
            if piece.lot is not None
        ]
        lots.sort(key=lambda lot: (lot.at, lot.serial))
        book.transit[flow.match, flow.asset] = Parcel(book.currency, tuple(lots))
    return cost_of(pieces)


def _arrive(book: Book, flow: Flow) -> Decimal:
    """Take in cash, lots carried over, or a new lot; return what they count for."""
    if flow.asset == book.currency:
        get(book, flow, flow.asset, flow.quantity, flow.quantity)
        return flow.quantity
    value, missing = ZERO, flow.quantity
    for lot in _unpack(book, flow):
        open_lot(book, replace(lot, serial=book.serial))
        value += lot.cost
        missing -= lot.quantity
    if missing:
        cost = _value(book, flow, missing)
        get(book, flow, flow.asset, missing, cost)
        value += cost
    return value


def _value(book: Book, flow: Flow, quantity: Decimal) -> Decimal:
    """Value what came in without lots: as told, else at the price of the moment, else 0."""
    if flow.value is not None:
        return _part(flow.value, quantity, flow.quantity, None)
    price = book.prices(flow.asset, flow.at)
    if price is None:
        book.positions[flow.asset].unpriced = True
        return ZERO
    return quantity * price


def _unpack(book: Book, flow: Flow) -> list[Lot]:
    """Take the lots of a matched transfer out of transit, the oldest first.

    Units that never arrive stay there: they left the one account and came to no other. Cost is
    converted at the price of the other account's currency; without one the lots cannot be carried.
    """
    parcel = book.transit.get((flow.match or "", flow.asset))
    if flow.kind is not FlowKind.TRANSFER_IN or parcel is None:
        return []
    same = parcel.currency == book.currency
    rate = ONE if same else book.prices(parcel.currency, flow.at)
    if rate is None:
        return []
    arrived, left, room = [], [], flow.quantity
    for lot in parcel.lots:
        quantity = min(lot.quantity, room)
        cost = _part(lot.cost, quantity, lot.quantity, None)
        room -= quantity
        if quantity:
            arrived.append(replace(lot, quantity=quantity, cost=cost * rate))
        if quantity < lot.quantity:
            left.append(replace(lot, quantity=lot.quantity - quantity, cost=lot.cost - cost))
    book.transit[flow.match or "", flow.asset] = Parcel(parcel.currency, tuple(left))
    return arrived
