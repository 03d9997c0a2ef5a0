"""The operator's pages of orders: what was wanted, how far it may go, what stops it, the trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from ledgers.pages import Page, ReadOnlyPage
from trading.auditing import append, broken_links, chain_of
from trading.killing import release
from trading.models import AuditEntry, KillSwitch, LiveSwitch, OrderIntent, RiskLimits
from trading.orders import NotOpenError, cancel
from trading.sweeping import stop
from trading.writing import plain

OPERATES = "exchange.view_account"
STATES = {
    "denied": "danger",
    "accepted": "info",
    "sending": "info",
    "open": "info",
    "partly_filled": "info",
    "filled": "success",
    "cancelled": "warning",
    "rejected": "danger",
    "unknown": "danger",
}


class OwnPage(Page):
    """Rows of one's own accounts; an operator sees those of everyone, and changes only own ones."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody who may enter the admin see the own accounts' rows."""
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let a user see what `get_queryset` returns."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let a user make a row for an own account."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the owner alone change it."""
        owns = obj is None or obj.account.user_id == request.user.pk
        return owns and self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: without a row the defaults count, and the trail names it."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the reader may see."""
        rows = super().get_queryset(request).select_related("account__user")
        if request.user.has_perm(OPERATES):
            return rows
        return rows.filter(account__user_id=request.user.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the account of a row."""
        return ("account",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer one's own accounts."""
        if db_field.name == "account":
            own = db_field.remote_field.model.objects.filter(user_id=request.user.pk)
            kwargs["queryset"] = own
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(OrderIntent)
class OrderIntentAdmin(OwnPage):
    """Every order, and what became of it; made by the API, ended here."""

    list_display = (
        "created_at",
        "account",
        "side",
        "show_quantity",
        "base",
        "show_limit",
        "show_state",
        "show_filled",
        "mode",
        "reason",
    )
    list_filter = (("state", ChoicesDropdownFilter), ("mode", ChoicesDropdownFilter))
    search_fields = ("client_id", "base", "venue_order_id")
    ordering = ("-pk",)
    actions = ("cancel_orders",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: orders come by the API, where a client id makes them safe to repeat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was wanted stays."""
        return False

    @display(description="state", label=STATES, ordering="state")
    def show_state(self, intent: OrderIntent) -> str:
        """Colour the state."""
        return intent.state

    @admin.display(description="quantity")
    def show_quantity(self, intent: OrderIntent) -> str:
        """Write the quantity."""
        return plain(intent.quantity)

    @admin.display(description="limit")
    def show_limit(self, intent: OrderIntent) -> str:
        """Write the limit, or that it takes the market's price."""
        return f"{plain(intent.limit)} {intent.quote}" if intent.limit else "market"

    @admin.display(description="filled")
    def show_filled(self, intent: OrderIntent) -> str:
        """Write what was executed."""
        return plain(intent.filled)

    @action(description="Cancel")
    def cancel_orders(self, request: HttpRequest, intents: QuerySet[OrderIntent]) -> None:
        """Ask for the end of one's own orders among those chosen, and say how it went."""
        user: Any = request.user
        for intent in intents.filter(account__user_id=user.pk):
            try:
                ended = cancel(intent.pk, actor=_name(request), now=timezone.now())
                self.message_user(request, f"{intent.client_id}: {ended.state}.")
            except NotOpenError as error:
                self.message_user(request, f"{intent.client_id}: {error}", messages.WARNING)


@admin.register(RiskLimits)
class RiskLimitsAdmin(OwnPage):
    """How far each account's orders may go; one without a row has the defaults."""

    list_display = ("account", "max_order", "max_position", "max_daily_loss", "orders_a_minute")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save the limits and say so in the trail."""
        said = {field: form.cleaned_data[field] for field in form.changed_data}
        said.pop("account", None)
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            append(
                AuditEntry.Kind.LIMITS,
                said,
                actor=_name(request),
                now=timezone.now(),
                chain=chain_of(obj.account_id),
            )


class LiveSwitchForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Asks for the words that nobody types by accident."""

    confirmation = forms.CharField(
        required=False, help_text='To switch on, type: "trade real money with" and the account.'
    )

    class Meta:
        model = LiveSwitch
        fields = ("account", "is_on")

    def clean(self) -> dict[str, Any]:
        """Refuse to switch on without the words."""
        said: dict[str, Any] = super().clean() or {}
        account = said.get("account") or getattr(self.instance, "account", None)
        if account is None:
            return said
        words = f"trade real money with {account.name}"
        if said.get("is_on") and said.get("confirmation") != words:
            raise forms.ValidationError({"confirmation": f'Type exactly: "{words}".'})
        return said


@admin.register(LiveSwitch)
class LiveSwitchAdmin(OwnPage):
    """Which accounts may trade real money, by their owners' word."""

    form = LiveSwitchForm
    list_display = ("account", "is_on", "actor", "changed_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Turn the switch and say so in the trail."""
        obj.actor, obj.changed_at = _name(request), timezone.now()
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            append(
                AuditEntry.Kind.LIVE_SWITCH,
                {"is_on": obj.is_on},
                actor=obj.actor,
                now=obj.changed_at,
                chain=chain_of(obj.account_id),
            )


class KillSwitchForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Asks which orders to stop, or to let through again, and why."""

    class Meta:
        model = KillSwitch
        fields = ("scope", "is_engaged", "reason")

    def clean_reason(self) -> str:
        """Demand a reason that says something."""
        reason: str = self.cleaned_data["reason"].strip()
        if not reason:
            raise forms.ValidationError("Say why; the reason is kept for ever.")
        return reason

    def clean_scope(self) -> str:
        """Take everything, or one account by its number."""
        scope: str = self.cleaned_data["scope"]
        kind, _, number = scope.partition(":")
        if scope != KillSwitch.EVERYTHING and not (kind == "account" and number.isdecimal()):
            raise forms.ValidationError('Write "everything", or an account such as "account:3".')
        return scope


@admin.register(KillSwitch)
class KillSwitchAdmin(Page):
    """What stops orders: engage it here, and every open order of its scope is cancelled."""

    form = KillSwitchForm
    list_display = ("scope", "show_state", "reason", "actor", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let superusers stop; users stop their own accounts by the API."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a switch is released, with a reason."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose to stop everything."""
        return {"scope": KillSwitch.EVERYTHING, "is_engaged": True}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the scope of a switch."""
        return ("scope",) if obj else ()

    @display(description="state", label={"engaged": "danger", "released": "success"})
    def show_state(self, switch: KillSwitch) -> str:
        """Colour the state."""
        return "engaged" if switch.is_engaged else "released"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Stop or release, and say what became of each order."""
        now, who = timezone.now(), _name(request)
        if not obj.is_engaged:
            release(obj.scope, actor=who, reason=obj.reason, now=now)
            return
        _, orders = stop(obj.scope, actor=who, reason=obj.reason, now=now)
        for one in orders:
            level = messages.SUCCESS if one.is_stopped else messages.ERROR
            text = f"{one.client_id}: {one.state}. {one.message}".strip()
            self.message_user(request, text, level)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyPage):
    """What was decided and done about orders; each entry is chained to the one before."""

    list_display = ("at", "chain", "number", "kind", "actor", "intent")
    list_select_related = ("intent",)
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("chain", "actor")
    ordering = ("-pk",)
    readonly_fields = ("show_links",)

    @admin.display(description="chain is whole")
    def show_links(self, entry: AuditEntry) -> str:
        """Say where the entry's chain is broken, if it is."""
        return " ".join(broken_links(entry.chain)) or "yes"


def _name(request: HttpRequest) -> str:
    return str(request.user.get_username())
