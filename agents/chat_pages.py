"""The operator's chat with the ledgers, and the page of one's own model key.

Everybody in the operator site asks for himself: a session of somebody else is as good as absent.
The pages work without a script; with it, a question to the model shows its steps as they happen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.exceptions import APIException, ValidationError
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from agents import chat, keys, orchestrator, sessions
from agents.admission import LONGEST, BadInputError
from agents.key_api import TooManyKeysError, forgotten, stored
from agents.limits import AskThrottle
from agents.models import AgentSession
from agents.readings import readings_of
from agents.sessions import BusyError, NoSessionError, SessionState
from ledgers.api import user_id_of
from ledgers.password_forms import PasswordForm, password_field

RECENT = 12
FORGET_ID = "id_forget_%s"
EXAMPLES = (
    "How did bitcoin do last week?",
    "Was there any SEC filing about Coinbase in the last 7 days?",
    "Compare ETH and SOL over 30 days",
    "What is the mood on the crypto market?",
    "List my open orders",
)
FIELD = "border border-base-200 bg-white rounded-default px-3 py-2 text-sm shadow-xs \
dark:bg-base-900 dark:border-base-700"


class AskForm(forms.Form):
    """A question; what else is wrong with it the admission says."""

    question = forms.CharField(
        strip=False,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 3, "placeholder": "Ask the ledgers", "aria-label": "Question"}
        ),
    )
    mode = forms.ChoiceField(
        choices=AgentSession.Mode.choices, required=False, widget=UnfoldAdminSelectWidget()
    )
    as_of = forms.DateTimeField(
        required=False,
        label="As of",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": FIELD}),
    )
    review = forms.BooleanField(
        required=False, label="Show me the plan first", widget=UnfoldBooleanWidget()
    )


class KeyForm(forms.Form):
    """A key, and the password of who stores it; neither is ever written back into the page."""

    key = forms.CharField(
        max_length=keys.LONGEST,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="It is tried at the endpoint, kept encrypted, and never shown again.",
    )
    password = password_field()


def ask_page(request: HttpRequest) -> HttpResponse:
    """Ask in a new session."""
    return _chat(request, None)


def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show one's own session, and ask on, approve a plan or cancel a question in it."""
    try:
        session = sessions.owned(session_id, user_id_of(request))
    except NoSessionError as error:
        raise Http404(str(error)) from error
    done = request.POST.get("do", "ask") if request.method == "POST" else "ask"
    if done != "ask":
        _do(request, done, session_id)
        return HttpResponseRedirect(request.path)
    return _chat(request, session)


@sensitive_post_parameters()
def key_page(request: HttpRequest) -> HttpResponse:
    """Store or forget one's own key of the language model."""
    form, forget = KeyForm(), PasswordForm(auto_id=FORGET_ID)
    if request.POST.get("do") == "forget":
        forget = PasswordForm(request.POST, auto_id=FORGET_ID)
        said = "Forgotten. Questions to the model use the installation's key."
        is_done = _done(request, forget, forgotten, said)
    elif request.method == "POST":
        form = KeyForm(request.POST)
        said = "Kept, encrypted. Questions to the model use it from now on."
        is_done = _done(request, form, stored, said)
    else:
        is_done = False
    if is_done:
        return HttpResponseRedirect(request.path)
    context = {
        **admin.site.each_context(request),
        "title": "Your model key",
        "form": form,
        "forget": forget,
        "key": keys.status_of(user_id_of(request)),
    }
    return TemplateResponse(request, "admin/agents/key.html", context)


