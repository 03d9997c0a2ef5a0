"""Doors of the agents: a user's own sessions; another's are as good as absent."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED, HTTP_202_ACCEPTED
from rest_framework.views import APIView

from agents import citing, sessions
from agents.admission import BadInputError, moment_of
from agents.key_api import KeyView
from agents.limits import AskThrottle
from agents.models import AgentSession
from agents.orchestrator import (
    approve,
    begin_workflow,
    cancel,
    get_session_state,
    resume_workflow,
)
from agents.serializers import (
    AgentAnswerSerializer,
    ApprovalSerializer,
    AskSerializer,
    MessageSerializer,
    OpenedCitationSerializer,
    SessionDetailSerializer,
    SessionSerializer,
    SessionStateSerializer,
)
from agents.sessions import BusyError, NoSessionError, SessionState
from agents.streaming import stream
from agents.tasks import send
from ledgers.api import user_id_of

MESSAGES = MessageSerializer(many=True)
CITATIONS = OpenedCitationSerializer(many=True)
LONGEST_SEQUENCE = 2**31
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`respond-async`: answer 202 at once and let a worker do it; follow the events.",
)
TURN = OpenApiParameter("turn", int, description="Of which question. Default: the newest.")
LAST = OpenApiParameter(
    "Last-Event-ID", str, OpenApiParameter.HEADER, description="The last event that was seen."
)
ASKED = {
    201: AgentAnswerSerializer,
    202: OpenApiResponse(SessionStateSerializer, "A worker does it, or the plan is to approve."),
    409: OpenApiResponse(description="The last question has no answer yet."),
}


class ConflictError(APIException):
    """The session is not where the request wants it."""

    status_code = 409


class EventStreamRenderer(JSONRenderer):
    """Lets a reader ask for server-sent events; what is no stream, an error, is written as JSON."""

    media_type = "text/event-stream"
    format = "events"


class NewestFirst(CursorPagination):
    """Pages of sessions, the newest first, by keyset."""

    page_size = 50
    ordering = ("-created_at", "-id")


class AgentView(APIView):
    """A page of the agents; asking is limited a user."""

    throttle_classes = [*APIView.throttle_classes, AskThrottle]

    def handle_exception(self, exc: Exception) -> Response:
        """Turn the agents' own errors into the API's."""
        if isinstance(exc, NoSessionError):
            exc = NotFound("You have no such session.")
        if isinstance(exc, citing.NoTurnError):
            exc = NotFound(str(exc))
        if isinstance(exc, BadInputError):
            exc = ValidationError(str(exc))
        if isinstance(exc, BusyError):
            exc = ConflictError(str(exc))
        return super().handle_exception(exc)


class SessionsView(AgentView, ListAPIView):  # type: ignore[type-arg]  # not generic at run time
    """A user's sessions."""

    serializer_class = SessionSerializer
    pagination_class = NewestFirst
    queryset = AgentSession.objects.none()

    def get_queryset(self) -> Any:
        """Return only what belongs to the user who asks."""
        return AgentSession.objects.filter(user=user_id_of(self.request))

    @extend_schema(responses=SessionSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List your sessions, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=AskSerializer, responses=ASKED, parameters=[PREFER])
    def post(self, request: Request) -> Response:
        """Ask a question in a new session."""
        return _asked(request, None)


class SessionView(AgentView):
    """One session."""

    @extend_schema(responses=SessionDetailSerializer)
    def get(self, request: Request, session_id: UUID) -> Response:
        """Show your session with its questions and answers."""
        session = sessions.owned(session_id, user_id_of(request))
        body = SessionSerializer(session).data
        return Response({**body, "messages": sessions.messages(session)})


class MessagesView(AgentView):
    """The turns of a session."""

    @extend_schema(responses=MESSAGES)
    def get(self, request: Request, session_id: UUID) -> Response:
        """List the questions and answers of your session, oldest first."""
        session = sessions.owned(session_id, user_id_of(request))
        return Response(sessions.messages(session))

    @extend_schema(request=AskSerializer, responses=ASKED, parameters=[PREFER])
    def post(self, request: Request, session_id: UUID) -> Response:
        """Ask the next question of your session, or reply to its question back."""
        return _asked(request, session_id)


class StateView(AgentView):
    """Where a session stands."""

    @extend_schema(responses=SessionStateSerializer)
    def get(self, request: Request, session_id: UUID) -> Response:
        """Show the newest turn of your session and the step it has finished."""
        return Response(get_session_state(session_id, user_id_of(request)).model_dump())


