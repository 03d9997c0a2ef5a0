from datetime import timedelta

from django.apps import AppConfig


class TradingConfig(AppConfig):
    """Trading."""

    name = "trading"

    def ready(self) -> None:
        from ledgers.glass.models import Candle, Quote
        from ledgers.jobs import JobKind, register_kind
        from trading.keeping.changes import PriceChanges

        for model in (Quote, Candle):
            if PriceChanges() not in model.projections:
                model.projections = (*model.projections, PriceChanges())
        register_kind(
            JobKind(
                kind="books",
                task="trading.tasks.keep_books",
                cadences=lambda: {"all": timedelta(seconds=10)},
            )
        )
