from django.apps import AppConfig


class HumanConfig(AppConfig):
    """The Human ledger."""

    name = "ledgers.human"
    label = "human"
    verbose_name = "Human ledger"
