"""A user sees what a file would bring, and then has it brought."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ledgers.exchange.models import Account, Fill

pytestmark = pytest.mark.usefixtures("ledger")
HEAD = "time,side,base,quote,quantity,price,fee,fee_asset,venue_id\n"
GOOD = HEAD + "2026-03-01T10:00:00Z,buy,BTC,AUD,0.5,90000,45,AUD,1\n"
HALF = GOOD + "2026-03-01T11:00:00,buy,BTC,AUD,0.5,90000,45,AUD,2\n"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("ada", is_staff=True))
    return client


def upload(client: Client, text: str, **options: str):
    file = SimpleUploadedFile("trades.csv", text.encode())
    body = {"file": file, "format": "omc", "account": "main", **options}
    return client.post(reverse("admin:exchange_import"), body)


def confirm(client: Client, waiting: str):
    return client.post(reverse("admin:exchange_import"), {"confirm": waiting}, follow=True)


def test_a_preview_stores_nothing_and_a_confirmation_all_of_it(client) -> None:
    shown = upload(client, GOOD)
    assert "Would import" in shown.content.decode()
    assert not Account.objects.exists()
    done = confirm(client, shown.context["waiting"]).content.decode()
    assert "1 new fills" in done
    account = Account.objects.get()
    assert (account.user.get_username(), account.name) == ("ada", "main")
    assert Fill.objects.of_everyone().count() == 1


def test_lines_that_cannot_be_used_are_named_before_anything_is_stored(client) -> None:
    shown = upload(client, HALF).content.decode()
    assert "line 3" in shown
    assert "1 rejected" in shown


def test_a_file_of_something_else_is_refused_with_the_reason(client) -> None:
    shown = upload(client, "a,b\n1,2\n").content.decode()
    assert "Nothing was imported." in shown
    assert 'name="confirm"' not in shown


def test_a_file_that_is_no_longer_there_is_asked_for_again(client) -> None:
    waiting = upload(client, GOOD).context["waiting"]
    cache.clear()
    assert "Choose it again" in confirm(client, waiting).content.decode()
    assert not Fill.objects.of_everyone().exists()


def test_nobody_confirms_anothers_file_or_imports_for_another(client) -> None:
    waiting = upload(client, GOOD, user="root").context["waiting"]
    other = Client()
    other.force_login(get_user_model().objects.create_user("eve", is_staff=True))
    assert "Choose it again" in confirm(other, waiting).content.decode()
    confirm(client, waiting)
    assert Account.objects.get().user.get_username() == "ada"


def test_who_may_not_enter_the_admin_imports_nothing() -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("guest"))
    assert upload(client, GOOD).status_code == 302
