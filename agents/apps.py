from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Agents."""

    name = "agents"

    def ready(self) -> None:
        from agents.erasing import forget_quotes
        from agents.tools.registry import autodiscover
        from ledgers.erasing import register_forgetter

        autodiscover()
        register_forgetter(forget_quotes)
