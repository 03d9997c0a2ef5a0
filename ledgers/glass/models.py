"""Glass: quotes and candles (partitioned, lean), metrics of chains and protocols."""

from __future__ import annotations

from django.db import models

from ledgers.glass import records
from ledgers.glass.querysets import QuoteQuerySet
from ledgers.models import Fact, Ledger
from ledgers.numeric import ExactField


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
    objects = QuoteQuerySet.as_manager()  # type: ignore[misc]  # the plugin's view of managers

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
