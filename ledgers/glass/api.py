"""Lists of the Glass ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from ledgers.answers import answer
from ledgers.api import PARAMETERS, FactList
from ledgers.exporting import given_series, pair_and_window, require_few, seconds_of, stream
from ledgers.filling import feeds_of
from ledgers.glass.bars import BASES, BarQuestion, bars_as_json, base_of
from ledgers.glass.folding import HOUR
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric, Quote
from ledgers.questions import asset_of
from ledgers.serializers import SHARED, Exact, FactSerializer, Moment, envelope, register


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


class BarSerializer(serializers.Serializer[Any]):
    """Open, high, low and close of some time from `event_at` on; quotes have no volume."""

    event_at = Moment()
    open = Exact()
    high = Exact()
    low = Exact()
    close = Exact()
    volume = Exact(allow_null=True)
    count = serializers.IntegerField(help_text="Candles or quotes that it is made of.")


class Bars(APIView):
    """Bars of one series of prices, oldest first, as they were known; at most 50,000."""

    @extend_schema(
        operation_id="v1_ledgers_glass_bars_list",
        parameters=[
            *(PARAMETERS[name] for name in ("as_of", "horizon", "since", "until")),
            OpenApiParameter("source", str, required=True),
            OpenApiParameter("currency", str, required=True),
            OpenApiParameter("interval", int, enum=BASES, description="Seconds. Default: 3600."),
        ],
        responses=envelope(BarSerializer),
    )
    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        """Show a source's own candles of that length, else shorter ones or quotes, folded."""
        given = given_series(request.query_params, "interval")
        pair, since, until = pair_and_window(given, window=timedelta(days=30))
        question = BarQuestion(
            source=given["source"],
            asset=asset_of(symbol),
            currency=given["currency"],
            width=seconds_of(given, "interval", default=HOUR, among=BASES),
            since=since,
            until=until,
            pair=pair,
        )
        require_few(since, until, question.width)
        base = base_of(question)
        rows = bars_as_json(question, base)
        feeds = feeds_of([Candle if base else Quote], user_id=None, source=question.source)
        said = answer(feeds, pair, since=since, until=until, found=bool(rows))
        return stream(said, rows, folded_from="candles" if base else "quotes", base=base)


urlpatterns = [
    path("quotes/", Quotes.as_view(), name="quotes"),
    path("candles/", Candles.as_view(), name="candles"),
    path("bars/<str:symbol>", Bars.as_view(), name="bars"),
    path("chain-metrics/", ChainMetrics.as_view(), name="chain-metrics"),
    path("protocol-metrics/", ProtocolMetrics.as_view(), name="protocol-metrics"),
]
