from django.apps import AppConfig


class TradingConfig(AppConfig):
    """Trading."""

    name = "trading"
