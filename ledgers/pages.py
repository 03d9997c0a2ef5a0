"""The pages that every room of the admin builds on, in the house's face.

`Page` wears unfold, `ReadOnlyPage` changes nothing, `FactAdmin` shows one table of facts with the
state of its feeds. Facts are never edited: a correction is a new observation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import DropdownFilter

from ledgers.answers import quality_of
from ledgers.counting import EstimatedPaginator
from ledgers.erasing import erasure_of
from ledgers.feeds import FeedState
from ledgers.filling import feeds_of
from ledgers.models import Fact, Ledger
from ledgers.public_ids import UnknownIdError, find, public_id
from ledgers.reading import pair
from ledgers.revisions import history_of

if TYPE_CHECKING:  # unfold has no types; its page is Django's with another face
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

COLOURS = {"fresh": "success", "late": "warning", "stale": "danger", "unknown": "info"}
OUTCOMES = {
    "running": "info",
    "ok": "success",
    "empty": "success",
    "partial": "warning",
    "rate_limited": "warning",
    "interrupted": "warning",
    "unconfigured": "info",
    "blocked": "danger",
    "drift": "danger",
    "transport": "danger",
    "crashed": "danger",
}
WINDOWS = {
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
    "year": ("Last 365 days", timedelta(days=365)),
    "all": ("Everything", None),
}


class Page(ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A page of the admin, in the house's face."""

    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    warn_unsaved_form = True


class ReadOnlyPage(Page):
    """A page that shows and never changes."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows come from elsewhere."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what was known stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what was known stays."""
        return False


class WindowFilter(DropdownFilter):  # type: ignore[misc]  # unfold has no types
    """A window of time, so that no page ever sorts a whole table; `default` is a key of WINDOWS."""

    title = "window"
    parameter_name = "window"
    all_option = None
    moment: ClassVar[str] = "event_at"
    default: ClassVar[str] = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the windows."""
        return [(key, label) for key, (label, _) in WINDOWS.items()]

    def value(self) -> str:
        """Return the window that was chosen, else the default."""
        chosen = super().value()
        return chosen if chosen in WINDOWS else self.default

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what lies inside the window."""
        _, width = WINDOWS[self.value()]
        if width is None:
            return queryset
        return queryset.filter(**{f"{self.moment}__gte": timezone.now() - width})


class DayFilter(WindowFilter):
    """A window that starts with one day, for tables with many rows a minute."""

    default = "day"


class YearFilter(WindowFilter):
    """A window that starts with a year, for tables with few rows."""

    default = "year"


class StartedFilter(WindowFilter):
    """A window over the start of runs."""

    moment = "started_at"
    default = "week"


class FactAdmin(ReadOnlyPage):
    """One table of facts, newest first, with the state of the feeds that fill it.

    For a table with a composite key, which Django's admin refuses, register the model of its view
    and name the table in `table`; the view's key is the public id.
    """

    paginator = EstimatedPaginator
    ordering = ("-event_at",)
    list_before_template = "admin/ledgers/quality.html"
    change_form_outer_after_template = "admin/ledgers/revisions.html"
    list_filter: ClassVar[Any] = (WindowFilter,)
    table: ClassVar[type[Fact] | None] = None

    def fact(self) -> type[Fact]:
        """Return the table that the page shows."""
        return self.table or self.model

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows; operators see those of all users."""
        if self.fact().ledger != Ledger.EXCHANGE:
            return super().get_queryset(request)
        rows: Any = self.model._default_manager
        return rows.of_everyone().select_related("account__user").order_by(*self.ordering)  # type: ignore[no-any-return]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return one row; a view is asked by its columns, because its key has no index."""
        if self.table is None:
            return super().get_object(request, object_id, from_field)
        try:
            fact = find(object_id)
        except UnknownIdError:
            return None
        key = {field.attname: getattr(fact, field.attname) for field in fact._meta.pk_fields}
        return self.model._default_manager.filter(**key).first()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show the moment, the fact's own columns, then the public id."""
        return ["event_at", *super().get_list_display(request), "revision", "public_id"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say above the list how good its feeds are."""
        quality = quality_of(feeds_of([self.fact()], user_id=None), pair())
        said = {"quality": quality, "quality_colour": COLOURS[quality.state]}
        return super().changelist_view(request, (extra_context or {}) | said)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say below the fact what its revisions changed."""
        said: dict[str, Any] = {}
        if row := self.get_object(request, unquote(object_id)):
            fact = find(row.pk) if self.table else row
            said = {"revisions": history_of(fact), "erasure": erasure_of(fact)}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | said)

    @admin.display(description="public id")
    def public_id(self, row: Any) -> str:
        """Return the id under which the row is cited."""
        return public_id(row) if self.table is None else str(row.pk)


def stamp(moment: datetime) -> str:
    """Write a moment in the reader's zone, short."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"


def span(start: datetime | None, end: datetime | None) -> str:
    """Write a window in the reader's zone; the day of its end only where it is another."""
    if start is None or end is None:
        return f"{stamp(start) if start else 'the beginning'} to {stamp(end) if end else 'ever'}"
    first, last = timezone.localtime(start), timezone.localtime(end)
    is_one_day = first.date() == last.date()
    return f"{stamp(start)} to {last:%H:%M:%S}" if is_one_day else f"{stamp(start)} to {stamp(end)}"


def spoken(width: timedelta) -> str:
    """Write a cadence in words."""
    return timesince(timezone.now() - width, depth=2)


def age_of(state: FeedState) -> str:
    """Write how long ago a feed's coverage ends."""
    return ago(state.covered_until) if state.covered_until else "never"


def ago(moment: datetime) -> str:
    """Write how long ago a moment was; a minute does not matter."""
    now = timezone.now()
    return "just now" if now - moment < timedelta(minutes=1) else timesince(moment, now, depth=1)
