"""What the rows of CoinSpot's private API say, as records.

A buy's `audtotal` is what was paid, with the fee, a sell's what was got, without it; the fee is in
AUD, also in a market of two coins, GST is told apart. See `ledgers.exchange.importing.coinspot`,
whose arithmetic and whose identity of a trade are used here: the same trade in a file and in an
answer is one fill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from ledgers.collecting.collector import each
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import decimal_of, iso_of, price_of, text_of
from ledgers.exchange.importing.cells import (
    asset_of,
    difference,
    not_negative,
    plain,
    positive,
    product,
)
from ledgers.exchange.importing.coinspot import HOME, SIDES, content_of, exact
from ledgers.exchange.importing.drafts import content_key
from ledgers.exchange.models import Order, Transfer
from ledgers.exchange.records import BalanceRecord, FillRecord, OrderRecord, TransferRecord

ENOUGH = Context(prec=20)
"""For a price that is told only by totals; the fee then makes the total come out exactly."""
DONE = ("completed", "complete")
NOT_DONE = ("pending", "processing", "cancelled", "canceled", "failed", "rejected", "expired")
MAX_ID = 100
Kind = Transfer.Kind
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Reads the rows of one answer about one account; `at` is when it was given.

    Trades of equal content are told apart by their number. A row with an id that comes twice is
    one trade all the same.
    """

    account_id: int
    at: datetime
    met: dict[tuple[str, ...], list[str]] = field(default_factory=lambda: defaultdict(list))

    def balances(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read objects of one key each, the coin."""
        yield from each(rows, self._balance)

    def buys(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read completed buys."""
        yield from self._trades("buy", rows)

    def sells(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read completed sells."""
        yield from self._trades("sell", rows)

    def open_buys(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read open orders to buy."""
        yield from each(rows, lambda row: self._open("buy", row))

    def open_sells(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read open orders to sell."""
        yield from each(rows, lambda row: self._open("sell", row))

    def sent(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read coins that went to another wallet; `sendfee` is in the same coin."""
        yield from each(rows, lambda row: self._moved(Kind.WITHDRAWAL, row))

    def received(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read coins that came from another wallet."""
        yield from each(rows, lambda row: self._moved(Kind.DEPOSIT, row))

    def deposits(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read AUD that came in."""
        yield from each(rows, lambda row: self._money(Kind.DEPOSIT, row))

    def withdrawals(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read AUD that went out."""
        yield from each(rows, lambda row: self._money(Kind.WITHDRAWAL, row))

    def payments(self, rows: Sequence[Any]) -> Iterator[Any]:
        """Read what CoinSpot pays for referred people: AUD a month, or a coin at a moment."""
        yield from each(rows, self._payment)

    def _balance(self, row: Row) -> BalanceRecord:
        ((coin, held),) = row.items()
        return BalanceRecord(
            event_at=self.at,
            published_at=self.at,
            account_id=self.account_id,
            asset=asset_of(coin, "coin"),
            quantity=decimal_of(held["balance"], "balance"),
        )

    def _trades(self, side: str, rows: Sequence[Any]) -> Iterator[Any]:
        """Yield the fill of each row and its order."""
        for row, made in zip(rows, each(rows, lambda row: self._fill(side, row)), strict=True):
            yield made
            if isinstance(made, FillRecord):
                yield _order_of(made, row)

    def _fill(self, side: str, row: Row) -> FillRecord:
        base, quote = _market(row)
        at = iso_of(row.get("solddate") or row["created"], "solddate")
        total = not_negative(decimal_of(row["audtotal"], "audtotal"), "audtotal")
        told = _Told(
            sign=SIDES[side],
            quantity=positive(decimal_of(row["amount"], "amount"), "amount"),
            rate=None if row.get("rate") is None else price_of(row["rate"], "rate"),
            total=total,
            fee=_fee(row, is_needed=quote != HOME),
        )
        price, fee = told.in_aud() if quote == HOME else told.in_coin(row.get("total"))
        fill = FillRecord(
            event_at=at,
            published_at=at,
            account_id=self.account_id,
            venue_id="",
            order_id="",
            side=side,
            base=base,
            quote=quote,
            quantity=told.quantity,
            price=price,
            fee=fee,
            fee_asset=quote if fee else "",
            value=None if quote == HOME else total,
        )
        minute = replace(fill, event_at=at.replace(second=0, microsecond=0))
        content = content_of(minute, told.rate or price, total)
        order_id = _id(row)
        venue_id = content_key(content, self._number(content, order_id and f"{order_id} {at}"))
        return replace(fill, venue_id=venue_id, order_id=order_id or venue_id)

    def _open(self, side: str, row: Row) -> OrderRecord:
        base, quote = _market(row)
        at = iso_of(row["created"], "created")
        if not (order_id := _id(row)):
            raise BadValueError("no_id", "An open order has no id, so its end could not be told.")
        return OrderRecord(
            event_at=at,
            published_at=at,
            account_id=self.account_id,
            order_id=order_id,
            side=side,
            kind=Order.Kind.LIMIT,
            base=base,
            quote=quote,
            quantity=positive(decimal_of(row["amount"], "amount"), "amount"),
            price=price_of(row["rate"], "rate"),
            filled=Decimal(0),
            status=Order.Status.OPEN,
        )

    def _moved(self, kind: str, row: Row) -> TransferRecord:
        fee = not_negative(decimal_of(row.get("sendfee") or 0, "sendfee"), "sendfee")
        flow = self._flow(kind, row, row["timestamp"], row["coin"], value=row.get("aud"))
        return replace(flow, fee=fee, fee_asset=flow.asset if fee else "")

    def _money(self, kind: str, row: Row) -> TransferRecord:
        status = text_of(row["status"], "status", limit=MAX_ID).casefold()
        if status not in (*DONE, *NOT_DONE):
            raise BadValueError("unknown_status", f"status is {row['status']!r}.")
        flow = self._flow(kind, row, row["created"], HOME, value=row["amount"])
        return replace(flow, withdrawn=status in NOT_DONE)

    def _payment(self, row: Row) -> TransferRecord:
        if "month" in row:
            month = text_of(row["month"], "month", limit=MAX_ID)[:7]
            start = f"{month}-01T00:00:00Z"
            flow = self._flow(Kind.INCOME, row, start, HOME, value=row["amount"])
            return replace(flow, venue_id=f"affiliate:{month}")
        value = row.get("audamount")
        return self._flow(Kind.INCOME, row, row["timestamp"], row["coin"], value=value)

    def _flow(self, kind: str, row: Row, at: str, coin: str, *, value: Any) -> TransferRecord:
        """Return what came or went, known by its moment, which is told to the millisecond."""
        moment, asset = iso_of(at, "time"), asset_of(coin, "coin")
        quantity = positive(decimal_of(row["amount"], "amount"), "amount")
        return TransferRecord(
            event_at=moment,
            published_at=moment,
            account_id=self.account_id,
            venue_id=content_key((kind, asset, plain(quantity), moment.isoformat()), 0),
            kind=kind,
            asset=asset,
            quantity=quantity,
            fee=Decimal(0),
            fee_asset="",
            value=None if value is None else not_negative(decimal_of(value, "aud"), "aud"),
            match="",
        )

    def _number(self, content: tuple[str, ...], row: str) -> int:
        """Return which of the trades of this content a row is; without an id it is another one."""
        met = self.met[content]
        if not row or row not in met:
            met.append(row)
            return len(met) - 1
        return met.index(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The numbers of a trade: units of the base, what was paid or got in AUD, the fee in AUD."""

    sign: int
    quantity: Decimal
    rate: Decimal | None
    total: Decimal
    fee: Decimal

    @property
    def money(self) -> Decimal:
        """Return what the coins cost or brought in AUD, without the fee."""
        money = difference(self.total, self.fee * self.sign, "audtotal without the fee")
        return positive(money, "audtotal without the fee")

    def in_aud(self) -> tuple[Decimal, Decimal]:
        """Return price and fee in AUD, with which the total comes out exactly."""
        total = positive(self.total, "audtotal")
        rate = self.rate or ENOUGH.divide(self.money, self.quantity)
        return exact(self.sign, self.quantity, rate, total, self.fee)

    def in_coin(self, total: Any) -> tuple[Decimal, Decimal]:
        """Return price and fee in the quote coin: the fee is the same share as it is in AUD."""
        if total is None and self.rate is None:
            raise BadValueError("no_price", "Neither rate nor total tells the price.")
        money = (
            product(self.quantity, self.rate, "amount times rate")
            if self.rate
            else positive(decimal_of(total, "total"), "total")
        )
        share = ENOUGH.divide(self.fee, self.money) if self.fee else Decimal(0)
        fee = ENOUGH.multiply(money, share)
        return self.rate or ENOUGH.divide(money, self.quantity), fee


def _market(row: Row) -> tuple[str, str]:
    base, _, quote = text_of(row["market"], "market", limit=MAX_ID).partition("/")
    pair = asset_of(base, "market"), asset_of(quote or HOME, "market")
    if pair[0] == pair[1]:
        raise BadValueError("same_asset", f"market is {row['market']!r}.")
    return pair


def _fee(row: Row, *, is_needed: bool) -> Decimal:
    """Return the fee in AUD with its tenth of GST; in a market in AUD the totals tell it too."""
    names = ("audfeeExGst", "audGst")
    parts = [decimal_of(row[name] if is_needed else row.get(name) or 0, name) for name in names]
    return not_negative(difference(parts[0], -parts[1], "fee"), "fee")


def _id(row: Row) -> str:
    return text_of(row["id"], "id", limit=MAX_ID) if row.get("id") else ""


def _order_of(fill: FillRecord, row: Row) -> OrderRecord:
    """Return the order that a fill tells of; CoinSpot calls one of its book a market order."""
    is_of_book = row.get("type") == "market"
    return OrderRecord(
        event_at=fill.event_at,
        published_at=fill.published_at,
        account_id=fill.account_id,
        order_id=fill.order_id,
        side=fill.side,
        kind=Order.Kind.LIMIT if is_of_book else Order.Kind.MARKET,
        base=fill.base,
        quote=fill.quote,
        quantity=fill.quantity,
        price=fill.price if is_of_book else None,
        filled=fill.quantity,
        status=Order.Status.FILLED,
    )
