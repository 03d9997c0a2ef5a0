"""Doors of the ledgers: the list every table has, one fact by its id, one asset in time.

A table's list is a subclass of `FactList` with a serializer. Every answer says as of when it
speaks, how good its feeds were, and where they had looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from ledgers.answers import answer
from ledgers.exporting import ask_matrix, feeds_of_matrix, stream
from ledgers.filling import feeds_of
from ledgers.listing import asset_fields, list_rows, newest_revision, tables_with_assets
from ledgers.matrix import matrix_as_json
from ledgers.models import Fact, Feed
from ledgers.public_ids import UnknownIdError, find, public_id
from ledgers.questions import MAX_LIMIT, PAIR, Offer, Question, ask, only_pair
from ledgers.reading import TICK
from ledgers.serializers import (
    AnswerSerializer,
    FactRowSerializer,
    FactSerializer,
    KnownSerializer,
    OneFactSerializer,
    envelope,
    written,
)

MOMENT = OpenApiTypes.DATETIME
PARAMETERS = {
    "as_of": OpenApiParameter("as_of", MOMENT, description="What could be known. Default: now."),
    "horizon": OpenApiParameter("horizon", MOMENT, description="What was stored. Default: now."),
    "since": OpenApiParameter("since", MOMENT, description="Event time, inclusive."),
    "until": OpenApiParameter("until", MOMENT, description="Event time, exclusive."),
    "asset": OpenApiParameter("asset", str, description="A symbol, such as BTC."),
    "limit": OpenApiParameter("limit", int, description=f"Rows a page, at most {MAX_LIMIT}."),
    "cursor": OpenApiParameter("cursor", str, description="From `next` of the page before."),
    "revisions": OpenApiParameter(
        "revisions", str, enum=["0", "1"], description="1: every revision, not only the newest."
    ),
}


class FactSchema(AutoSchema):
    """Describes a list of facts by what it offers."""

    view: Any  # a ListView

    def get_override_parameters(self) -> list[Any]:
        """Name the parameters that the list takes."""
        offer = self.view.offer(0)
        own = (
            OpenApiParameter(name, str, description=f"Only this {name}.") for name in offer.filters
        )
        return [
            *(value for name, value in PARAMETERS.items() if name != "asset" or offer.has_asset),
            *own,
        ]

    def get_response_serializers(self) -> Any:
        """Return the envelope of the list's rows."""
        return envelope(self.view.serializer_class)

    def get_operation_id(self) -> str:
        """Name the operation after what it lists."""
        return super().get_operation_id().removesuffix("_retrieve") + "_list"


class ListView(APIView):
    """Answer with one page of facts, newest event first.

    `window` is how far back a list without `since` looks; None: to the beginning.
    """

    serializer_class: ClassVar[type[BaseSerializer[Any]]]
    filters: ClassVar[tuple[str, ...]] = ()
    window: ClassVar[timedelta | None] = None
    schema = FactSchema()

    @classmethod
    def offer(cls, user_id: int) -> Offer:
        """Return what a client may ask of this list."""
        raise NotImplementedError

    def answer(self, tables: Sequence[type[Fact]], question: Question) -> Response:
        """Return one page over the tables, and what travels with it."""
        user_id = user_id_of(self.request)
        source = str(question.filters.get("source", ""))
        feeds = feeds_of(tables, user_id=user_id, source=source)
        page = list_rows(tables, question, user_id=user_id)
        said = answer(
            feeds,
            question.pair,
            since=question.since,
            until=question.end,
            found=bool(page.rows),
        )
        rows = self.serializer_class(page.rows, many=True).data
        return Response(
            AnswerSerializer(said).data | {"results": rows, "next": self._next(page.cursor)}
        )

    def _next(self, cursor: str | None) -> str | None:
        url = self.request.build_absolute_uri()
        return replace_query_param(url, "cursor", cursor) if cursor else None


