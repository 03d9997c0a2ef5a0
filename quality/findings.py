"""What a quality check says."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

MAX_SUBJECT = 200


class Level(models.IntegerChoices):
    """How bad; the numbers are those of `logging`."""

    WARNING = 30, "warning"
    ERROR = 40, "error"
    CRITICAL = 50, "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong: with what, how bad, in words, and what to do about it.

    `subject` names one thing and stays the same from run to run: an alert is of one subject.
    Findings of one `cause` are one alert, whatever their number. `ledger` is empty for what
    concerns no single ledger, `user_id` is set for what is only this user's business.
    """

    ledger: str
    subject: str
    level: Level
    message: str
    hint: str
    cause: str = ""
    user_id: int | None = None

    def __post_init__(self) -> None:
        for name in (self.subject, self.about):
            if not 0 < len(name) <= MAX_SUBJECT:
                raise ValueError(f"A subject has 1 to {MAX_SUBJECT} characters, not {name!r}.")
        if self.cause and self.user_id is not None:
            raise ValueError(f"{self.subject!r} is one user's business: it has no common cause.")

    @property
    def about(self) -> str:
        """Return the subject of its alert: the cause, where one is known."""
        return self.cause or self.subject
