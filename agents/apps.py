from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Agents."""

    name = "agents"

    def ready(self) -> None:
        from agents.tools.registry import autodiscover

        autodiscover()
