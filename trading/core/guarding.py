"""What an order may not do: one function a rule, a case in, a denial or nothing out.

Pure: no Django, no clock, no network. A rule that needs something nobody knows denies: unknown is
never zero and never "fine". An order that only reduces what is held is let out of a position
whatever the price feed, the loss of the day or the pause between orders say, but never past the
kill switch, the balance or the units of the market.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, localcontext

from trading.core.cases import Case, Code, Denial
from trading.core.entries import Side
from trading.core.exact import CONTEXT, ZERO

Rule = Callable[[Case], Denial | None]
MAX_SKEW = timedelta(seconds=5)


def judge(case: Case) -> Denial | None:
    """Return the first denial, or None if every rule lets the order pass."""
    with localcontext(CONTEXT):
        return next((no for rule in RULES if (no := rule(case))), None)


def reduces(case: Case) -> bool:
    """Tell whether the order does nothing but sell what is held."""
    return (
        case.order.side is Side.SELL
        and case.scene.held is not None
        and case.order.quantity <= case.scene.held
    )


def price_of(case: Case) -> Decimal | None:
    """Return the worst price it can get: its limit, else what the market asks or bids now."""
    if case.order.limit is not None:
        return case.order.limit
    if case.scene.mark is None:
        return None
    return case.scene.mark.ask if case.order.side is Side.BUY else case.scene.mark.bid


def needed(case: Case) -> Decimal | None:
    """Return how much of the given asset must be free, and is reserved; the fee included.

    A market purchase may cost more than it looks by as much as the collar gives.
    """
    if case.order.side is Side.SELL:
        return case.order.quantity
    price = price_of(case)
    if price is None:
        return None
    room = case.limits.collar if case.order.limit is None else ZERO
    return case.order.quantity * price * (1 + case.scene.fee) * (1 + room)


def kill_switch(case: Case) -> Denial | None:
    """Deny while the kill switch is engaged, or nobody can tell."""
    if case.scene.is_killed is None:
        return Denial(code=Code.KILL_SWITCH, reason="The kill switch cannot be read.")
    if case.scene.is_killed:
        return Denial(code=Code.KILL_SWITCH, reason="The kill switch is engaged. Release it first.")
    return None


def allowed(case: Case) -> Denial | None:
    """Deny an order that reaches a real venue unless everything says that it may."""
    if case.scene.is_allowed:
        return None
    reason = (
        "Live trading needs OMC_LIVE_TRADING, a stored key, and the account's confirmed switch."
    )
    return Denial(code=Code.LIVE_OFF, reason=reason)


def clock(case: Case) -> Denial | None:
    """Deny when our clock and the database's differ: ages of prices would mean nothing."""
    if case.scene.skew is not None and abs(case.scene.skew) <= MAX_SKEW:
        return None
    found = "unknown" if case.scene.skew is None else f"{case.scene.skew.total_seconds():.0f} s"
    return Denial(code=Code.CLOCK, reason=f"Our clock is off the database's by {found}.")


def unresolved(case: Case) -> Denial | None:
    """Deny a second order like one whose outcome the venue has not proven yet."""
    if case.scene.has_unresolved is False:
        return None
    reason = "An order like this one has no known outcome yet. Reconcile it first."
    return Denial(code=Code.UNRESOLVED, reason=reason)


def units(case: Case) -> Denial | None:
    """Deny what the venue would not take: another market, kind, unit, tick or too small a worth."""
    market = case.scene.market
    if market is None:
        reason = f"The venue has no market {case.order.base}/{case.order.quote}."
        return Denial(code=Code.UNKNOWN_MARKET, reason=reason)
    if case.order.limit is None and not market.takes_market_orders:
        reason = "The venue gets limit orders only. Give the order a limit."
        return Denial(code=Code.MARKET_ORDER, reason=reason)
    if case.order.quantity <= ZERO or case.order.quantity % market.unit:
        reason = (
            f"{case.order.quantity} {case.order.base} is not a positive multiple of {market.unit}."
        )
        return Denial(code=Code.UNIT, reason=reason)
    if case.order.limit is not None and (
        case.order.limit <= ZERO or case.order.limit % market.tick
    ):
        reason = (
            f"{case.order.limit} {case.order.quote} is not a positive multiple of {market.tick}."
        )
        return Denial(code=Code.TICK, reason=reason)
    price = price_of(case)
    if price is not None and case.order.quantity * price < market.minimum:
        reason = f"The order is worth less than {market.minimum} {case.order.quote}."
        return Denial(code=Code.MINIMUM, reason=reason)
    return None


def mark(case: Case) -> Denial | None:
    """Deny without a fresh price; an order that only reduces may go."""
    if reduces(case):
        return None
    if case.scene.mark is None:
        return Denial(
            code=Code.NO_MARK, reason=f"No price of {case.order.base} in {case.order.quote}."
        )
    if case.scene.mark.doubt:
        return Denial(code=Code.STALE_MARK, reason=case.scene.mark.doubt)
    return None


def collar(case: Case) -> Denial | None:
    """Deny a limit that is worse than the market by more than the collar."""
    if case.order.limit is None or case.scene.mark is None or case.scene.mark.doubt:
        return None  # `mark` has spoken
    if case.order.side is Side.BUY:
        bound = case.scene.mark.ask * (1 + case.limits.collar)
        is_out = case.order.limit > bound
    else:
        bound = case.scene.mark.bid * (1 - case.limits.collar)
        is_out = case.order.limit < bound
    reason = f"{case.order.limit} is beyond {bound:f}, the market and the account's collar."
    return Denial(code=Code.COLLAR, reason=reason) if is_out else None


