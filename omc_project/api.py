"""The API as a whole: every app's own doors, the token, the schema and its page.

An app with an `api` module is on the API under its own name, `ledgers.glass` at `ledgers/glass/`;
nothing else has to be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from omc_project.documentation import document
from omc_project.throttling import TokenThrottle, UserThrottle

ROOTS = {"ledgers": ""}
"""Apps whose doors stand at the root of the API."""


class TokenSerializer(serializers.Serializer[Any]):
    """The token of a user: send it as `Authorization: Token <token>`."""

    token = serializers.CharField()


class TokenView(APIView):
    """A user's token: got for a password, revoked by whoever holds it."""

    def get_permissions(self) -> list[BasePermission]:
        """Let anybody try a password; only a user may revoke."""
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    def get_throttles(self) -> list[BaseThrottle]:
        """Count attempts by address."""
        return [TokenThrottle() if self.request.method == "POST" else UserThrottle()]

    @extend_schema(request=AuthTokenSerializer, responses=TokenSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Return the token of a user for name and password."""
        given = AuthTokenSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        token, _ = Token.objects.get_or_create(user=given.validated_data["user"])
        return Response({"token": token.key})

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke your token; the next one is another."""
        Token.objects.filter(user=request.user.pk).delete()
        return Response(status=204)


@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """Show what the API offers, on one page without a script."""
    generator: Any = SchemaGenerator
    schema = generator().get_schema(request=None, public=True)
    return render(request, "api/docs.html", {"document": document(schema)})


def _rooms() -> Iterator[URLPattern | URLResolver]:
    """Yield the doors of every app that has some."""
    for config in apps.get_app_configs():
        is_ours = config.name.partition(".")[0] in {"ledgers", "trading", "quality", "agents"}
        if is_ours and config.module is not None and module_has_submodule(config.module, "api"):
            prefix = ROOTS.get(config.name, f"{config.name.replace('.', '/')}/")
            yield path(prefix, include(import_module(f"{config.name}.api")))


urlpatterns = [
    path("v1/", include([*_rooms(), path("token/", TokenView.as_view(), name="token")])),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
