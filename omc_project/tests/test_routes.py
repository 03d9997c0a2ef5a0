"""Every route needs a permission, and another user's things are as good as absent."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import Resolver404, get_resolver, path, resolve
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from omc_project.tests.factories import client_of, make_user
from omc_project.tests.routes import CLOSED, OPEN, open_routes, routes

pytestmark = pytest.mark.usefixtures("ledger")


class Forgotten(APIView):
    """A view whose author opened it."""

    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"secret": 1})


class OnlyPost(APIView):
    """A view that is open for one verb."""

    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        return Response({})


def plain(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse("hello")


urlpatterns = [
    *import_module("omc_project.urls").urlpatterns,
    path("api/v1/forgotten/", Forgotten.as_view(), name="forgotten"),
    path("api/v1/post/", OnlyPost.as_view(), name="only-post"),
    path("plain/<int:number>", plain, name="plain"),
]


def test_only_the_listed_routes_are_open() -> None:
    found = open_routes(get_resolver().url_patterns)
    assert set(found) - set(OPEN) == set(), found


def test_every_line_of_the_list_is_still_open() -> None:
    found = open_routes(get_resolver().url_patterns)
    assert set(OPEN) - set(found) == set()


@pytest.mark.urls(__name__)
def test_the_check_finds_an_open_route_whatever_its_verb() -> None:
    found = open_routes(get_resolver(__name__).url_patterns)
    assert set(found) - set(OPEN) == {"forgotten", "only-post", "plain"}


def test_the_walk_reaches_every_room() -> None:
    paths = [route for _, route in routes(get_resolver().url_patterns)]
    assert len(paths) > 100
    for start in ("/admin/", "/api/v1/ledgers/glass/", "/api/v1/timeline/", "/api/schema/"):
        assert any(route.startswith(start) for route in paths)
    reached = [route for route in paths if resolves(route)]
    assert len(reached) == len(paths), set(paths) - set(reached)


def resolves(route: str) -> bool:
    try:
        resolve(route)
    except Resolver404:
        return False
    return True


def test_the_admin_turns_an_ordinary_user_away() -> None:
    client = Client()
    client.force_login(make_user())
    for name, route in routes(get_resolver().url_patterns):
        if route.startswith("/admin/") and name.rpartition(":")[0] == "admin" and name not in OPEN:
            response = client.get(route)
            away = response.status_code == 302 and (
                "/admin/login/" in response["Location"] or route.endswith(("logout/",))
            )
            assert away or response.status_code in CLOSED, (route, response.status_code)


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_no_ledger_can_be_written_by_the_api(verb) -> None:
    api = client_of(make_user("root", is_superuser=True, is_staff=True))
    for _, route in routes(get_resolver().url_patterns):
        if route.startswith(("/api/v1/ledgers/", "/api/v1/timeline/")):
            assert getattr(api, verb)(route).status_code == 405
