"""Doors of orders: place, follow and cancel your own; look at your limits; stop everything."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import redis
from celery.exceptions import OperationalError as NoBrokerError
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import (
    APIException,
    NotFound,
    PermissionDenied,
    Throttled,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from ledgers.api import user_id_of
from ledgers.confirming import TooManyTriesError, is_own_password
from ledgers.exchange.models import Account
from ledgers.rates import admit
from ledgers.reading import pair
from trading.auditing import chain_of
from trading.killing import ReasonError, is_engaged, release
from trading.models import AuditEntry, KillSwitch, LiveSwitch, OrderIntent
from trading.ordering_serializers import (
    IntentSerializer,
    IntentsSerializer,
    KilledSerializer,
    KillSerializer,
    RiskSerializer,
    WishSerializer,
)
from trading.orders import NotOpenError, OtherOrderError, Wish, cancel, submit
from trading.scene import limits_of
from trading.services import accounts_of, answer_of
from trading.sweeping import scope_of, stop
from trading.tasks import send_order
from trading.venues import NoVenueError

logger = logging.getLogger(__name__)
PAGE = 50
ATTEMPTS_A_MINUTE = 60
TRAIL = 20
BEFORE = OpenApiParameter("before", int, description="Orders with a smaller id; see `next`.")
ACCOUNT = OpenApiParameter("account", int, required=True, description="One of your accounts.")


class ConflictError(APIException):
    """It cannot be done in the state that the order is in, or with this client id."""

    status_code = 409
    default_code = "conflict"


class UnreachableError(APIException):
    """Orders cannot be counted, so none is taken: a limit that nobody checks is none."""

    status_code = 503
    default_detail = "Orders cannot be taken now: Redis does not answer. Try again in a minute."


class UncheckedError(UnreachableError):
    """Tries at a password cannot be counted, so none is looked at and orders stay stopped."""

    default_detail = "Your password cannot be checked now: Redis does not answer. Try again later."


class Orders(APIView):
    """Your orders."""

    @extend_schema(parameters=[BEFORE], responses=IntentsSerializer)
    def get(self, request: Request) -> Response:
        """List your orders, the newest first."""
        found = _own(request)
        if before := _whole(request.query_params.get("before"), "before"):
            found = found.filter(pk__lt=before)
        rows = list(found.order_by("-pk")[: PAGE + 1])
        more = len(rows) > PAGE
        url = request.build_absolute_uri()
        following = replace_query_param(url, "before", rows[PAGE - 1].pk) if more else None
        body = {
            **_travels(accounts_of(user_id_of(request))),
            "results": rows[:PAGE],
            "next": following,
        }
        return Response(IntentsSerializer(body).data)

    @extend_schema(request=WishSerializer, responses={201: IntentSerializer, 200: IntentSerializer})
    def post(self, request: Request) -> Response:
        """Place an order; whether the guard let it through is in its state and code."""
        given = WishSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        account = _account(request, said.pop("account"))
        _count(user_id_of(request))
        before = timezone.now()
        try:
            intent = submit(account.pk, Wish(**said), actor=_name(request), now=before)
        except OtherOrderError as error:
            raise ConflictError(str(error)) from error
        except NoVenueError as error:
            raise ValidationError({"account": [str(error)]}) from error
        _send_soon(intent)
        is_new = intent.created_at == before
        return Response(IntentSerializer(intent).data, status=201 if is_new else 200)


class OneOrder(APIView):
    """One of your orders."""

    @extend_schema(responses=IntentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Show an order."""
        return Response(IntentSerializer(_order(request, pk)).data)


