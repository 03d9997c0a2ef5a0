"""The page about profit and loss: one's own accounts, and for operators those of everyone.

The pages of orders are those of `trading.ordering_admin`, registered here too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from ledgers.exchange.key_page import has_key_page, key_page
from ledgers.pages import COLOURS, ReadOnlyPage, stamp
from ledgers.reading import pair
from trading.core.lots import METHODS
from trading.exporting import FORMATS
from trading.histories import UnbookableError
from trading.key_page import TRADING
from trading.models import AccountPnl
from trading.ordering_admin import OPERATES
from trading.panels import equity_chart, figures, month_chart, position_rows
from trading.reports import By, PnlReport
from trading.services import pnl_of


@admin.register(AccountPnl)
class AccountPnlAdmin(ReadOnlyPage):
    """Accounts; each opens what it has earned."""

    list_display = ("name", "owner", "venue", "base_currency", "method", "fees")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the key with which an account trades."""
        page = partial(key_page, site=self.admin_site, kind=TRADING)
        return [
            path(
                "<int:account_id>/trading-key/",
                self.admin_site.admin_view(page),
                name="trading_accountpnl_key",
            ),
            *super().get_urls(),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody who may enter the admin see the own accounts."""
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let a user see the own accounts, and an operator all."""
        return self.has_module_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the accounts that the reader may see."""
        accounts = super().get_queryset(request)
        if request.user.has_perm(OPERATES):
            return accounts
        return accounts.filter(user_id=request.user.pk)

    @admin.display(description="owner", ordering="user__username")
    def owner(self, account: AccountPnl) -> str:
        """Name the user."""
        return str(account.user.get_username())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what one account has earned, by the method that was chosen."""
        account = self.get_object(request, unquote(object_id))
        if account is None:
            raise Http404(f"There is no account {object_id}.")
        method = request.GET.get("method")
        chosen = method if method in METHODS else account.method
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Profit and loss of {account.name}",
            "account": account,
            "methods": [(name, name == chosen) for name in METHODS],
            "chosen": chosen,
            "forms": list(FORMATS) if account.user_id == request.user.pk else [],
            "key_pages": _key_pages(request, account),
            **_panels(account, chosen),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/trading/pnl.html", context)


def _key_pages(request: HttpRequest, account: AccountPnl) -> list[tuple[str, str]]:
    """Return what the keys of the account are called and where their pages are, if the reader's."""
    if not has_key_page(request, account):
        return []
    return [
        ("key", reverse("admin:exchange_account_key", args=[account.pk])),
        ("trading key", reverse("admin:trading_accountpnl_key", args=[account.pk])),
    ]


def _panels(account: AccountPnl, method: str) -> dict[str, Any]:
    try:
        report = pnl_of(
            account.user_id, pair=pair(), account_id=account.pk, method=method, by=By.DAY
        )
    except UnbookableError as error:
        return {"refused": str(error)}
    return _shown(report)


def _shown(report: PnlReport) -> dict[str, Any]:
    return {
        "report": report,
        "figures": figures(report),
        "positions": position_rows(report),
        "months": month_chart(report.by),
        "equity": equity_chart(report.by) if report.fills or report.transfers else "",
        "quality_colour": COLOURS[report.quality.state],
        "as_of": stamp(report.as_of),
        "zone": timezone.get_current_timezone_name(),
    }
