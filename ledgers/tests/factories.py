"""Feeds, runs and records whose values do not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgers.glass.records import CandleRecord
from ledgers.human.records import ArticleRecord
from ledgers.models import CollectorRun, Feed

T0 = datetime(2026, 1, 31, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_run(name: str = "glass.kraken", **options: Any) -> CollectorRun:
    """Make a run of a feed that restates, unless told otherwise."""
    restates = options.pop("restates", True)
    feed, _ = Feed.objects.get_or_create(
        name=name, defaults={"source": name, "ledger": "glass", "lag": HOUR, "restates": restates}
    )
    return CollectorRun.objects.create(feed=feed, **options)


def candle(hour: int = 0, close: str = "1", **options: Any) -> CandleRecord:
    """Make the candle of one hour after T0, published when it closed."""
    at = T0 + hour * HOUR
    price = Decimal(close)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at + HOUR,
        "source": "kraken",
        "asset": "BTC",
        "currency": "USD",
        "interval": 3600,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), price),
    }
    return CandleRecord(**{**values, **options})


def article(title: str = "A", **options: Any) -> ArticleRecord:
    """Make one item of a news feed."""
    values: dict[str, Any] = {
        "event_at": T0,
        "published_at": T0,
        "source": "rss",
        "outlet": "gazette",
        "guid": "1",
        "published_on": T0.date(),
        "url": "https://example.org/1",
        "summary": "",
        "author": "",
        "assets": [],
    }
    return ArticleRecord(**{**values, "title": title, **options})