class CancelOrder(APIView):
    """The end of one of your orders."""

    @extend_schema(request=None, responses={202: IntentSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for the order's end; its state says whether it has come."""
        intent = _order(request, pk)
        try:
            intent = cancel(intent.pk, actor=_name(request), now=timezone.now())
        except NotOpenError as error:
            raise ConflictError(str(error)) from error
        return Response(IntentSerializer(intent).data, status=202)


class Risk(APIView):
    """How far one of your accounts may go, and what was decided about its orders."""

    @extend_schema(parameters=[ACCOUNT], responses=RiskSerializer)
    def get(self, request: Request) -> Response:
        """Show limits, switches and the newest entries of the audit trail."""
        account = _account(request, _whole(request.query_params.get("account"), "account"))
        trail = AuditEntry.objects.filter(chain=chain_of(account.pk)).order_by("-number")
        said = {
            **_travels([account]),
            "account": account.pk,
            "is_stopped": is_engaged(account.pk),
            "is_live": LiveSwitch.objects.filter(pk=account.pk, is_on=True).exists(),
            "limits": limits_of(account.pk),
            "trail": trail[:TRAIL],
        }
        return Response(RiskSerializer(said).data)


class Kill(APIView):
    """The kill switch: your accounts' by you, everything's by a superuser."""

    @extend_schema(request=KillSerializer, responses=KilledSerializer)
    def post(self, request: Request) -> Response:
        """Stop all orders and cancel the open ones, or let orders through again."""
        given = KillSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        account_id = said["account"]
        if account_id is not None:
            _account(request, account_id)
        elif not request.user.is_superuser:
            raise PermissionDenied("Only a superuser stops everything. Name one of your accounts.")
        scope, now, who = scope_of(account_id), timezone.now(), _name(request)
        if said["engage"]:
            switch, orders = stop(scope, actor=who, reason=said["reason"], now=now)
        else:
            _require_password(request, said["password"])
            switch, orders = _release(scope, who, said["reason"]), []
        body = {**{name: getattr(switch, name) for name in SWITCH}, "orders": orders}
        return Response(KilledSerializer(body).data)


SWITCH = ("scope", "is_engaged", "reason", "changed_at")


def _release(scope: str, who: str, reason: str) -> KillSwitch:
    try:
        return release(scope, actor=who, reason=reason, now=timezone.now())
    except ReasonError as error:
        raise ValidationError({"reason": [str(error)]}) from error


def _require_password(request: Request, password: str) -> None:
    """Let nobody go on but with the user's own password, and few tries at it an hour."""
    try:
        is_own = is_own_password(request.user, password, what="kill-release")
    except TooManyTriesError as error:
        raise Throttled(wait=error.wait.total_seconds()) from None
    except redis.RedisError as error:
        raise UncheckedError from error
    if not is_own:
        raise PermissionDenied("Give your password to let orders through again.")


def _travels(accounts: Sequence[Account]) -> dict[str, Any]:
    """Return what travels with an answer about accounts: pair, quality and coverage, as of now."""
    said = answer_of(accounts, pair())
    return {"pair": said.pair, "quality": said.quality, "coverage": said.coverage}


def _own(request: Request) -> Any:
    return OrderIntent.objects.filter(account__user_id=user_id_of(request))


def _order(request: Request, pk: int) -> OrderIntent:
    found: OrderIntent | None = _own(request).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"You have no order {pk}.")
    return found


def _account(request: Request, account_id: int | None) -> Account:
    if account_id is None:
        raise ValidationError({"account": ["Name one of your accounts."]})
    found = Account.objects.filter(user_id=user_id_of(request), pk=account_id).first()
    if found is None:
        raise NotFound(f"You have no account {account_id}.")
    return found


def _whole(written: str | None, name: str) -> int | None:
    if written is None:
        return None
    if not written.isdecimal() or len(written) > 18:  # noqa: PLR2004  # what a bigint holds
        raise ValidationError({name: [f"{written[:20]!r} is no whole number."]})
    return int(written)


def _count(user_id: int) -> None:
    """Admit one more order, or refuse: without Redis nobody counts, so none is taken."""
    try:
        wait = admit(f"orders:{user_id}", limit=ATTEMPTS_A_MINUTE, window=timedelta(minutes=1))
    except redis.RedisError as error:
        raise UnreachableError from error
    if wait:
        raise Throttled(wait=wait.total_seconds())


def _send_soon(intent: OrderIntent) -> None:
    """Have the order sent now; without a broker the next sweep does it, or it ends too late."""
    try:
        send_order.apply_async((intent.pk,), retry=False)
    except NoBrokerError:
        logger.warning("Order %s waits for the next sweep: the broker is away.", intent.pk)


def _name(request: Request) -> str:
    return str(request.user.get_username())
