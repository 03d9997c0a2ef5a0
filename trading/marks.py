"""The market that an order meets: bid and ask of the newest quote, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from ledgers.feeds import State, judge
from ledgers.filling import SEED
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Feed
from ledgers.public_ids import public_id
from ledgers.reading import Pair
from trading.core.cases import Mark
from trading.pricing import ON_DEMAND


class _Seen(NamedTuple):
    doubted: bool
    age: float
    rank: int
    mark: Mark


def mark_of(base: str, quote: str, pair: Pair, now: datetime) -> Mark | None:
    """Return the first fresh quote in the order of OMC_PRICE_SOURCES, else the newest, doubted.

    A quote without both sides is none; a seeded one is always doubted.
    """
    best = min(_seen(base, quote, pair, now), default=None)
    return best.mark if best else None


def _seen(base: str, quote: str, pair: Pair, now: datetime) -> Iterator[_Seen]:
    for rank, source in enumerate(settings.OMC_PRICE_SOURCES):
        found = Quote.objects.newest([base], source=source, currency=quote, pair=pair, at=now)
        row = found.get(base)
        if row is None or row.bid is None or row.ask is None:
            continue
        doubt = _doubt(row, now)
        mark = Mark(id=public_id(row), bid=row.bid, ask=row.ask, doubt=doubt)
        age = (now - row.quoted_at).total_seconds() if doubt else 0
        yield _Seen(bool(doubt), age, rank, mark)


def _doubt(row: Quote, now: datetime) -> str:
    """Say why a quote may not be traded on, judged as its feed is; nothing if it may."""
    if row.source.startswith(SEED):
        return f"The price of {row.asset} is an example ({row.source})."
    feed = Feed.objects.get(name=CollectorRun.objects.values_list("feed_id").get(pk=row.run_id)[0])
    feed.every = feed.every or ON_DEMAND
    state = judge(feed, row.quoted_at + feed.every, now)
    if state.state == State.FRESH and row.quoted_at <= now:
        return ""
    return f"The price of {row.asset} is of {row.quoted_at:%F %T} UTC. {state.reason}"