def _chat(request: HttpRequest, session: AgentSession | None) -> HttpResponse:
    form = AskForm(initial={"mode": session.mode if session else "planner"})
    status = 200
    if request.method == "POST":
        form = AskForm(request.POST)
        throttle = AskThrottle()
        if not throttle.allow_request(_as_api(request), None):
            status = 429
            form.add_error(None, f"Too many questions. Wait {throttle.wait():.0f} seconds.")
        elif form.is_valid() and (asked := _asked(request, form, session)):
            place = reverse("ask-session", args=[asked.session_id])
            return HttpResponseRedirect(f"{place}#turn-{asked.turn}")
    response = TemplateResponse(
        request, "admin/agents/ask.html", _context(request, session, form), status=status
    )
    if status == 429:  # noqa: PLR2004  # HTTP's own number
        response.headers["Retry-After"] = f"{throttle.wait():.0f}"
    return response


def _asked(
    request: HttpRequest, form: AskForm, session: AgentSession | None
) -> SessionState | None:
    """Answer the question of a form, or say in the form what to change."""
    given = form.cleaned_data
    user_id = user_id_of(request)
    as_of: datetime | None = given["as_of"]
    try:
        state = orchestrator.begin_workflow(
            given["question"],
            user_id=user_id,
            now=timezone.now(),
            as_of=as_of,
            mode=given["mode"] or "planner",
            session_id=session.pk if session else None,
            review=given["review"],
        )
    except (BadInputError, BusyError) as error:
        form.add_error("question", str(error))
        return None
    _finish(request, state)
    return state


def _finish(request: HttpRequest, state: SessionState) -> None:
    """Bring a question to its end, or to where it waits for its user."""
    try:
        orchestrator.resume_workflow(state.session_id, user_id=user_id_of(request))
    except BusyError:
        return  # the page shows what it waits for


def _do(request: HttpRequest, asked: str, session_id: UUID) -> None:
    user_id = user_id_of(request)
    if asked == "approve":
        _finish(request, orchestrator.approve(session_id, user_id=user_id))
    elif asked == "resume":
        _finish(request, orchestrator.get_session_state(session_id, user_id))
    elif asked == "cancel":
        orchestrator.cancel(session_id, user_id=user_id)


def _done(request: HttpRequest, form: forms.Form, change: Callable[..., object], said: str) -> bool:
    """Do with the key what a form says, or say in the form why not."""
    if not form.is_valid():
        return False
    try:
        change(request, **form.cleaned_data)
    except ValidationError as error:
        details: Any = error.detail
        for name, told in details.items():
            form.add_error(name, str(told[0] if isinstance(told, list) else told))
        return False
    except TooManyKeysError as error:
        form.add_error(None, f"Too many tries. Wait {error.wait / 60:.0f} minutes.")
        return False
    except APIException as error:
        form.add_error(None, str(error.detail))
        return False
    messages.success(request, said)
    return True


def _context(request: HttpRequest, session: AgentSession | None, form: AskForm) -> dict[str, Any]:
    user: Any = request.user
    own = AgentSession.objects.filter(user=user.pk).order_by("-created_at", "-id")[:RECENT]
    state = sessions.state_of(session.pk, user.pk) if session else None
    is_waiting = state is not None and state.waits_for == "approval"
    planned = sessions.event(state.session_id, state.turn, "planned") if state else None
    return {
        **admin.site.each_context(request),
        "title": "Ask the ledgers",
        "form": form,
        "session": session,
        "state": state,
        "plan": chat.planned_of(planned["plan"]) if planned and is_waiting else None,
        "turns": chat.turns_of(session, user) if session else [],
        "readings": readings_of(session) if session else [],
        "recent": [(one.pk, one.created_at, sessions.first_question(one.pk)) for one in own],
        "examples": EXAMPLES,
        "zone": timezone.get_current_timezone_name(),
    }


def _as_api(request: HttpRequest) -> Any:
    """Return the request as the throttle of the API takes it: it asks for method and user."""
    return request


urlpatterns = [
    path("", admin.site.admin_view(ask_page), name="ask"),
    path("key/", admin.site.admin_view(key_page), name="ask-key"),
    path("<uuid:session_id>/", admin.site.admin_view(session_page), name="ask-session"),
]
