"""Reads of the Glass ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

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

# The last seen quote of each step, so that a month of minutes costs as many probes as steps.
SAMPLED = """
    SELECT q.* FROM generate_series(%(since)s::timestamptz, %(until)s, %(step)s) AS step (start)
    CROSS JOIN LATERAL (
        SELECT * FROM "glass_quote" f
        WHERE f.source = %(source)s AND f.asset = %(asset)s AND f.currency = %(currency)s
          AND f.event_at >= step.start AND f.event_at < step.start + %(step)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) q WHERE NOT q.withdrawn ORDER BY q.event_at
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

        One query, and not by `raw()`, which refuses a composite key. An asset that the source
        never quoted is missing from the answer. Whether a quote is fresh enough to be used is
        the reader's question: see `ledgers.feeds`.
        """
        question: dict[str, Any] = {
            "assets": sorted(set(assets)),
            "source": source,
            "currency": currency,
            "at": at or pair.as_of,
            "as_of": pair.as_of,
            "horizon": pair.horizon,
        }
        return {quote.asset: quote for quote in self._quotes(NEWEST, question)}

    def sampled(
        self, series: tuple[str, str, str], *, since: datetime, step: timedelta, pair: Pair
    ) -> list[Any]:
        """Return the last quote of each step since then, oldest first; steps without one lack.

        A series is a source, an asset and a currency. One query, one index probe a step.
        """
        source, asset, currency = series
        question: dict[str, Any] = {
            "source": source,
            "asset": asset,
            "currency": currency,
            "since": since,
            "until": pair.as_of,
            "step": step,
            "as_of": pair.as_of,
            "horizon": pair.horizon,
        }
        return self._quotes(SAMPLED, question)

    def _quotes(self, sql: str, question: dict[str, Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, question)
            names = [column.name for column in cursor.description]
            return [self.model(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
