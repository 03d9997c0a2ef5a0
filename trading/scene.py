"""What the guard looks at: everything about an account and a market at one moment, and its ids.

Nothing is assumed: what the ledgers do not know is None, and the rules deny on None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from ledgers.exchange.models import Balance, Fill
from ledgers.feeds import State, states
from ledgers.models import CollectorRun, Feed
from ledgers.public_ids import public_id
from ledgers.reading import Pair, clock
from trading.core.cases import Case, Limits, Proposed, Scene
from trading.core.entries import Side
from trading.core.exact import total
from trading.core.ordering import State as OrderState
from trading.killing import is_engaged
from trading.live import may_trade
from trading.marks import mark_of
from trading.models import OrderIntent, RiskLimits
from trading.reports import Holding, PnlReport
from trading.reserving import Pending, consumption, pending
from trading.services import pnl_of
from trading.venues.venue import Venue

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A case, and the public ids of the rows that it was made from."""

    case: Case
    ids: tuple[str, ...]


def look_at(intent: OrderIntent, venue: Venue, pair: Pair, now: datetime) -> Look:
    """Gather what the guard needs to know about an order; few queries."""
    order = proposed(intent)
    report = _report(intent, pair, now)
    held = _held(report)
    others = pending(intent.account_id, pair, but=intent)
    mark = mark_of(order.base, order.quote, pair, now)
    free, balance_ids = _free(intent, order.given, held, others, pair)
    own = held.get(order.base)
    scene = Scene(
        is_killed=is_engaged(intent.account_id),
        is_allowed=intent.mode == OrderIntent.Mode.PAPER or may_trade(intent.account_id),
        skew=clock() - now,
        market=venue.market(order.base, order.quote) if _is_cash(intent) else None,
        mark=mark,
        fee=venue.fee,
        free=free,
        held=own.quantity if own else Decimal(0),
        cost=own.cost if own else Decimal(0),
        incoming=total(other.coming for other in others if other.base == order.base),
        open_assets=_open_assets(intent, held.values(), others),
        equity=None if report.missing else report.equity,
        gained_today=_gained_today(intent, report, pair, now),
        since_last=_since_last(intent, now),
        orders_last_minute=_let_through(intent).filter(created_at__gt=now - MINUTE).count(),
        has_unresolved=_like(intent).filter(state__in=_unresolved(intent)).exists(),
    )
    prices = [price.id for price in report.prices]
    ids = tuple(dict.fromkeys([*([mark.id] if mark else []), *balance_ids, *prices]))
    return Look(case=Case(order=order, limits=limits_of(intent.account_id), scene=scene), ids=ids)


def proposed(intent: OrderIntent) -> Proposed:
    """Return the order that is wanted."""
    return Proposed(
        side=Side(intent.side),
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        limit=intent.limit,
    )


def limits_of(account_id: int) -> Limits:
    """Return an account's limits; one that never set any has the defaults, never none."""
    row = RiskLimits.objects.filter(pk=account_id).first() or RiskLimits(account_id=account_id)
    return Limits(**{name: getattr(row, name) for name in Limits.__slots__})


def _report(intent: OrderIntent, pair: Pair, at: datetime) -> PnlReport:
    moment = min(at, pair.as_of)
    return pnl_of(intent.account.user_id, pair=pair, account_id=intent.account_id, at=moment)


def _held(report: PnlReport) -> Mapping[str, Holding]:
    return {holding.asset: holding for holding in report.holdings}


def _gained_today(
    intent: OrderIntent, report: PnlReport, pair: Pair, now: datetime
) -> Decimal | None:
    """Return the profit and loss since midnight, UTC: not the cash flow; None if unknown."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = _report(intent, pair, midnight)
    if report.missing or before.missing:
        return None
    return _gain(report) - _gain(before)


def _gain(report: PnlReport) -> Decimal:
    parts = (report.realized, report.realized_unmatched, report.unrealized, report.income)
    return total(part or Decimal(0) for part in parts) - (report.fees or Decimal(0))


def _free(
    intent: OrderIntent,
    asset: str,
    held: Mapping[str, Holding],
    others: Iterable[Pending],
    pair: Pair,
) -> tuple[Decimal | None, list[str]]:
    """Return what is there of an asset, less what other orders may still take, and from where.

    A real venue's own word counts, if it is fresh; on paper, what the fills add up to.
    """
    taken = total(other.taken for other in others if other.asset == asset)
    if intent.mode == OrderIntent.Mode.PAPER:
        own = held.get(asset)
        return (own.quantity if own else Decimal(0)) - taken, []
    balance = (
        Balance.objects.for_account(intent.account_id)
        .at(pair)
        .filter(asset=asset)
        .order_by("-event_at")
        .first()
    )
    if balance is None or not _is_fresh(balance, pair):
        return None, []
    return balance.quantity - taken - _spent_since(balance, pair), [public_id(balance)]


def _spent_since(balance: Balance, pair: Pair) -> Decimal:
    """Return what executions have taken of an asset since the venue told its balance."""
    fills = Fill.objects.for_account(balance.account_id).at(pair)
    later = fills.filter(event_at__gt=balance.event_at)
    return total(consumption(fill) for fill in later if _given_by(fill) == balance.asset)


def _given_by(fill: Fill) -> str:
    return str(fill.base if Side(fill.side) is Side.SELL else fill.quote)


def _is_fresh(balance: Balance, pair: Pair) -> bool:
    feed = Feed.objects.get(
        name=CollectorRun.objects.values_list("feed_id", flat=True).get(pk=balance.run_id)
    )
    return states([feed], pair)[0].state == State.FRESH


def _open_assets(
    intent: OrderIntent, holdings: Iterable[Holding], others: Iterable[Pending]
) -> frozenset[str]:
    held = {holding.asset for holding in holdings if holding.quantity > 0}
    bought = {other.base for other in others if other.coming}
    return frozenset((held | bought) - {intent.account.base_currency})


def _is_cash(intent: OrderIntent) -> bool:
    """Tell whether the order pays in, or for, the account's own currency; others are not traded."""
    return intent.quote == intent.account.base_currency


def _let_through(intent: OrderIntent) -> QuerySet[OrderIntent]:
    return (
        OrderIntent.objects.filter(account_id=intent.account_id)
        .exclude(pk=intent.pk)
        .exclude(state=OrderState.DENIED)
    )


def _unresolved(intent: OrderIntent) -> Iterable[OrderState]:
    """Return in which states another order like it forbids this one: a real venue that knows no
    client ids could not tell two apart that are on their way at once.
    """
    if intent.mode == OrderIntent.Mode.PAPER:
        return (OrderState.UNKNOWN,)
    return (OrderState.ACCEPTED, OrderState.SENDING, OrderState.UNKNOWN)


def _like(intent: OrderIntent) -> QuerySet[OrderIntent]:
    """Return the account's other orders that a venue without client ids could not tell apart."""
    return _let_through(intent).filter(
        side=intent.side,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        limit=intent.limit,
    )


def _since_last(intent: OrderIntent, now: datetime) -> timedelta | None:
    last = _let_through(intent).filter(base=intent.base).order_by("-created_at").first()
    return now - last.created_at if last else None
