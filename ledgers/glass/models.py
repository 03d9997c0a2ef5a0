"""Glass: quotes and candles (partitioned, lean), metrics of chains and protocols."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from ledgers.glass import hourly, projections, records
from ledgers.glass.querysets import QuoteQuerySet
from ledgers.models import Fact, Ledger
from ledgers.numeric import ExactField
from ledgers.projecting import Projection


def known_index(name: str) -> BrinIndex:
    """Index when rows were known: some 100 kB for millions of rows, which lie in that order."""
    return BrinIndex(fields=["known_at"], name=name, autosummarize=True, pages_per_range=32)


class Quote(Fact):
    """What one venue bid, asked and last traded for one asset in one minute.

    `event_at` is the minute, so that the key holds the partition column; `quoted_at` is exact.
    Bid is what a seller gets, ask what a buyer pays.
    """

    pk = models.CompositePrimaryKey("source", "asset", "currency", "event_at", "revision")
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    quoted_at = models.DateTimeField()
    bid = ExactField(null=True)
    ask = ExactField(null=True)
    last = ExactField(null=True)

    ledger = Ledger.GLASS
    identity = ("source", "asset", "currency", "event_at")
    compared = ("bid", "ask", "last")
    record = records.QuoteRecord
    projections: ClassVar[tuple[Projection, ...]] = (
        projections.LatestQuotes(),
        projections.OF_QUOTES,
        hourly.HourlyQuotes(),
    )
    ends = "glass_latestquote"
    objects = QuoteQuerySet.as_manager()  # type: ignore[misc]  # the plugin's view of managers

    class Meta:
        indexes = [known_index("quote_known")]

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.bid}..{self.ask} at {self.event_at:%F %T}"


class Candle(Fact):
    """Open, high, low, close and volume of one interval; `event_at` is its start."""

    pk = models.CompositePrimaryKey(
        "source", "asset", "currency", "interval", "event_at", "revision"
    )
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    interval = models.PositiveIntegerField(help_text="Seconds.")
    open = ExactField()
    high = ExactField()
    low = ExactField()
    close = ExactField()
    volume = ExactField()

    ledger = Ledger.GLASS
    identity = ("source", "asset", "currency", "interval", "event_at")
    compared = ("open", "high", "low", "close", "volume")
    record = records.CandleRecord
    projections: ClassVar[tuple[Projection, ...]] = (projections.OF_CANDLES,)

    class Meta:
        indexes = [known_index("candle_known")]

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.close} at {self.event_at:%F %T}"


class ChainMetric(Fact):
    """One number about a chain at one time, such as its hash rate or its transactions a day."""

    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    metric = models.CharField(max_length=60)
    value = ExactField()
    unit = models.CharField(max_length=30)

    ledger = Ledger.GLASS
    identity = ("source", "asset", "metric", "event_at")
    compared = ("value", "unit")
    record = records.ChainMetricRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "asset", "metric", "event_at", "revision"],
                name="chainmetric_identity",
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset} {self.metric} {self.value} {self.unit} at {self.event_at:%F %T}"


class ProtocolMetric(Fact):
    """One number about a protocol or a chain on one day, such as its TVL, fees or revenue."""

    source = models.CharField(max_length=40)
    entity = models.CharField(max_length=100)
    metric = models.CharField(max_length=60)
    value = ExactField()
    unit = models.CharField(max_length=30)

    ledger = Ledger.GLASS
    identity = ("source", "entity", "metric", "event_at")
    compared = ("value", "unit")
    record = records.ProtocolMetricRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "entity", "metric", "event_at", "revision"],
                name="protocolmetric_identity",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.metric} {self.value} {self.unit} at {self.event_at:%F %T}"


class LatestQuote(models.Model):
    """The newest quote of each series: a cache of one row of `Quote`, no fact.

    Read it through `Quote.objects.newest`, which knows when it may be used.
    """

    pk = models.CompositePrimaryKey("source", "asset", "currency")
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    event_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    known_at = models.DateTimeField()
    available_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    run_id = models.BigIntegerField()
    parser = models.PositiveSmallIntegerField()
    revision = models.PositiveSmallIntegerField()
    withdrawn = models.BooleanField()
    quoted_at = models.DateTimeField()
    bid = ExactField(null=True)
    ask = ExactField(null=True)
    last = ExactField(null=True)

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.bid}..{self.ask} at {self.event_at:%F %T}"


class HourlyQuote(models.Model):
    """The newest quote that was available at a whole hour: a cache of one row of `Quote`, no fact.

    Read it through `ledgers.matrix`, which knows when it may be used.
    """

    pk = models.CompositePrimaryKey("source", "asset", "currency", "at")
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    at = models.DateTimeField(help_text="The hour.")
    event_at = models.DateTimeField()
    known_at = models.DateTimeField()
    quoted_at = models.DateTimeField()
    price = ExactField(null=True)
    withdrawn = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.price} at {self.at:%F %T}"


class Rollup(models.Model):
    """A closed bar of an hour or a day: a cache over candles of `base` seconds or quotes (0).

    It keeps the largest `available_at` and `known_at` of its inputs. Read it through
    `ledgers.glass.bars`, which knows when it may be used.
    """

    pk = models.CompositePrimaryKey("source", "asset", "currency", "base", "width", "event_at")
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    base = models.PositiveIntegerField(help_text="Seconds of the candles; 0: quotes.")
    width = models.PositiveIntegerField(help_text="Seconds.")
    event_at = models.DateTimeField(help_text="When it begins.")
    open = ExactField(null=True)
    high = ExactField(null=True)
    low = ExactField(null=True)
    close = ExactField(null=True)
    volume = ExactField(null=True)
    total = ExactField(null=True, help_text="The sum of the closes.")
    count = models.PositiveIntegerField(help_text="Inputs that have a price.")
    available_at = models.DateTimeField()
    known_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["event_at"],
                include=["source", "asset", "currency", "base", "count"],
                condition=models.Q(width=86400),
                name="rollup_days",
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.close} at {self.event_at:%F %T}"
