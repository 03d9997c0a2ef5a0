"""What was asked and answered: the truth about sessions, which Redis may lose."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from ledgers.numeric import ExactField


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
        APPROVED = "approved"
        CANCELLED = "cancelled"

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
        indexes = [
            models.Index(fields=["at"], condition=models.Q(kind="asked"), name="event_asked_at"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.sequence} {self.kind}"


class JournalEntry(models.Model):
    """What one answer was made of: enough to ask the tools again and compare, bit for bit.

    Append-only, written in one transaction with the answer. `calls` hold what was asked of each
    tool with the SHA-256 of what it returned, `prompts` the SHA-256 of each prompt; no text of
    the ledgers stands here. `answered_by` is the mode that was used, `mode` the one asked for.
    """

    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="journal")
    turn = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    question = models.TextField()
    as_of = models.DateTimeField()
    horizon = models.DateTimeField()
    mode = models.CharField(max_length=10, choices=AgentSession.Mode)
    answered_by = models.CharField(max_length=10, choices=AgentSession.Mode)
    outcome = models.CharField(max_length=20)
    plan = models.JSONField(encoder=DjangoJSONEncoder)
    calls = models.JSONField(encoder=DjangoJSONEncoder)
    quality = models.JSONField(encoder=DjangoJSONEncoder)
    model = models.CharField(max_length=200, blank=True)
    prompts = models.JSONField(encoder=DjangoJSONEncoder)
    requests = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    cost = ExactField(default=0)
    faults = models.JSONField(encoder=DjangoJSONEncoder)
    withheld = models.PositiveIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "journal"
        constraints = [
            models.UniqueConstraint(fields=["session", "turn"], name="one_entry_a_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.turn}"


class SessionReading(models.Model):
    """That somebody else than its owner read a conversation, and why. Append-only.

    Written before a word is shown. The reader's name is kept, also of one who is gone.
    """

    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="readings")
    reader = models.CharField(max_length=150)
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.session_id} by {self.reader} {self.at:%F %T}"


class ModelCall(models.Model):
    """One request to a language model, written before it is made: the truth about budgets.

    What a call may cost at most is reserved; `settled_at` is empty until its reply is counted,
    and until then the reservation stands. `prompt_hash` is the SHA-256 of what was sent; neither
    the prompt nor the key is kept here. Costs are in US dollars.
    """

    class Purpose(models.TextChoices):
        PLAN = "plan"
        DRAFT = "draft"

    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="model_calls")
    turn = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="model_calls"
    )
    at = models.DateTimeField(auto_now_add=True)
    purpose = models.CharField(max_length=10, choices=Purpose)
    model = models.CharField(max_length=200)
    is_own_key = models.BooleanField(default=False)
    prompt_hash = models.CharField(max_length=64)
    tokens = models.PositiveBigIntegerField()
    cost = ExactField()
    outcome = models.CharField(max_length=20, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["session", "turn"], name="model_call_of_turn"),
            models.Index(fields=["user", "at"], name="model_call_of_user"),
            models.Index(fields=["at"], name="model_call_at"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.turn} {self.purpose}"
