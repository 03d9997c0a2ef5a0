"""What an account's orders have set aside, and what they may still bring.

An execution frees what it took only once the reader sees its fill: what is held comes from the
fills that a pair sees, and a pair may be behind. Else the same money could be spent twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from ledgers.exchange.models import Fill, Side
from ledgers.reading import Pair, clock
from trading.core.exact import ZERO, total
from trading.core.ordering import RESERVING
from trading.models import OrderIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An order that may still take `taken` of `asset`, and bring `coming` units of `base`."""

    base: str
    asset: str
    taken: Decimal
    coming: Decimal


def consumption(fill: Fill) -> Decimal:
    """Return how much of the given asset an execution took."""
    quantity: Decimal = fill.quantity
    if fill.side == Side.SELL:
        return quantity
    worth: Decimal = quantity * fill.price
    return worth + fill.fee if fill.fee_asset == fill.quote else worth


def executions(account_id: int, venue_order_id: str) -> list[Fill]:
    """Return every stored execution of an order, also one that a pair cannot see yet."""
    now = clock()
    stored = Fill.objects.for_account(account_id).at(Pair(as_of=now, horizon=now))
    return list(stored.filter(order_id=venue_order_id))


def pending(account_id: int, pair: Pair, *, but: OrderIntent) -> list[Pending]:
    """Return what the account's other orders may still do, as the pair sees it; two queries."""
    unsettled = Q(state__in=RESERVING) | Q(changed_at__gte=pair.horizon)
    intents = OrderIntent.objects.filter(unsettled, account_id=account_id).exclude(pk=but.pk)
    seen = _seen(account_id, list(intents), pair)
    return [_pending(intent, seen[intent.venue_order_id]) for intent in intents]


def _seen(account_id: int, intents: Sequence[OrderIntent], pair: Pair) -> dict[str, list[Fill]]:
    """Return the executions that the pair sees, by the venue's order id."""
    ids = [intent.venue_order_id for intent in intents if intent.venue_order_id]
    found: dict[str, list[Fill]] = defaultdict(list)
    if ids:
        fills = Fill.objects.for_account(account_id).at(pair).filter(order_id__in=ids)
        for fill in fills:
            found[fill.order_id].append(fill)
    return found


def _pending(intent: OrderIntent, fills: Sequence[Fill]) -> Pending:
    is_alive = intent.state in RESERVING
    takes = intent.reserved if is_alive else intent.consumed
    brings = intent.quantity if is_alive else intent.filled
    coming = brings - total(fill.quantity for fill in fills)
    return Pending(
        base=intent.base,
        asset=intent.reserved_asset,
        taken=max(takes - total(map(consumption, fills)), ZERO),
        coming=max(coming, ZERO) if intent.side == Side.BUY else ZERO,
    )
