"""The operator's pages of quality: alerts, which a person may answer, and the runs of checks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from ledgers.counting import EstimatedPaginator
from ledgers.pages import Page, ReadOnlyPage, StartedFilter, ago
from quality.alerting import ResolvedError, acknowledge, annotate, assign, snooze
from quality.findings import Level
from quality.models import Alert, AlertEvent, Attempt, CheckRun, Delivery

COLOURS = {"warning": "warning", "error": "danger", "critical": "danger"}
FOUND = (
    "check_id",
    "subject",
    "ledger",
    "user",
    "state",
    "level",
    "message",
    "hint",
    "count",
    "findings",
    "opened_at",
    "seen_at",
    "resolved_at",
    "acknowledged_at",
    "acknowledged_by",
    "assigned_to",
    "snoozed_until",
)
"""What runs found and people did; the note alone is written on the page."""
DELIVERY_STATES = {"pending": "warning", "sent": "success", "given_up": "danger"}
STATES = {"open": "danger", "acknowledged": "info", "snoozed": "info", "resolved": "success"}


class StandingFilter(DropdownFilter):  # type: ignore[misc]  # unfold has no types
    """What is not resolved, unless something else is asked for."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the states."""
        return [("standing", "Not resolved"), *Alert.State.choices, ("all", "All")]

    def value(self) -> str:
        """Return the state that was chosen, else what is not resolved."""
        return super().value() or "standing"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the alerts of the state."""
        if self.value() == "all":
            return queryset
        if self.value() == "standing":
            return queryset.exclude(state=Alert.State.RESOLVED)
        return queryset.filter(state=self.value())


class AlertEventInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    """What happened to an alert."""

    model = AlertEvent
    extra = 0
    can_delete = False
    tab = False
    fields = ("at", "kind", "level", "by", "text")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertEvent]:
        """Know who did it."""
        rows: QuerySet[AlertEvent] = super().get_queryset(request)
        return rows.select_related("by")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: the history writes itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what happened stays."""
        return False


@admin.register(Alert)
class AlertAdmin(Page):
    """What is wrong, the newest first; a person acknowledges, snoozes, and leaves a note."""

    paginator = EstimatedPaginator
    list_display = (
        "show_level",
        "show_state",
        "ledger",
        "check_id",
        "subject",
        "message",
        "hint",
        "since",
        "count",
    )
    list_display_links = ("show_level", "subject")
    list_filter = (
        StandingFilter,
        ("level", ChoicesDropdownFilter),
        ("ledger", ChoicesDropdownFilter),
    )
    search_fields = ("check_id", "subject")
    search_help_text = "Part of a check's id, or of a subject"
    ordering = ("-opened_at", "-id")
    fields = (*FOUND, "note")
    readonly_fields = FOUND
    inlines: ClassVar[Any] = (AlertEventInline,)
    actions = ("take", "take_on", "snooze_hour", "snooze_day", "snooze_week")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Keep the note, and who wrote it."""
        annotate(obj.pk, note=obj.note, by=_who(request), now=timezone.now())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: checks open alerts."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: the history stays."""
        return False

    @display(description="level", label=COLOURS, ordering="level")
    def show_level(self, alert: Alert) -> tuple[str, str]:
        """Colour the level."""
        label = str(Level(alert.level).label)
        return label, label

    @display(description="state", label=STATES, ordering="state")
    def show_state(self, alert: Alert) -> tuple[str, str]:
        """Colour the state."""
        return alert.state, alert.get_state_display()

    @admin.display(description="since", ordering="opened_at")
    def since(self, alert: Alert) -> str:
        """Write how long ago it was opened."""
        return ago(alert.opened_at)

    @action(description="Acknowledge", permissions=["change"])
    def take(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Say that one takes care."""
        now, by = timezone.now(), _who(request)
        self._answer(request, alerts, lambda pk: acknowledge(pk, by=by, now=now), "Acknowledged")

    @action(description="Assign to me", permissions=["change"])
    def take_on(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Say that it is oneself who is to take care."""
        now, by, name = timezone.now(), _who(request), request.user.get_username()
        self._answer(request, alerts, lambda pk: assign(pk, to=name, by=by, now=now), "Assigned")

    @action(description="Snooze for an hour", permissions=["change"])
    def snooze_hour(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for an hour."""
        self._snooze(request, alerts, timedelta(hours=1))

    @action(description="Snooze for a day", permissions=["change"])
    def snooze_day(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for a day."""
        self._snooze(request, alerts, timedelta(days=1))

    @action(description="Snooze for a week", permissions=["change"])
    def snooze_week(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for a week."""
        self._snooze(request, alerts, timedelta(weeks=1))

    def _snooze(self, request: HttpRequest, alerts: QuerySet[Alert], width: timedelta) -> None:
        now, by = timezone.now(), _who(request)
        self._answer(
            request, alerts, lambda pk: snooze(pk, until=now + width, by=by, now=now), "Snoozed"
        )

    def _answer(
        self,
        request: HttpRequest,
        alerts: QuerySet[Alert],
        answer: Callable[[int], object],
        done: str,
    ) -> None:
        """Answer each alert, and say which were over already."""
        over = 0
        keys = list(alerts.values_list("pk", flat=True))
        for key in keys:
            try:
                answer(key)
            except ResolvedError:
                over += 1
        if over:
            text = f"Left alone: {over}, which are resolved."
            self.message_user(request, text, messages.WARNING)
        self.message_user(request, f"{done}: {len(keys) - over}.", messages.SUCCESS)


@admin.register(CheckRun)
class CheckRunAdmin(ReadOnlyPage):
    """Every run of every check: how long it took, what it found, why it failed."""

    paginator = EstimatedPaginator
    ordering = ("-id",)
    list_display = ("started_at", "check_id", "show_worst", "findings", "took", "error")
    list_filter = (StartedFilter,)
    search_fields = ("check_id",)
    search_help_text = "Part of a check's id"

    @display(description="worst", label=COLOURS, ordering="worst")
    def show_worst(self, run: CheckRun) -> tuple[str, str] | None:
        """Colour the worst level; nothing where nothing was found."""
        if run.worst is None:
            return None
        label = str(Level(run.worst).label)
        return label, label

    @admin.display(description="took", ordering="duration")
    def took(self, run: CheckRun) -> str:
        """Write how long it took."""
        if run.duration is None:
            return "did not finish"
        return f"{run.duration.total_seconds() * 1000:.0f} ms"


class AttemptInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    """How each try to send it went."""

    model = Attempt
    extra = 0
    can_delete = False
    tab = False
    fields = ("at", "took", "error")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: attempts write themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what happened stays."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyPage):
    """Every notice on every channel: whether it was sent, how often it was tried, why it failed."""

    paginator = EstimatedPaginator
    ordering = ("-id",)
    list_display = ("made_at", "channel", "kind", "show_state", "attempts", "alert", "error")
    list_filter = (("state", ChoicesDropdownFilter),)
    list_select_related = ("alert",)
    search_fields = ("channel",)
    search_help_text = "Part of a channel's name"
    inlines: ClassVar[Any] = (AttemptInline,)

    @display(description="state", label=DELIVERY_STATES, ordering="state")
    def show_state(self, row: Delivery) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()


def _who(request: HttpRequest) -> int:
    """Return who asks; the admin has made sure that somebody is logged in."""
    user: Any = request.user
    return int(user.pk)
