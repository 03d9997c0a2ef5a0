"""What parsers of the Glass ledger return."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRecord:
    """One row of `Quote`, before it has a run; prices in `currency` for one unit of `asset`."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    asset: str
    currency: str
    quoted_at: datetime
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleRecord:
    """One row of `Candle`, before it has a run; `interval` in seconds, `volume` in the asset."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    asset: str
    currency: str
    interval: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainMetricRecord:
    """One row of `ChainMetric`, before it has a run."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    asset: str
    metric: str
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolMetricRecord:
    """One row of `ProtocolMetric`, before it has a run; `entity` is a protocol or a chain."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    entity: str
    metric: str
    value: Decimal
    unit: str
