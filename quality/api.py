"""Doors of quality: what is checked, how good each feed is, what is wrong; staff may answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.http import Http404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledgers.answers import quality_of
from ledgers.api import PARAMETERS, user_id_of
from ledgers.questions import PAIR, only_pair
from quality.alerting import (
    AssigneeError,
    ResolvedError,
    SnoozeError,
    acknowledge,
    annotate,
    assign,
    snooze,
)
from quality.describing import described
from quality.findings import Level
from quality.models import Alert, CheckRun, Watch
from quality.registry import checks
from quality.serializers import (
    AcknowledgeSerializer,
    AlertDetailSerializer,
    AlertFilterSerializer,
    AlertSerializer,
    AssignSerializer,
    CheckFilterSerializer,
    CheckSerializer,
    FeedsSerializer,
    NoteSerializer,
    SnoozeSerializer,
    WatchSerializer,
)
from quality.watching import feeds_visible_to
from quality.watchlist import SYMBOL, WatchError, known, unwatch, watch

LEVELS = {str(level.label): level for level in Level}


class ConflictError(APIException):
    """The alert is in a state in which this cannot be done."""

    status_code = 409
    default_code = "conflict"


class NewestFirst(CursorPagination):
    """Pages of alerts, the newest first, by keyset."""

    page_size = 50
    ordering = ("-opened_at", "-id")

    def decode_cursor(self, request: Request) -> Any:
        """Return where the page starts; a cursor that was made up leads nowhere."""
        cursor = super().decode_cursor(request)
        try:
            if cursor and cursor.position:
                datetime.fromisoformat(str(cursor.position))
        except ValueError as error:
            raise NotFound(self.invalid_cursor_message) from error
        return cursor


class ChecksView(APIView):
    """What is checked."""

    @extend_schema(
        parameters=[CheckFilterSerializer],
        responses=CheckSerializer(many=True),
        operation_id="quality_checks_list",
    )
    def get(self, request: Request) -> Response:
        """List the checks, each with its thresholds and its newest run."""
        asked = CheckFilterSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        ledger = asked.validated_data.get("ledger")
        runs = CheckRun.objects.newest(checks)
        told = [
            {**described(check), "last_run": runs.get(name)}
            for name, check in sorted(checks.items())
            if ledger in (None, check.ledger)
        ]
        return Response(CheckSerializer(told, many=True).data)


class FeedsView(APIView):
    """How far each feed can be trusted."""

    @extend_schema(parameters=[PARAMETERS[name] for name in PAIR], responses=FeedsSerializer)
    def get(self, request: Request) -> Response:
        """List the feeds of the four ledgers; of the Exchange ledger only your own."""
        pair = only_pair(request.query_params)
        owner = None if request.user.is_staff else user_id_of(request)
        quality = quality_of(feeds_visible_to(owner), pair)
        return Response(FeedsSerializer({"pair": pair, "quality": quality}).data)


@extend_schema(parameters=[AlertFilterSerializer])
class AlertsView(ListAPIView):  # type: ignore[type-arg]  # not generic at run time
    """What is wrong."""

    serializer_class = AlertSerializer
    pagination_class = NewestFirst
    queryset = Alert.objects.none()

    def get_queryset(self) -> Any:
        """Return the alerts that were asked for and that the user may see."""
        asked = AlertFilterSerializer(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        alerts = Alert.objects.visible_to(self.request.user).select_related(
            "acknowledged_by", "assigned_to"
        )
        return alerts.that(
            state=asked.validated_data.get("state", ""),
            ledger=asked.validated_data.get("ledger", ""),
            check_id=asked.validated_data.get("check", ""),
            least=LEVELS[asked.validated_data.get("level", "warning")],
        )

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List alerts, the newest first; without `state` those that are not resolved."""
        return super().get(request, *args, **kwargs)


class AlertView(APIView):
    """One alert."""

    @extend_schema(responses=AlertDetailSerializer)
    def get(self, request: Request, alert_id: int) -> Response:
        """Show one alert with its history."""
        alert = Alert.objects.visible_to(request.user).filter(pk=alert_id).first()
        if alert is None:
            raise Http404
        return Response(AlertDetailSerializer(alert).data)


class AnswerView(APIView):
    """What a person does about an alert; staff alone may."""

    permission_classes = [IsAdminUser]

    def handle_exception(self, exc: Exception) -> Response:
        """Turn the errors of alerts into the API's."""
        if isinstance(exc, Alert.DoesNotExist):
            exc = NotFound("There is no such alert.")
        if isinstance(exc, ResolvedError):
            exc = ConflictError(str(exc))
        if isinstance(exc, SnoozeError):
            exc = ValidationError({"until": str(exc)})
        if isinstance(exc, AssigneeError):
            exc = ValidationError({"to": str(exc)})
        return super().handle_exception(exc)


