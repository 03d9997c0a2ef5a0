"""How a number of a report came about: every entry, lot, disposal, fee, flow and price behind it.

The explanation holds all that is needed to compute the numbers again, by hand or by a short
script, and the public ids of the facts that each line rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledgers.answers import Answer, Covered, Quality
from ledgers.exchange.models import Account
from ledgers.reading import Pair
from trading.core.entries import Entry, Flow, Trade, assets_in
from trading.core.exact import CONTEXT
from trading.core.journal import Book, FeePosting, FlowPosting
from trading.core.lots import Disposal, Lot
from trading.core.valuation import NAMES, AssetValue
from trading.histories import NOTHING
from trading.pricing import Price
from trading.reporting import holdings_of
from trading.services import (
    Booked,
    QuestionError,
    accounts_of,
    answer_behind,
    book,
    checked_question,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One fill or transfer; `id` is its fact's public id."""

    id: str
    at: datetime
    kind: str
    base: str
    quote: str
    quantity: Decimal
    price: Decimal | None
    fee: Decimal
    fee_asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """One acquisition; `number` names it in the disposals."""

    number: int
    id: str
    at: datetime
    asset: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLine:
    """What is left of an acquisition; in an average pool, of all of them."""

    lot: int
    asset: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalLine:
    """A piece of a lot that left; without a lot its basis is unknown and its cost 0."""

    id: str
    at: datetime
    asset: str
    lot: int | None
    acquired_at: datetime | None
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    is_fee: bool

    @property
    def gain(self) -> Decimal:
        """Return what it brought beyond its cost."""
        return CONTEXT.subtract(self.proceeds, self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """A fee in its own asset and what it was worth; in the basis, cost and proceeds hold it."""

    id: str
    at: datetime
    asset: str
    quantity: Decimal
    value: Decimal
    in_basis: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLine:
    """What came in (positive) or went out; nobody recorded an implied one, but it was needed."""

    id: str
    at: datetime
    kind: str
    asset: str
    quantity: Decimal
    value: Decimal
    is_implied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that one account's numbers are made from; of one asset, its share of them.

    `prices` are those that holdings stand at, `used` those that bookings asked for. The quality is
    that of the feeds which brought the fills and the prices that holdings stand at.
    """

    account: int
    currency: str
    method: str
    fees_policy: str
    as_of: datetime
    horizon: datetime
    at: datetime
    asset: str | None
    entries: tuple[EntryLine, ...]
    lots: tuple[LotLine, ...]
    open_lots: tuple[OpenLine, ...]
    disposals: tuple[DisposalLine, ...]
    fees: tuple[FeeLine, ...]
    flows: tuple[FlowLine, ...]
    prices: tuple[Price, ...]
    used: tuple[Price, ...]
    amounts: dict[str, Decimal]
    quality: Quality
    coverage: Covered


def explain(
    user_id: int,
    account_id: int,
    *,
    pair: Pair,
    method: str | None = None,
    at: datetime | None = None,
    asset: str | None = None,
) -> Explanation:
    """Explain the numbers of one account, or one asset's share of them.

    Raises as `trading.services.pnl_of` does, and `QuestionError` for an asset that was never there.
    """
    moment = at or pair.as_of
    checked_question(user_id, account_id, pair=pair, method=method, at=moment)
    accounts = accounts_of(user_id)
    booked = book(accounts, pair, method=method, at=moment)
    account = next(one for one in accounts if one.pk == account_id)
    rows = booked.last.valuations[str(account_id)].assets
    if asset is not None and asset not in {row.asset for row in rows}:
        raise QuestionError(f"{account.name} never held {asset}.")
    return _Teller(booked, account, pair, asset).explanation()


class _Teller:
    """Tells of one booked account, or of what one asset had to do with it."""

    def __init__(self, booked: Booked, account: Account, pair: Pair, asset: str | None) -> None:
        self.booked, self.account, self.pair, self.asset = booked, account, pair, asset
        self.book: Book = booked.books[str(account.pk)]
        self.history = booked.histories.get(account.pk, NOTHING)
        self.ids: dict[str, str] = {}
        for history in (*booked.histories.values(), self.history):  # carried lots are of others
            self.ids.update(history.ids)

    def explanation(self) -> Explanation:
        """Return all of it, in the order in which it was booked."""
        book, keep = self.book, self._is_told
        travels = self._answer()
        return Explanation(
            account=self.account.pk,
            currency=book.currency,
            method=book.method,
            fees_policy=book.fees.value,
            as_of=self.pair.as_of,
            horizon=self.pair.horizon,
            at=self.booked.last.at,
            asset=self.asset,
            entries=tuple(self._entries()),
            lots=tuple(self._lot(lot) for lot in book.acquisitions if keep(lot.asset)),
            open_lots=tuple(self._open()),
            disposals=tuple(self._disposal(one) for one in book.disposals if keep(one.asset)),
            fees=tuple(self._fee(one) for one in book.fee_postings if keep(one.asset)),
            flows=tuple(self._flow(one) for one in book.flow_postings if keep(one.asset)),
            prices=tuple(self._prices()),
            used=tuple(self.booked.table.asked.values()),
            amounts=self._amounts(),
            quality=travels.quality,
            coverage=travels.coverage,
        )

    def _answer(self) -> Answer:
        standing, own = self.booked.standing, [self.account]
        held = holdings_of(own, standing.last, standing.found)
        told = [holding for holding in held if self._is_told(holding.asset)]
        return answer_behind(standing, own, told, self.pair)

    def _is_told(self, asset: str) -> bool:
        return self.asset in (None, asset)

    def _entries(self) -> Iterator[EntryLine]:
        for entry in sorted(self.history.entries, key=lambda entry: (entry.at, entry.key)):
            if self.asset is None or self.asset in assets_in(entry):
                yield self._entry(entry)

    def _entry(self, entry: Entry) -> EntryLine:
        trade = entry if isinstance(entry, Trade) else None
        flow = entry if isinstance(entry, Flow) else None
        return EntryLine(
            id=self.ids[entry.key],
            at=entry.at,
            kind=str(trade.side.value if trade else flow.kind.value if flow else ""),
            base=trade.base if trade else flow.asset if flow else "",
            quote=trade.quote if trade else "",
            quantity=entry.quantity,
            price=trade.price if trade else None,
            fee=entry.fee,
            fee_asset=entry.fee_asset,
        )

    def _lot(self, lot: Lot) -> LotLine:
        return LotLine(
            number=lot.serial,
            id=self.ids[lot.key],
            at=lot.at,
            asset=lot.asset,
            quantity=lot.quantity,
            cost=lot.cost,
        )

    def _open(self) -> Iterator[OpenLine]:
        for asset, position in sorted(self.book.positions.items()):
            if self._is_told(asset):
                for lot in position.open_lots():
                    yield OpenLine(
                        lot=lot.lot.serial, asset=asset, quantity=lot.quantity, cost=lot.cost
                    )

    def _disposal(self, one: Disposal) -> DisposalLine:
        return DisposalLine(
            id=self.ids[one.key],
            at=one.at,
            asset=one.asset,
            lot=one.lot.serial if one.lot else None,
            acquired_at=one.lot.at if one.lot else None,
            quantity=one.quantity,
            cost=one.cost,
            proceeds=one.proceeds,
            is_fee=one.is_fee,
        )

    def _fee(self, one: FeePosting) -> FeeLine:
        return FeeLine(
            id=self.ids[one.key],
            at=one.at,
            asset=one.asset,
            quantity=one.quantity,
            value=one.value,
            in_basis=one.in_basis,
        )

    def _flow(self, one: FlowPosting) -> FlowLine:
        return FlowLine(
            id=self.ids[one.key],
            at=one.at,
            kind=one.kind.value,
            asset=one.asset,
            quantity=one.quantity,
            value=one.value,
            is_implied=one.is_implied,
        )

    def _rows(self) -> Iterator[AssetValue]:
        rows = self.booked.last.valuations[str(self.account.pk)].assets
        return (row for row in rows if self._is_told(row.asset))

    def _prices(self) -> Iterator[Price]:
        """Yield the price that each holding stands at; one without stands at its cost."""
        found: Callable[[str], Price | None] = self.booked.price_of(self.account)
        for row in self._rows():
            price = found(row.asset) if row.quantity else None
            if price is not None:
                yield price

    def _amounts(self) -> dict[str, Decimal]:
        rows = list(self._rows())
        whole = self.booked.last.valuations[str(self.account.pk)]
        if self.asset is None:
            return {name: getattr(whole, name) for name in NAMES}
        return {name: getattr(rows[0], name) for name in NAMES}
