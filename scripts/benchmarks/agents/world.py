"""A price a minute of a hundred assets, and what else people ask about, once a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from psycopg.types.range import Range

from benchmarks.measuring import say
from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.storing import store_all
from ledgers.coverage import cover
from ledgers.exchange.models import Account, Fill, Order
from ledgers.exchange.records import FillRecord, OrderRecord
from ledgers.glass.models import ChainMetric, ProtocolMetric, Quote
from ledgers.glass.records import ChainMetricRecord, ProtocolMetricRecord
from ledgers.human.models import Article, Post, Score
from ledgers.human.records import ArticleRecord, PostRecord, ScoreRecord
from ledgers.models import Asset, CollectorRun, Feed, Ledger
from ledgers.partitions import ensure_months
from ledgers.public_ids import public_id
from ledgers.reading import announce_and_stamp

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
SERIES, AT_ONCE = 100, 5_000
KNOWN = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT", "AVAX")
OTHERS_IN = 500
"""One article, post, event and metric in so many prices, and a fill in ten times as many."""
LOAD = """
    INSERT INTO glass_quote (event_at, published_at, known_at, available_at, observed_at, run_id,
        parser, revision, withdrawn, source, asset, currency, quoted_at, bid, ask, last)
    SELECT at, at, at + interval '2 s', at + interval '2 s', at + interval '1 s', %(run)s, 1, 0,
        false, 'coinspot', asset, 'AUD', at, price - 0.01, price + 0.01, price
    FROM generate_series(%(first)s, %(last)s) AS place,
        unnest(%(assets)s::text[]) WITH ORDINALITY AS named (asset, number),
        LATERAL (SELECT %(start)s + place * %(step)s AS at,
            (100000 + (place * 7919 + number * 104729) %% 99991)::numeric / 1000 AS price) AS made
