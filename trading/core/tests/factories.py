"""Entries and books for the tests, written as short as a person would tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from trading.core.book import Book, FeePolicy, book_entries
from trading.core.entries import Entry, Flow, FlowKind, PriceLookup, Side, Trade
from trading.core.journal import no_prices
from trading.core.lots import Disposal
from trading.core.valuation import Valuation, imbalance, value_book

START = datetime(2026, 1, 1, tzinfo=UTC)
_keys = count()


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def these(*values: Any) -> tuple[Any, ...]:
    """Compare several decimals with plain integers at once; strict typing sees no overlap."""
    return values


def trade(
    side: str, quantity: str, price: str, *, on: int, fee: str = "", pair: str = "BTC/AUD"
) -> Trade:
    """`trade("buy", "1", "100", on=0, fee="0.1 AUD")`: days count from START."""
    base, quote = pair.split("/")
    amount, _, asset = fee.partition(" ")
    return Trade(
        at=day(on),
        key=f"t{next(_keys):08}",
        side=Side(side),
        base=base,
        quote=quote,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(amount or 0),
        fee_asset=asset,
    )


def flow(
    kind: str,
    what: str,
    *,
    on: int,
    value: str | None = None,
    fee: str = "",
    match: str | None = None,
) -> Flow:
    """`flow("deposit", "100 AUD", on=0)`."""
    quantity, asset = what.split()
    amount, _, fee_asset = fee.partition(" ")
    return Flow(
        at=day(on),
        key=f"f{next(_keys):08}",
        kind=FlowKind(kind),
        asset=asset,
        quantity=Decimal(quantity),
        fee=Decimal(amount or 0),
        fee_asset=fee_asset,
        value=None if value is None else Decimal(value),
        match=match,
    )


def fixed(**prices: str) -> PriceLookup:
    """Know one price an asset, for ever."""
    table = {asset: Decimal(price) for asset, price in prices.items()}

    def lookup(asset: str, _at: datetime) -> Decimal | None:
        return table.get(asset)

    return lookup


def booked(
    *entries: Entry,
    method: str = "fifo",
    fees: FeePolicy = FeePolicy.BASIS,
    prices: PriceLookup = no_prices,
) -> Book:
    return book_entries(entries, currency="AUD", method=method, fees=fees, prices=prices)


def valued(book: Book, **bids: str) -> Valuation:
    value = value_book(book, {asset: Decimal(bid) for asset, bid in bids.items()})
    assert imbalance(value) == 0
    return value


def numbers(disposals: list[Disposal]) -> list[tuple[str, str, str]]:
    """Show disposals as (quantity, cost, proceeds), without the zeros of the grid."""
    return [
        (f"{d.quantity.normalize():f}", f"{d.cost.normalize():f}", f"{d.proceeds.normalize():f}")
        for d in disposals
    ]
