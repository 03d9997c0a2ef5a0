"""What a book is worth at given bids, and how that came about.

Everything held stands at the bid, which is what one would get for it; what has no bid stands at
its cost and is named. Whatever is missing, the law holds to the last digit (`imbalance` is 0):

    equity - flows = realized + realized_unmatched + unrealized + income - fees
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, localcontext
from operator import attrgetter

from trading.core.exact import CONTEXT, ONE, ZERO
from trading.core.journal import Book
from trading.core.lots import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The seven amounts that the law ties together, in the account's currency.

    `flows` are net deposits, implied ones included; `fees` are those outside the basis;
    `realized_unmatched` is what units of unknown basis were sold for.
    """

    equity: Decimal
    realized: Decimal
    realized_unmatched: Decimal
    unrealized: Decimal
    income: Decimal
    fees: Decimal
    flows: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetValue(Amounts):
    """The share of one asset: what is held and what its own entries came to.

    `bid` is None for an asset without a quote. `missing` says that its worth is not known now, or
    was not when one of its entries was booked.
    """

    asset: str
    quantity: Decimal
    cost: Decimal
    bid: Decimal | None
    unmatched: Decimal
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation(Amounts):
    """A whole account, or several of one currency.

    `unmatched` are the units by asset that left without a known basis, `missing` the assets whose
    worth was not known; a valuation is complete if there are neither.
    """

    assets: tuple[AssetValue, ...]
    unmatched: Mapping[str, Decimal]
    missing: tuple[str, ...]
    complete: bool


def value_book(book: Book, bids: Mapping[str, Decimal], doubted: Collection[str] = ()) -> Valuation:
    """Value a book at `bids`, the prices of one unit in the account's currency.

    A doubted bid counts, since it is the best that is known, but its asset is named as missing.
    """
    with localcontext(CONTEXT):
        prices = {**bids, book.currency: ONE}
        return _value(
            _value_position(position, prices.get(asset), is_doubted=asset in doubted)
            for asset, position in book.positions.items()
        )


def combine(valuations: Iterable[Valuation]) -> Valuation:
    """Add up the valuations of several accounts of one currency, asset by asset."""
    each = list(valuations)
    if len(each) == 1:
        return each[0]
    with localcontext(CONTEXT):
        rows: dict[str, AssetValue] = {}
        for row in (row for valuation in each for row in valuation.assets):
            rows[row.asset] = _merge(rows[row.asset], row) if row.asset in rows else row
        return _value(rows.values())


def add_up(amounts: Iterable[Amounts]) -> Amounts:
    """Add up amounts of whatever parts: assets, days, accounts."""
    with localcontext(CONTEXT):
        return _add_up(amounts)


def change(before: Amounts, after: Amounts) -> Amounts:
    """Return what came about between two valuations; the changes of all days are the whole."""
    with localcontext(CONTEXT):
        return Amounts(**{name: getattr(after, name) - getattr(before, name) for name in NAMES})


def imbalance(amounts: Amounts) -> Decimal:
    """Return by how much the law is broken: always 0."""
    with localcontext(CONTEXT):
        gained = amounts.realized + amounts.realized_unmatched + amounts.unrealized
        return amounts.equity - amounts.flows - (gained + amounts.income - amounts.fees)


NAMES = tuple(field.name for field in fields(Amounts))
EACH = attrgetter(*NAMES)
ZEROS = (ZERO,) * len(NAMES)
NOTHING = Amounts(**dict.fromkeys(NAMES, ZERO))


def _value_position(position: Position, bid: Decimal | None, *, is_doubted: bool) -> AssetValue:
    held, cost = position.quantity, position.cost
    equity = cost if bid is None else held * bid
    return AssetValue(
        asset=position.asset,
        quantity=held,
        cost=cost,
        bid=bid,
        equity=equity,
        unrealized=equity - cost,
        realized=position.realized,
        realized_unmatched=position.realized_unmatched,
        income=position.income,
        fees=position.fees,
        flows=position.flows,
        unmatched=position.unmatched,
        missing=position.unpriced or (held > 0 and (bid is None or is_doubted)),
    )


def _merge(one: AssetValue, other: AssetValue) -> AssetValue:
    summed = _add_up([one, other])
    return AssetValue(
        **{name: getattr(summed, name) for name in NAMES},
        asset=one.asset,
        quantity=one.quantity + other.quantity,
        cost=one.cost + other.cost,
        bid=one.bid if one.bid is not None else other.bid,
        unmatched=one.unmatched + other.unmatched,
        missing=one.missing or other.missing,
    )


def _value(rows: Iterable[AssetValue]) -> Valuation:
    assets = tuple(sorted(rows, key=lambda row: row.asset))
    summed = _add_up(assets)
    unmatched = {row.asset: row.unmatched for row in assets if row.unmatched}
    missing = tuple(row.asset for row in assets if row.missing)
    return Valuation(
        **{name: getattr(summed, name) for name in NAMES},
        assets=assets,
        unmatched=unmatched,
        missing=missing,
        complete=not unmatched and not missing,
    )


def _add_up(amounts: Iterable[Amounts]) -> Amounts:
    """Add up in the core's context."""
    columns = zip(ZEROS, *map(EACH, amounts), strict=True)
    return Amounts(**{name: sum(column, ZERO) for name, column in zip(NAMES, columns, strict=True)})
