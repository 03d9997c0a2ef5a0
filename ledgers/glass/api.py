"""Lists of the Glass ledger."""

from __future__ import annotations

from datetime import timedelta

from django.urls import path

from ledgers.api import FactList
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric, Quote
from ledgers.serializers import SHARED, FactSerializer, register


@register
class QuoteSerializer(FactSerializer):
    """What one venue bid, asked and last traded for one asset in one minute."""

    class Meta:
        model = Quote
        fields = (*SHARED, "source", "asset", "currency", "quoted_at", "bid", "ask", "last")


@register
class CandleSerializer(FactSerializer):
    """Open, high, low, close and volume of one interval (seconds); `event_at` is its start."""

    class Meta:
        model = Candle
        fields = (
            *SHARED,
            "source",
            "asset",
            "currency",
            "interval",
            "open",
            "high",
            "low",
            "close",
            "volume",
        )


@register
class ChainMetricSerializer(FactSerializer):
    """One number about a chain at one time."""

    class Meta:
        model = ChainMetric
        fields = (*SHARED, "source", "asset", "metric", "value", "unit")


@register
class ProtocolMetricSerializer(FactSerializer):
    """One number about a protocol or a chain on one day."""

    class Meta:
        model = ProtocolMetric
        fields = (*SHARED, "source", "entity", "metric", "value", "unit")


class Quotes(FactList):
    """Quotes: bid is what a seller gets, ask what a buyer pays. Default window: one day."""

    serializer_class = QuoteSerializer
    filters = ("source", "currency")
    window = timedelta(days=1)


class Candles(FactList):
    """Candles of one interval in seconds (3600: an hour). Default window: 30 days."""

    serializer_class = CandleSerializer
    filters = ("source", "currency", "interval")
    window = timedelta(days=30)


class ChainMetrics(FactList):
    """Numbers about chains, such as hash rate and fees. Default window: 30 days."""

    serializer_class = ChainMetricSerializer
    filters = ("source", "metric")
    window = timedelta(days=30)


class ProtocolMetrics(FactList):
    """Numbers about protocols, such as TVL, fees and revenue. Default window: 30 days."""

    serializer_class = ProtocolMetricSerializer
    filters = ("source", "entity", "metric")
    window = timedelta(days=30)


urlpatterns = [
    path("quotes/", Quotes.as_view(), name="quotes"),
    path("candles/", Candles.as_view(), name="candles"),
    path("chain-metrics/", ChainMetrics.as_view(), name="chain-metrics"),
    path("protocol-metrics/", ProtocolMetrics.as_view(), name="protocol-metrics"),
]
