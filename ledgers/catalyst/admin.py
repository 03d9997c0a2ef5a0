"""Pages of the Catalyst ledger."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from ledgers.admin import FactAdmin, WindowFilter
from ledgers.catalyst.models import Event

IMPACTS = {"high": "danger", "medium": "warning", "low": "info"}


@admin.register(Event)
class EventAdmin(FactAdmin):
    """Filings, announcements and decisions."""

    list_display = ("kind", "show_impact", "title", "show_assets", "company", "form", "source")
    list_filter = (
        WindowFilter,
        ("kind", ChoicesDropdownFilter),
        ("impact", ChoicesDropdownFilter),
    )
    search_fields = ("title", "company", "=form")
    search_help_text = "Part of a title or a company, or a form such as 8-K"

    @display(description="impact", label=IMPACTS, ordering="impact")
    def show_impact(self, event: Event) -> str:
        """Colour the impact."""
        return event.impact

    @admin.display(description="assets")
    def show_assets(self, event: Event) -> str:
        """Write the symbols."""
        return ", ".join(event.assets)
