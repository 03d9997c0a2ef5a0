"""Revisions at the doors: in the lists of all four ledgers, and as a diff on a fact's page."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote as escaped
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.text import slugify

from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.exchange.models import Account
from ledgers.models import Fact, Ledger
from ledgers.public_ids import public_id
from ledgers.tests.examples import example, new_series, told
from ledgers.tests.factories import HOUR, T0
from omc_project.tests.factories import client_of, make_account, make_run, make_user

pytestmark = pytest.mark.usefixtures("ledger")
FACTS = pytest.mark.parametrize("model", fact_models(), ids=lambda model: model._meta.label_lower)
MAX_QUERIES = 25


def revise(model: type[Fact], account: Account) -> int:
    """Store three revisions of one fact; return the token of its series."""
    token = account.pk if model.ledger == Ledger.EXCHANGE else new_series()
    for hour, value in enumerate("121"):
        run = make_run(f"s{token}", model.ledger)
        record = example(model, token, 0, value)
        store(model, [record], run, observed_at=T0 + hour * HOUR)
    return token


@pytest.fixture
def account() -> Any:
    return make_account(make_user("ada"))


@FACTS
def test_every_list_shows_all_revisions_if_it_is_asked_for_them(model, account) -> None:
    revise(model, account)
    client = client_of(account.user)
    path = list_of(model)
    window = {"since": "2026-01-01T00:00:00Z"}
    usual = client.get(path, window).json()["results"]
    every = client.get(path, {**window, "revisions": "1"}).json()["results"]
    assert [row["revision"] for row in usual] == [2]
    assert [row["revision"] for row in every] == [2, 1, 0]
    assert len({row["id"] for row in every}) == 3
    assert {row["erased"] for row in every} == {False}


def list_of(model: type[Fact]) -> str:
    """Return the path of a table's list."""
    return f"/api/v1/ledgers/{model.ledger}/{slugify(model._meta.verbose_name_plural)}/"


@pytest.mark.parametrize("size", [1, 2])
def test_pages_of_revisions_join_without_a_hole(account, size) -> None:
    model = next(one for one in fact_models() if one._meta.model_name == "article")
    revise(model, account)
    client = client_of(account.user)
    url: str | None = f"{list_of(model)}?since=2026-01-01T00:00:00Z&revisions=1&limit={size}"
    seen = []
    while url:
        page = client.get(url).json()
        seen += [row["revision"] for row in page["results"]]
        url = page["next"]
    assert seen == [2, 1, 0]


@FACTS
def test_a_fact_s_page_shows_what_each_revision_changed(
    model, account, django_assert_max_num_queries
) -> None:
    token = revise(model, account)
    fact = told(model, token, model.objects.all()).get(revision=2)
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = next(
        p for p in admin.site._registry.values() if getattr(p, "fact", lambda: 0)() is model
    )
    meta = page.model._meta
    key = public_id(fact) if page.table else fact.pk
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[escaped(str(key))])
    with django_assert_max_num_queries(MAX_QUERIES):
        response = client.get(url)
    assert response.status_code == 200
    revisions = response.context["revisions"]
    assert [len(revision.changes) for revision in revisions] == [1, 1, len(model.compared)]
    content = response.content.decode()
    assert all(f"{run.feed_id} #{run.pk}" in content for run in (r.run for r in revisions))
    assert "omc-was" in content


def test_a_fact_s_page_says_who_erased_it_and_why(account) -> None:
    model = next(one for one in fact_models() if one._meta.model_name == "article")
    token = revise(model, account)
    fact = told(model, token, model.objects.all()).get(revision=2)
    call_command("erase", public_id(fact), "--reason", "letter of 3 May", stdout=StringIO())
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    content = client.get(reverse("admin:human_article_change", args=[fact.pk])).content.decode()
    assert "letter of 3 May" in content
    row = client_of(account.user).get(f"/api/v1/ledgers/facts/{public_id(fact)}").json()["result"]
    assert (row["fact"]["erased"], row["fact"]["title"]) == (True, "")
