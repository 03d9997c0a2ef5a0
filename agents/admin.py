"""The operator's pages of the agents: sessions with what their answers cite, and the journal.

What a user asked and was told is the user's own; an operator sees that it happened, how it ended
and which rows of the public ledgers it cited, and what it cost. A superuser reads the rest on a
page that asks why, and of which the owner hears.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import AllValuesFieldListFilter
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from agents.chat import OUTCOMES
from agents.models import AgentSession, JournalEntry, SessionEvent
from agents.reading_page import reading_page
from agents.readings import readings_of, spent_on
from ledgers.admin import ReadOnlyPage, WindowFilter
from ledgers.models import Ledger

Kind = SessionEvent.Kind
HIDDEN = "Only its owner reads it."
LEAD = '{} <a class="font-medium text-primary-600 underline" href="{}">Read the conversation</a>'
LABELS = {str(outcome): colour for outcome, colour in OUTCOMES.items()}


@admin.register(AgentSession)
class AgentSessionAdmin(ReadOnlyPage):
    """Sessions, the newest first."""

    list_display = ("id", "user", "mode", "created_at", "turns", "outcome")
    list_filter = ("mode",)
    list_select_related = ("user",)
    ordering = ("-created_at",)
    fields = (
        "id", "user", "mode", "created_at", "turns", "outcome", "spent", "conversation",
        "citations", "read_by",
    )  # fmt: skip
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a superuser reads another's conversation."""
        page = self.admin_site.admin_view(partial(reading_page, site=self.admin_site))
        return [
            path("<uuid:session_id>/conversation/", page, name="agents_session_conversation"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentSession]:
        """Count the turns with the sessions, and mark the reader's own."""
        rows: QuerySet[AgentSession] = super().get_queryset(request)
        return rows.annotate(
            turn_count=Count("events__turn", distinct=True),
            is_own=_is(request, "user"),
            may_read=Value(bool(request.user.is_superuser)),
        )

    @admin.display(description="turns", ordering="turn_count")
    def turns(self, session: Any) -> int:
        """Return how many questions were asked."""
        return int(session.turn_count)

    @admin.display(description="last outcome")
    def outcome(self, session: AgentSession) -> str:
        """Return how the newest turn ended."""
        last = session.events.order_by("-sequence").first()
        return str(last.payload.get("outcome", last.get_kind_display())) if last else ""

    @admin.display(description="conversation")
    def conversation(self, session: Any) -> str | SafeString:
        """Show questions and answers to their owner alone; lead a superuser to where to ask."""
        if not session.is_own and session.may_read:
            url = reverse("admin:agents_session_conversation", args=[session.pk])
            return format_html(LEAD, HIDDEN, url)
        if not session.is_own:
            return HIDDEN
        told = session.events.filter(kind__in=[Kind.ASKED, Kind.ANSWERED]).order_by("sequence")
        lines = ((one.payload.get("question") or one.payload.get("answer", ""),) for one in told)
        return format_html_join("", "<p>{}</p>", lines)

    @admin.display(description="citations")
    def citations(self, session: Any) -> str | SafeString:
        """List the cited rows; those of the Exchange ledger to their owner alone."""
        rows = [
            (one["key"], one["id"], one["field"])
            for event in session.events.filter(kind=Kind.ANSWERED).order_by("sequence")
            for one in event.payload.get("citations", [])
            if session.is_own or one["ledger"] != Ledger.EXCHANGE
        ]
        return format_html_join("", "<p>[{}] {} ({})</p>", rows) or "None."

    @admin.display(description="model")
    def spent(self, session: AgentSession) -> str:
        """Write what the model has cost."""
        return spent_on(session)

    @admin.display(description="read by others")
    def read_by(self, session: AgentSession) -> str | SafeString:
        """List who else read the conversation, and why."""
        rows = ((f"{one.at:%F %T} UTC", one.reader, one.reason) for one in readings_of(session))
        return format_html_join("", "<p>{} {}: {}</p>", rows) or "Nobody."


class AnsweredFilter(WindowFilter):
    """A window over the moments of the answers."""

    moment = "at"
    default = "week"


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyPage):
    """What answers were made of and what they cost; what was asked its asker alone may read.

    Of an answer about own things nobody else sees what was looked for.
    """

    list_display = (
        "at", "short_session", "turn", "user", "show_outcome", "by", "tokens", "cost",
        "latency_ms", "withheld",
    )  # fmt: skip
    list_select_related = ("session__user",)
    list_filter = (
        AnsweredFilter,
        ("outcome", AllValuesFieldListFilter),
        ("mode", ChoicesDropdownFilter),
        ("answered_by", ChoicesDropdownFilter),
    )
    fields = (
        "at", "session", "turn", "user", "as_of", "horizon", "show_outcome", "mode",
        "answered_by", "asked", "made_calls", "state", "faults", "model", "show_prompts",
        "requests", "tokens", "cost", "latency_ms", "withheld",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalEntry]:
        """Mark the reader's own."""
        rows: QuerySet[JournalEntry] = super().get_queryset(request)
        return rows.annotate(is_own=_is(request, "session__user"))

    @display(description="outcome", label=LABELS, ordering="outcome")
    def show_outcome(self, entry: JournalEntry) -> tuple[str, str]:
        """Colour the outcome."""
        return entry.outcome, entry.outcome.replace("_", " ")

    @admin.display(description="session", ordering="session")
    def short_session(self, entry: JournalEntry) -> str:
        """Cut the session's id to where it still tells sessions apart."""
        return str(entry.session_id)[:8]

    @admin.display(description="answered by", ordering="answered_by")
    def by(self, entry: JournalEntry) -> str:
        """Say which mode answered, and which one should have."""
        stood_in = entry.mode != entry.answered_by
        return f"{entry.answered_by} for {entry.mode}" if stood_in else entry.answered_by

    @admin.display(description="user", ordering="session__user")
    def user(self, entry: JournalEntry) -> str:
        """Name who asked."""
        return str(entry.session.user or "console")

    @admin.display(description="question")
    def asked(self, entry: Any) -> str:
        """Show the question to who asked it alone."""
        return str(entry.question) if entry.is_own else HIDDEN

    @admin.display(description="calls")
    def made_calls(self, entry: Any) -> str | SafeString:
        """List the calls with the hashes of their results; arguments to who asked alone."""
        lines = (
            (one["tool"], _arguments(one) if entry.is_own else "", one["state"], one["count"],
             one["sha256"])
            for one in entry.calls
        )  # fmt: skip
        form = "<p>{}({}): {}, {} rows<br><code>{}</code></p>"
        return format_html_join("", form, lines) or "None."

    @admin.display(description="quality")
    def state(self, entry: JournalEntry) -> str:
        """Write the worst state behind the answer, and why."""
        quality = entry.quality
        return f"{quality['state']}. {quality['reason']}" if quality else "Nothing was read."

    @admin.display(description="prompts")
    def show_prompts(self, entry: JournalEntry) -> str | SafeString:
        """List the hashes of what was sent to the model."""
        hashes = ((one,) for one in entry.prompts)
        return format_html_join("", "<p><code>{}</code></p>", hashes) or "None."


def _is(request: HttpRequest, owner: str) -> ExpressionWrapper[Q]:
    """Tell of each row whether its owner reads: with the row, for a page serves many at once."""
    return ExpressionWrapper(Q(**{owner: request.user.pk}), output_field=BooleanField())


def _arguments(call: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in call["args"].items())