class EventsView(AgentView):
    """What happens in a session."""

    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(parameters=[LAST], responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """Follow the steps of your session as server-sent events, until it ends or waits for you.

        The events are the steps by name and last `end`, which holds the state. The stream ends
        after half a minute at most; come again with the last id.
        """
        session = sessions.owned(session_id, user_id_of(request))
        last = _sequence_of(request.headers.get("Last-Event-ID") or "0")
        return StreamingHttpResponse(
            stream(session.pk, user_id_of(request), last),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


class CancelView(AgentView):
    """The end of a question that is not wanted any more."""

    throttle_classes = [*APIView.throttle_classes]

    @extend_schema(request=None, responses=SessionStateSerializer)
    def post(self, request: Request, session_id: UUID) -> Response:
        """Cancel the open question of your session; an answer that is there stays."""
        return Response(cancel(session_id, user_id=user_id_of(request)).model_dump())


class ApprovalView(AgentView):
    """The user's word on a plan."""

    @extend_schema(
        request=ApprovalSerializer, responses=SessionStateSerializer, parameters=[PREFER]
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Approve the plan that waits for you, and have it carried out; or refuse it."""
        given = ApprovalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user_id = user_id_of(request)
        if get_session_state(session_id, user_id).waits_for != "approval":
            raise ConflictError("No plan of this session waits for an approval.")
        if not given.validated_data["approved"]:
            return Response(cancel(session_id, user_id=user_id).model_dump())
        state = approve(session_id, user_id=user_id)
        if is_async(request):
            return Response(_sent(state).model_dump(), status=HTTP_202_ACCEPTED)
        resume_workflow(session_id, user_id=user_id)
        return Response(get_session_state(session_id, user_id).model_dump())


class CitationsView(AgentView):
    """The rows behind an answer of a session."""

    @extend_schema(responses=CITATIONS, parameters=[TURN])
    def get(self, request: Request, session_id: UUID) -> Response:
        """Open what an answer cites: claim, computation and row, each with its public id."""
        session = sessions.owned(session_id, user_id_of(request))
        turn = request.query_params.get("turn")
        found = citing.opened(session, _sequence_of(turn) if turn is not None else None)
        return Response(OpenedCitationSerializer(found, many=True).data)


def is_async(request: Request) -> bool:
    """Tell whether the caller does not want to wait for the answer."""
    return "respond-async" in request.headers.get("Prefer", "").lower()


def _asked(request: Request, session_id: UUID | None) -> Response:
    """Answer the question of a request, or say what to change."""
    began = time.time()
    asked = AskSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    values = asked.validated_data
    user_id = user_id_of(request)
    state = begin_workflow(
        values["question"],
        user_id=user_id,
        now=timezone.now(),
        as_of=_as_of(values.get("as_of")),
        mode=values["mode"],
        session_id=session_id,
        review=values["review"],
    )
    if is_async(request):
        return Response(_sent(state).model_dump(), status=HTTP_202_ACCEPTED)
    try:
        answer = resume_workflow(state.session_id, user_id=user_id, began=began)
    except BusyError:
        state = get_session_state(state.session_id, user_id)
        return Response(state.model_dump(), status=HTTP_202_ACCEPTED)
    return Response(answer.model_dump(mode="json"), status=HTTP_201_CREATED)


def _sent(state: SessionState) -> SessionState:
    """Let a worker do it; whoever follows the events does it if no worker comes."""
    send(state.session_id)
    return state


def _as_of(written: str | None) -> datetime | None:
    return moment_of(written) if written else None


def _sequence_of(written: str) -> int:
    if not written.isascii() or not written.isdigit() or int(written[:11]) >= LONGEST_SEQUENCE:
        raise ValidationError(f"{written[:40]!r} is no number of an event or a turn.")
    return int(written)


ONE = "sessions/<uuid:session_id>"
urlpatterns = [
    path("sessions", SessionsView.as_view(), name="agent-sessions"),
    path(ONE, SessionView.as_view(), name="agent-session"),
    path(f"{ONE}/messages", MessagesView.as_view(), name="agent-messages"),
    path(f"{ONE}/state", StateView.as_view(), name="agent-state"),
    path(f"{ONE}/events", EventsView.as_view(), name="agent-events"),
    path(f"{ONE}/cancel", CancelView.as_view(), name="agent-cancel"),
    path(f"{ONE}/approval", ApprovalView.as_view(), name="agent-approval"),
    path(f"{ONE}/citations", CitationsView.as_view(), name="agent-citations"),
    path("key", KeyView.as_view(), name="agent-key"),
]
