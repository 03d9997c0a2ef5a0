"""Limits hold exactly, also for what comes at once, and say when to come again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.core.cache import cache
from rest_framework.test import APIClient

from ledgers import rates
from ledgers.rates import admit
from ledgers.tests.factories import PASSWORD
from omc_project.tests.factories import client_of, make_user

pytestmark = pytest.mark.usefixtures("ledger")
MINUTE = timedelta(minutes=1)
QUOTES = "/api/v1/ledgers/glass/quotes/"


def test_exactly_the_limit_is_admitted_of_what_comes_at_once() -> None:
    name = uuid4().hex
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(lambda _: admit(name, limit=20, window=MINUTE), range(200)))
    assert sum(not wait for wait in waits) == 20
    assert all(timedelta() < wait <= MINUTE for wait in waits if wait)


def test_who_waited_is_admitted_again() -> None:
    name, window = uuid4().hex, timedelta(milliseconds=50)
    assert not admit(name, limit=1, window=window)
    wait = admit(name, limit=1, window=window)
    assert timedelta() < wait <= window
    while admit(name, limit=1, window=window):
        pass
    assert admit(name, limit=1, window=window)


def test_one_user_above_the_limit_waits_and_others_do_not(settings) -> None:
    settings.OMC_API_PER_MINUTE = 3
    ada, bob = client_of(make_user()), client_of(make_user("bob"))
    assert [ada.get(QUOTES).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    late = ada.get(QUOTES)
    assert 0 < int(late["Retry-After"]) <= 60
    assert late.json()["status"] == 429
    assert bob.get(QUOTES).status_code == 200


def test_a_forged_address_does_not_help(settings) -> None:
    settings.OMC_TOKEN_PER_MINUTE = 2
    client = APIClient()
    statuses = [
        client.post(
            "/api/v1/token/",
            {"username": "ada", "password": "guess"},
            format="json",
            headers={"x-forwarded-for": f"10.0.0.{n}"},
        ).status_code
        for n in range(4)
    ]
    assert statuses == [400, 400, 429, 429]


def test_a_token_is_given_for_a_password_and_can_be_revoked() -> None:
    make_user()
    client = APIClient()
    given = client.post("/api/v1/token/", {"username": "ada", "password": PASSWORD}, format="json")
    token = given.json()["token"]
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get(QUOTES).status_code == 200
    assert client.delete("/api/v1/token/").status_code == 204
    assert client.get(QUOTES).status_code == 401


@pytest.mark.parametrize("password", ["wrong", "\x00", "x" * 5000])
def test_a_wrong_password_gives_no_token(password) -> None:
    make_user()
    body = {"username": "ada", "password": password}
    assert APIClient().post("/api/v1/token/", body, format="json").status_code == 400


@pytest.fixture
def no_redis(monkeypatch):
    """Point the limits at a port where nothing listens."""
    dead = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(rates, "connection", lambda: dead)


def test_without_redis_reading_goes_on_and_guessing_does_not(no_redis) -> None:
    assert client_of(make_user()).get(QUOTES).status_code == 200
    body = {"username": "ada", "password": PASSWORD}
    refused = APIClient().post("/api/v1/token/", body, format="json")
    assert refused.status_code == 503
    assert refused["Content-Type"] == "application/problem+json"


def test_the_cache_is_the_same_redis() -> None:
    cache.set("doors", 1, 5)
    assert cache.get("doors") == 1
