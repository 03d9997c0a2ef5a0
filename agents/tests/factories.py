"""A small world in all four ledgers, with every moment given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from psycopg.types.range import Range

from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.registry import collectors
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account, Fill, Order
from ledgers.exchange.records import FillRecord, OrderRecord
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric, Quote
from ledgers.glass.records import (
    CandleRecord,
    ChainMetricRecord,
    ProtocolMetricRecord,
    QuoteRecord,
)
from ledgers.human.models import Article, Mood, Post, Score
from ledgers.human.records import ArticleRecord, MoodRecord, PostRecord, ScoreRecord
from ledgers.models import CollectorRun, Feed
from ledgers.public_ids import public_id
from ledgers.reading import announce_and_stamp

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make_feed(name: str, ledger: str, **options: Any) -> CollectorRun:
    """Make a seeded run of a feed, whose rows and coverage count as known when they happened."""
    source, _, scope = name.partition("/")
    values = {"source": source, "scope": scope, "ledger": ledger, "every": MINUTE, "lag": 0 * DAY}
    feed, _ = Feed.objects.get_or_create(name=name, defaults={**values, **options})
    return CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.SEED)


def covered(run: CollectorRun, start: datetime, end: datetime = NOW) -> None:
    """Record that the run's feed was looked at in a window."""
    with transaction.atomic():
        cover(run, Range(start, end), known_at=announce_and_stamp())


def quote(symbol: str = "BTC", last: str | None = "64500.25", **options: Any) -> QuoteRecord:
    """Make one quote of CoinSpot, a minute before NOW."""
    at = options.pop("at", NOW - MINUTE)
    price = Decimal(last) if last is not None else None
    values: dict[str, Any] = {
        "event_at": at.replace(second=0, microsecond=0),
        "published_at": at,
        "source": "coinspot",
        "asset": symbol,
        "currency": "AUD",
        "quoted_at": at,
        "bid": price,
        "ask": price,
        "last": price,
    }
    return QuoteRecord(**{**values, **options})


def quotes(records: Sequence[QuoteRecord], name: str = "coinspot", **options: Any) -> CollectorRun:
    """Store quotes as a feed's, and return the run."""
    run = make_feed(name, "glass", **options)
    store(Quote, records, run, observed_at=NOW)
    return run


def candles(records: Sequence[CandleRecord], name: str) -> CollectorRun:
    """Store candles as a feed's, and return the run."""
    run = make_feed(name, "glass", every=DAY)
    store(Candle, records, run, observed_at=NOW)
    return run


def candle(day: int, close: str, **options: Any) -> CandleRecord:
    """Make the daily candle that began `day` days before NOW's midnight."""
    at = NOW.replace(hour=0) - day * DAY
    price = Decimal(close)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at + DAY,
        "source": "seed:coinspot",
        "asset": "ADA",
        "currency": "AUD",
        "interval": 86400,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), price),
    }
    return CandleRecord(**{**values, **options})


def chain(metric: str, *values: str, unit: str = "TH/s", source: str = "blockchain_info") -> None:
    """Store a metric of Bitcoin of the days before NOW's midnight, the newest last."""
    run = make_feed(source, "glass", every=DAY)
    first = NOW.replace(hour=0) - len(values) * DAY
    rows = [
        ChainMetricRecord(
            event_at=first + number * DAY,
            published_at=first + number * DAY + HOUR,
            source=source,
            asset="BTC",
            metric=metric,
            value=Decimal(value),
            unit=unit,
        )
        for number, value in enumerate(values)
    ]
    store(ChainMetric, rows, run, observed_at=NOW)
    covered(run, NOW - 30 * DAY)


def protocol(entity: str, metric: str, *values: str) -> None:
    """Store a metric of a protocol of the days before NOW's midnight, the newest last."""
    run = make_feed("defillama", "glass", every=DAY)
    first = NOW.replace(hour=0) - len(values) * DAY
    rows = [
        ProtocolMetricRecord(
            event_at=first + number * DAY,
            published_at=first + number * DAY + HOUR,
            source="defillama",
            entity=entity,
            metric=metric,
            value=Decimal(value),
            unit="USD",
        )
        for number, value in enumerate(values)
    ]
    store(ProtocolMetric, rows, run, observed_at=NOW)
    covered(run, NOW - 30 * DAY)


def article(title: str, symbol: str = "BTC", **options: Any) -> ArticleRecord:
    """Make one news item, an hour before NOW."""
    at = options.pop("at", NOW - HOUR)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "rss",
        "outlet": "decrypt",
        "guid": title,
        "published_on": at.date(),
        "title": title,
        "url": "https://example.org/item",
        "summary": "",
        "author": "",
        "assets": [symbol],
    }
    return ArticleRecord(**{**values, **options})


def articles(records: Sequence[ArticleRecord], name: str = "rss/decrypt") -> CollectorRun:
    """Store news as a feed's, and return the run."""
    run = make_feed(name, "human", every=10 * MINUTE)
    store(Article, records, run, observed_at=NOW)
    return run


