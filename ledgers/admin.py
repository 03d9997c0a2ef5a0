"""The operator's pages of the collecting: feeds, runs, rejects, coverage, schedules, assets.

The pages that rooms build on are those of `ledgers.pages`, offered here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from ledgers import operating
from ledgers.counting import EstimatedPaginator
from ledgers.feeds import states
from ledgers.latency import latency_of
from ledgers.models import Asset, CollectorRun, Coverage, Feed, RejectedRecord, Schedule
from ledgers.pages import (
    COLOURS,
    OUTCOMES,
    DayFilter,
    FactAdmin,
    Page,
    ReadOnlyPage,
    StartedFilter,
    WindowFilter,
    YearFilter,
    age_of,
    ago,
    span,
    spoken,
    stamp,
)
from ledgers.reading import pair
from ledgers.source_pages import send

if TYPE_CHECKING:  # unfold has no types; its list is Django's with another face
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.views import ChangeList

__all__ = [
    "COLOURS",
    "OUTCOMES",
    "DayFilter",
    "FactAdmin",
    "Page",
    "ReadOnlyPage",
    "StartedFilter",
    "WindowFilter",
    "YearFilter",
    "age_of",
    "ago",
    "span",
    "spoken",
    "stamp",
]

SHORT = 80
LEAST = timedelta(seconds=1)


@admin.register(CollectorRun)
class CollectorRunAdmin(ReadOnlyPage):
    """Every look at every feed, with its window, its counts and what went wrong."""

    paginator = EstimatedPaginator
    list_display = (
        "started_at",
        "feed",
        "kind",
        "show_outcome",
        "show_window",
        "fetched",
        "new",
        "revised",
        "duplicate",
        "late",
        "rejected",
        "took",
        "short_error",
    )
    list_select_related = ("feed",)
    list_filter = (
        StartedFilter,
        ("outcome", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("feed__ledger", ChoicesDropdownFilter),
    )
    search_fields = ("feed__name", "error")
    search_help_text = "Part of a feed's name, or of an error"
    readonly_fields = ("show_latency",)

    @display(description="outcome", label=OUTCOMES, ordering="outcome")
    def show_outcome(self, run: CollectorRun) -> tuple[str, str]:
        """Colour the outcome."""
        return run.outcome, run.get_outcome_display()

    @admin.display(description="window", ordering="window")
    def show_window(self, run: CollectorRun) -> str:
        """Write the window of event time that the look covered."""
        return span(run.window.lower, run.window.upper) if run.window else "-"

    @admin.display(description="took")
    def took(self, run: CollectorRun) -> str:
        """Write how long the look took."""
        if run.finished_at is None:
            return "-"
        return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"

    @admin.display(description="latency")
    def show_latency(self, run: CollectorRun) -> str:
        """Write how long after their publication the rows of the run were known."""
        late = latency_of(run)
        if late is None:
            return "No row of it says when it was published."
        return f"{late.mean} on average, {late.longest} at most, over {late.rows} rows"

    @admin.display(description="error")
    def short_error(self, run: CollectorRun) -> str:
        """Cut the error to one line."""
        return run.error if len(run.error) <= SHORT else f"{run.error[:SHORT]}..."


@admin.register(RejectedRecord)
class RejectedRecordAdmin(ReadOnlyPage):
    """What could not become a fact, and why."""

    paginator = EstimatedPaginator
    list_display = ("reason", "show_feed", "detail", "show_run", "resolved_by")
    list_select_related = ("run", "resolved_by")
    search_fields = ("reason", "run__feed__name")
    search_help_text = "A reason, or part of a feed's name"

    @admin.display(description="feed", ordering="run__feed")
    def show_feed(self, rejected: RejectedRecord) -> str:
        """Name the feed."""
        return str(rejected.run.feed_id)

    @admin.display(description="run", ordering="run")
    def show_run(self, rejected: RejectedRecord) -> str:
        """Say when it came."""
        return stamp(rejected.run.started_at)


class JudgedList(ChangeList):
    """A list of feeds, each with its state; one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        """Judge the feeds of the page."""
        super().get_results(request)
        feeds: list[Any] = list(self.result_list)
        for feed, state in zip(feeds, states(feeds, pair()), strict=True):
            feed.judged = state
        self.result_list = feeds


