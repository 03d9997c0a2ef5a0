"""A key is tried, refused unless read-only, and never shown: by the command and on the page."""

from __future__ import annotations

import io
import logging

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from ledgers.collecting.errors import NotConfiguredError
from ledgers.credentials import masked, refuse, secret_of
from ledgers.exchange import keys
from ledgers.exchange.keys import KeyRefusedError, owner_of, remove_key, set_key
from ledgers.exchange.models import Account
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET, Fault, coinspot
from ledgers.exchange.tests.private import account_of, forget_redis, with_key
from ledgers.models import Credential, CredentialUse
from ledgers.tests.redis_keys import forget, without_redis

PAIR = {"key": KEY, "secret": SECRET}
PASSWORD = " correct horse battery "
OWN = {"password": PASSWORD}
FULL_STATUS = "/api/v2/status"
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def venue(settings):
    forget_redis()
    with coinspot(settings) as fake:
        yield fake
    forget_redis()


@pytest.fixture
def mia():
    forget("omc:rate:*")
    return account_of("mia")


def stored(account: Account) -> dict[str, str]:
    return secret_of(owner_of(account.pk), purpose="test")


def test_a_read_only_key_is_kept(venue, mia) -> None:
    set_key(mia, f" {KEY}\n", f"{SECRET} ", actor="mia")
    assert stored(mia) == PAIR
    assert venue.paths() == ["/api/v2/ro/status", FULL_STATUS]
    assert CredentialUse.objects.filter(action="stored", actor="mia").count() == 1


def test_a_key_that_may_trade_is_refused_and_what_was_there_stays(venue, mia) -> None:
    set_key(mia, KEY, SECRET, actor="mia")
    venue.secrets["full-access-key-of-mia"] = SECRET
    venue.full.add("full-access-key-of-mia")
    with pytest.raises(KeyRefusedError, match="may trade and withdraw"):
        set_key(mia, "full-access-key-of-mia", SECRET, actor="mia")
    assert stored(mia) == PAIR


@pytest.mark.parametrize(
    ("key", "secret", "says"),
    [
        ("", SECRET, "The key is empty"),
        (KEY, " ", "The secret is empty"),
        ("ke y", SECRET, "not what CoinSpot gives"),
        (KEY, "schlüssel", "not what CoinSpot gives"),
        (KEY, "a\r\nb", "not what CoinSpot gives"),
        ("unknown-key", SECRET, "Invalid key"),
        (KEY, "another-secret", "Invalid signature"),
    ],
)
def test_a_key_that_does_not_work_is_refused(venue, mia, key, secret, says) -> None:
    with pytest.raises(KeyRefusedError, match=says) as caught:
        set_key(mia, key, secret, actor="mia")
    assert not Credential.objects.exists()
    assert "another-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body=b"{}"),
        Fault(body=None),
        Fault(status=403, body=b"<html>", content_type="text/html"),
        Fault(status=404, body=b"no such page"),
        Fault(status=429, body=b"{}"),
        Fault(body=b'{"status":"error","message":"busy"}'),
    ],
)
def test_a_key_that_is_not_proven_read_only_is_refused(venue, mia, fault) -> None:
    venue.faults[FULL_STATUS] = [fault]
    with pytest.raises(KeyRefusedError, match="could not be proven"):
        set_key(mia, KEY, SECRET, actor="mia")
    assert not Credential.objects.exists()


def test_an_account_elsewhere_has_no_key(venue, mia) -> None:
    mia.venue = "paper"
    with pytest.raises(KeyRefusedError, match="an account at paper"):
        set_key(mia, KEY, SECRET, actor="mia")
    assert venue.asked == []


def test_a_stored_key_can_be_tried_again(venue, mia) -> None:
    with_key(mia)
    keys.test_key(mia)
    venue.full.add(KEY)
    with pytest.raises(KeyRefusedError, match="may trade"):
        keys.test_key(mia)


