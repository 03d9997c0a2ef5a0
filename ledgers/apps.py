from django.apps import AppConfig


class LedgersConfig(AppConfig):
    """What the four ledgers share, and the collectors that fill them."""

    name = "ledgers"

    def ready(self) -> None:
        from ledgers import checks  # noqa: F401  # registers the system checks
        from ledgers.collecting.registry import autodiscover

        autodiscover()
