"""Fit what a venue's API tells of an account to what is stored of it; call it in the transaction.

A trade that a file told before stays as the file told it; its near match is rejected, as a file's
would be. An order is what its list and its fills tell together: one that is in no open list any
more and was not filled was cancelled. An asset that the venue lists no more is held no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from ledgers.collecting.collector import MAX_ITEM, Reject
from ledgers.collecting.errors import BadValueError
from ledgers.exchange.importing.drafts import Entry
from ledgers.exchange.importing.matching import DAY, Stored, refuse_near, stored_of
from ledgers.exchange.models import Account, Balance, Fill, Order
from ledgers.exchange.records import BalanceRecord, FillRecord, OrderRecord

HOME = "AUD"
Status = Order.Status


def settle_entries(
    account_id: int, feed: str, entries: Sequence[Entry]
) -> Iterator[Entry | Reject]:
    """Yield each fill or transfer as it is to be stored, or why it is not.

    What another feed stored comes out as that feed told it, so that nothing changes. `value` is
    in AUD, so an account in another currency has none.
    """
    account = lock(account_id)
    times = [entry.event_at for entry in entries]
    stored = stored_of(account_id, since=min(times) - DAY, until=max(times) + DAY)
    ids = {entry.venue_id for entry in entries}
    for entry in entries:
        known = stored.by_id.get(entry.venue_id)
        if known and stored.feeds[entry.venue_id] != feed:
            yield known
            continue
        try:
            if known is None:
                refuse_near(entry, _suspects(entry, stored, feed), ids)
            yield entry if account.base_currency == HOME else replace(entry, value=None)
        except BadValueError as error:
            yield Reject(reason=error.reason, detail=error.detail, item=str(entry)[:MAX_ITEM])


def settle_orders(
    account_id: int, orders: Sequence[OrderRecord], fills: Sequence[FillRecord], kept: set[str]
) -> Iterator[OrderRecord]:
    """Yield each order of which the venue tells `fills`, one record an order.

    A trade whose order nobody knows and whose fill is not `kept` was imported, with an order.
    """
    by_id = attrgetter("order_id")
    told = _told(account_id, {order.order_id for order in orders})
    filled = _filled(account_id, fills, {order.order_id for order in orders})
    for order_id, same in groupby(sorted(orders, key=by_id), key=by_id):
        before, total = told.get(order_id), filled[order_id]
        if before is not None:
            yield _with_filled(before, total)
        elif order_id in kept:
            yield replace(next(same), quantity=total, filled=total)


def settle_open(account_id: int, orders: Sequence[OrderRecord]) -> Iterator[OrderRecord]:
    """Yield the orders of an open list with what was filled of them.

    Nobody says whether the list tells an order's whole amount or the rest: the larger one counts.
    """
    lock(account_id)
    listed = {order.order_id for order in orders}
    told, filled = _told(account_id, listed), _filled(account_id, (), listed)
    for order in orders:
        before, part = told.get(order.order_id), filled[order.order_id]
        if part and before:
            most = max(order.quantity, before.quantity)
            yield replace(order, quantity=most, filled=part, status=Status.PARTIAL)
        else:
            yield order


def settle_vanished(
    account_id: int, listed: Collection[str], observed_at: datetime
) -> Iterator[OrderRecord]:
    """Yield as cancelled what was open before `observed_at` and is in neither open list."""
    rows = Order.objects.for_account(account_id).filter(observed_at__lte=observed_at)
    was_open = rows.filter(status__in=(Status.OPEN, Status.PARTIAL)).exclude(order_id__in=listed)
    ids = set(was_open.values_list("order_id", flat=True))
    for order in _told(account_id, ids).values():
        if order.status in (Status.OPEN, Status.PARTIAL):
            yield replace(order, status=Status.CANCELLED)


def settle_balances(
    account_id: int, balances: Sequence[BalanceRecord], observed_at: datetime
) -> Iterator[BalanceRecord]:
    """Yield the balances, and zero for each asset that was there at the last look and is gone."""
    yield from balances
    rows = Balance.objects.for_account(account_id).filter(event_at__lt=observed_at)
    last = rows.order_by("-event_at").values_list("event_at", flat=True)[:1]
    gone = rows.filter(event_at__in=list(last)).exclude(quantity=0)
    for asset in sorted({row.asset for row in gone} - {each.asset for each in balances}):
        yield BalanceRecord(
            event_at=observed_at,
            published_at=observed_at,
            account_id=account_id,
            asset=asset,
            quantity=Decimal(0),
        )


def lock(account_id: int) -> Account:
    """Lock the account, so that an import at the same time does not store the same trade."""
    return Account.objects.select_for_update().get(pk=account_id)


def _suspects(entry: Entry, stored: Stored, feed: str) -> Iterator[Entry]:
    """Yield near matches; of this feed's own, which the venue told apart, only the same order's."""
    for other in stored.near(entry, feed):
        is_same_order = (
            isinstance(entry, FillRecord)
            and isinstance(other, FillRecord)
            and entry.order_id == other.order_id
        )
        if is_same_order or stored.feeds[other.venue_id] != feed:
            yield other


def _told(account_id: int, ids: Collection[str]) -> dict[str, OrderRecord]:
    """Return the newest state of the orders."""
    names = [each.name for each in fields(OrderRecord)]
    rows = Order.objects.for_account(account_id).filter(order_id__in=ids).order_by("revision")
    made = (OrderRecord(**dict(zip(names, row, strict=True))) for row in rows.values_list(*names))
    return {order.order_id: order for order in made}


def _filled(
    account_id: int, fills: Sequence[FillRecord], ids: Collection[str]
) -> dict[str, Decimal]:
    """Return how much of each order was filled, by what is stored and by these fills."""
    rows = Fill.objects.for_account(account_id).filter(order_id__in=ids).order_by("revision")
    parts = {
        venue_id: (order_id, Decimal(0) if withdrawn else quantity)
        for venue_id, order_id, quantity, withdrawn in rows.values_list(
            "venue_id", "order_id", "quantity", "withdrawn"
        )
    }
    parts |= {fill.venue_id: (fill.order_id, fill.quantity) for fill in fills}
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for order_id, quantity in parts.values():
        filled[order_id] += quantity
    return filled


def _with_filled(order: OrderRecord, total: Decimal) -> OrderRecord:
    """Return an order of which so much was filled by now."""
    if total >= order.quantity or order.status == Status.FILLED:
        return replace(order, quantity=total, filled=total, status=Status.FILLED)
    status = order.status if order.status == Status.CANCELLED else Status.PARTIAL
    return replace(order, filled=total, status=status)
