"""The runs of checks, the alerts that they open and close, who was told, and who asked to be."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from ledgers.models import Ledger
from quality.findings import MAX_SUBJECT, Level
from quality.querysets import AlertQuerySet, CheckRunQuerySet


class CheckRun(models.Model):
    """One run of one check: when, how long, and what it found.

    The row is made before the check looks: of two runs at once the one with the greater id has
    looked last. A run whose worker vanished keeps no duration.
    """

    check_id = models.CharField(max_length=100)
    started_at = models.DateTimeField(help_text="The moment it speaks of.")
    duration = models.DurationField(null=True)
    findings = models.PositiveIntegerField(default=0)
    worst = models.PositiveSmallIntegerField(choices=Level, null=True)
    error = models.TextField(blank=True, help_text="Why it could not run to its end.")

    objects = CheckRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["check_id", "-id"], name="check_run_newest")]

    def __str__(self) -> str:
        return f"{self.check_id} {self.started_at:%F %T}"


class Alert(models.Model):
    """What is wrong with one subject, from the run that found it to the first that did not.

    There is one alert a check and subject that is not resolved. An acknowledged or snoozed one
    is open again when it gets worse, a snoozed one also when its time is over.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        SNOOZED = "snoozed"
        RESOLVED = "resolved"

    check_id = models.CharField(max_length=100)
    subject = models.CharField(max_length=MAX_SUBJECT)
    ledger = models.CharField(max_length=10, choices=Ledger, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        help_text="Whose business alone it is.",
    )
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    level = models.PositiveSmallIntegerField(choices=Level)
    message = models.TextField()
    hint = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1, help_text="Runs that found it.")
    findings = models.PositiveIntegerField(default=1, help_text="Of its cause, in the last run.")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When a run found it last.")
    resolved_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Who is to take care of it.",
    )
    snoozed_until = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text="What a person found out.")

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="alert_in_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["check_id", "subject"],
                condition=~Q(state="resolved"),
                name="alert_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False)
                | ~Q(state="resolved") & Q(resolved_at__isnull=True),
                name="alert_resolved_at",
            ),
            models.CheckConstraint(
                condition=Q(state="snoozed", snoozed_until__isnull=False)
                | ~Q(state="snoozed") & Q(snoozed_until__isnull=True),
                name="alert_snooze_ends",
            ),
            models.CheckConstraint(
                condition=~Q(state="acknowledged") | Q(acknowledged_at__isnull=False),
                name="alert_acknowledged_at",
            ),
            models.CheckConstraint(
                condition=Q(seen_at__gte=F("opened_at")), name="alert_seen_after_opened"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.subject} ({self.state})"


class AlertEvent(models.Model):
    """One thing that happened to an alert, and who did it; without a person, a check did."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        ESCALATED = "escalated"
        EASED = "eased"
        ACKNOWLEDGED = "acknowledged"
        SNOOZED = "snoozed"
        WOKEN = "woken", "Snooze ended"
        NOTED = "noted"
        ASSIGNED = "assigned"
        RESOLVED = "resolved"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(choices=Level)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"


class Delivery(models.Model):
    """One notice that one channel has to send, written with the alert that it is about.

    So nothing is lost with a message or a worker: what is pending is tried until it is sent or
    given up. A heartbeat is a delivery too; it has no alert.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        GIVEN_UP = "given_up", "Given up"

    channel = models.CharField(max_length=40)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="deliveries")
    kind = models.CharField(max_length=12)
    notice = models.JSONField(default=dict, help_text="What is told.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When it is tried next.")
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="Of the last attempt.")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["channel", "-id"], name="delivery_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | ~Q(state="sent") & Q(sent_at__isnull=True),
                name="delivery_sent_at",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} ({self.state})"


class Attempt(models.Model):
    """One try to send one delivery: how long it took, and why it failed; empty: it did not."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took = models.DurationField()
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.error or 'sent'}"


class Watch(models.Model):
    """An asset that a user wants to hear of, held or not: its listings and its delistings."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    asset = models.CharField(max_length=30, help_text="Our symbol, such as BTC.")
    since = models.DateTimeField()

    class Meta:
        ordering = ["user_id", "asset"]
        verbose_name_plural = "watches"
        constraints = [models.UniqueConstraint(fields=["user", "asset"], name="watch_once")]

    def __str__(self) -> str:
        return f"{self.asset} of {self.user}"
