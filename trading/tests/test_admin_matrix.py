"""The admin's pages of trading, every one of them and both verbs: who sees, and who changes.

The pages come from the URL resolver. Whoever is not the owner asks for everything there is, with
a body that would change whatever the page can change; afterwards every row is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from ledgers.exchange.models import Account
from trading.auditing import chain_of
from trading.killing import engage
from trading.models import AuditEntry, KillSwitch, LiveSwitch, OrderIntent, RiskLimits
from trading.orders import submit
from trading.tests.factories import make_user
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
MODELS = (RiskLimits, LiveSwitch, OrderIntent, KillSwitch, AuditEntry)
SECRETS = ("vault", "secret-order")
OPERATORS_ALONE = ("killswitch", "auditentry")
"""Pages without rows of one's own: who has no permission of Django's does not enter."""


class World(NamedTuple):
    """The owner's account and what there is of it."""

    account: Account
    intent: OrderIntent
    clients: dict[str, Client]


@pytest.fixture
def world() -> World:
    quote("990", "1000")
    owner = make_user("ada", is_staff=True)
    viewer = make_user("olga", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    users = {
        "anonymous": None,
        "user": make_user("bob"),
        "staff": make_user("eve", is_staff=True),
        "viewer": viewer,
        "superuser": make_user("root", is_staff=True, is_superuser=True),
        "owner": owner,
    }
    account = paper_account(user=owner, name="vault")
    now = timezone.now()
    intent = submit(account.pk, wish(client_id="secret-order"), actor="ada", now=now)
    assert intent.state == "accepted", intent.reason
    RiskLimits.objects.create(account=account)
    LiveSwitch.objects.create(account=account, changed_at=now, actor="ada")
    engage(chain_of(account.pk), actor="ada", reason="drill", now=now)
    return World(account, intent, {role: client_of(user) for role, user in users.items()})


def client_of(user: Any | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def names(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Yield the name of every page of trading in the admin."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from names(pattern.url_patterns, inner)
        elif f"{space}{pattern.name}".startswith("admin:trading_"):
            yield f"{space}{pattern.name}"


PAGES = sorted(names(get_resolver().url_patterns))


def url_of(name: str, world: World) -> str:
    """Return a page, about the owner's row where it is about one."""
    row = {
        "orderintent": world.intent.pk,
        "killswitch": chain_of(world.account.pk),
        "auditentry": AuditEntry.objects.order_by("pk").first().pk,
    }.get(name.split("_")[1], world.account.pk)
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[row])


def body_of(world: World) -> dict[str, Any]:
    """Return a body that changes whatever a page can change."""
    return {
        "action": "cancel_orders",
        "_selected_action": [world.intent.pk],
        "post": "yes",
        "account": world.account.pk,
        "is_on": "on",
        "confirmation": "trade real money with vault",
        "scope": KillSwitch.EVERYTHING,
        "reason": "mischief",
        "max_order": "999999",
        "max_position": "999999",
        "max_open_positions": "99",
        "max_daily_loss": "999999",
        "collar": "9",
        "cooldown": "0",
        "orders_a_minute": "999",
    }


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row that the pages are about."""
    return {
        model.__name__: sorted(map(tuple, model.objects.values_list()), key=str) for model in MODELS
    }


def test_there_are_pages_of_each_kind() -> None:
    kinds = {name.split("_")[1] for name in PAGES}
    assert {model._meta.model_name for model in MODELS} | {"accountpnl"} <= kinds
    assert len(PAGES) >= 5 * len(kinds)


@pytest.mark.parametrize("role", ["anonymous", "user"])
def test_who_is_not_staff_is_led_to_the_login_by_every_page(world: World, role: str) -> None:
    before = rows()
    for name in PAGES:
        url = url_of(name, world)
        for answer in (
            world.clients[role].get(url),
            world.clients[role].post(url, body_of(world)),
        ):
            assert (answer.status_code, answer["Location"].split("?")[0]) == (
                302,
                reverse("admin:login"),
            ), name
    assert rows() == before


@pytest.mark.parametrize("role", ["staff", "viewer", "superuser"])
def test_nobody_but_the_owner_changes_anything_on_any_page(world: World, role: str) -> None:
    """But superusers have the kill switch."""
    before = rows()
    for name in PAGES:
        if role == "superuser" and name.startswith("admin:trading_killswitch"):
            continue
        answer = world.clients[role].post(url_of(name, world), body_of(world))
        assert answer.status_code in {200, 302, 403, 404, 405}, name
        assert rows() == before, name


def test_staff_without_a_permission_sees_nothing_of_others(world: World) -> None:
    for name in PAGES:
        answer = world.clients["staff"].get(url_of(name, world))
        if name.split("_")[1] in OPERATORS_ALONE:
            assert answer.status_code == 403, name
        assert answer.status_code in {200, 302, 403, 404}, name
        assert not any(secret in answer.content.decode() for secret in SECRETS), name


def test_an_operator_sees_the_lists_and_the_owner_changes_the_limits(world: World) -> None:
    for kind in ("orderintent", "risklimits", "liveswitch", "killswitch", "auditentry"):
        url = reverse(f"admin:trading_{kind}_changelist")
        assert world.clients["viewer"].get(url).status_code == 200, kind
    url = reverse("admin:trading_risklimits_change", args=[world.account.pk])
    assert world.clients["owner"].post(url, body_of(world)).status_code == 302
    assert RiskLimits.objects.get().max_order == Decimal(999999)
