"""The page on which a superuser reads another user's conversation, once for each reason given."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.models import AgentSession
from agents.readings import Exchanged, UntoldError, read_conversation, readings_of, spent_on
from ledgers.password_forms import (
    MISTAKEN,
    THROTTLED,
    UNREACHABLE,
    is_confirmed,
    password_field,
)

READS: Final = "session-reading"
SHORTEST, LONGEST = 10, 500
UNTOLD: Final = "untold"
STATUSES: Final = {MISTAKEN: 403, THROTTLED: 429, UNREACHABLE: 503, UNTOLD: 503}
BAD_INPUT: Final = 400


class ReadingForm(forms.Form):
    """Why the conversation has to be read, and the password of who reads it."""

    reason = forms.CharField(
        min_length=SHORTEST,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Its owner is told it, and it is kept for ever.",
    )
    password = password_field()


@sensitive_post_parameters("password")
def reading_page(request: HttpRequest, session_id: UUID, site: AdminSite) -> HttpResponse:
    """Ask why, and then show questions and answers in this one response; nothing stays open."""
    if not request.user.is_superuser:
        raise PermissionDenied("Only a superuser may read another user's conversation.")
    session = AgentSession.objects.select_related("user").filter(pk=session_id).first()
    if session is None:
        raise Http404(f"There is no session {session_id}.")
    if session.user_id == request.user.pk:
        return HttpResponseRedirect(reverse("ask-session", args=[session.pk]))
    form, told, status = ReadingForm(), None, 200
    if request.method == "POST":
        form = ReadingForm(request.POST)
        told = _told(request, session, form)
        status = 200 if told is not None else _status_of(form)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Read a conversation",
        "session": session,
        "spent": spent_on(session),
        "readings": readings_of(session),
        "form": form,
        "told": told,
    }
    return TemplateResponse(request, "admin/agents/reading.html", context, status=status)


def _told(request: HttpRequest, session: AgentSession, form: ReadingForm) -> list[Exchanged] | None:
    """Return the conversation if the form gives a reason and the password, else None."""
    if not is_confirmed(form, request, what=READS):
        return None
    reader, reason = request.user.get_username(), form.cleaned_data["reason"]
    try:
        return read_conversation(session, reader=reader, reason=reason, now=timezone.now())
    except UntoldError as error:
        form.add_error(None, ValidationError(str(error), code=UNTOLD))
        return None


def _status_of(form: ReadingForm) -> int:
    """Return which status says what is wrong with a form."""
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    return next((status for code, status in STATUSES.items() if code in codes), BAD_INPUT)
