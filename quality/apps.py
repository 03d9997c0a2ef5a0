from django.apps import AppConfig


class QualityConfig(AppConfig):
    """Quality: checks, and the alerts they open and close."""

    name = "quality"

    def ready(self) -> None:
        from quality import startup  # noqa: F401  # registers the system checks
        from quality.channels import configured
        from quality.chores import register_chores
        from quality.delivering import demand_heartbeat
        from quality.registry import autodiscover

        autodiscover()
        register_chores()
        configured()
        demand_heartbeat()
