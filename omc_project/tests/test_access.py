"""Every route has a line that says who may do what there, and does to each what its line says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, NamedTuple

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authtoken.models import Token
from rest_framework.views import APIView

from agents.models import AgentSession, SessionEvent, SessionReading
from agents.orchestrator import begin_workflow, resume_workflow
from agents.sessions import BusyError
from ledgers.credentials import store_secret
from ledgers.exchange.models import Account, Fill
from ledgers.models import Credential
from ledgers.public_ids import public_id
from ledgers.tests.redis_keys import forget
from omc_project.tests.access import (
    ALERT,
    API,
    PAGES,
    PASSWORD,
    QUALITY,
    QUESTION,
    SITE,
    TRADING,
    Line,
    found_in,
)
from omc_project.tests.factories import (
    MINUTE,
    fill,
    keep,
    looked,
    make_account,
    make_run,
    make_user,
    quote,
    this_minute,
)
from quality.models import Alert
from trading.models import AuditEntry
from trading.tests import test_matrix as of_trading
from trading.tests.test_matrix import ROLES, VERBS

pytestmark = pytest.mark.usefixtures("ledger")
NAME = "vault-of-ada"
SECRETS = (NAME, "secret-of-ada", QUESTION["question"], "sk-of-ada-0123456789", "…6789")


NAMED_TO_OPERATORS = {
    (f"{QUALITY}alerts", "get"),
    (ALERT, "get"),
    (f"{ALERT}/ack", "post"),
    (f"{SITE}quality/board/", "get"),
    (f"{SITE}exchange/account/<int:account_id>/key/", "get"),
    (f"{SITE}trading/accountpnl/<int:account_id>/trading-key/", "get"),
}
"""Alerts are operators' business too; who has a key forgotten sees of which account it is."""
NOTHING = Line(())
PARAMETER = re.compile(r"[<{][^<>{}]+[>}]")


class World(NamedTuple):
    """The owner's things, by the parameters of the routes that lead to them."""

    values: Mapping[str, str]
    clients: Mapping[str, Client]


@pytest.fixture
def world(settings: Any) -> World:
    forget("omc:rate:*")
    settings.OMC_API_PER_MINUTE = settings.OMC_TOKEN_PER_MINUTE = 1_000_000
    users = {
        "anonymous": None,
        "owner": make_user("ada"),
        "other": make_user("bob"),
        "staff": make_user("olga", is_staff=True),
        "superuser": make_user("root", is_staff=True, is_superuser=True),
    }
    for user in filter(None, users.values()):
        user.set_password(PASSWORD)
        user.save()
    return World(values_of(users["owner"]), {name: client_of(one) for name, one in users.items()})


def client_of(user: Any | None) -> Client:
    """Return a client of a user, or of nobody."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def values_of(owner: Any) -> dict[str, str]:
    """Make a little of everything that is the owner's."""
    now = this_minute()
    run = make_run("coinspot")
    keep([quote(now - n * MINUTE) for n in range(3)], run)
    looked(run, now - timedelta(hours=1), now)
    account = make_account(owner, "vault-of-ada")
    own = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    keep([fill(account, now, venue_id="secret-of-ada")], own)
    for kept in (f"account:{account.pk}", f"trade:{account.pk}", f"model:{owner.pk}"):
        store_secret(kept, {"key": "sk-of-ada-0123456789"}, actor="ada")
    alert = Alert.objects.create(
        check_id="books.test", subject="vault-of-ada", user=owner, level=30, message="m",
        opened_at=now, seen_at=now,
    )  # fmt: skip
    asked = begin_workflow(QUESTION["question"], user_id=owner.pk, now=timezone.now(), review=True)
    with pytest.raises(BusyError, match="waits for your approval"):
        resume_workflow(asked.session_id, user_id=owner.pk)
    return {
        "path:fact_id": public_id(Fill.objects.for_user(owner.pk).get()),
        "str:symbol": "BTC",
        "str:asset": "BTC",
        "int:alert_id": str(alert.pk),
        "uuid:session_id": asked.session_id,
        "slug:slug": "kraken",
        "int:account_id": str(account.pk),
    }


def url_of(route: str, values: Mapping[str, str]) -> str:
    """Return the path of a route about the owner's things."""
    for name, value in values.items():
        route = route.replace(f"<{name}>", value)
    assert "<" not in route, f"{route} has a parameter that `values_of` does not know"
    return route


def ask(world: World, role: str, route: str, verb: str, line: Line = NOTHING) -> Any:
    """Ask in a role about the owner's: the API in JSON, a page with a form."""
    url, client, body = url_of(route, world.values) + line.query, world.clients[role], line.body
    if verb == "get":
        return client.get(url)
    if route.startswith("/api/"):
        return getattr(client, verb)(url, dict(body or {}), content_type="application/json")
    return getattr(client, verb)(url, dict(body or {}))


def told(answer: Any) -> str:
    """Return what an answer says, also one that comes in pieces."""
    pieces = answer.streaming_content if answer.streaming else [answer.content]
    return b"".join(pieces).decode()