def test_why_there_is_no_key_to_use_is_told(mia) -> None:
    with pytest.raises(NotConfiguredError, match="set_key"):
        keys.keys_of(mia.pk, purpose="test")
    with_key(mia)
    refuse(owner_of(mia.pk), reason="Invalid key.")
    with pytest.raises(NotConfiguredError, match=r"Invalid key\. Enter a new one"):
        keys.keys_of(mia.pk, purpose="test")
    remove_key(mia, actor="mia")
    assert not Credential.objects.exists()


def run_set_key(monkeypatch, typed: str, *more: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    out = io.StringIO()
    call_command("set_key", "--user", "mia", "--account", "CoinSpot", *more, stdout=out)
    return out.getvalue()


def test_the_command_reads_the_key_from_standard_input(venue, mia, monkeypatch) -> None:
    said = run_set_key(monkeypatch, f"{KEY}\n{SECRET}\n")
    assert stored(mia) == PAIR
    assert "is kept, encrypted" in said
    assert KEY not in said
    assert "has no key any more" in run_set_key(monkeypatch, "", "--remove")
    assert stored(mia) == {}


def test_the_command_says_why_a_key_is_refused(venue, mia, monkeypatch) -> None:
    with pytest.raises(CommandError, match="The secret is empty"):
        run_set_key(monkeypatch, f"{KEY}\n")


def test_the_command_makes_an_account_only_if_asked(venue, monkeypatch) -> None:
    with pytest.raises(CommandError, match="no user 'mia'"):
        run_set_key(monkeypatch, "", "--create")
    get_user_model().objects.create_user("mia")
    with pytest.raises(CommandError, match="has no account 'CoinSpot'"):
        run_set_key(monkeypatch, "")
    run_set_key(monkeypatch, f"{KEY}\n{SECRET}\n", "--create")
    assert stored(Account.objects.get(user__username="mia")) == PAIR


def test_the_command_takes_no_key_as_an_argument() -> None:
    with pytest.raises((CommandError, TypeError)):
        call_command("set_key", "--user", "mia", "--account", "A", "--key", KEY)


def client_of(name: str, *permissions: str, is_superuser: bool = False) -> Client:
    user, _ = get_user_model().objects.get_or_create(username=name)
    user.is_staff, user.is_superuser = True, is_superuser
    user.set_password(PASSWORD)
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page_of(account: Account) -> str:
    return reverse("admin:exchange_account_key", args=[account.pk])


def test_the_owner_enters_a_key_and_never_sees_it_again(venue, mia, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_of("mia")
    answer = client.post(page_of(mia), PAIR | OWN, follow=True)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "…abcd" in html
    assert "…wxyz" in html
    assert "in use" in html
    for secret in (KEY, SECRET, PASSWORD):
        assert secret not in html
        assert secret not in caplog.text
    assert stored(mia) == PAIR


def test_a_refused_key_is_not_written_back_into_the_page(venue, mia) -> None:
    html = client_of("mia").post(page_of(mia), PAIR | OWN | {"secret": "wrong-secret-of-mia"})
    shown = html.content.decode()
    assert "Invalid signature" in shown
    assert "wrong-secret-of-mia" not in shown
    assert KEY not in shown
    assert not Credential.objects.exists()


def test_an_incomplete_form_asks_nobody(venue, mia) -> None:
    assert client_of("mia").post(page_of(mia), {"key": KEY} | OWN).status_code == 200
    assert venue.asked == []


def test_the_owner_forgets_a_key(venue, mia) -> None:
    with_key(mia)
    client_of("mia").post(page_of(mia), {"forget": "1"} | OWN)
    assert masked(owner_of(mia.pk)) == {}
    last = CredentialUse.objects.order_by("id").last()
    assert (last.action, last.actor) == ("forgotten", "mia")


@pytest.mark.parametrize("password", ["another", PASSWORD.strip(), PASSWORD.upper()])
def test_security_a_wrong_password_keeps_no_key_and_asks_nobody(venue, mia, password) -> None:
    client = client_of("mia")
    shown = client.post(page_of(mia), PAIR | {"password": password}).content.decode()
    assert "This is not your password." in shown
    for typed in (KEY, SECRET, f'value="{password}"'):
        assert typed not in shown
    assert venue.asked == []
    assert not Credential.objects.exists()


def test_security_a_wrong_password_replaces_and_forgets_nothing(mia, venue) -> None:
    with_key(mia)
    client = client_of("mia")
    other = {"key": "other-key-of-mia-1234", "secret": SECRET}
    for asked in (other, {"forget": "1"}):
        shown = client.post(page_of(mia), asked | {"password": "another"}).content.decode()
        assert "This is not your password." in shown
        assert KEY not in shown
        assert other["key"] not in shown
    assert "This field is required." in client.post(page_of(mia), {"forget": "1"}).content.decode()
    assert stored(mia) == PAIR
    assert venue.asked == []
    assert not CredentialUse.objects.filter(action="forgotten").exists()


def test_security_a_superuser_gives_the_own_password_and_not_the_owners(mia) -> None:
    with_key(mia)
    mia.user.set_password("the password of mia")
    mia.user.save()
    root = client_of("root", is_superuser=True)
    root.post(page_of(mia), {"forget": "1", "password": "the password of mia"})
    assert stored(mia) == PAIR
    root.post(page_of(mia), {"forget": "1"} | OWN)
    assert masked(owner_of(mia.pk)) == {}


def test_security_ten_passwords_an_hour_and_each_purpose_by_itself(venue, mia) -> None:
    with_key(mia)
    client = client_of("mia")
    for _ in range(10):
        shown = client.post(page_of(mia), PAIR | {"password": "guess"}).content.decode()
        assert "Too many tries" not in shown
    shown = client.post(page_of(mia), PAIR | OWN).content.decode()
    assert "Too many tries. Wait 60 minutes." in shown
    assert venue.asked == []
    assert client.post(page_of(mia), {"forget": "1"} | OWN).status_code == 302
    assert masked(owner_of(mia.pk)) == {}


def test_security_without_redis_no_password_is_looked_at(mia) -> None:
    with_key(mia)
    client = client_of("mia")
    with without_redis():
        shown = client.post(page_of(mia), {"forget": "1"} | OWN).content.decode()
    assert "Your password cannot be checked now." in shown
    assert stored(mia) == PAIR


def test_the_owner_tests_a_key(venue, mia) -> None:
    client = client_of("mia")
    without = client.post(page_of(mia), {"test": "1"}, follow=True).content.decode()
    assert "has no key" in without
    with_key(mia)
    assert "read-only." in client.post(page_of(mia), {"test": "1"}, follow=True).content.decode()
    venue.full.add(KEY)
    answer = client.post(page_of(mia), {"test": "1"}, follow=True).content.decode()
    assert "may trade and withdraw" in answer


def test_a_key_that_cannot_be_encrypted_is_told(venue, mia, settings) -> None:
    settings.OMC_CREDENTIAL_KEY = "none"
    answer = client_of("mia").post(page_of(mia), PAIR | OWN).content.decode()
    assert "OMC_CREDENTIAL_KEY does not hold 32 bytes" in answer
    assert SECRET not in answer


def test_a_refusal_is_shown(mia) -> None:
    with_key(mia)
    refuse(owner_of(mia.pk), reason="Invalid key, says the venue.")
    assert "Invalid key, says the venue." in client_of("mia").get(page_of(mia)).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_key_of_another_user_is_as_good_as_absent(venue, mia, method) -> None:
    with_key(mia)
    other = client_of("leo", "view_account", "change_account")
    answer = getattr(other, method)(page_of(mia), PAIR | OWN | {"forget": "1"})
    absent = getattr(other, method)(page_of(mia).replace(f"/{mia.pk}/", "/999999/"), PAIR)
    assert answer.status_code == absent.status_code == 404
    assert masked(owner_of(mia.pk)) != {}


def test_security_a_superuser_sees_that_there_is_a_key_and_not_its_last_signs(venue, mia) -> None:
    with_key(mia)
    answer = client_of("root", is_superuser=True).get(page_of(mia))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "in use" in html
    assert "Forget the key" in html
    for kept_back in (KEY, SECRET, "…abcd", "…wxyz", "Try and keep", "Test the key"):
        assert kept_back not in html


@pytest.mark.parametrize("asked", [{}, {"test": "1"}])
@pytest.mark.parametrize("stored_before", [False, True])
def test_security_a_superuser_neither_enters_nor_replaces_nor_uses_anothers_key(
    venue, mia, asked, stored_before
) -> None:
    if stored_before:
        with_key(mia)
    kept, uses = list(Credential.objects.values()), CredentialUse.objects.count()
    other = {"key": "other-key-of-mia-1234", "secret": SECRET}
    answer = client_of("root", is_superuser=True).post(page_of(mia), other | OWN | asked)
    assert answer.status_code == 403
    assert venue.asked == []
    assert list(Credential.objects.values()) == kept
    assert CredentialUse.objects.count() == uses


def test_security_a_superuser_who_forgets_a_key_is_written_down(mia) -> None:
    with_key(mia)
    answer = client_of("root", is_superuser=True).post(page_of(mia), {"forget": "1"} | OWN)
    assert answer.status_code == 302
    assert not Credential.objects.exists()
    last = CredentialUse.objects.order_by("id").last()
    assert (last.owner, last.action, last.actor) == (owner_of(mia.pk), "forgotten", "root")


def test_security_nobody_becomes_the_owner_of_an_account_and_its_keys_by_a_form(mia) -> None:
    with_key(mia)
    root = client_of("root", is_superuser=True)
    own = get_user_model().objects.get(username="root")
    url = reverse("admin:exchange_account_change", args=[mia.pk])
    body = {"user": own.pk, "name": "Taken", "venue": "coinspot", "base_currency": "AUD",
            "method": "fifo", "fees": "basis"}  # fmt: skip
    assert root.post(url, body).status_code == 302
    owner = mia.user_id
    mia.refresh_from_db()
    assert (mia.name, mia.user_id) == ("Taken", owner)


def test_somebody_outside_the_admin_may_not(venue, mia) -> None:
    get_user_model().objects.filter(username="mia").update(is_staff=False)
    outside = Client()
    outside.force_login(mia.user)
    assert outside.get(page_of(mia)).status_code == 302
    assert Client().get(page_of(mia)).status_code == 302


def test_the_list_of_accounts_leads_to_the_page(mia) -> None:
    paper = account_of("leo", account="Paper")
    Account.objects.filter(pk=paper.pk).update(venue="paper")
    html = client_of("root", is_superuser=True).get(reverse("admin:exchange_account_changelist"))
    assert page_of(mia) in html.content.decode()
    assert page_of(paper) not in html.content.decode()


def test_the_page_about_an_account_leads_its_owner_to_the_key(mia) -> None:
    path = reverse("admin:trading_accountpnl_change", args=[mia.pk])
    assert page_of(mia) in client_of("mia").get(path).content.decode()
    operator = client_of("leo", "view_account").get(path)
    assert operator.status_code == 200
    assert page_of(mia) not in operator.content.decode()


@pytest.mark.parametrize("path", ["orders", "fills", "transfers", "balances"])
def test_no_key_in_the_api(mia, path) -> None:
    with_key(mia)
    answer = client_of("mia").get(f"/api/v1/ledgers/exchange/{path}/")
    assert answer.status_code == 200
    assert KEY not in answer.content.decode()
    assert KEY[-4:] not in answer.content.decode()