@admin.register(Feed)
class FeedAdmin(ReadOnlyPage):
    """The state of each feed, and what an operator may do to the job that looks at it."""

    list_display = (
        "name",
        "ledger",
        "show_state",
        "age",
        "show_every",
        "schedule",
        "observed_through",
        "reason",
    )
    list_filter = (("ledger", ChoicesDropdownFilter),)
    search_fields = ("name",)
    actions = ("run_now", "pause", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        """Know of each feed whether its job is paused."""
        return operating.with_pause(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """List feeds with their states."""
        return JudgedList

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Let those operate who may change schedules."""
        return bool(request.user.has_perm("ledgers.change_schedule"))

    @display(description="state", label=COLOURS)
    def show_state(self, feed: Any) -> str:
        """Colour the state."""
        return str(feed.judged.label)

    @admin.display(description="age")
    def age(self, feed: Any) -> str:
        """Write how long ago the coverage ends."""
        return age_of(feed.judged)

    @admin.display(description="every", ordering="every")
    def show_every(self, feed: Feed) -> str:
        """Write how often it is looked at."""
        return spoken(feed.every) if feed.every else "on demand"

    @display(description="schedule", label={"paused": "warning"})
    def schedule(self, feed: Any) -> str | None:
        """Say whether an operator paused the job."""
        return "paused" if feed.is_paused else None

    @admin.display(description="why")
    def reason(self, feed: Any) -> str:
        """Say why the state is what it is."""
        return str(feed.judged.reason)

    @action(description="Run now", permissions=["operate"])
    def run_now(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Send the jobs of the feeds at once."""
        sent = operating.run_now(_jobs(feeds), timezone.now(), send)
        self._report(request, feeds, f"Sent {len(sent)} jobs. See the collector runs.")

    @action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Stop looking at the feeds."""
        self._report(request, feeds, f"Paused {operating.pause(_jobs(feeds))} jobs.")

    @action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Look at the feeds again."""
        self._report(request, feeds, f"Resumed {operating.resume(_jobs(feeds))} jobs.")

    def _report(self, request: HttpRequest, feeds: QuerySet[Feed], message: str) -> None:
        """Tell what was done, and name the feeds that nobody can send."""
        idle = [feed.name for feed in feeds if operating.job_of(feed) is None]
        if idle:
            text = f"Filled on demand, without a job: {', '.join(idle)}."
            self.message_user(request, text, messages.WARNING)
        self.message_user(request, message, messages.SUCCESS)


class ScheduleForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A schedule; a job that runs without a pause would leave no time for the others."""

    def clean_every(self) -> timedelta:
        """Refuse what is less than a second."""
        every: timedelta = self.cleaned_data["every"]
        if every < LEAST:
            raise ValidationError("A job runs once a second at most.")
        return every


@admin.register(Schedule)
class ScheduleAdmin(Page):
    """How often each job runs, and whether it is paused; both may be changed."""

    form = ScheduleForm
    list_display = ("job", "every", "is_paused", "failures", "rests_until")
    list_filter = ("is_paused",)
    list_editable = ("is_paused",)
    readonly_fields = ("job",)
    search_fields = ("job",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: jobs come from the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a job that is not wanted is paused."""
        return False


@admin.register(Coverage)
class CoverageAdmin(ReadOnlyPage):
    """Where each feed has looked."""

    paginator = EstimatedPaginator
    ordering = ("-id",)
    list_display = ("feed", "show_window", "known_at", "available_at", "run")
    list_select_related = ("feed", "run")
    search_fields = ("feed__name",)

    @admin.display(description="window", ordering="window")
    def show_window(self, coverage: Coverage) -> str:
        """Write the window of event time."""
        return span(coverage.window.lower, coverage.window.upper)


@admin.register(Asset)
class AssetAdmin(Page):
    """Coins, tokens and currencies; an unknown one that a source brought waits to be verified."""

    list_display = ("symbol", "name", "kind", "show_aliases", "is_verified")
    list_filter = (("kind", ChoicesDropdownFilter), "is_verified")
    search_fields = ("symbol", "name")
    actions = ("verify",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the symbol of a known asset: facts name it."""
        return ("symbol",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: facts may name it."""
        return False

    @admin.display(description="aliases")
    def show_aliases(self, asset: Asset) -> str:
        """Write the aliases."""
        return ", ".join(asset.aliases)

    @action(description="Mark as verified", permissions=["change"])
    def verify(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        """Say that the assets are what their symbols say."""
        self.message_user(request, f"Verified {assets.update(is_verified=True)} assets.")


def _jobs(feeds: QuerySet[Feed]) -> Iterator[str]:
    for feed in feeds:
        if job := operating.job_of(feed):
            yield job