def kept() -> list[Any]:
    """Return what only its owner changes, and what is left when somebody does."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Account, Credential, AgentSession, SessionReading, AuditEntry)
    ] + [list(SessionEvent.objects.order_by("pk").values_list("kind", flat=True))]


def offered(urls: str | None = None) -> set[tuple[str, str]]:
    """Return every route of the API with every verb that its view answers."""
    walked = found_in(get_resolver(urls).url_patterns)
    return {
        (route, verb) for route, _, view in walked if view for verb in VERBS if hasattr(view, verb)
    }


def pages(urls: str | None = None) -> set[str]:
    """Return every route that people look at."""
    return {route for route, _, view in found_in(get_resolver(urls).url_patterns) if view is None}


def documented() -> set[tuple[str, str]]:
    """Return what the OpenAPI document offers, with names of parameters left out."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return {
        (PARAMETER.sub("{}", route), verb)
        for route, operations in schema["paths"].items()
        for verb in VERBS
        if verb in operations
    }


def test_every_route_and_verb_has_a_line_and_every_line_a_route() -> None:
    assert offered() == set(API)
    assert pages() == {route for route, _ in PAGES}
    lines = [*API.values(), *PAGES.values()]
    assert all(len(line.statuses) == len(ROLES) for line in lines)


def test_what_is_documented_has_a_line_here_or_in_the_table_of_trading() -> None:
    lines = {(PARAMETER.sub("{}", route), verb) for route, verb in API}
    trading = {one for one in documented() if one[0].startswith(TRADING)}
    assert documented() - trading == lines - {("/api/schema/", "get")}
    views = {(name, verb) for name, verb in of_trading.API}
    assert len(trading) == len(views)


class Forgotten(APIView):
    """A route whose author forgot its line."""

    def delete(self, request: Any) -> None:
        """Delete everything."""


def forgotten(request: HttpRequest) -> HttpResponse:
    """Answer whoever comes."""
    return HttpResponse("hello")


urlpatterns = [
    *import_module("omc_project.urls").urlpatterns,
    path("api/v1/forgotten/", Forgotten.as_view(), name="forgotten"),
    path("admin/forgotten/", forgotten, name="forgotten-page"),
]


@pytest.mark.urls(__name__)
def test_a_forgotten_line_is_found() -> None:
    assert offered(__name__) - set(API) == {("/api/v1/forgotten/", "delete")}
    assert pages(__name__) - {route for route, _ in PAGES} == {"/admin/forgotten/"}


@pytest.mark.parametrize("role", ROLES)
def test_each_gets_what_the_table_says(world: World, role: str) -> None:
    """Nobody but the owner changes or is told anything of the owner's."""
    before, place, wrong = kept(), ROLES.index(role), {}
    for (route, verb), line in {**API, **PAGES}.items():
        answer = ask(world, role, route, verb, line)
        shown = told(answer)
        if answer.status_code != line.statuses[place]:
            wrong[route, verb] = (answer.status_code, shown[:200])
        allowed = {NAME} if (route, verb) in NAMED_TO_OPERATORS else set()
        if role != "owner":
            assert {secret for secret in SECRETS if secret in shown} <= allowed, (route, verb)
    assert wrong == {}
    if role != "owner":
        assert kept() == before


@pytest.mark.parametrize("role", ["anonymous", "owner", "superuser"])
def test_a_verb_that_is_not_offered_is_none_whoever_asks(world: World, role: str) -> None:
    """What is for operators alone says so first, whatever the verb."""
    before, wrong = kept(), {}
    refused = {route for (route, _), line in API.items() if line.statuses[ROLES.index(role)] == 403}
    for route in sorted({route for route, _ in API}):
        expected = 401 if role == "anonymous" else 403 if route in refused else 405
        for verb in VERBS:
            if (route, verb) not in API:
                status = ask(world, role, route, verb).status_code
                if status != expected:
                    wrong[route, verb] = status
    assert wrong == {}
    assert kept() == before


@pytest.mark.parametrize("role", ["anonymous", "other", "superuser"])
def test_what_a_route_tells_of_itself_tells_nothing_of_anybody(world: World, role: str) -> None:
    for route in sorted({route for route, _ in API}):
        answer = world.clients[role].options(url_of(route, world.values))
        assert answer.status_code in ({401, 200} if role == "anonymous" else {200, 403}), route
        assert not [secret for secret in SECRETS if secret in told(answer)], route


def test_a_verb_in_a_header_is_not_taken_for_one(world: World) -> None:
    Token.objects.create(user_id=world.clients["owner"].session["_auth_user_id"])
    before = kept()
    for route in sorted({route for route, verb in API if verb in {"put", "delete"}}):
        for verb in ("PUT", "DELETE"):
            url = url_of(route, world.values)
            world.clients["owner"].get(url, headers={"X-HTTP-Method-Override": verb})
    assert kept() == before
    assert Token.objects.count() == 1
