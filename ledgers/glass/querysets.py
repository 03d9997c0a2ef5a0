"""Reads of the Glass ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ledgers.querysets import FactQuerySet
from ledgers.wire import fetch

if TYPE_CHECKING:
    from ledgers.reading import Pair

# The newest quote of all is the newest that a read sees, if the read sees it. One that was
# withdrawn is left to the facts, which tell that it was.
CACHED = """
    SELECT {columns} FROM glass_latestquote f
    WHERE source = %(source)s AND currency = %(currency)s AND NOT withdrawn
      AND asset IN (SELECT json_array_elements_text(%(assets)s::json))
      AND event_at <= %(at)s AND available_at <= %(as_of)s AND known_at <= %(horizon)s
"""

# Newest seen minute first, and of that minute the newest seen revision.
NEWEST = """
    SELECT {columns} FROM json_array_elements_text(%(assets)s::json) AS wanted (name)
    CROSS JOIN LATERAL (
        SELECT * FROM glass_quote f
        WHERE f.source = %(source)s AND f.asset = wanted.name AND f.currency = %(currency)s
          AND f.event_at <= %(at)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) q WHERE NOT q.withdrawn
"""

# The last seen quote of each step, so that a month of minutes costs as many probes as steps.
SAMPLED = """
    SELECT q.* FROM generate_series(%(since)s::timestamptz, %(until)s, %(step)s) AS step (start)
    CROSS JOIN LATERAL (
        SELECT {columns} FROM glass_quote f
        WHERE f.source = %(source)s AND f.asset = %(asset)s AND f.currency = %(currency)s
          AND f.event_at >= step.start AND f.event_at < step.start + %(step)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) q WHERE NOT q.withdrawn ORDER BY q.event_at
"""


class NewestPrice(NamedTuple):
    """The prices of an asset's newest quote; its key is `asset`, `event_at` and `revision`."""

    asset: str
    event_at: datetime
    revision: int
    quoted_at: datetime
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None


_AS_PRICE = partial(tuple.__new__, NewestPrice)
"""What `_make` does but for its check of the length, in three quarters of its time."""


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

        An asset that the source never quoted, or whose newest quote was withdrawn, is missing
        from the answer. Whether a quote is fresh enough to be used is the reader's question: see
        `ledgers.feeds`.
        """
        names = self._columns()
        rows = _newest(names, assets, source=source, currency=currency, pair=pair, at=at)
        quotes = (self.model.from_db(self.db, names, row) for row in rows)
        return {quote.asset: quote for quote in quotes}

    def newest_prices(
        self,
        assets: Iterable[str],
        *,
        source: str,
        currency: str,
        pair: Pair,
        at: datetime | None = None,
    ) -> dict[str, NewestPrice]:
        """Return the same quotes as bare tuples: for hundreds of assets, and for pages."""
        names = NewestPrice._fields
        rows = _newest(names, assets, source=source, currency=currency, pair=pair, at=at)
        return {price[0]: price for price in map(_AS_PRICE, rows)}

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
        """Return the quotes of a statement; not by `raw()`, which refuses a composite key."""
        names = self._columns()
        rows = fetch(sql.format(columns=", ".join(names)), question)
        return [self.model.from_db(self.db, names, row) for row in rows]

    def _columns(self) -> list[str]:
        return [field.column for field in self.model._meta.concrete_fields if field.column]


def _newest(
    names: Sequence[str],
    assets: Iterable[str],
    *,
    source: str,
    currency: str,
    pair: Pair,
    at: datetime | None,
) -> list[tuple[Any, ...]]:
    """Return the newest quotes, none of an asset whose newest was withdrawn.

    The newest of all is kept apart; where the pair or `at` does not let it through, the facts
    are asked.
    """
    wanted = set(assets)
    columns = ", ".join(names)
    question = {
        "assets": json.dumps(list(wanted)),
        "source": source,
        "currency": currency,
        "at": at or pair.as_of,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
    }
    found = fetch(CACHED.format(columns=columns), question)
    if len(found) < len(wanted):
        older = wanted.difference(map(itemgetter(names.index("asset")), found))
        question["assets"] = json.dumps(list(older))
        found += fetch(NEWEST.format(columns=columns), question)
    return found
