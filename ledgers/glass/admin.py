"""Pages of the Glass ledger."""

from __future__ import annotations

from django.contrib import admin

from ledgers.admin import DayFilter, FactAdmin
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric, Quote
from ledgers.glass.rows import CandleRow, QuoteRow


@admin.register(QuoteRow)
class QuoteAdmin(FactAdmin):
    """Quotes, through the view that gives them a key of one column."""

    table = Quote
    list_display = ("source", "asset", "currency", "bid", "ask", "last")
    list_filter = (DayFilter,)
    search_fields = ("=asset", "=source")
    search_help_text = "An asset, such as BTC, or a source"


@admin.register(CandleRow)
class CandleAdmin(FactAdmin):
    """Candles, through the view that gives them a key of one column."""

    table = Candle
    list_display = (
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
    list_filter = (DayFilter,)
    search_fields = ("=asset", "=source")
    search_help_text = "An asset, such as BTC, or a source"


@admin.register(ChainMetric)
class ChainMetricAdmin(FactAdmin):
    """Numbers about chains."""

    list_display = ("source", "asset", "metric", "value", "unit")
    search_fields = ("=asset", "metric")
    search_help_text = "An asset, or part of a metric's name"


@admin.register(ProtocolMetric)
class ProtocolMetricAdmin(FactAdmin):
    """Numbers about protocols."""

    list_display = ("source", "entity", "metric", "value", "unit")
    search_fields = ("entity", "metric")
    search_help_text = "Part of a protocol's or a metric's name"
