"""Pages of the Exchange ledger: operators see the accounts of all users, and change no fact."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from ledgers.admin import FactAdmin, Page, YearFilter
from ledgers.exchange.import_page import import_page
from ledgers.exchange.key_page import key_page
from ledgers.exchange.keys import VENUE
from ledgers.exchange.models import Account, Balance, Fill, Order, Owned, Transfer

SIDES = {"buy": "success", "sell": "warning"}
STATUSES = {
    "open": "info",
    "partial": "info",
    "filled": "success",
    "cancelled": "warning",
    "rejected": "danger",
}


class OwnedAdmin(FactAdmin):
    """Facts of accounts, each with its owner."""

    list_filter: ClassVar[Any] = (YearFilter,)

    @admin.display(description="owner")
    def owner(self, row: Owned) -> str:
        """Name the user."""
        return row.account.user.get_username()

    @display(description="side", label=SIDES)
    def show_side(self, row: Order | Fill) -> str:
        """Colour the side."""
        return row.side


@admin.register(Account)
class AccountAdmin(Page):
    """Accounts at venues, and how their gains are counted."""

    list_display = ("name", "user", "venue", "base_currency", "method", "fees", "key")
    list_select_related = ("user",)
    list_filter = (("method", ChoicesDropdownFilter),)
    search_fields = ("name", "user__username")

    def get_urls(self) -> list[URLPattern]:
        """Add the page of an account's key, and that of imports."""
        site = self.admin_site
        key = site.admin_view(partial(key_page, site=site))
        imports = site.admin_view(partial(import_page, site=site))
        return [
            path("<int:account_id>/key/", key, name="exchange_account_key"),
            path("import/", imports, name="exchange_import"),
            *super().get_urls(),
        ]

    @admin.display(description="key")
    def key(self, account: Account) -> str:
        """Lead to the page of its key."""
        if account.venue != VENUE:
            return "-"
        return format_html(
            '<a href="{}">key</a>', reverse("admin:exchange_account_key", args=[account.pk])
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the owner: who became it by a form would have the keys and what they open."""
        return ("user",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: its facts name it."""
        return False


@admin.register(Order)
class OrderAdmin(OwnedAdmin):
    """Orders as the venues last told them."""

    list_display = (
        "owner",
        "account",
        "show_side",
        "kind",
        "base",
        "quote",
        "quantity",
        "price",
        "filled",
        "show_status",
    )
    list_filter = (YearFilter, ("status", ChoicesDropdownFilter))
    search_fields = ("=base", "=order_id", "=account__user__username")
    search_help_text = "An asset, an order's id or a user's name"

    @display(description="status", label=STATUSES)
    def show_status(self, order: Order) -> tuple[str, str]:
        """Colour the status."""
        return order.status, order.get_status_display()


@admin.register(Fill)
class FillAdmin(OwnedAdmin):
    """Executions."""

    list_display = (
        "owner",
        "account",
        "show_side",
        "base",
        "quote",
        "quantity",
        "price",
        "fee",
        "fee_asset",
    )
    search_fields = ("=base", "=venue_id", "=account__user__username")
    search_help_text = "An asset, a venue's id or a user's name"


@admin.register(Transfer)
class TransferAdmin(OwnedAdmin):
    """Deposits, withdrawals and income."""

    list_display = ("owner", "account", "kind", "asset", "quantity", "fee", "fee_asset", "value")
    list_filter = (YearFilter, ("kind", ChoicesDropdownFilter))
    search_fields = ("=asset", "=account__user__username")
    search_help_text = "An asset or a user's name"


@admin.register(Balance)
class BalanceAdmin(OwnedAdmin):
    """What venues said is there."""

    list_display = ("owner", "account", "asset", "quantity")
    search_fields = ("=asset", "=account__user__username")
    search_help_text = "An asset or a user's name"
