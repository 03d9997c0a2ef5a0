"""Doors of the money: your accounts, what they hold, and what they have earned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledgers.api import PARAMETERS, user_id_of
from ledgers.questions import PAIR, ask_pair, given_of, moment_of, only_pair
from ledgers.serializers import AnswerSerializer
from trading.core.lots import METHODS
from trading.explaining import Explanation, explain
from trading.explanation_serializers import ExplanationSerializer
from trading.exporting import FORMATS
from trading.histories import UnbookableError
from trading.ordering_api import CancelOrder, Kill, OneOrder, Orders, Risk
from trading.reports import By, PnlReport
from trading.serializers import (
    AccountsSerializer,
    OwnAccountSerializer,
    PnlSerializer,
    PositionsSerializer,
)
from trading.services import (
    QuestionError,
    UnknownAccountError,
    accounts_of,
    answer_of,
    find_account,
    pnl_of,
)

OWN = {
    "account": OpenApiParameter("account", str, description="Name or id; default: all of yours."),
    "method": OpenApiParameter("method", str, enum=list(METHODS)),
    "at": OpenApiParameter("at", OpenApiTypes.DATETIME, description="Event time; default: as_of."),
    "by": OpenApiParameter("by", str, enum=[part.value for part in By]),
}
ASSET = OpenApiParameter("asset", str, description="Only this asset's share.")
SHARED = [PARAMETERS[name] for name in PAIR]


class UnbookableFactError(APIException):
    """A stored fact makes no sense, so that no number would be true."""

    status_code = 409


class Accounts(APIView):
    """Your accounts."""

    @extend_schema(parameters=SHARED, responses=AccountsSerializer)
    def get(self, request: Request) -> Response:
        """List your accounts by name, and how far their fills are known."""
        pair = only_pair(request.query_params)
        user_id = user_id_of(request)
        accounts = accounts_of(user_id)
        rows = OwnAccountSerializer(accounts, many=True).data
        said = AnswerSerializer(answer_of(accounts, pair)).data
        return Response(said | {"results": rows})


class Positions(APIView):
    """What you hold."""

    @extend_schema(
        parameters=[*SHARED, *(OWN[name] for name in ("account", "method", "at"))],
        responses=PositionsSerializer,
    )
    def get(self, request: Request) -> Response:
        """List what your accounts hold of each asset, at which price, and how old that is."""
        report = _report(request, ("account", "method", "at"))
        return Response(PositionsSerializer(report).data)


class Pnl(APIView):
    """What you have earned."""

    @extend_schema(parameters=[*SHARED, *OWN.values()], responses=PnlSerializer)
    def get(self, request: Request) -> Response:
        """Tell profit and loss, by asset, by day or by account if you like."""
        return Response(PnlSerializer(_report(request, tuple(OWN))).data)


class Explain(APIView):
    """What the numbers of one account are made from."""

    @extend_schema(
        parameters=[*SHARED, *(OWN[name] for name in ("account", "method", "at")), ASSET],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request) -> Response:
        """Tell every entry, lot, disposal, fee, flow and price behind an account's numbers."""
        return Response(ExplanationSerializer(_explanation(request, ("asset",))).data)


class Export(APIView):
    """An account for somebody else's program."""

    @extend_schema(
        parameters=[*SHARED, *(OWN[name] for name in ("account", "method", "at"))],
        responses={(200, "text/plain"): str},
    )
    def get(self, request: Request, form: str) -> HttpResponse:
        """Write disposals as CSV, or everything as a beancount file."""
        if form not in FORMATS:
            raise NotFound(f"No form {form!r}. The forms are {', '.join(FORMATS)}.")
        explained = _explanation(request, ())
        text = FORMATS[form](explained)
        kind = "text/csv" if form == "csv" else "text/plain"
        answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
        name = f"account-{explained.account}.{form}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _explanation(request: Request, extra: tuple[str, ...]) -> Explanation:
    given = given_of(request.query_params, (*PAIR, "account", "method", "at", *extra))
    user_id = user_id_of(request)
    if "account" not in given:
        raise ValidationError({"account": ["Name one of your accounts."]})
    with refusing():
        return explain(
            user_id,
            find_account(user_id, given["account"]).pk,
            pair=ask_pair(given),
            method=given.get("method"),
            at=moment_of(given, "at"),
            asset=given.get("asset"),
        )


def _report(request: Request, own: tuple[str, ...]) -> PnlReport:
    given = given_of(request.query_params, (*PAIR, *own))
    user_id = user_id_of(request)
    with refusing():
        return pnl_of(
            user_id,
            pair=ask_pair(given),
            account_id=_account_id(user_id, given),
            method=given.get("method"),
            at=moment_of(given, "at"),
            by=given.get("by"),
        )


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a question without an answer into a problem that says why."""
    try:
        yield
    except UnknownAccountError as error:
        raise NotFound(str(error)) from error
    except QuestionError as error:
        raise ValidationError(str(error)) from error
    except UnbookableError as error:
        raise UnbookableFactError(str(error)) from error


def _account_id(user_id: int, given: Mapping[str, Any]) -> int | None:
    return find_account(user_id, given["account"]).pk if "account" in given else None


urlpatterns = [
    path("accounts/", Accounts.as_view(), name="accounts"),
    path("positions/", Positions.as_view(), name="positions"),
    path("pnl/", Pnl.as_view(), name="pnl"),
    path("explain/", Explain.as_view(), name="explain"),
    path("exports/<str:form>/", Export.as_view(), name="export"),
    path("orders/", Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", OneOrder.as_view(), name="order"),
    path("orders/<int:pk>/cancel/", CancelOrder.as_view(), name="cancel-order"),
    path("risk/", Risk.as_view(), name="risk"),
    path("kill/", Kill.as_view(), name="kill"),
]