"""


@cache
def filled(rows: int) -> datetime:
    """Store the prices, and return the moment after the last."""
    assets = [*KNOWN, *(f"B{number:03}" for number in range(SERIES - len(KNOWN)))]
    known = set(Asset.objects.filter(symbol__in=KNOWN).values_list("symbol", flat=True))
    Asset.objects.bulk_create(Asset(symbol=one, name=one) for one in KNOWN if one not in known)
    steps = max(rows // SERIES, 1)
    say(f"filling {steps * SERIES:,} prices")
    run = _run("coinspot", Ledger.GLASS)
    ensure_months("glass_quote", [START + day * timedelta(days=1) for day in _days(steps)])
    values: dict[str, Any] = {"start": START, "step": STEP, "assets": assets, "run": run.pk}
    with connection.cursor() as cursor:
        for first in range(0, steps, AT_ONCE):
            last = min(first + AT_ONCE, steps) - 1
            cursor.execute(LOAD, values | {"first": first, "last": last})
        for projection in Quote.projections:
            projection.rebuild()
        cursor.execute("VACUUM (ANALYZE) glass_quote")
    end = START + steps * STEP
    with transaction.atomic():
        cover(run, Range(START, end), known_at=announce_and_stamp())
    return end + STEP


@cache
def furnished(rows: int) -> int:
    """Store texts, events, metrics and a user's trades beside the prices; return the user."""
    end = filled(rows)
    count = max(rows // OTHERS_IN, 2)
    say(f"filling {count:,} of each other kind")
    moments = [START + (end - START) * place / count for place in range(count)]
    user = get_user_model().objects.create_user("bench-tools")
    account = Account.objects.create(user=user, name="main", venue="coinspot")
    trades = moments[:: SERIES // 10]
    for model, feed, records in (
        (Article, "rss/decrypt", list(_articles(moments))),
        (Post, "reddit/CryptoCurrency", list(_posts(moments))),
        (Event, "coinspot_announcements", list(_events(moments))),
        (ChainMetric, "blockchain_info/charts", list(_chain(moments))),
        (ProtocolMetric, "defillama/tvl", list(_protocols(moments))),
        (Order, f"import_omc/{account.pk}", list(_orders(trades, account.pk))),
        (Fill, f"import_omc/{account.pk}", list(_fills(trades, account.pk))),
    ):
        store_all(model, records, _run(feed, model.ledger), observed_at=end)
    scores = [_score(article) for article in Article.objects.all().iterator()]
    store_all(Score, scores, _run("scores", Ledger.HUMAN), observed_at=end)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return int(user.pk)


def _articles(moments: Sequence[datetime]) -> Iterator[ArticleRecord]:
    for place, at in enumerate(moments):
        yield ArticleRecord(
            event_at=at, published_at=at, source="rss", outlet="decrypt", guid=str(place),
            published_on=at.date(), title=f"Headline {place}", url="", summary="", author="",
            assets=[KNOWN[place % len(KNOWN)]],
        )  # fmt: skip


def _posts(moments: Sequence[datetime]) -> Iterator[PostRecord]:
    for place, at in enumerate(moments):
        yield PostRecord(
            event_at=at, published_at=at, source="reddit", post_id=str(place), author="",
            channel="CryptoCurrency", title=f"Post {place}", url="", score=1, comments=0,
            assets=[KNOWN[place % len(KNOWN)]],
        )  # fmt: skip


def _score(article: Article) -> ScoreRecord:
    return ScoreRecord(
        event_at=article.event_at, published_at=article.published_at, item=public_id(article),
        model="vader", version="1", value=Decimal("0.25"), assets=article.assets,
    )  # fmt: skip


def _events(moments: Sequence[datetime]) -> Iterator[EventRecord]:
    for place, at in enumerate(moments):
        yield EventRecord(
            event_at=at, published_at=at, source="coinspot_announcements", source_key=str(place),
            kind=Event.Kind.ANNOUNCEMENT, title=f"Notice {place}", company="", tickers=[], form="",
            assets=[KNOWN[place % len(KNOWN)]], codes=[], impact=Event.Impact.LOW, url="",
            confidence=Decimal(1),
        )  # fmt: skip


def _chain(moments: Sequence[datetime]) -> Iterator[ChainMetricRecord]:
    for place, at in enumerate(moments):
        yield ChainMetricRecord(
            event_at=at, published_at=at, source="blockchain_info", asset="BTC",
            metric=("hash_rate", "transactions")[place % 2], value=Decimal(place), unit="1/d",
        )  # fmt: skip


def _protocols(moments: Sequence[datetime]) -> Iterator[ProtocolMetricRecord]:
    for place, at in enumerate(moments):
        yield ProtocolMetricRecord(
            event_at=at, published_at=at, source="defillama", entity=("aave", "uniswap")[place % 2],
            metric="tvl", value=Decimal(place), unit="USD",
        )  # fmt: skip


def _orders(moments: Sequence[datetime], account_id: int) -> Iterator[OrderRecord]:
    for place, at in enumerate(moments):
        yield OrderRecord(
            event_at=at, published_at=at, account_id=account_id, order_id=str(place), side="buy",
            kind="limit", base=KNOWN[place % len(KNOWN)], quote="AUD", quantity=Decimal("0.5"),
            price=Decimal(100), filled=Decimal("0.5"), status="filled",
        )  # fmt: skip


def _fills(moments: Sequence[datetime], account_id: int) -> Iterator[FillRecord]:
    """Yield purchases and, of three trades, one sale."""
    for place, at in enumerate(moments):
        side, quantity = ("sell", "0.25") if place % 3 == 2 else ("buy", "0.5")  # noqa: PLR2004
        yield FillRecord(
            event_at=at, published_at=at, account_id=account_id, venue_id=str(place),
            order_id=str(place), side=side, base=KNOWN[place // 3 % len(KNOWN)], quote="AUD",
            quantity=Decimal(quantity), price=Decimal(100), fee=Decimal("0.1"), fee_asset="AUD",
        )  # fmt: skip


def _days(steps: int) -> range:
    return range(steps * STEP // timedelta(days=1) + 2)


def _run(name: str, ledger: str) -> CollectorRun:
    source, _, scope = name.partition("/")
    feed, _ = Feed.objects.get_or_create(
        name=name,
        defaults={
            "source": source,
            "scope": scope,
            "ledger": ledger,
            "every": STEP,
            "lag": timedelta(0),
        },
    )
    return CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.SEED)
