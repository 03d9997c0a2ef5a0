"""The operator's pages of the agents: sessions with what their answers cite, and the journal.

What a user asked and was told is the user's own; an operator sees that it happened, how it ended
and which rows of the public ledgers it cited.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import AllValuesFieldListFilter
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from agents.chat import OUTCOMES
from agents.models import AgentSession, JournalEntry, SessionEvent
from ledgers.admin import ReadOnlyPage, WindowFilter
from ledgers.models import Ledger

Kind = SessionEvent.Kind
HIDDEN = "Only its owner reads it."
LABELS = {str(outcome): colour for outcome, colour in OUTCOMES.items()}


@admin.register(AgentSession)
class AgentSessionAdmin(ReadOnlyPage):
    """Sessions, the newest first."""

    list_display = ("id", "user", "mode", "created_at", "turns", "outcome")
    list_filter = ("mode",)
    list_select_related = ("user",)
    ordering = ("-created_at",)
    fields = ("id", "user", "mode", "created_at", "outcome", "conversation", "citations")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentSession]:
        """Count the turns with the sessions."""
        self._reader_id = request.user.pk
        rows: QuerySet[AgentSession] = super().get_queryset(request)
        return rows.annotate(turn_count=Count("events__turn", distinct=True))

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
    def conversation(self, session: AgentSession) -> str | SafeString:
        """Show questions and answers to their owner alone."""
        if session.user_id != self._reader_id:
            return HIDDEN
        told = session.events.filter(kind__in=[Kind.ASKED, Kind.ANSWERED]).order_by("sequence")
        lines = ((one.payload.get("question") or one.payload.get("answer", ""),) for one in told)
        return format_html_join("", "<p>{}</p>", lines)

    @admin.display(description="citations")
    def citations(self, session: AgentSession) -> str | SafeString:
        """List the cited rows; those of the Exchange ledger to their owner alone."""
        is_own = session.user_id == self._reader_id
        rows = [
            (one["key"], one["id"], one["field"])
            for event in session.events.filter(kind=Kind.ANSWERED).order_by("sequence")
            for one in event.payload.get("citations", [])
            if is_own or one["ledger"] != Ledger.EXCHANGE
        ]
        return format_html_join("", "<p>[{}] {} ({})</p>", rows) or "None."


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
        """Remember who reads."""
        self._reader_id = request.user.pk
        rows: QuerySet[JournalEntry] = super().get_queryset(request)
        return rows

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
    def asked(self, entry: JournalEntry) -> str:
        """Show the question to who asked it alone."""
        return entry.question if self._is_own(entry) else HIDDEN

    @admin.display(description="calls")
    def made_calls(self, entry: JournalEntry) -> str | SafeString:
        """List the calls with the hashes of their results; arguments to who asked alone."""
        is_own = self._is_own(entry)
        lines = (
            (one["tool"], _arguments(one) if is_own else "", one["state"], one["count"],
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

    def _is_own(self, entry: JournalEntry) -> bool:
        return entry.session.user_id == self._reader_id


def _arguments(call: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in call["args"].items())
