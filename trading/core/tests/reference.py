"""A second engine, written from the conventions alone: fractions, lists, no cleverness.

It rounds nothing, sorts all lots again at every sale and knows no running totals, so it shares no
code and no trick with the core. Slow and plain on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from trading.core.entries import Entry, Flow, FlowKind, Side, Trade


@dataclass
class RefLot:
    at: datetime
    number: int
    quantity: Fraction
    cost: Fraction
    unit: Fraction


ORDERS: dict[str, Callable[[RefLot], tuple]] = {
    "fifo": lambda lot: (lot.at, lot.number),
    "lifo": lambda lot: (datetime.max.replace(tzinfo=lot.at.tzinfo) - lot.at, -lot.number),
    "hifo": lambda lot: (-lot.unit, lot.at, lot.number),
    "lofo": lambda lot: (lot.unit, lot.at, lot.number),
    "average": lambda lot: (lot.at, lot.number),
}


@dataclass
class Reference:
    """What an account comes to, by asset where that makes sense."""

    currency: str
    method: str
    in_basis: bool
    prices: Callable
    cash: Fraction = Fraction(0)
    lots: dict[str, list[RefLot]] = field(default_factory=lambda: defaultdict(list))
    realized: Fraction = Fraction(0)
    realized_unmatched: Fraction = Fraction(0)
    income: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    flows: Fraction = Fraction(0)
    unmatched: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    matches: list[tuple] = field(default_factory=list)
    number: int = 0

    def price(self, asset: str, at: datetime) -> Fraction | None:
        if asset == self.currency:
            return Fraction(1)
        found = self.prices(asset, at)
        return None if found is None else Fraction(found)

    def pay_cash(self, amount: Fraction) -> None:
        self.cash -= amount
        if self.cash < 0:
            self.flows -= self.cash
            self.cash = Fraction(0)

    def acquire(self, asset: str, at: datetime, quantity: Fraction, cost: Fraction) -> None:
        if asset == self.currency:
            self.cash += quantity
            return
        if not quantity:
            return
        lots = self.lots[asset]
        if self.method == "average" and lots:
            lots[0].quantity += quantity
            lots[0].cost += cost
            return
        self.number += 1
        lots.append(RefLot(at, self.number, quantity, cost, cost / quantity))

    def remove(self, asset: str, quantity: Fraction) -> tuple[list[tuple], Fraction]:
        """Return pieces (number of the lot, quantity, cost), and the units nobody knows."""
        pieces = []
        for lot in sorted(self.lots[asset], key=ORDERS[self.method]):
            part = min(lot.quantity, quantity)
            if part:
                cost = lot.cost * part / lot.quantity
                pieces.append((lot.at, part, cost))
                lot.quantity -= part
                lot.cost -= cost
                quantity -= part
        self.lots[asset] = [lot for lot in self.lots[asset] if lot.quantity]
        self.unmatched[asset] += quantity
        return pieces, quantity

    def give(self, asset: str, quantity: Fraction) -> tuple[list[tuple], Fraction]:
        if asset != self.currency:
            return self.remove(asset, quantity)
        self.pay_cash(quantity)
        return [], Fraction(0)

    def earn(
        self, asset: str, pieces: list[tuple], unknown: Fraction, worth: Fraction, rest: Fraction
    ) -> None:
        self.realized += worth - sum((piece[2] for piece in pieces), Fraction(0))
        self.realized_unmatched += rest
        self.matches += [(asset, at, part) for at, part, _ in pieces]
        if unknown:
            self.matches.append((asset, None, unknown))

    def sell(self, asset: str, quantity: Fraction, worth: Fraction | None) -> Fraction:
        """Dispose of units for `worth`, or for what they cost; return what they were worth."""
        pieces, unknown = self.remove(asset, quantity)
        if worth is None:
            worth = sum((piece[2] for piece in pieces), Fraction(0))
            self.earn(asset, pieces, unknown, worth, Fraction(0))
        else:
            rest = worth * unknown / quantity
            self.earn(asset, pieces, unknown, worth - rest, rest)
        return worth


def recompute(
    entries: Iterable[Entry],
    *,
    currency: str,
    method: str,
    in_basis: bool = True,
    prices: Callable = lambda asset, at: None,
) -> Reference:
    """Book a history without own transfers."""
    book = Reference(currency, method, in_basis, prices)
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.key)):
        if isinstance(entry, Trade):
            trade(book, entry)
        else:
            flow(book, entry)
    return book


def trade(book: Reference, entry: Trade) -> None:
    quantity = Fraction(entry.quantity)
    legs = [(entry.quote, quantity * Fraction(entry.price)), (entry.base, quantity)]
    (given, paid), (got, bought) = legs if entry.side is Side.BUY else reversed(legs)
    known_worth = worth_of(book, entry)
    # What was given leaves first, for nothing as yet: the fee may take a part of its proceeds.
    pieces, unknown = book.give(given, paid)
    cost = sum((piece[2] for piece in pieces), Fraction(0))
    worth = cost if known_worth is None else known_worth

    withheld = min(Fraction(entry.fee), bought) if entry.fee_asset == got else Fraction(0)
    kept = worth * withheld / bought
    fee = kept + pay_fee(book, entry, Fraction(entry.fee) - withheld, legs, known_worth)

    adds_to_cost = given == book.currency or (
        got != book.currency and (entry.side is Side.BUY or known_worth is None)
    )
    basis = book.in_basis and not (adds_to_cost and withheld == bought)
    if given != book.currency:
        proceeds = worth - (fee if basis and not adds_to_cost else 0)
        share = Fraction(0) if known_worth is None else unknown / paid
        book.earn(given, pieces, unknown, proceeds * (1 - share), proceeds * share)
    book.fees += 0 if basis else fee
    lot_cost = worth - kept + (fee if basis and adds_to_cost else 0)
    book.acquire(got, entry.at, bought - withheld, lot_cost)


def worth_of(book: Reference, entry: Trade) -> Fraction | None:
    quantity, price = Fraction(entry.quantity), Fraction(entry.price)
    quote_price, base_price = book.price(entry.quote, entry.at), book.price(entry.base, entry.at)
    if entry.base != book.currency and quote_price is not None:
        return quantity * price * quote_price
    return None if base_price is None else quantity * base_price


def pay_fee(book: Reference, entry: Entry, fee: Fraction, legs: list, worth: Fraction | None):
    if not fee:
        return Fraction(0)
    if entry.fee_asset == book.currency:
        book.pay_cash(fee)
        return fee
    leg = dict(legs).get(entry.fee_asset)
    if leg is not None and worth is not None:
        return book.sell(entry.fee_asset, fee, worth * fee / leg)
    price = book.price(entry.fee_asset, entry.at)
    return book.sell(entry.fee_asset, fee, None if price is None else fee * price)


def flow(book: Reference, entry: Flow) -> None:
    quantity = Fraction(entry.quantity)
    if entry.kind in (FlowKind.WITHDRAWAL, FlowKind.TRANSFER_OUT):
        if entry.asset == book.currency:
            book.pay_cash(quantity)
            book.flows -= quantity
        else:
            pieces, _ = book.remove(entry.asset, quantity)
            book.flows -= sum((piece[2] for piece in pieces), Fraction(0))
    else:
        value = arriving_value(book, entry, quantity)
        book.acquire(entry.asset, entry.at, quantity, value)
        if entry.kind is FlowKind.INCOME:
            book.income += value
        else:
            book.flows += value
    book.fees += pay_fee(book, entry, Fraction(entry.fee), [], None)


def arriving_value(book: Reference, entry: Flow, quantity: Fraction) -> Fraction:
    if entry.asset == book.currency:
        return quantity
    if entry.value is not None:
        return Fraction(entry.value)
    price = book.price(entry.asset, entry.at)
    return Fraction(0) if price is None else quantity * price
