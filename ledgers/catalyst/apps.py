from django.apps import AppConfig


class CatalystConfig(AppConfig):
    """The Catalyst ledger."""

    name = "ledgers.catalyst"
    label = "catalyst"
    verbose_name = "Catalyst ledger"
