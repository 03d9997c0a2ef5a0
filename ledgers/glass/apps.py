from django.apps import AppConfig


class GlassConfig(AppConfig):
    """The Glass ledger."""

    name = "ledgers.glass"
    label = "glass"
    verbose_name = "Glass ledger"
