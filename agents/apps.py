from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ledgers.erasing import Forgotten


class AgentsConfig(AppConfig):
    """Agents."""

    name = "agents"

    def ready(self) -> None:
        from agents import checks, evidence, measures, readings  # noqa: F401  # checks register themselves
        from agents.tools.registry import autodiscover
        from ledgers.erasing import register_forgetter
        from ledgers.jobs import JobKind, register_kind
        from quality.measures import register_measures

        autodiscover()
        register_measures(measures.measured)
        evidence.autodiscover()
        register_forgetter(_forget_quotes)
        register_kind(
            JobKind(
                kind="turns",
                task="agents.tasks.sweep_turns",
                cadences=lambda: {"all": timedelta(minutes=1)},
            )
        )


def _forget_quotes(forgotten: "Forgotten") -> int:
    """Import late: the checkpoints need langgraph, which a process without a question spares."""
    from agents.erasing import forget_quotes

    return forget_quotes(forgotten)
