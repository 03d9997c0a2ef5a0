"""A user's own model key: tried, encrypted, masked, written down, and never shown again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from agents import keys
from agents.models import AgentSession
from agents.orchestrator import run_workflow
from agents.plans import Outcome
from agents.tests.factories import NOW
from ledgers.models import Credential, CredentialUse
from ledgers.tests.redis_keys import forget

pytestmark = pytest.mark.usefixtures("ledger")
URL, PAGE = "/api/v1/agents/key", "/admin/ask/key/"
KEY = "sk-canary-0123456789-abcd"
PASSWORD = "correct horse battery staple"
Action = CredentialUse.Action


class Endpoint(BaseHTTPRequestHandler):
    """Opens its models to one key; notes what it was sent."""

    seen: list[tuple[str, str]] = []
    status: int = 0

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        """Answer as an endpoint does."""
        given = self.headers["Authorization"]
        type(self).seen.append((self.path, given))
        self.send_response(self.status or (200 if given == f"Bearer {KEY}" else 401))
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[type[Endpoint]]:
    """Serve an endpoint on loopback, and name it in the settings."""
    kind = type("Own", (Endpoint,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield kind
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ada(ledger: None) -> Any:
    """Make ada, who has tried no key yet."""
    forget("omc:rate:*")
    return get_user_model().objects.create_user("ada", password=PASSWORD, is_staff=True)


def client_of(user: Any) -> Client:
    """Return a client in which a user is logged in."""
    client = Client()
    client.force_login(user)
    return client


def put(user: Any, key: str = KEY, password: str = PASSWORD, **more: Any) -> Any:
    """Store a key over the API."""
    body = {"key": key, "password": password, **more}
    return client_of(user).put(URL, body, content_type="application/json")


def delete(user: Any, password: str | None = PASSWORD) -> Any:
    """Forget a key over the API."""
    body = {} if password is None else {"password": password}
    return client_of(user).delete(URL, body, content_type="application/json")


def uses_of(user: Any) -> list[str]:
    """Return what was written down of a user's key."""
    owner = keys.owner_of(user.pk)
    found = CredentialUse.objects.filter(owner=owner).order_by("id")
    return list(found.values_list("action", flat=True))


def test_a_key_is_tried_kept_encrypted_and_shown_masked(ada: Any, endpoint: Any) -> None:
    response = put(ada)
    assert (response.status_code, response.json()) == (
        200,
        {"is_set": True, "hint": "…abcd", "refused": ""},
    )
    assert endpoint.seen == [("/v1/models", f"Bearer {KEY}")]
    (row,) = Credential.objects.all()
    assert KEY.encode() not in bytes(row.sealed)
    assert client_of(ada).get(URL).json() == response.json()
    assert KEY not in str(client_of(ada).get(PAGE).content)
    assert uses_of(ada) == [Action.STORED]


def test_its_use_is_written_down_before_it_is_handed_out(ada: Any, endpoint: Any) -> None:
    put(ada)
    own = keys.own_key(ada.pk, purpose="question")
    assert own is not None
    assert own.value == KEY
    assert KEY not in repr(own)
    assert uses_of(ada) == [Action.STORED, Action.USED]
    assert keys.own_key(None, purpose="question") is None


def test_a_key_that_opens_nothing_is_not_kept(ada: Any, endpoint: Any) -> None:
    response = put(ada, key="sk-another-0123456789")
    assert response.status_code == 400
    assert "does not take" in response.json()["detail"]
    assert "sk-another" not in response.content.decode()
    assert not keys.status_of(ada.pk).is_set


@pytest.mark.parametrize("status", [500, 503])
def test_an_endpoint_that_fails_proves_nothing(ada: Any, endpoint: Any, status: int) -> None:
    endpoint.status = status
    assert put(ada).status_code == 400
    assert not Credential.objects.exists()


