from datetime import timedelta

from django.apps import AppConfig

DAILY = timedelta(days=1)


class LedgersConfig(AppConfig):
    """What the four ledgers share, and the collectors that fill them."""

    name = "ledgers"

    def ready(self) -> None:
        from ledgers import checks, retention  # noqa: F401  # register the system checks
        from ledgers.collecting.registry import autodiscover
        from ledgers.jobs import JobKind, register_kind

        autodiscover()
        register_kind(
            JobKind(kind="keep", task="ledgers.tasks.keep", cadences=lambda: {"months": DAILY})
        )
