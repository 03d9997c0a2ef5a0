from django.apps import AppConfig


class OmcConfig(AppConfig):
    """What wires the apps together."""

    name = "omc_project"
    verbose_name = "Oh My Coins"

    def ready(self) -> None:
        from omc_project.celery import app  # noqa: F401  # tasks are sent through our application
