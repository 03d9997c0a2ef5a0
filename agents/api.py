"""Doors of the agents: a user's own sessions; another's are as good as absent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED
from rest_framework.views import APIView

from agents import sessions
from agents.admission import BadInputError, moment_of
from agents.answers import Answer
from agents.limits import AskThrottle
from agents.models import AgentSession
from agents.orchestrator import get_session_state, run_workflow
from agents.plans import Outcome
from agents.serializers import (
    AgentAnswerSerializer,
    AskSerializer,
    CitationSerializer,
    MessageSerializer,
    SessionDetailSerializer,
    SessionSerializer,
    SessionStateSerializer,
)
from agents.sessions import NoSessionError

CITATIONS = CitationSerializer(many=True)
MESSAGES = MessageSerializer(many=True)


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
        if isinstance(exc, BadInputError):
            exc = ValidationError(str(exc))
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

    @extend_schema(request=AskSerializer, responses={201: AgentAnswerSerializer})
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

    @extend_schema(request=AskSerializer, responses={201: AgentAnswerSerializer})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Ask the next question of your session."""
        return _asked(request, session_id)


class StateView(AgentView):
    """Where a session stands."""

    @extend_schema(responses=SessionStateSerializer)
    def get(self, request: Request, session_id: UUID) -> Response:
        """Show the newest turn of your session and the step it has finished."""
        return Response(get_session_state(session_id, user_id_of(request)).model_dump())


class CitationsView(AgentView):
    """The rows behind the newest answer of a session."""

    @extend_schema(responses=CITATIONS)
    def get(self, request: Request, session_id: UUID) -> Response:
        """List the cited rows of the newest answer; `id` opens each at /ledgers/facts/."""
        state = get_session_state(session_id, user_id_of(request))
        return Response((state.answer or {}).get("citations", []))


def user_id_of(request: Request) -> int:
    """Return who asks; a permission has made sure that somebody is logged in."""
    return int(str(request.user.pk))


def _asked(request: Request, session_id: UUID | None) -> Response:
    """Answer the question of a request, or say what to change."""
    asked = AskSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    values = asked.validated_data
    answer: Answer = run_workflow(
        values["question"],
        user_id=user_id_of(request),
        now=timezone.now(),
        as_of=_as_of(values.get("as_of")),
        mode=values["mode"],
        session_id=session_id,
    )
    if answer.outcome == Outcome.REJECT_INPUT:
        raise BadInputError(answer.answer)
    return Response(answer.model_dump(mode="json"), status=HTTP_201_CREATED)


def _as_of(written: str | None) -> datetime | None:
    return moment_of(written) if written else None


urlpatterns = [
    path("sessions", SessionsView.as_view(), name="agent-sessions"),
    path("sessions/<uuid:session_id>", SessionView.as_view(), name="agent-session"),
    path("sessions/<uuid:session_id>/messages", MessagesView.as_view(), name="agent-messages"),
    path("sessions/<uuid:session_id>/state", StateView.as_view(), name="agent-state"),
    path("sessions/<uuid:session_id>/citations", CitationsView.as_view(), name="agent-citations"),
]