class AcknowledgeView(AnswerView):
    """Taking care of an alert."""

    @extend_schema(request=AcknowledgeSerializer, responses={200: AlertDetailSerializer})
    def post(self, request: Request, alert_id: int) -> Response:
        """Say that you take care of an alert; it is not told again unless it gets worse."""
        asked = AcknowledgeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        alert = acknowledge(
            alert_id, by=user_id_of(request), now=timezone.now(), **asked.validated_data
        )
        return Response(AlertDetailSerializer(alert).data)


class SnoozeView(AnswerView):
    """Silencing an alert."""

    @extend_schema(request=SnoozeSerializer, responses={200: AlertDetailSerializer})
    def post(self, request: Request, alert_id: int) -> Response:
        """Silence an alert up to a moment, or until it gets worse."""
        asked = SnoozeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        alert = snooze(alert_id, by=user_id_of(request), now=timezone.now(), **asked.validated_data)
        return Response(AlertDetailSerializer(alert).data)


class NoteView(AnswerView):
    """A note on an alert."""

    @extend_schema(request=NoteSerializer, responses={200: AlertDetailSerializer})
    def post(self, request: Request, alert_id: int) -> Response:
        """Write down what you found out, also about what is resolved."""
        asked = NoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        by, note = user_id_of(request), asked.validated_data["note"]
        alert = annotate(alert_id, note=note, by=by, now=timezone.now())
        return Response(AlertDetailSerializer(alert).data)


class AssignView(AnswerView):
    """Giving an alert to somebody."""

    @extend_schema(request=AssignSerializer, responses={200: AlertDetailSerializer})
    def post(self, request: Request, alert_id: int) -> Response:
        """Say who is to take care of an alert: somebody of the staff, or nobody."""
        asked = AssignSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        by, to = user_id_of(request), asked.validated_data["to"]
        alert = assign(alert_id, to=to, by=by, now=timezone.now())
        return Response(AlertDetailSerializer(alert).data)


class WatchesView(APIView):
    """What you watch."""

    @extend_schema(responses=WatchSerializer(many=True), operation_id="quality_watches_list")
    def get(self, request: Request) -> Response:
        """List the assets that you watch: what is announced of them alerts you."""
        mine = list(Watch.objects.filter(user_id=user_id_of(request)))
        told = known(one.asset for one in mine)
        rows = [
            {"asset": one.asset, "since": one.since, "is_known": one.asset in told} for one in mine
        ]
        return Response(WatchSerializer(rows, many=True).data)


ASSET = OpenApiParameter(
    "asset",
    str,
    OpenApiParameter.PATH,
    pattern=f"^{SYMBOL.pattern}$",
    description="Our symbol or a source's.",
)


class WatchView(APIView):
    """One asset that you watch."""

    @extend_schema(parameters=[ASSET], request=None, responses={200: WatchSerializer})
    def put(self, request: Request, asset: str) -> Response:
        """Watch an asset, held or not: its listings and delistings alert you from now on."""
        with _watching():
            made = watch(user_id_of(request), asset, now=timezone.now())
        told = {"asset": made.asset, "since": made.since, "is_known": bool(known([made.asset]))}
        return Response(WatchSerializer(told).data)

    @extend_schema(parameters=[ASSET], responses={204: None})
    def delete(self, request: Request, asset: str) -> Response:
        """Watch an asset no more."""
        with _watching():
            was_watched = unwatch(user_id_of(request), asset)
        if not was_watched:
            raise NotFound("You do not watch it.")
        return Response(status=204)


@contextmanager
def _watching() -> Iterator[None]:
    """Turn the errors of watching into the API's."""
    try:
        yield
    except WatchError as error:
        raise ValidationError({"asset": str(error)}) from error


urlpatterns = [
    path("checks", ChecksView.as_view(), name="quality-checks"),
    path("feeds", FeedsView.as_view(), name="quality-feeds"),
    path("alerts", AlertsView.as_view(), name="quality-alerts"),
    path("alerts/<int:alert_id>", AlertView.as_view(), name="quality-alert"),
    path("alerts/<int:alert_id>/ack", AcknowledgeView.as_view(), name="quality-alert-ack"),
    path("alerts/<int:alert_id>/snooze", SnoozeView.as_view(), name="quality-alert-snooze"),
    path("alerts/<int:alert_id>/note", NoteView.as_view(), name="quality-alert-note"),
    path("alerts/<int:alert_id>/assign", AssignView.as_view(), name="quality-alert-assign"),
    path("watches", WatchesView.as_view(), name="quality-watches"),
    path("watches/<str:asset>", WatchView.as_view(), name="quality-watch"),
]