class FactList(ListView):
    """List one table; a subclass names its serializer, filters and window."""

    serializer_class: ClassVar[type[FactSerializer]]

    def get(self, request: Request) -> Response:
        """List what was known, newest event first."""
        question = ask(request.query_params, self.offer(user_id_of(request)))
        return self.answer([self.serializer_class.fact()], question)

    @classmethod
    def offer(cls, user_id: int) -> Offer:
        """Return the table's own filters."""
        table = cls.serializer_class.fact()
        return Offer(
            name=table._meta.label_lower,
            owner=user_id,
            has_asset=bool(asset_fields(table)),
            filters={name: field_of(table, name) for name in cls.filters},
            window=cls.window,
        )


class Timeline(ListView):
    """What all four ledgers know about one asset, in one list."""

    serializer_class = FactRowSerializer
    window = timedelta(days=7)

    def get(self, request: Request, symbol: str) -> Response:
        """List facts about an asset, newest first; of the Exchange ledger only your own."""
        question = ask(request.query_params, self.offer(user_id_of(request)), asset=symbol)
        ledger = question.filters.get("ledger")
        tables = [table for table in tables_with_assets() if ledger in (None, table.ledger)]
        return self.answer(tables, replace(question, filters={}))

    @classmethod
    def offer(cls, user_id: int) -> Offer:
        """Return that a ledger may be chosen."""
        ledger: Any = Feed._meta.get_field("ledger")
        return Offer(name="timeline", owner=user_id, filters={"ledger": ledger}, window=cls.window)


class OneFact(APIView):
    """One fact by its public id."""

    @extend_schema(parameters=[PARAMETERS[name] for name in PAIR], responses=OneFactSerializer)
    def get(self, request: Request, fact_id: str) -> Response:
        """Show one fact as it was known, and the id of its newest revision."""
        pair = only_pair(request.query_params)
        user_id = user_id_of(request)
        try:
            fact = find(fact_id, user_id=user_id)
        except UnknownIdError as error:
            raise NotFound(f"No fact is called {fact_id[:200]!r}.") from error
        newest = newest_revision(fact, pair)
        if newest is None or newest.revision < fact.revision:
            raise NotFound(f"Nobody knew {fact_id[:200]!r} as of {written(pair.as_of)}.")
        feeds = feeds_of([type(fact)], user_id=user_id, source=getattr(fact, "source", ""))
        said = answer(feeds, pair, since=fact.event_at, until=fact.event_at + TICK, found=True)
        body = {"newest": public_id(newest), "result": FactRowSerializer(fact).data}
        return Response(AnswerSerializer(said).data | body)


class Matrix(APIView):
    """What was known of one asset at each of many moments, for models that must not look ahead."""

    @extend_schema(
        operation_id="v1_ledgers_matrix_list",
        parameters=[
            *(PARAMETERS[name] for name in ("as_of", "horizon", "since", "until")),
            OpenApiParameter("source", str, required=True),
            OpenApiParameter("currency", str, required=True),
            OpenApiParameter("step", int, description="Seconds. Default: 3600."),
            OpenApiParameter("window", int, description="Seconds of news. Default: 86400."),
            OpenApiParameter(
                "basis",
                str,
                enum=["known", "recorded"],
                description="recorded: only what was stored here by each moment.",
            ),
        ],
        responses=envelope(KnownSerializer),
    )
    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        """Show price, mean sentiment and number of events as each moment knew them."""
        question = ask_matrix(request.query_params, symbol)
        feeds = feeds_of_matrix(question)
        since, until, pair = question.since, question.until, question.pair
        rows = matrix_as_json(question)
        return stream(answer(feeds, pair, since=since, until=until, found=bool(rows)), rows)


def user_id_of(request: Request | HttpRequest) -> int:
    """Return who asks, here or on a page; somebody is logged in, of which others made sure."""
    user: Any = request.user
    return int(user.pk)


def field_of(table: type[Fact], name: str) -> Any:
    """Return a field of a table; it checks the values that a client asks for."""
    return table._meta.get_field(name)


urlpatterns = [
    path("ledgers/facts/<path:fact_id>", OneFact.as_view(), name="fact"),
    path("ledgers/matrix/<str:symbol>", Matrix.as_view(), name="matrix"),
    path("timeline/<str:symbol>", Timeline.as_view(), name="timeline"),
]
