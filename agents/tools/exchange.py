"""Reading the Exchange ledger: only ever for the user that the server names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from django.db.models import Case, Count, Exists, OuterRef, Q, Sum, Value, When
from django.db.models.expressions import Window as Over
from django.db.models.functions import RowNumber
from pydantic import Field, StringConstraints

from agents.results import OrderData, OrderRow, Paid, Window
from agents.retrieval import observe
from agents.tools.registry import Context, Injected, tool
from ledgers.exchange.models import Fill, Order
from ledgers.models import Ledger
from ledgers.public_ids import public_id

STATUSES = {"open": ("open", "partial"), "filled": ("filled",), "cancelled": ("cancelled",),
            "rejected": ("rejected",)}  # fmt: skip
CITED = 20
"""So many of the newest fills are named as the sources of a sum of fees."""
HAS_FEE = Case(When(fee=0, then=Value(0)), default=Value(1))
OrderedSymbol = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z0-9]{1,30})$")]


@tool
def get_order_history(  # the model sees four of the six
    user_id: Annotated[int, Injected()],
    symbol: OrderedSymbol = "*",
    side: Literal["any", "buy", "sell"] = "any",
    status: Literal["any", "open", "filled", "cancelled", "rejected"] = "any",
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
    *,
    context: Annotated[Context, Injected()],
) -> OrderData:
    """The orders and fills of the user who asks, newest first.

    `symbol` is the base asset in upper case, or * for all. `side` is any, buy or sell. `status`
    is any, open (also partly filled), filled, cancelled or rejected. Fills of an import that has
    no orders count as filled. `count` is of all there are, also beyond `limit`. `fees` is what
    all fills of the window cost, by the asset in which it was paid. Without a window it is
    everything recorded.
    """
    pair, window = context.pair, context.window
    asked: dict[str, Any] = {} if symbol == "*" else {"base": symbol}
    asked |= {} if side == "any" else {"side": side}
    asked |= {"event_at__gte": window.start, "event_at__lt": window.end} if window else {}
    orders = Order.objects.at(pair).for_user(user_id).filter(**asked)
    fills = Fill.objects.at(pair).for_user(user_id).filter(**asked)
    if status != "any":
        orders = orders.filter(status__in=STATUSES[status])
    newest = list(_newest(orders, limit))
    rows, count = [_order(order) for order in newest], _all_of(newest)
    charged: list[Fill] = []
    if status in {"any", "filled"}:
        own = orders.filter(account=OuterRef("account"), order_id=OuterRef("order_id"))
        told = list(_told(fills.annotate(is_lone=~Exists(own)), limit))
        lone = [fill for fill in told if fill.is_lone and fill.place <= limit]
        charged = [fill for fill in told if fill.fee and fill.fee_place <= CITED]
        rows, count = rows + [_fill(fill) for fill in lone], count + _all_of(lone)
    rows.sort(key=lambda row: (row.at, row.id), reverse=True)
    looked = window or Window(start=min([pair.as_of, *(row.at for row in rows)]), end=pair.as_of)
    look = observe(Ledger.EXCHANGE, lambda _: True, looked, pair, user_id=user_id)
    return OrderData(
        symbol=symbol,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=look.state(found=bool(rows), current=False),
        gaps=look.gaps,
        quality=look.quality,
        count=count,
        rows=tuple(rows[:limit]),
        fees=tuple(_paid(charged)),
        fills=tuple(_fill(fill) for fill in charged),
    )


def _newest(rows: Any, limit: int) -> Any:
    """Select the newest rows; each knows how many there are beyond the limit too."""
    counted = rows.select_related("account").annotate(all=Over(Count("*")))
    return counted.order_by("-event_at", "-id")[:limit]


def _told(fills: Any, limit: int) -> Any:
    """Select the newest fills without an order, and the newest with a fee in each asset.

    Each knows how many of its kind there are, and what was paid in its asset altogether.
    """
    newest = ("-event_at", "-id")
    kinds: dict[str, Any] = {"partition_by": "is_lone"}
    assets: dict[str, Any] = {"partition_by": ["fee_asset", HAS_FEE]}
    known = fills.select_related("account").annotate(
        all=Over(Count("*"), **kinds),
        place=Over(RowNumber(), order_by=newest, **kinds),
        fee_total=Over(Sum("fee"), **assets),
        fee_count=Over(Count("*"), **assets),
        fee_place=Over(RowNumber(), order_by=newest, **assets),
    )
    return known.filter(
        Q(is_lone=True, place__lte=limit) | (~Q(fee=0) & Q(fee_place__lte=CITED))
    ).order_by(*newest)


def _paid(charged: Any) -> Iterator[Paid]:
    """Yield what was paid in each asset, the asset of the newest fill first."""
    assets: dict[str, list[Any]] = {}
    for fill in charged:
        assets.setdefault(fill.fee_asset, []).append(fill)
    for asset, fills in assets.items():
        yield Paid(
            asset=asset,
            total=fills[0].fee_total,
            count=fills[0].fee_count,
            entries=tuple(public_id(fill) for fill in fills),
        )


def _all_of(newest: list[Any]) -> int:
    return newest[0].all if newest else 0


def _order(order: Order) -> OrderRow:
    return OrderRow(
        **_shared(order),
        kind="order",
        price=order.price,
        filled=order.filled,
        status=order.status,
        fee=None,
        fee_asset="",
    )


def _fill(fill: Fill) -> OrderRow:
    return OrderRow(
        **_shared(fill),
        kind="fill",
        price=fill.price,
        filled=fill.quantity,
        status="filled",
        fee=fill.fee,
        fee_asset=fill.fee_asset,
    )


def _shared(row: Order | Fill) -> dict[str, Any]:
    return {
        "id": public_id(row),
        "at": row.event_at,
        "known_at": row.known_at,
        "source": row.account.venue,
        "account": row.account.name,
        "side": row.side,
        "base": row.base,
        "quote": row.quote,
        "quantity": row.quantity,
    }
