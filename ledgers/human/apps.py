from django.apps import AppConfig


class HumanConfig(AppConfig):
    """The Human ledger."""

    name = "ledgers.human"
    label = "human"
    verbose_name = "Human ledger"

    def ready(self) -> None:
        from ledgers.human.sentiment import MODEL
        from ledgers.human.services import EVERY, score_feed
        from ledgers.jobs import JobKind, register_kind

        register_kind(
            JobKind(
                kind="score",
                task="ledgers.human.tasks.score",
                cadences=lambda: {MODEL: EVERY},
                feeds=lambda ledger: [score_feed()] if ledger in (None, self.label) else [],
            )
        )
