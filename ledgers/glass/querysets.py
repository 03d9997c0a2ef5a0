"""Reads of the Glass ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ledgers.querysets import FactQuerySet

if TYPE_CHECKING:
    from ledgers.reading import Pair

# Newest seen minute first, and of that minute the newest seen revision; a row per asset asked.
NEWEST = """
    SELECT q.* FROM unnest(%(assets)s::text[]) AS wanted (asset)
    CROSS JOIN LATERAL (
        SELECT * FROM "glass_quote" f
        WHERE f.source = %(source)s AND f.asset = wanted.asset AND f.currency = %(currency)s
          AND f.event_at <= %(at)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) q WHERE NOT q.withdrawn
"""


class QuoteQuerySet(FactQuerySet):
    """Reads of quotes."""

    def newest(
        self,
        assets: Iterable[str],
        *,
        source: str,
        currency: str,
        pair: Pair,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Return the newest quote of each asset at `at` (default: as_of), without a scan.

        One query; an asset that the source never quoted is missing from the answer. Whether a
        quote is fresh enough to be used is the reader's question: see `ledgers.feeds`.
        """
        question = {
            "assets": sorted(set(assets)),
            "source": source,
            "currency": currency,
            "at": at or pair.as_of,
            "as_of": pair.as_of,
            "horizon": pair.horizon,
        }
        return {quote.asset: quote for quote in self.model.objects.raw(NEWEST, question)}
