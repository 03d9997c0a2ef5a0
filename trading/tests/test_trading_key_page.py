"""The page of the trading key: its owner's alone, and nobody sees a key again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ledgers.credentials import masked, secret_of
from ledgers.exchange import keys as reading_keys
from ledgers.exchange.models import Account
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET, Fault
from ledgers.exchange.tests.private import with_key
from ledgers.models import Credential, CredentialUse
from ledgers.tests.factories import PASSWORD
from ledgers.tests.redis_keys import forget, without_redis
from trading.keys import owner_of
from trading.tests.factories import make_account, make_user
from trading.tests.fake_exchange import TRADE_KEY, TRADE_SECRET, FakeExchange
from trading.tests.live import exchange, with_trading_key

pytestmark = pytest.mark.usefixtures("ledger")
PAIR = {"key": TRADE_KEY, "secret": TRADE_SECRET}
OWN = {"password": PASSWORD}
STATUS = "/api/v2/status"
ENTER, TRY, FORGET = PAIR | OWN, {"test": "1"}, {"forget": "1"} | OWN
TABLE = {
    "anonymous": (302, 302, 302, 302),
    "user": (302, 302, 302, 302),
    "staff": (404, 404, 404, 404),
    "viewer": (404, 404, 404, 404),
    "superuser": (200, 403, 403, 302),
    "owner": (200, 302, 302, 302),
}
"""What each role gets: to look, to enter a key, to try the stored one, to have it forgotten."""


@pytest.fixture
def venue(settings: Any) -> Iterator[FakeExchange]:
    """Serve the exchange."""
    with exchange(settings) as fake:
        yield fake


@pytest.fixture
def account(ledger: None) -> Account:
    """Make an account of ada, with the key that reads."""
    forget("omc:rate:*")
    return with_key(make_account(make_user("ada", is_staff=True), name="vault"))


def client_of(user: Any | None) -> Client:
    """Return a client of a user, or of nobody."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def client_as(role: str, account: Account) -> Client:
    """Return a client in one of the roles of the table."""
    if role in ("anonymous", "owner"):
        return client_of(account.user if role == "owner" else None)
    user = make_user(role, is_staff=role != "user", is_superuser=role == "superuser")
    if role == "viewer":
        user.user_permissions.set(Permission.objects.all())
    return client_of(user)


def page_of(account: Account) -> str:
    """Return where the trading key of an account is entered."""
    return reverse("admin:trading_accountpnl_key", args=[account.pk])


def stored(account: Account) -> dict[str, str]:
    """Return what is kept as the account's trading key."""
    return secret_of(owner_of(account.pk), purpose="test")


@pytest.mark.parametrize("role", TABLE)
def test_each_role_gets_what_the_matrix_says(venue, account, role) -> None:
    with_trading_key(account)
    client, url = client_as(role, account), page_of(account)
    asked = [client.get(url), *(client.post(url, body) for body in (ENTER, TRY, FORGET))]
    assert tuple(answer.status_code for answer in asked) == TABLE[role]
    may_forget = role in ("superuser", "owner")
    assert (masked(owner_of(account.pk)) == {}) is may_forget
    assert (venue.asked != []) is (role == "owner")
    actors = {use.actor for use in CredentialUse.objects.filter(action="forgotten")}
    assert actors == ({client_name(role)} if may_forget else set())
    assert masked(reading_keys.owner_of(account.pk))


def client_name(role: str) -> str:
    """Return who somebody in a role is."""
    return "ada" if role == "owner" else role


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_other_verbs_change_nothing(venue, account, verb) -> None:
    with_trading_key(account)
    kept = list(Credential.objects.order_by("pk").values())
    for role in ("anonymous", "superuser", "owner"):
        getattr(client_as(role, account), verb)(page_of(account))
    assert list(Credential.objects.order_by("pk").values()) == kept
    assert venue.asked == []


def test_the_owner_enters_a_key_and_never_sees_it_again(venue, account, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client_as("owner", account).post(page_of(account), ENTER, follow=True)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert f"…{TRADE_KEY[-4:]}" in html
    for secret in (TRADE_KEY, TRADE_SECRET, PASSWORD):
        assert secret not in html
        assert secret not in caplog.text
    assert stored(account) == PAIR
    assert secret_of(reading_keys.owner_of(account.pk), purpose="test") == {
        "key": KEY,
        "secret": SECRET,
    }
    assert CredentialUse.objects.filter(owner=owner_of(account.pk), actor="ada").count() == 1


def test_the_page_says_that_a_key_that_can_withdraw_must_not_be_used(venue, account) -> None:
    html = client_as("owner", account).get(page_of(account)).content.decode()
    assert "Do not enter a key that can withdraw." in html


def test_a_key_is_replaced_by_the_next_one(venue, account) -> None:
    with_trading_key(account)
    other = "other-trading-key-1234"
    venue.secrets[other] = TRADE_SECRET
    venue.full.add(other)
    client = client_as("owner", account)
    assert client.post(page_of(account), ENTER | {"key": other}).status_code == 302
    assert stored(account)["key"] == other


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": KEY, "secret": SECRET}, "A read-only key cannot"),
        ({"key": "a b"}, "Copy it again"),
        ({"password": "guess"}, "This is not your password."),
        ({"password": ""}, "This field is required."),
    ],
)
def test_security_what_is_refused_is_not_kept_and_not_written_back(
    venue, account, given, said
) -> None:
    html = client_as("owner", account).post(page_of(account), ENTER | given).content.decode()
    assert said in html
    for typed in (TRADE_KEY, TRADE_SECRET, KEY, SECRET, PASSWORD, 'value="guess"'):
        assert typed not in html
    assert masked(owner_of(account.pk)) == {}


def test_a_key_of_which_the_venue_tells_that_it_can_withdraw_is_refused(venue, account) -> None:
    venue.faults[STATUS] = [Fault(body=b'{"status":"ok","permissions":["withdraw"]}')]
    html = client_as("owner", account).post(page_of(account), ENTER).content.decode()
    assert "can withdraw. Make one that cannot" in html
    assert masked(owner_of(account.pk)) == {}


def test_security_the_tries_of_this_key_are_counted_apart(venue, account) -> None:
    with_trading_key(account)
    client = client_as("owner", account)
    for _ in range(10):
        client.post(page_of(account), ENTER | {"password": "guess"})
    html = client.post(page_of(account), ENTER).content.decode()
    assert "Too many tries. Wait 60 minutes." in html
    assert client.post(page_of(account), FORGET).status_code == 302
    assert masked(owner_of(account.pk)) == {}


def test_security_without_redis_no_password_is_looked_at(venue, account) -> None:
    with_trading_key(account)
    client = client_as("owner", account)
    with without_redis():
        html = client.post(page_of(account), FORGET).content.decode()
    assert "Your password cannot be checked now." in html
    assert stored(account) == PAIR


def test_an_account_elsewhere_has_no_page(venue, account) -> None:
    Account.objects.filter(pk=account.pk).update(venue="paper")
    for role in ("owner", "superuser"):
        client = client_as(role, account)
        assert client.get(page_of(account)).status_code == 404
        assert client.post(page_of(account), ENTER).status_code == 404


def test_the_page_about_an_account_leads_its_owner_to_both_keys(venue, account) -> None:
    path = reverse("admin:trading_accountpnl_change", args=[account.pk])
    pages = (page_of(account), reverse("admin:exchange_account_key", args=[account.pk]))
    for role, is_led in (("owner", True), ("superuser", True), ("viewer", False)):
        html = client_as(role, account).get(path).content.decode()
        assert [page in html for page in pages] == [is_led, is_led], role
