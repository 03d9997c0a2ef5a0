"""Users, accounts, feeds, runs and records whose values do not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from factory import Factory, LazyAttribute, SubFactory
from factory.django import DjangoModelFactory

from ledgers.glass.records import CandleRecord
from ledgers.human.records import ArticleRecord
from ledgers.models import CollectorRun, Feed

T0 = datetime(2026, 1, 31, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[Any]):
    """An ordinary user, with a password that opens the door."""

    class Meta:
        model = "users.User"

    username = "ada"
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        return model_class.objects.create_user(*args, **kwargs)


class AccountFactory(DjangoModelFactory[Any]):
    """An account at CoinSpot, in AUD, FIFO, fees in the basis."""

    class Meta:
        model = "exchange.Account"

    user = SubFactory(UserFactory)
    name = "main"
    venue = "coinspot"


class FeedFactory(DjangoModelFactory[Feed]):
    """A feed, made once however often it is asked for; its name says its source and its scope."""

    class Meta:
        model = Feed
        django_get_or_create = ("name",)

    name = "glass.kraken"
    source = LazyAttribute(lambda made: made.name.partition("/")[0])
    scope = LazyAttribute(lambda made: made.name.partition("/")[2])
    ledger = "glass"
    lag = timedelta(0)


class RunFactory(DjangoModelFactory[CollectorRun]):
    """A run of a feed."""

    class Meta:
        model = CollectorRun

    feed = SubFactory(FeedFactory)


def make_run(name: str = "glass.kraken", *, restates: bool = True, **options: Any) -> CollectorRun:
    """Make a run of a feed that restates, unless told otherwise."""
    feed = FeedFactory.create(name=name, source=name, scope="", lag=HOUR, restates=restates)
    return RunFactory.create(feed=feed, **options)


class ArticleFactory(Factory[ArticleRecord]):
    """One item of a news feed."""

    class Meta:
        model = ArticleRecord

    event_at = T0
    published_at = T0
    source = "rss"
    outlet = "gazette"
    guid = "1"
    published_on = T0.date()
    title = "A"
    url = "https://example.org/1"
    summary = ""
    author = ""
    assets = LazyAttribute(lambda _: [])


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
    return ArticleFactory.build(title=title, **options)
