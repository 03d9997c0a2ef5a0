"""What was asked and answered: the truth about sessions, which Redis may lose."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class AgentSession(models.Model):
    """A conversation of one user; without a user it belongs to whoever sits at the console."""

    class Mode(models.TextChoices):
        PLANNER = "planner", "Planner, without a model"
        MODEL = "model", "Language model, checked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="agent_sessions"
    )
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PLANNER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="session_of_user")]

    def __str__(self) -> str:
        return str(self.id)


class SessionEvent(models.Model):
    """One step of one turn: asked, planned, called, computed, drafted, grounded or answered.

    Append-only. A step that a resumed run does again finds its event here and adds none.
    """

    class Kind(models.TextChoices):
        ASKED = "asked"
        GUARDED = "guarded"
        PLANNED = "planned"
        RETRIEVED = "retrieved"
        COMPUTED = "computed"
        DRAFTED = "drafted"
        GROUNDED = "grounded"
        ANSWERED = "answered"
        FAILED = "failed"

    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    turn = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["session", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["session", "sequence"], name="event_sequence"),
            models.UniqueConstraint(fields=["session", "turn", "kind"], name="event_once_a_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.sequence} {self.kind}"