def test_an_endpoint_that_is_away_proves_nothing(ada: Any, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert put(ada).status_code == 400
    assert not Credential.objects.exists()


@pytest.mark.parametrize("key", ["", "short", "two words are none", "é" * 20, "x" * 501, "a\0" * 9])
def test_what_is_no_key_never_leaves_the_machine(ada: Any, endpoint: Any, key: str) -> None:
    assert put(ada, key=key).status_code == 400
    assert endpoint.seen == []


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"key": 1}', '{"key": ["x"]}'])
def test_a_body_that_is_none_is_a_problem(ada: Any, endpoint: Any, body: str) -> None:
    response = client_of(ada).put(URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_security_another_password_stores_nothing_and_asks_nobody(ada: Any, endpoint: Any) -> None:
    response = put(ada, password="another")
    assert response.status_code == 400
    assert "password" in response.json()["detail"]
    assert endpoint.seen == []


def test_security_ten_tries_an_hour_and_no_more(ada: Any, endpoint: Any) -> None:
    codes = [put(ada, password="guess").status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]
    refused = put(ada)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert endpoint.seen == []


def test_security_a_key_is_its_users_alone(ada: Any, endpoint: Any) -> None:
    put(ada)
    eve = get_user_model().objects.create_user("eve", password="eve's own", is_superuser=True)
    assert client_of(eve).get(URL).json()["is_set"] is False
    assert keys.own_key(eve.pk, purpose="question") is None
    assert delete(eve, "eve's own").status_code == 204
    assert keys.status_of(ada.pk).is_set
    assert Client().get(URL).status_code == 401


def test_security_the_key_is_in_no_log_and_no_message(
    ada: Any, endpoint: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put(ada)
    put(ada, key=f"{KEY}x")
    keys.own_key(ada.pk, purpose="question")
    assert "receive_response_headers" in caplog.text  # the requests to the endpoint are logged
    assert KEY not in caplog.text


def test_a_refused_key_is_used_no_more_until_another_is_stored(ada: Any, endpoint: Any) -> None:
    put(ada)
    keys.note_refusal(ada.pk, reason="401 Unauthorized")
    assert client_of(ada).get(URL).json()["refused"] == "401 Unauthorized"
    with pytest.raises(keys.KeyRefusedError, match="Enter another"):
        keys.own_key(ada.pk, purpose="question")
    put(ada)
    assert keys.own_key(ada.pk, purpose="question") is not None


def test_a_question_with_a_refused_key_is_a_problem_and_leaves_no_session(
    ada: Any, endpoint: Any
) -> None:
    put(ada)
    keys.note_refusal(ada.pk, reason="401 Unauthorized")
    asked = {"question": "what is the price of BTC", "mode": "model"}
    response = client_of(ada).post(
        "/api/v1/agents/sessions", asked, content_type="application/json"
    )
    assert response.status_code == 400
    assert "mode planner" in response.json()["detail"]
    assert AgentSession.objects.count() == 0
    told = run_workflow("price of BTC", user_id=ada.pk, now=NOW, mode="model")
    assert told.outcome == Outcome.REJECT_INPUT
    asked["mode"] = "planner"
    response = client_of(ada).post(
        "/api/v1/agents/sessions", asked, content_type="application/json"
    )
    assert response.status_code == 201


def test_a_key_can_be_forgotten_and_the_audit_stays(ada: Any, endpoint: Any) -> None:
    put(ada)
    assert delete(ada).status_code == 204
    assert client_of(ada).get(URL).json() == {"is_set": False, "hint": "", "refused": ""}
    assert uses_of(ada) == [Action.STORED, Action.FORGOTTEN]


@pytest.mark.parametrize("password", [None, "", "another", PASSWORD.upper()])
def test_security_a_key_is_not_forgotten_without_the_password(
    ada: Any, endpoint: Any, password: str | None
) -> None:
    put(ada)
    response = delete(ada, password)
    assert response.status_code == 400
    assert "password" in response.json()["detail"]
    assert keys.status_of(ada.pk).is_set
    assert uses_of(ada) == [Action.STORED]


def test_security_passwords_are_not_guessed_at_the_door_that_forgets(
    ada: Any, endpoint: Any
) -> None:
    put(ada)
    codes = [delete(ada, "guess").status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]
    assert delete(ada).status_code == 429
    assert keys.status_of(ada.pk).is_set


def test_a_key_can_be_forgotten_after_too_many_tries_to_store_one(ada: Any, endpoint: Any) -> None:
    put(ada)
    assert [put(ada, password="guess").status_code for _ in range(10)][-1] == 429
    assert delete(ada).status_code == 204


def test_the_page_does_what_the_door_does(ada: Any, endpoint: Any) -> None:
    client = client_of(ada)
    wrong = client.post(PAGE, {"key": KEY, "password": "another"}).content.decode()
    assert "not your password" in wrong
    assert KEY not in wrong
    assert client.post(PAGE, {"key": KEY, "password": PASSWORD}).status_code == 302
    assert "…abcd" in client.get(PAGE).content.decode()
    wrong = client.post(PAGE, {"do": "forget", "password": "another"}).content.decode()
    assert "not your password" in wrong
    assert client.post(PAGE, {"do": "forget"}).status_code == 200
    assert keys.status_of(ada.pk).is_set
    assert client.post(PAGE, {"do": "forget", "password": PASSWORD}).status_code == 302
    assert not keys.status_of(ada.pk).is_set
    for _ in range(8):
        client.post(PAGE, {"key": KEY, "password": "another"})
    assert "Too many tries" in client.post(PAGE, {"key": KEY, "password": "x"}).content.decode()
