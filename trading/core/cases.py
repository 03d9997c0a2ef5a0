"""What a guard looks at: an order, the limits of its account, and the scene of the moment.

Money is in the account's currency, quantities in base units, shares as fractions of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from trading.core.entries import Side


class Code(StrEnum):
    """Why an order is denied; the whole list."""

    KILL_SWITCH = "kill_switch"
    LIVE_OFF = "live_off"
    CLOCK = "clock"
    UNKNOWN_MARKET = "unknown_market"
    MARKET_ORDER = "market_order"
    UNIT = "unit"
    TICK = "tick"
    MINIMUM = "minimum"
    NO_MARK = "no_mark"
    STALE_MARK = "stale_mark"
    COLLAR = "collar"
    UNKNOWN_BALANCE = "unknown_balance"
    BALANCE = "balance"
    UNKNOWN_EQUITY = "unknown_equity"
    MAX_ORDER = "max_order"
    MAX_POSITION = "max_position"
    MAX_OPEN_POSITIONS = "max_open_positions"
    DAILY_LOSS = "daily_loss"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    COOLDOWN = "cooldown"
    RATE = "rate"
    UNRESOLVED = "unresolved"
    GUARD_FAILED = "guard_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An order that somebody wants; `limit` in quote for one base, None for a market order."""

    side: Side
    base: str
    quote: str
    quantity: Decimal
    limit: Decimal | None

    @property
    def given(self) -> str:
        """Return the asset that it pays with."""
        return self.quote if self.side is Side.BUY else self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What a venue trades: quantities in steps of `unit`, prices in steps of `tick`."""

    unit: Decimal
    tick: Decimal
    minimum: Decimal
    """The smallest worth of an order, in quote."""
    takes_market_orders: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The newest quote that the ledger has; `state` is why it is not fresh, empty if it is."""

    id: str
    bid: Decimal
    ask: Decimal
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far an account may go. Only the two exits may be left open."""

    max_order: Decimal
    max_position: Decimal
    max_open_positions: int
    max_daily_loss: Decimal
    collar: Decimal
    cooldown: timedelta
    orders_a_minute: int
    stop_loss: Decimal | None
    take_profit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that a decision looks at; None is what could not be found out.

    `free` is what the account holds of the given asset, less what other orders have reserved;
    `held` and `cost` are of the base; `open_assets` are what is held or being bought; `incoming`
    is what open orders still buy of the base, at the mark.
    """

    is_killed: bool | None
    is_allowed: bool
    skew: timedelta | None
    market: Market | None
    mark: Mark | None
    fee: Decimal
    free: Decimal | None
    held: Decimal | None
    cost: Decimal | None
    incoming: Decimal | None
    open_assets: frozenset[str] | None
    equity: Decimal | None
    gained_today: Decimal | None
    since_last: timedelta | None
    orders_last_minute: int | None
    has_unresolved: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Why not, as a code and as a sentence."""

    code: Code
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An order, how far its account may go, and what is known at this moment."""

    order: Proposed
    limits: Limits
    scene: Scene
