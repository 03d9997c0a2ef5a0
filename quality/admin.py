"""The operator's pages of quality: alerts, which a person may answer, and the runs of checks."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from ledgers.counting import EstimatedPaginator
from ledgers.pages import Page, ReadOnlyPage, StartedFilter, ago
from quality.alerting import ResolvedError, annotate
from quality.answering import ANSWERS, Answer
from quality.findings import Level
from quality.models import Alert, AlertEvent, Attempt, CheckRun, Delivery, Watch
from quality.watchlist import WatchError, watch, watchable

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

    @action(description=ANSWERS["acknowledge"].label, permissions=["change"])
    def take(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Say that one takes care."""
        self._answer(request, alerts, ANSWERS["acknowledge"])

    @action(description=ANSWERS["take"].label, permissions=["change"])
    def take_on(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Say that it is oneself who is to take care."""
        self._answer(request, alerts, ANSWERS["take"])

    @action(description=ANSWERS["hour"].label, permissions=["change"])
    def snooze_hour(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for an hour."""
        self._answer(request, alerts, ANSWERS["hour"])

    @action(description=ANSWERS["day"].label, permissions=["change"])
    def snooze_day(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for a day."""
        self._answer(request, alerts, ANSWERS["day"])

    @action(description=ANSWERS["week"].label, permissions=["change"])
    def snooze_week(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Silence for a week."""
        self._answer(request, alerts, ANSWERS["week"])

    def _answer(self, request: HttpRequest, alerts: QuerySet[Alert], answer: Answer) -> None:
        """Answer each alert, and say which were over already."""
        over, now = 0, timezone.now()
        keys = list(alerts.values_list("pk", flat=True))
        for key in keys:
            try:
                answer.do(key, request.user, now)
            except ResolvedError:
                over += 1
        if over:
            text = f"Left alone: {over}, which are resolved."
            self.message_user(request, text, messages.WARNING)
        self.message_user(request, f"{answer.done}: {len(keys) - over}.", messages.SUCCESS)


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


class WatchForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A user and a symbol."""

    class Meta:
        model = Watch
        fields = ("user", "asset")

    def clean(self) -> dict[str, Any]:
        """Take the symbol that is meant, or say why it cannot be watched."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("user") and given.get("asset"):
            try:
                given["asset"] = watchable(given["user"].pk, given["asset"])
            except WatchError as error:
                self.add_error("asset", str(error))
        return given


@admin.register(Watch)
class WatchAdmin(Page):
    """Which user wants to hear of which asset; users keep their own at the API."""

    list_display = ("user", "asset", "since")
    list_select_related = ("user",)
    search_fields = ("user__username", "asset")
    search_help_text = "Part of a user's name, or of a symbol"
    fields = ("user", "asset")

    form = WatchForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Watch it as the API does."""
        obj.pk = watch(obj.user_id, obj.asset, now=timezone.now()).pk

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: another asset is another watch."""
        return False


def _who(request: HttpRequest) -> int:
    """Return who asks; the admin has made sure that somebody is logged in."""
    user: Any = request.user
    return int(user.pk)
