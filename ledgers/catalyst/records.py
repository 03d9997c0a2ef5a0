"""What parsers of the Catalyst ledger return."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One row of `Event`, before it has a run.

    `confidence` (0..1) says how sure the link to `assets` and the kind are. `codes` are what the
    source itself calls it, such as an SEC form's items. `is_publication_exact` is False where
    `published_at` is only the latest moment at which the world learnt of it.
    """

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    source_key: str
    kind: str
    title: str
    assets: list[str]
    company: str
    tickers: list[str]
    form: str
    codes: list[str]
    impact: str
    url: str
    confidence: Decimal
    edited_at: datetime | None = None
    is_publication_exact: bool = True
