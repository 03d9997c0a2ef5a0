"""A user watches assets, and hears of what is announced of them, held or not."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from quality import watchlist
from quality.checks.books import nothing_of_a_user_is_listed_or_delisted
from quality.findings import Level
from quality.models import Alert, Watch
from quality.services import run_check
from quality.tests.factories import (
    HOUR,
    MINUTE,
    NOW,
    client_of,
    make_account,
    make_user,
)
from quality.tests.facts import event, fill
from quality.watchlist import watch

pytestmark = pytest.mark.usefixtures("ledger")
URL = "/api/v1/quality/watches"


@pytest.fixture
def ada():
    return make_user()


@pytest.mark.parametrize("kind", ["listing", "delisting"])
def test_a_user_hears_of_what_the_user_watches_and_does_not_hold(ada, kind) -> None:
    watch(ada.pk, "SOL", now=NOW)
    event("a", NOW - HOUR, kind=kind, assets=["SOL"], title="Something about Solana")
    (found,) = nothing_of_a_user_is_listed_or_delisted(NOW)
    assert (found.level, found.user_id) == (Level.WARNING, ada.pk)
    assert found.message.endswith("which you watch: Something about Solana")


def test_what_is_held_and_watched_is_told_once_and_as_what_is_held(ada) -> None:
    fill(make_account(ada), "a", NOW - HOUR, quantity=2)
    watch(ada.pk, "BTC", now=NOW)
    event("a", NOW - MINUTE, kind="delisting", assets=["BTC"])
    (found,) = nothing_of_a_user_is_listed_or_delisted(NOW)
    assert found.level == Level.ERROR
    assert "of which you hold 2" in found.message


def test_two_users_who_watch_one_asset_are_told_each_alone(ada) -> None:
    bob = make_user("bob")
    for user in (ada, bob):
        watch(user.pk, "SOL", now=NOW)
    event("a", NOW - MINUTE, kind="listing", assets=["SOL"])
    run_check("books.listings", NOW)
    assert sorted(Alert.objects.values_list("user_id", flat=True)) == sorted([ada.pk, bob.pk])
    for user in (ada, bob):
        (seen,) = client_of(user).get("/api/v1/quality/alerts").json()["results"]
        assert seen["subject"] == f"listing SOL user {user.pk}"


def test_who_stops_watching_has_heard_the_last_of_it(ada) -> None:
    watch(ada.pk, "SOL", now=NOW)
    event("a", NOW - MINUTE, kind="listing", assets=["SOL"])
    run_check("books.listings", NOW)
    client_of(ada).delete(f"{URL}/SOL")
    run_check("books.listings", NOW + MINUTE)
    assert Alert.objects.get().state == "resolved"


def test_watching_is_said_once_and_listed_with_whether_anybody_knows_it(ada) -> None:
    api = client_of(ada)
    first = api.put(f"{URL}/xbt").json()
    assert (first["asset"], first["is_known"]) == ("BTC", True)
    assert api.put(f"{URL}/BTC").json() == first
    api.put(f"{URL}/NEWCOIN")
    listed = [(one["asset"], one["is_known"]) for one in api.get(URL).json()]
    assert listed == [("BTC", True), ("NEWCOIN", False)]
    assert client_of(make_user("bob")).get(URL).json() == []


def test_what_is_not_watched_cannot_be_taken_off(ada) -> None:
    watch(make_user("bob").pk, "SOL", now=NOW)
    assert client_of(ada).delete(f"{URL}/SOL").status_code == 404
    assert Watch.objects.count() == 1


@pytest.mark.parametrize("verb", ["put", "delete"])
@pytest.mark.parametrize("written", ["B C", "x" * 31, "%00", "<b>", "é"])
def test_what_is_no_symbol_is_named(ada, verb, written) -> None:
    answer = getattr(client_of(ada), verb)(f"{URL}/{written}")
    assert answer.status_code == 400
    assert "is no symbol. It takes one such as BTC." in str(answer.json())


def test_nobody_watches_more_than_there_can_be(ada, monkeypatch) -> None:
    monkeypatch.setattr(watchlist, "MOST", 1)
    watch(ada.pk, "SOL", now=NOW)
    assert client_of(ada).put(f"{URL}/SOL").status_code == 200
    answer = client_of(ada).put(f"{URL}/ETH")
    assert answer.status_code == 400
    assert "the most there can be" in str(answer.json())


def test_an_operator_lets_a_user_watch_and_is_told_what_is_wrong(ada) -> None:
    root = get_user_model().objects.create_superuser("root", password="correct horse")
    client = Client()
    client.force_login(root)
    page = reverse("admin:quality_watch_add")
    answer = client.post(page, {"user": ada.pk, "asset": "no symbol"})
    assert "is no symbol. It takes one such as BTC." in answer.content.decode()
    assert client.post(page, {"user": ada.pk, "asset": "xbt"}).status_code == 302
    kept = Watch.objects.get()
    assert (kept.user_id, kept.asset) == (ada.pk, "BTC")
    again = client.post(page, {"user": ada.pk, "asset": "BTC"})
    assert again.status_code == 200
    assert Watch.objects.count() == 1
    assert client.get(reverse("admin:quality_watch_changelist")).status_code == 200
