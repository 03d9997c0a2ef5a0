"""Alive needs nothing; ready tells operators, and nobody else, what is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone

from ledgers.models import Schedule, Slot
from ledgers.slots import dispatch
from omc_project import health
from omc_project.tests.factories import make_user

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def operator():
    client = Client()
    client.force_login(make_user("olga", is_staff=True))
    return client


def checks(client):
    return {check["name"]: check for check in client.get("/readyz").json()["checks"]}


def test_alive_asks_no_database(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "commit": "unknown"})


def test_alive_names_the_commit_of_the_image(settings) -> None:
    settings.OMC_COMMIT = "0123456789abcdef0123456789abcdef01234567"
    assert Client().get("/healthz").json()["commit"] == settings.OMC_COMMIT


def test_a_load_balancer_that_knows_only_the_address_may_ask(settings) -> None:
    settings.ALLOWED_HOSTS = ["coins.example"]
    settings.SECURE_SSL_REDIRECT = True
    balancer = Client(headers={"host": "10.0.1.17:8000"})
    assert balancer.get("/healthz").status_code == 200
    assert balancer.get("/readyz").status_code == 400


def test_a_session_cookie_makes_no_difference_to_alive(operator, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert operator.get("/healthz").status_code == 200


def test_ready_tells_details_to_operators_alone(operator) -> None:
    assert Client().get("/readyz").json() == {"status": "ok"}
    user = Client()
    user.force_login(make_user())
    assert user.get("/readyz").json() == {"status": "ok"}
    assert set(checks(operator)) == {"database", "redis", "migrations", "beat"}
    assert all(checks(operator)[name]["ok"] for name in ("database", "redis", "migrations"))


def test_a_silent_beat_is_reported_and_serves_on(operator) -> None:
    assert not checks(operator)["beat"]["ok"]
    dispatch(timezone.now(), lambda job, slot: None)
    assert checks(operator)["beat"]["ok"]
    Slot.objects.update(sent_at=timezone.now() - timedelta(days=1))
    assert not checks(operator)["beat"]["ok"]
    assert operator.get("/readyz").status_code == 200


def test_a_paused_installation_has_no_beat_to_judge() -> None:
    dispatch(timezone.now(), lambda job, slot: None)
    Schedule.objects.update(is_paused=True)
    assert not health.beat(timezone.now()).is_good


def test_a_waiting_migration_keeps_requests_away(operator) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'users'")
    try:
        response = operator.get("/readyz")
        assert response.status_code == 503
        assert Client().get("/readyz").json() == {"status": "unavailable"}
        assert "manage.py migrate" in checks(operator)["migrations"]["detail"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('users', '0001_initial', now())"
            )


def test_without_redis_it_is_not_ready(operator, monkeypatch) -> None:
    dead = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(health, "redis_connection", lambda: dead)
    assert operator.get("/readyz").status_code == 503
    assert not checks(operator)["redis"]["ok"]


def test_only_reading_is_offered() -> None:
    assert Client().post("/healthz").status_code == 405