def balance(case: Case) -> Denial | None:
    """Deny what the account cannot pay, or when nobody knows what it holds."""
    need = needed(case)
    if case.scene.free is None or need is None:
        reason = f"Nobody knows how much {case.order.given} is free, or how much it takes."
        return Denial(code=Code.UNKNOWN_BALANCE, reason=reason)
    if need > case.scene.free:
        reason = f"It takes {need:f} {case.order.given}; {case.scene.free:f} is free."
        return Denial(code=Code.BALANCE, reason=reason)
    return None


def size(case: Case) -> Denial | None:
    """Deny an order above the greatest worth, valued at the worse of its limit and the market."""
    prices = [
        case.order.limit,
        case.scene.mark
        and (case.scene.mark.ask, case.scene.mark.bid)[case.order.side is Side.SELL],
    ]
    worth = case.order.quantity * max((price for price in prices if price), default=ZERO)
    if worth > case.limits.max_order:
        reason = f"It is worth {worth:f}; the account's greatest order is {case.limits.max_order}."
        return Denial(code=Code.MAX_ORDER, reason=reason)
    return None


def equity(case: Case) -> Denial | None:
    """Deny new exposure while nobody knows what the account is worth."""
    if reduces(case) or (case.scene.equity is not None and case.scene.equity > ZERO):
        return None
    reason = "The account's equity is unknown or nothing. Import what it holds, or deposit first."
    return Denial(code=Code.UNKNOWN_EQUITY, reason=reason)


def exposure(case: Case) -> Denial | None:
    """Deny a purchase that would hold too much of an asset, open orders included."""
    if case.order.side is Side.SELL:
        return None
    price = price_of(case)
    if (
        case.scene.held is None
        or case.scene.incoming is None
        or case.scene.mark is None
        or price is None
    ):
        reason = f"Nobody knows how much {case.order.base} is held or on its way."
        return Denial(code=Code.MAX_POSITION, reason=reason)
    worth = (
        case.scene.held + case.scene.incoming
    ) * case.scene.mark.bid + case.order.quantity * price
    if worth > case.limits.max_position:
        reason = f"{case.order.base} would be worth {worth:f}; at most {case.limits.max_position}."
        return Denial(code=Code.MAX_POSITION, reason=reason)
    return None


def breadth(case: Case) -> Denial | None:
    """Deny a purchase of one more asset than the account may hold."""
    if case.order.side is Side.SELL:
        return None
    if case.scene.open_assets is None:
        reason = "Nobody knows which assets are held."
        return Denial(code=Code.MAX_OPEN_POSITIONS, reason=reason)
    if len(case.scene.open_assets | {case.order.base}) > case.limits.max_open_positions:
        most = case.limits.max_open_positions
        reason = f"{len(case.scene.open_assets)} assets are open; at most {most}."
        return Denial(code=Code.MAX_OPEN_POSITIONS, reason=reason)
    return None


def daily_loss(case: Case) -> Denial | None:
    """Deny new exposure once the day's profit and loss, not its cash flow, is too bad."""
    if reduces(case):
        return None
    if case.scene.gained_today is None:
        return Denial(code=Code.DAILY_LOSS, reason="Nobody knows what was lost today.")
    if case.scene.gained_today <= -case.limits.max_daily_loss:
        lost, most = -case.scene.gained_today, case.limits.max_daily_loss
        reason = f"{lost:f} was lost today; the limit is {most}."
        return Denial(code=Code.DAILY_LOSS, reason=reason)
    return None


def exits(case: Case) -> Denial | None:
    """Deny adding to a position that is past its stop loss or its take profit."""
    if (
        case.order.side is Side.SELL
        or not case.scene.held
        or case.scene.mark is None
        or not case.scene.cost
    ):
        return None
    worth, cost = case.scene.held * case.scene.mark.bid, case.scene.cost
    stop, take = case.limits.stop_loss, case.limits.take_profit
    found = f"{case.order.base} cost {cost:f} and is worth {worth:f}"
    if stop is not None and worth <= cost * (1 - stop):
        return Denial(code=Code.STOP_LOSS, reason=f"{found}; its stop is a loss of {stop:%}.")
    if take is not None and worth >= cost * (1 + take):
        return Denial(code=Code.TAKE_PROFIT, reason=f"{found}; profit is taken at {take:%}.")
    return None


def pace(case: Case) -> Denial | None:
    """Deny orders that follow one another too fast."""
    if (
        case.scene.orders_last_minute is None
        or case.scene.orders_last_minute >= case.limits.orders_a_minute
    ):
        reason = f"The account may send {case.limits.orders_a_minute} orders a minute."
        return Denial(code=Code.RATE, reason=reason)
    if (
        reduces(case)
        or case.scene.since_last is None
        or case.scene.since_last >= case.limits.cooldown
    ):
        return None
    wait = (case.limits.cooldown - case.scene.since_last).total_seconds()
    reason = f"The last order in {case.order.base} is too near. Try again in {wait:.0f} s."
    return Denial(code=Code.COOLDOWN, reason=reason)


RULES: tuple[Rule, ...] = (
    kill_switch,
    allowed,
    clock,
    unresolved,
    units,
    mark,
    collar,
    balance,
    size,
    equity,
    exposure,
    breadth,
    daily_loss,
    exits,
    pace,
)
