"""The operator's page of the agents: sessions, read-only, with what their answers cite.

What a user asked and was told is the user's own; an operator sees that it happened, how it ended
and which rows of the public ledgers it cited.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from agents.models import AgentSession, SessionEvent
from ledgers.admin import ReadOnlyPage
from ledgers.models import Ledger

Kind = SessionEvent.Kind


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
            return "Only its owner reads it."
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
