"""Lists of the Glass ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledgers.answers import answer
from ledgers.api import PARAMETERS, FactList
from ledgers.exporting import (
    WINDOW,
    assets_of,
    given_series,
    pair_and_window,
    require_few,
    seconds_of,
    stream,
)
from ledgers.filling import feeds_of
from ledgers.glass.bars import BASES, BarQuestion, bars_as_json, base_of, fields_of
from ledgers.glass.folding import HOUR
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric, Quote
from ledgers.questions import ask_pair, asset_of
from ledgers.serializers import (
    SHARED,
    AnswerSerializer,
    Exact,
    FactSerializer,
    Moment,
    envelope,
    register,
)


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


class NewestPriceSerializer(serializers.Serializer[Any]):
    """What a source last bid, asked and traded for one asset."""

    asset = serializers.CharField()
    event_at = Moment()
    revision = serializers.IntegerField()
    quoted_at = Moment()
    bid = Exact(allow_null=True)
    ask = Exact(allow_null=True)
    last = Exact(allow_null=True)


class Newest(APIView):
    """The newest prices of many assets of one source, as they were known."""

    @extend_schema(
        operation_id="v1_ledgers_glass_newest_list",
        parameters=[
            *(PARAMETERS[name] for name in ("as_of", "horizon")),
            OpenApiParameter("source", str, required=True),
            OpenApiParameter("currency", str, required=True),
            OpenApiParameter("assets", str, required=True, description="Such as BTC,ETH."),
        ],
        responses=envelope(NewestPriceSerializer),
    )
    def get(self, request: Request) -> Response:
        """Show them; an asset without a price is missing."""
        given = given_series(request.query_params, "assets")
        pair = ask_pair(given)
        wanted = assets_of(given)
        source = given["source"]
        found = Quote.objects.newest_prices(
            wanted, source=source, currency=given["currency"], pair=pair
        )
        rows = NewestPriceSerializer(sorted(found.values()), many=True).data
        feeds = feeds_of([Quote], user_id=None, source=source)
        since = pair.as_of - timedelta(days=1)
        said = answer(feeds, pair, since=since, until=pair.as_of, found=bool(found))
        return Response(AnswerSerializer(said).data | {"results": rows, "next": None})


class BarsSerializer(AnswerSerializer):
    """Bars as lists of texts, in the order of `fields`: short to write, and every digit kept."""

    folded_from = serializers.ChoiceField(["candles", "quotes"])
    base = serializers.IntegerField(help_text="Seconds of the candles; 0: quotes.")
    fields_ = serializers.ListField(child=serializers.CharField())
    results = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    next = serializers.URLField(allow_null=True, help_text="Always null: all bars are here.")

    def get_fields(self) -> dict[str, Any]:
        """Name `fields` as it is written; a serializer keeps that name for itself."""
        found = super().get_fields()
        return {name.rstrip("_"): field for name, field in found.items()}


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
        responses=BarsSerializer,
    )
    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        """Show a source's own candles of that length, else shorter ones or quotes, folded."""
        given = given_series(request.query_params, *WINDOW, "interval")
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
        fields = fields_of(base, question.width)
        made_of = {"folded_from": "candles" if base else "quotes", "base": base}
        return stream(said, rows, **made_of, fields=fields)


urlpatterns = [
    path("quotes/", Quotes.as_view(), name="quotes"),
    path("candles/", Candles.as_view(), name="candles"),
    path("bars/<str:symbol>", Bars.as_view(), name="bars"),
    path("newest/", Newest.as_view(), name="newest-quotes"),
    path("chain-metrics/", ChainMetrics.as_view(), name="chain-metrics"),
    path("protocol-metrics/", ProtocolMetrics.as_view(), name="protocol-metrics"),
]
