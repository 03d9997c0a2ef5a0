"""What a tool returns: rows that can be cited, and what is known about what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value that survives JSON without losing a digit: decimals travel as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class State(StrEnum):
    """What a tool's answer is worth: rows, none where we looked, nobody looked, or old rows."""

    VALUE = "value"
    NONE_IN_COVERED_WINDOW = "none_in_covered_window"
    NOT_OBSERVED = "not_observed"
    STALE = "stale"


class Window(Value):
    """A half-open stretch of event time, UTC."""

    start: AwareDatetime
    end: AwareDatetime


class Gap(Value):
    """A part of the asked window in which a feed was not looked at."""

    feed: str
    start: datetime | None
    end: datetime | None


class FeedQuality(Value):
    """The state of one feed: fresh, late, stale or unknown."""

    feed: str
    state: str
    covered_until: datetime | None


class Quality(Value):
    """The worst state of the feeds behind an answer, why, and each of them."""

    state: str
    reason: str
    since: datetime | None
    feeds: tuple[FeedQuality, ...]


class Row(Value):
    """One stored fact; `at` is when it was true, `known_at` when we stored it."""

    id: str
    at: datetime
    known_at: datetime
    source: str

    @property
    def home(self) -> str:
        """Return the ledger that the row is of."""
        return self.id.partition(".")[0]


class PriceRow(Row):
    """One price of a window or the newest; `field` names the stored column it comes from.

    `role` is latest, first, last, high, low, or close (the last of a UTC day).
    """

    role: str
    symbol: str
    currency: str
    price: Decimal
    field: str
    bid: Decimal | None = None
    ask: Decimal | None = None


class SentimentRow(Row):
    """One article, post or mood; `score` from -1 to 1 (a mood: 0 to 100), None when unscored."""

    kind: str
    outlet: str
    title: str
    score: Decimal | None
    url: str


class EventRow(Row):
    """One filing, listing, announcement or decision."""

    kind: str
    title: str
    company: str
    tickers: tuple[str, ...]
    assets: tuple[str, ...]
    form: str
    impact: str
    url: str


class OrderRow(Row):
    """One order or one fill of the user's own accounts; quantities in units of `base`."""

    kind: str
    account: str
    side: str
    base: str
    quote: str
    quantity: Decimal
    price: Decimal | None
    filled: Decimal | None
    status: str
    fee: Decimal | None
    fee_asset: str


class Result(Value):
    """What every tool says: for which pair and window, in which state, with which gaps.

    `count` counts all rows of the window; `rows` may hold only the newest of them.
    """

    symbol: str
    window: Window | None
    as_of: datetime
    horizon: datetime
    state: State
    gaps: tuple[Gap, ...]
    quality: Quality
    count: int

    @property
    def cited(self) -> Sequence[Row]:
        """Return every row that a claim may stand on."""
        rows: Sequence[Row] = getattr(self, "rows", ())
        return rows


class PriceData(Result):
    """Prices of one asset: the newest row, or the telling rows of a window, from one source."""

    currency: str
    source: str
    timeframe: str
    mean: Decimal | None
    rows: tuple[PriceRow, ...]


class SentimentData(Result):
    """What was written about an asset; `mean` is over the `scored` items of the whole window."""

    source: str
    scored: int
    mean: Decimal | None
    rows: tuple[SentimentRow, ...]


class EventData(Result):
    """Events about an asset or a company, newest first."""

    event_type: str
    rows: tuple[EventRow, ...]


class Paid(Value):
    """What was paid in fees of one asset; `entries` are the newest of the `count` fills."""

    asset: str
    total: Decimal
    count: int
    entries: tuple[str, ...]


class OrderData(Result):
    """The user's own orders and fills, newest first, and the fees of all fills of the window.

    `fees` has each asset in which fees were paid: they have no sum over several. `fills` are
    the newest fills behind each of them.
    """

    rows: tuple[OrderRow, ...]
    fees: tuple[Paid, ...] = ()
    fills: tuple[OrderRow, ...] = ()

    @property
    def cited(self) -> Sequence[Row]:
        """Return the orders and fills, also those behind the fees alone."""
        return (*self.rows, *self.fills)


class SourceRow(Row):
    """One stored row behind the numbers: a fill or a transfer, or the price of a valuation."""

    role: str
    symbol: str
    price: Decimal | None = None
    field: str = ""


class Position(Value):
    """What is held of one asset over all accounts; without a price its value is its cost.

    `entries` are the newest rows of those that it was made of, `price_id` the row it is valued at.
    """

    symbol: str
    quantity: Decimal
    cost: Decimal
    value: Decimal
    unrealized: Decimal
    price: Decimal | None
    price_id: str
    is_missing: bool
    entries: tuple[str, ...]


class Earned(Value):
    """What came of one asset, or of everything (`*`), up to a moment or within a window."""

    symbol: str
    realized: Decimal
    unrealized: Decimal
    income: Decimal
    fees: Decimal
    flows: Decimal
    equity: Decimal
    entries: tuple[str, ...]


class PositionData(Result):
    """The user's positions at the end of the window, the most valuable first; rows back them."""

    base_currency: str
    total: Decimal | None
    missing: tuple[str, ...]
    positions: tuple[Position, ...]
    rows: tuple[SourceRow, ...]


class PnlData(Result):
    """What the user earned, by asset and as a whole; rows back it.

    `method` is how lots were matched, `missing` what has no price and stands at its cost.
    """

    base_currency: str
    method: str
    missing: tuple[str, ...]
    total: Earned | None
    parts: tuple[Earned, ...]
    rows: tuple[SourceRow, ...]
