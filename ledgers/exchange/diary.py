"""Write down what a venue would tell about one example account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgers.exchange.models import Order, Transfer
from ledgers.exchange.records import FillRecord, OrderRecord, TransferRecord

ARRIVALS = (Transfer.Kind.DEPOSIT, Transfer.Kind.INCOME, Transfer.Kind.TRANSFER_IN)
CURRENCY = "AUD"
SLIP = Decimal("0.004")
STEP = timedelta(minutes=20)
FEE = Decimal("0.001")
Status = Order.Status


@dataclass(slots=True, kw_only=True)
class Diary:
    """The story of one account; `moves` are signed amounts of assets, `held` their sums so far.

    `price` tells what one unit was worth in AUD.
    """

    account_id: int
    price: Callable[[str, datetime], Decimal]
    looks: list[list[OrderRecord]] = field(default_factory=lambda: [[], [], []])
    fills: list[FillRecord] = field(default_factory=list)
    flows: list[TransferRecord] = field(default_factory=list)
    moves: list[tuple[datetime, str, Decimal]] = field(default_factory=list)
    held: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def batches(self) -> list[list[Any]]:
        """Return what was observed, look by look: an order's later states are revisions."""
        return [[*self.looks[0], *self.flows], [*self.looks[1], *self.fills], self.looks[2]]

    def units(self, asset: str, money: Decimal, at: datetime) -> Decimal:
        """Return how much of an asset so many AUD buy."""
        return (money / self.price(asset, at)).quantize(Decimal("0.000001"))

    def flow(
        self,
        kind: str,
        asset: str,
        quantity: Decimal,
        at: datetime,
        *,
        match: str = "",
        fee: str = "0",
    ) -> None:
        """Note that something came or went without a trade."""
        self.flows.append(
            TransferRecord(
                event_at=at,
                published_at=at,
                account_id=self.account_id,
                venue_id=f"seed-t{len(self.flows) + 1:04}",
                kind=kind,
                asset=asset,
                quantity=quantity,
                fee=Decimal(fee),
                fee_asset=asset if Decimal(fee) else "",
                value=quantity if asset == CURRENCY else None,
                match=match,
            )
        )
        self._move(at, asset, quantity if kind in ARRIVALS else -quantity)
        self._move(at, asset, -Decimal(fee))

    def order(  # noqa: PLR0913  # an order has so many parts
        self,
        side: str,
        base: str,
        quantity: Decimal,
        at: datetime,
        *,
        quote: str = CURRENCY,
        fee: Decimal = FEE,
        ends: Status = Status.FILLED,
        fills: Sequence[str] = ("1",),
    ) -> None:
        """Note an order, the shares of it that were filled one after the other, and its end."""
        is_limit = fills != ("1",)
        price = self._price(side, base, quote, at)
        first = OrderRecord(
            event_at=at,
            published_at=at,
            account_id=self.account_id,
            order_id=f"seed-o{len(self.looks[0]) + 1:04}",
            side=side,
            kind=Order.Kind.LIMIT if is_limit else Order.Kind.MARKET,
            base=base,
            quote=quote,
            quantity=quantity,
            price=price if is_limit else None,
            filled=Decimal(0),
            status=Status.REJECTED if ends == Status.REJECTED else Status.OPEN,
        )
        self.looks[0].append(first)
        filled = Decimal(0)
        for number, share in enumerate(map(Decimal, fills), start=1):
            filled += self._fill(first, quantity * share, price, fee, number)
            status = Status.FILLED if filled == quantity else Status.PARTIAL
            self._again(first, number, filled=filled, status=status)
        if ends == Status.CANCELLED:
            self._again(first, len(fills) + 1, filled=filled, status=ends)

    def _again(self, first: OrderRecord, look: int, **changed: Any) -> None:
        """Note a later state of an order, each look after the other."""
        at = first.event_at + look * STEP
        self.looks[min(look, 2)].append(replace(first, published_at=at, **changed))

    def _fill(
        self, order: OrderRecord, quantity: Decimal, price: Decimal, fee: Decimal, number: int
    ) -> Decimal:
        at = order.event_at + number * STEP
        money = quantity * price
        paid = money * fee
        self.fills.append(
            FillRecord(
                event_at=at,
                published_at=at,
                account_id=self.account_id,
                venue_id=f"{order.order_id}-{number}",
                order_id=order.order_id,
                side=order.side,
                base=order.base,
                quote=order.quote,
                quantity=quantity,
                price=price,
                fee=paid,
                fee_asset=order.quote,
            )
        )
        sign = 1 if order.side == "buy" else -1
        self._move(at, order.base, sign * quantity)
        self._move(at, order.quote, -sign * money)
        self._move(at, order.quote, -paid)
        return quantity

    def _price(self, side: str, base: str, quote: str, at: datetime) -> Decimal:
        """Return what a buyer pays or a seller gets, in quote for one base."""
        price = self.price(base, at)
        if quote != CURRENCY:
            price = (price / self.price(quote, at)).quantize(Decimal("0.00000001"))
        return price * (1 + SLIP if side == "buy" else 1 - SLIP)

    def _move(self, at: datetime, asset: str, quantity: Decimal) -> None:
        if quantity:
            self.moves.append((at, asset, quantity))
            self.held[asset] += quantity