def post(title: str, symbol: str = "DOGE", **options: Any) -> PostRecord:
    """Make one post on Reddit, an hour before NOW."""
    at = options.pop("at", NOW - HOUR)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "reddit",
        "post_id": title,
        "channel": "CryptoCurrency",
        "author": "somebody",
        "title": title,
        "url": "https://example.org/post",
        "score": 1,
        "comments": 0,
        "assets": [symbol],
    }
    return PostRecord(**{**values, **options})


def posts(records: Sequence[PostRecord]) -> CollectorRun:
    """Store posts of Reddit, and return the run."""
    run = make_feed("reddit/CryptoCurrency", "human", every=10 * MINUTE)
    store(Post, records, run, observed_at=NOW)
    return run


def moods(values: Sequence[int]) -> CollectorRun:
    """Store moods of the days before NOW, the newest first, and return the run."""
    run = make_feed("alternative_me", "human", every=DAY)
    midnight = NOW.replace(hour=0)
    records = [
        MoodRecord(
            event_at=midnight - back * DAY,
            published_at=midnight - back * DAY,
            source="alternative_me",
            value=value,
            label="Fear",
        )
        for back, value in enumerate(values)
    ]
    store(Mood, records, run, observed_at=NOW)
    return run


def scored(title: str, value: str, symbol: str = "BTC", at: datetime = NOW - HOUR) -> None:
    """Store what a model made of the article of a title."""
    record = ScoreRecord(
        event_at=at,
        published_at=at,
        item=public_id(Article.objects.get(title=title)),
        model="vader",
        version="1",
        value=Decimal(value),
        assets=[symbol],
    )
    store(Score, [record], make_feed("scores", "human", every=None), observed_at=NOW)


def event(title: str, **options: Any) -> EventRecord:
    """Make a filing of Coinbase, five days before NOW."""
    at = options.pop("at", NOW - 5 * DAY)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "sec",
        "source_key": title,
        "kind": "sec_filing",
        "title": title,
        "assets": [],
        "company": "Coinbase Global, Inc.",
        "tickers": ["COIN"],
        "form": "8-K",
        "codes": [],
        "impact": "medium",
        "url": "https://example.org/filing",
        "confidence": Decimal(1),
    }
    return EventRecord(**{**values, **options})


def events(records: Sequence[EventRecord], name: str = "sec/current/8-K") -> CollectorRun:
    """Store events as a feed's, and return the run."""
    run = make_feed(name, "catalyst", every=10 * MINUTE)
    store(Event, records, run, observed_at=NOW)
    return run


def look_at_filings(start: datetime) -> None:
    """Cover the newest filings and the whole list of every watched company since a moment."""
    names = [f"sec/{scope}" for scope in collectors["sec"].scopes()]
    feeds = [
        Feed(name=name, source="sec", scope=name.partition("/")[2], ledger="catalyst", lag=0 * DAY,
             every=10 * MINUTE, observed_through=NOW)
        for name in names
    ]  # fmt: skip
    with transaction.atomic():
        Feed.objects.bulk_create(feeds, ignore_conflicts=True)
        runs = [CollectorRun(feed=feed, kind=CollectorRun.Kind.SEED) for feed in feeds]
        at = announce_and_stamp()
        for run in CollectorRun.objects.bulk_create(runs):
            cover(run, Range(start, NOW), known_at=at)


def make_account(user: Any, name: str = "main") -> Account:
    """Make an account at CoinSpot."""
    return Account.objects.create(user=user, name=name, venue="coinspot")


def order(account: Account, order_id: str = "1", **options: Any) -> OrderRecord:
    """Make a filled buy of half a bitcoin, two days before NOW."""
    at = options.pop("at", NOW - 2 * DAY)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "order_id": order_id,
        "side": "buy",
        "kind": "limit",
        "base": "BTC",
        "quote": "AUD",
        "quantity": Decimal("0.5"),
        "price": Decimal(60000),
        "filled": Decimal("0.5"),
        "status": "filled",
    }
    return OrderRecord(**{**values, **options})


def orders(records: Sequence[OrderRecord], account: Account) -> CollectorRun:
    """Store orders of an account, and return the run."""
    run = make_feed(f"import_omc/{account.pk}", "exchange", every=None)
    store(Order, records, run, observed_at=NOW)
    return run


def fill(account: Account, number: int, **options: Any) -> FillRecord:
    """Make a sell of ADA that belongs to no order, a day before NOW; a fee may be text."""
    at = options.pop("at", NOW - DAY)
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"fill {number}",
        "order_id": "",
        "side": "sell",
        "base": "ADA",
        "quote": "AUD",
        "quantity": Decimal(1),
        "price": Decimal("0.75"),
        "fee_asset": "AUD",
        **options,
        "fee": Decimal(options.get("fee", "0.1")),
    }
    return FillRecord(**values)


def store_fills(records: Sequence[FillRecord], account: Account) -> CollectorRun:
    """Store fills of an account, and return the run."""
    run = make_feed(f"import_coinspot/{account.pk}", "exchange", every=None)
    store(Fill, records, run, observed_at=NOW)
    return run


def fills(account: Account, quantities: Sequence[str]) -> CollectorRun:
    """Store sells of ADA that belong to no order, a day before NOW, and return the run."""
    records = [fill(account, n, quantity=Decimal(one)) for n, one in enumerate(quantities)]
    return store_fills(records, account)
