from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The Exchange ledger."""

    name = "ledgers.exchange"
    label = "exchange"
    verbose_name = "Exchange ledger"
