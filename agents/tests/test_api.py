"""The doors of the agents: own sessions, another's absent, bad input a problem."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from agents.limits import LIMITS
from agents.models import AgentSession
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.rates import admit_within
from ledgers.tests.redis_keys import forget

pytestmark = pytest.mark.usefixtures("ledger")
SESSIONS = "/api/v1/agents/sessions"
QUESTION = {"question": "what is the price of BTC", "as_of": NOW.isoformat()}


@pytest.fixture
def alice(django_user_model: Any, ledger: None) -> Any:
    """Make alice, who has asked nothing yet, and a price."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    return django_user_model.objects.create_user("alice")


def client_of(user: Any) -> Client:
    """Return a client in which a user is logged in."""
    client = Client()
    client.force_login(user)
    return client


def ask(user: Any, url: str = SESSIONS, **question: Any) -> Any:
    """Ask over the API."""
    body = {**QUESTION, **question}
    return client_of(user).post(url, body, content_type="application/json")


def test_a_question_is_answered_in_a_new_session(alice: Any) -> None:
    response = ask(alice)
    answer = response.json()
    assert response.status_code == 201
    assert answer["outcome"] == "answer"
    assert answer["evidence"][0] == "64500.25"
    assert AgentSession.objects.get(pk=answer["session_id"]).user == alice


def test_a_session_can_be_read_and_gone_on_with(alice: Any) -> None:
    session = ask(alice).json()["session_id"]
    one = f"{SESSIONS}/{session}"
    again = ask(alice, f"{one}/messages", question="and over 7 days?").json()
    assert (again["turn"], again["session_id"]) == (2, session)
    client = client_of(alice)
    listed = client.get(SESSIONS).json()["results"]
    assert [row["id"] for row in listed] == [session]
    detail = client.get(one).json()
    assert [turn["question"] for turn in detail["messages"]] == [
        QUESTION["question"],
        "and over 7 days?",
    ]
    assert client.get(f"{one}/messages").json() == detail["messages"]
    state = client.get(f"{one}/state").json()
    assert (state["turn"], state["step"], state["is_finished"]) == (2, "answered", True)
    assert state["answer"]["answer"] == again["answer"]


def test_the_citations_open_their_rows(alice: Any) -> None:
    session = ask(alice).json()["session_id"]
    client = client_of(alice)
    first = client.get(f"{SESSIONS}/{session}/citations").json()[0]
    assert first["ledger"] == "glass"
    fact = client.get(f"/api/v1/ledgers/facts/{first['id']}")
    assert fact.status_code == 200


def test_security_another_users_session_is_404_everywhere(
    alice: Any, django_user_model: Any
) -> None:
    bob = django_user_model.objects.create_user("bob", is_staff=True)
    one = f"{SESSIONS}/{ask(alice).json()['session_id']}"
    client = client_of(bob)
    absent = client.get(f"{SESSIONS}/{uuid4()}")
    for tail in ("", "/messages", "/state", "/citations"):
        response = client.get(f"{one}{tail}")
        assert response.status_code == 404
        assert response.json() == absent.json()
    assert ask(bob, f"{one}/messages").status_code == 404
    assert client.get(SESSIONS).json()["results"] == []
    assert AgentSession.objects.count() == 1


def test_security_nobody_asks_without_logging_in(ledger: None) -> None:
    assert Client().post(SESSIONS, QUESTION, content_type="application/json").status_code == 401
    assert Client().get(SESSIONS).status_code == 401
    assert AgentSession.objects.count() == 0


def test_security_a_user_in_the_body_is_refused(alice: Any) -> None:
    response = ask(alice, question="list my orders", user_id=102)
    assert response.status_code == 400
    assert "user_id" in response.json()["detail"]


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ({"question": ""}, "empty"),
        ({"question": "x" * 20_000}, "20000 characters"),
        ({"question": "price\0of BTC"}, ""),
        ({"question": "price of \ud800 BTC"}, ""),
        ({"question": '{"a": 1}'}, "JSON"),
        ({"question": ["BTC"]}, ""),
        ({"question": None}, "question"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "future"),
        ({"as_of": "2026-03-18T12:00:00"}, "time zone"),
        ({"as_of": "soon"}, "ISO 8601"),
        ({"mode": "oracle"}, "mode"),
    ],
)
def test_bad_input_is_a_problem_and_leaves_no_session(
    alice: Any, question: Any, detail: str
) -> None:
    response = ask(alice, **question)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert detail in response.json()["detail"]
    assert AgentSession.objects.count() == 0


@pytest.mark.parametrize("question", ["price of ZZZQ", "how did ZZZQ do last week", "news on ZZZQ"])
def test_an_unknown_symbol_is_said_to_be_one_and_nothing_is_told_of_it(
    alice: Any, question: str
) -> None:
    response = ask(alice, question=question)
    answer = response.json()
    assert response.status_code < 500
    assert answer["outcome"] in {"no_data", "clarify", "unsupported", "reject_input"}
    assert "64500" not in answer["answer"]
    assert answer["citations"] == []
    for session in AgentSession.objects.all():
        assert session.events.order_by("-sequence")[0].kind == "answered"


@pytest.mark.parametrize("body", ["", "[]", "null", '"x"', "{", "[1]", "7"])
def test_a_body_that_is_no_object_is_a_problem(alice: Any, body: str) -> None:
    response = client_of(alice).post(SESSIONS, body, content_type="application/json")
    assert response.status_code == 400


def test_the_sixty_first_question_in_a_minute_has_to_wait(alice: Any) -> None:
    forget("omc:rate:*")
    for _ in range(58):
        assert not admit_within(f"agents:{alice.pk}", LIMITS)
    codes = [ask(alice, question="").status_code for _ in range(3)]
    assert codes == [400, 400, 429]
    assert int(ask(alice)["Retry-After"]) > 0


def test_the_admin_shows_a_session_and_its_conversation_to_its_owner_alone(
    alice: Any, django_user_model: Any
) -> None:
    root = django_user_model.objects.create_superuser("root")
    ask(alice)
    ask(root)
    hers = AgentSession.objects.get(user=alice)
    his = AgentSession.objects.get(user=root)
    client = client_of(root)
    assert client.get("/admin/agents/agentsession/").status_code == 200
    shown = client.get(f"/admin/agents/agentsession/{hers.pk}/change/").content.decode()
    assert "Only its owner reads it." in shown
    assert QUESTION["question"] not in shown
    assert "glass.quote.coinspot~BTC" in shown
    shown = client.get(f"/admin/agents/agentsession/{his.pk}/change/").content.decode()
    assert QUESTION["question"] in shown
    assert client.post(f"/admin/agents/agentsession/{his.pk}/delete/").status_code == 403
