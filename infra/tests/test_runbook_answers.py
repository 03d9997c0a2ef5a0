"""What the runbook says that the endpoints answer is what they answer."""

from __future__ import annotations

import json
import shlex

import pytest
import redis
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import Client

from infra.tests.runbook import blocks
from ledgers.collecting import limits

pytestmark = pytest.mark.usefixtures("ledger")


def promised(kind):
    (block,) = [each for each in blocks() if each.kind == f"json {kind}"]
    return json.loads(block.text.replace("<commit>", settings.OMC_COMMIT))


def test_healthz_answers_as_promised():
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, promised("/healthz"))


def test_healthz_answers_a_load_balancer_that_knows_no_name():
    answer = Client().get("/healthz", headers={"Host": "10.40.64.7:8000"})
    assert answer.status_code == 200


def test_readyz_answers_as_promised():
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, promised("/readyz"))


def test_readyz_answers_as_promised_while_redis_is_gone(monkeypatch):
    nobody = redis.Redis(unix_socket_path="/nowhere", socket_connect_timeout=1)
    monkeypatch.setattr("omc_project.health.redis_connection", lambda: nobody)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, promised("/readyz unavailable"))


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/quality/feeds"])
def test_what_needs_a_login_says_so(path):
    assert Client().get(path).status_code == 401


def test_the_way_back_in_makes_a_superuser_with_the_password_of_the_secret(monkeypatch):
    (block,) = [each for each in blocks() if "createsuperuser" in each.text]
    overrides = json.loads(block.text.partition("--overrides '")[2].rpartition("'")[0])
    ((shell, option, line),) = [each["command"] for each in overrides["containerOverrides"]]
    assert (shell, option) == ("sh", "-c")
    given, _, command = line.partition(" exec python manage.py ")
    assert given == "DJANGO_SUPERUSER_PASSWORD=$OMC_ADMIN_PASSWORD"
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "what the secret holds")
    call_command(*shlex.split(command), verbosity=0)
    user = authenticate(username="rescue", password="what the secret holds")
    assert user is not None
    assert user.is_superuser


def test_the_name_that_is_replaced_is_the_one_that_is_used():
    assert limits.connection().ping()
