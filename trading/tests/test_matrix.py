"""Who may do what: every route of trading and every verb, for everybody.

Not logged in 401; somebody else's account or order is as good as absent, 404, also for operators
and superusers; a verb that a route does not offer 405. The routes come from the URL resolver: one
without a line in `API`, or a line without a route, fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Permission
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.views import APIView

from ledgers.exchange.models import Account
from ledgers.tests.factories import PASSWORD
from trading.killing import is_engaged
from trading.models import AuditEntry, KillSwitch, OrderIntent
from trading.orders import submit
from trading.tests.factories import make_user
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
PREFIX = "/api/v1/trading/"
VERBS = ("get", "post", "put", "patch", "delete")
ROLES = ("anonymous", "owner", "other", "staff", "superuser")
OWN = (401, 200, 404, 404, 404)
"""The owner's by name: nobody else sees that it is there."""
LIST = (401, 200, 200, 200, 200)
"""Each sees the own ones."""
SECRETS = ("vault", "secret-order")


class Line(NamedTuple):
    """What each role gets for a request about the owner's account, order or everything."""

    statuses: tuple[int, ...]
    query: tuple[str, ...] = ()
    body: dict[str, Any] | None = None


ORDER = {"client_id": "new", "side": "buy", "base": "BTC", "quantity": "0.1"}
STOP = {"engage": True, "reason": "drill"}
ACCOUNT = ("account",)
API: dict[tuple[str, str], Line] = {
    ("accounts", "get"): Line(LIST),
    ("positions", "get"): Line(OWN, ACCOUNT),
    ("pnl", "get"): Line(OWN, ACCOUNT),
    ("explain", "get"): Line(OWN, ACCOUNT),
    ("export", "get"): Line(OWN, ACCOUNT),
    ("orders", "get"): Line(LIST),
    ("orders", "post"): Line((401, 201, 404, 404, 404), (), {**ORDER, "account": "mine"}),
    ("order", "get"): Line(OWN),
    ("cancel-order", "post"): Line((401, 202, 404, 404, 404)),
    ("risk", "get"): Line(OWN, ACCOUNT),
    ("kill", "post"): Line(OWN, (), {**STOP, "account": "mine"}),
}
PARAMETERS = {"form": "csv"}


class World(NamedTuple):
    """The owner's account and order, and a client of everybody."""

    account: Account
    intent: OrderIntent
    clients: dict[str, APIClient]


@pytest.fixture
def world() -> World:
    quote("990", "1000")
    users = {
        "owner": make_user("ada"),
        "other": make_user("eve"),
        "staff": make_user("olga", is_staff=True),
        "superuser": make_user("root", is_staff=True, is_superuser=True),
    }
    users["staff"].user_permissions.set(Permission.objects.all())
    account = paper_account(user=users["owner"], name="vault")
    for name in ("other", "staff", "superuser"):
        paper_account(user=users[name], name=f"own of {name}")
    wanted = wish(client_id="secret-order", base="ETH")
    quote("990", "1000", asset="ETH")
    intent = submit(account.pk, wanted, actor="ada", now=timezone.now())
    assert intent.state == "accepted", intent.reason
    return World(account, intent, {name: client_of(users.get(name)) for name in ROLES})


def client_of(user: Any | None) -> APIClient:
    """Return a client of a user, or of nobody."""
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


def found_in(
    patterns: list[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[tuple[str, str, type[APIView]]]:
    """Yield name, path with its parameters and view of each route of trading."""
    for pattern in patterns:
        written = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from found_in(pattern.url_patterns, written)
        elif written.startswith(PREFIX):
            yield str(pattern.name), written, pattern.callback.cls


def routes(urls: str | None = None) -> list[tuple[str, str, type[APIView]]]:
    """Return the routes of trading."""
    return list(found_in(get_resolver(urls).url_patterns))


def offered(urls: str | None = None) -> set[tuple[str, str]]:
    """Return every route with every verb that its view answers."""
    return {(name, verb) for name, _, view in routes(urls) for verb in VERBS if hasattr(view, verb)}


def url_of(name: str, world: World) -> str:
    """Return the path of a route about the owner's order."""
    ((_, written, _),) = (route for route in routes() if route[0] == name)
    values = {"pk": str(world.intent.pk), **PARAMETERS}
    for key, value in values.items():
        for kind in ("int:", "str:", ""):
            written = written.replace(f"<{kind}{key}>", value)
    assert "<" not in written, f"{name} has a parameter that PARAMETERS does not know"
    return written


def ask(world: World, role: str, name: str, verb: str, line: Line) -> Any:
    """Ask in a role, about the owner's."""
    url = url_of(name, world)
    if line.query:
        url += f"?account={world.account.pk}"
    body = dict(line.body or {})
    if body.get("account") == "mine":
        body["account"] = world.account.pk
    return getattr(world.clients[role], verb)(url, body or None, format="json")


def test_every_route_and_verb_has_a_line_and_every_line_a_route() -> None:
    assert offered() == set(API)
    assert len(routes()) == len({name for name, _, _ in routes()})


class Forgotten(APIView):
    """A route whose author forgot its line."""

    def delete(self, request: Any) -> None:
        """Delete everything."""


urlpatterns = [
    *import_module("omc_project.urls").urlpatterns,
    path("api/v1/trading/forgotten/", Forgotten.as_view(), name="forgotten"),
]


@pytest.mark.urls(__name__)
def test_a_forgotten_line_is_found() -> None:
    assert offered(__name__) - set(API) == {("forgotten", "delete")}


@pytest.mark.parametrize(("name", "verb"), API)
def test_each_gets_what_the_matrix_says(world: World, name: str, verb: str) -> None:
    """Everybody else first: what they ask for changes nothing and tells nothing."""
    line = API[name, verb]
    expected = dict(zip(ROLES, line.statuses, strict=True))
    for role in sorted(ROLES, key="owner".__eq__):
        answer = ask(world, role, name, verb, line)
        assert answer.status_code == expected[role], (role, answer.content)
        if role != "owner":
            assert not any(secret in answer.content.decode() for secret in SECRETS), role
            world.intent.refresh_from_db()
            assert world.intent.state == "accepted"
            assert OrderIntent.objects.count() == 1
            assert not is_engaged(world.account.pk)


def test_a_verb_that_is_not_offered_is_none_whoever_asks(world: World) -> None:
    before = AuditEntry.objects.count()
    for name, _, view in routes():
        for verb in VERBS:
            for role in ROLES:
                if not hasattr(view, verb):
                    answer = ask(world, role, name, verb, Line(()))
                    expected = 401 if role == "anonymous" else 405
                    assert answer.status_code == expected, (role, name, verb)
    assert AuditEntry.objects.count() == before


def test_what_a_route_tells_of_itself_tells_nothing_of_anybody(world: World) -> None:
    for name, _, _ in routes():
        for role in ROLES:
            answer = world.clients[role].options(url_of(name, world))
            assert answer.status_code == (401 if role == "anonymous" else 200), (role, name)
            assert not any(secret in answer.content.decode() for secret in SECRETS)


def test_everything_is_stopped_and_let_through_by_a_superuser_alone(world: World) -> None:
    kill = f"{PREFIX}kill/"
    release = {"engage": False, "reason": "over", "password": PASSWORD}
    refusals = {"anonymous": 401, "owner": 403, "other": 403, "staff": 403}
    for role, status in refusals.items():
        for body in (STOP, release):
            answer = world.clients[role].post(kill, body, format="json")
            assert answer.status_code == status, role
    assert not KillSwitch.objects.exists()
    root = world.clients["superuser"]
    assert root.post(kill, STOP, format="json").status_code == 200
    assert is_engaged(world.account.pk)
    for role, status in refusals.items():
        answer = world.clients[role].post(kill, release, format="json")
        assert answer.status_code == status, role
    assert is_engaged(world.account.pk)
    assert root.post(kill, release, format="json").status_code == 200
    assert not is_engaged(world.account.pk)


def test_nobody_says_by_the_body_who_they_are_or_what_became_of_an_order(world: World) -> None:
    for name in ("user", "user_id", "actor", "state", "mode", "reserved"):
        body = {**ORDER, "account": world.account.pk, name: 1}
        answer = world.clients["owner"].post(f"{PREFIX}orders/", body, format="json")
        assert answer.status_code == 400
        assert name in str(answer.json())


def test_ones_own_lists_hold_nothing_of_others(world: World) -> None:
    for role in ("other", "staff", "superuser"):
        client = world.clients[role]
        rows = client.get(f"{PREFIX}accounts/").json()["results"]
        assert [row["name"] for row in rows] == [f"own of {role}"]
        assert client.get(f"{PREFIX}orders/").json()["results"] == []
        for name in ("pnl", "positions"):
            assert "vault" not in client.get(f"{PREFIX}{name}/").content.decode()
