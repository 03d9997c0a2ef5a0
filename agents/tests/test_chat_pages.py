"""The operator's chat: it works without a script, opens its rows, and shows nobody else's."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.staticfiles import finders
from django.test import Client

from agents import chat
from agents.limits import LIMITS
from agents.models import AgentSession
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.rates import admit_within
from ledgers.tests.redis_keys import forget

pytestmark = pytest.mark.usefixtures("ledger")
ASK = "/admin/ask/"
QUESTION = {"question": "what is the price of BTC", "as_of": "2026-03-18T12:00", "mode": "planner"}


@pytest.fixture
def root(ledger: None) -> Client:
    """Return a superuser's client in a world with one price."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    forget("omc:rate:*")
    return client_of("root", is_superuser=True)


def client_of(name: str, **options: Any) -> Client:
    """Return the client of a member of staff."""
    client = Client()
    client.force_login(get_user_model().objects.create_user(name, is_staff=True, **options))
    return client


def ask(client: Client, url: str = ASK, **given: Any) -> Any:
    """Send the form of the page."""
    return client.post(url, {**QUESTION, **given})


def page_of(client: Client, response: Any) -> str:
    """Return the page that an answer of the form leads to."""
    assert response.status_code == 302, response.content.decode()
    return str(client.get(response["Location"].partition("#")[0]).content.decode())


def test_a_question_leads_to_its_session_with_answer_and_sources(root: Client) -> None:
    asked = ask(root)
    assert asked["Location"].endswith("#turn-1")
    page = page_of(root, asked)
    assert "64500.25 AUD" in page
    assert "1 source" in page or "sources" in page
    assert QUESTION["question"] in page
    assert "as of 2026-03-18 12:00" in page


def test_every_citation_of_an_answer_opens_a_row(root: Client) -> None:
    page = page_of(root, ask(root))
    marks = re.findall(r'class="ask-mark" href="([^"]+)"', page)
    rows = re.findall(r'class="ask-row" href="([^"]+)"', page)
    assert marks
    assert rows
    for url in {*marks, *rows}:
        if url.startswith("#"):
            assert f'id="{url[1:]}"' in page
        else:
            assert "64500.25" in root.get(url).content.decode()


def test_who_may_not_see_a_table_in_the_admin_gets_the_row_of_the_api(root: Client) -> None:
    client = client_of("ann")
    page = page_of(client, ask(client))
    (row, *_) = re.findall(r'class="ask-row" href="([^"]+)"', page)
    assert row.startswith("/api/v1/ledgers/facts/glass.quote.")
    assert client.get(row).status_code == 200
    ann = get_user_model().objects.get(username="ann")
    ann.user_permissions.add(Permission.objects.get(codename="view_quoterow"))
    assert "/admin/glass/quoterow/" in client.get(page_url(ann)).content.decode()


def page_url(user: Any) -> str:
    """Return the page of a user's newest session."""
    return f"{ASK}{AgentSession.objects.filter(user=user).latest('created_at').pk}/"


def test_a_session_goes_on_and_is_listed(root: Client) -> None:
    first = ask(root)["Location"].partition("#")[0]
    again = ask(root, first, question="and over 7 days?")
    assert again["Location"] == f"{first}#turn-2"
    page = root.get(ASK).content.decode()
    assert first in page
    assert QUESTION["question"] in page


def test_a_plan_is_shown_before_anything_is_read_and_carried_out_when_approved(
    root: Client,
) -> None:
    asked = ask(root, review="on")
    page = page_of(root, asked)
    assert "Nothing has been read yet" in page
    assert "get_price_data" in page
    assert "64500.25" not in page
    url = asked["Location"].partition("#")[0]
    assert "64500.25" in page_of(root, root.post(url, {"do": "approve"}))


def test_a_plan_can_be_refused(root: Client) -> None:
    asked = ask(root, review="on")
    url = asked["Location"].partition("#")[0]
    page = page_of(root, root.post(url, {"do": "cancel"}))
    assert "You cancelled this question." in page
    assert "64500.25" not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"question": " "}, "empty"),
        ({"question": "x" * 20_000}, "at most 2000"),
        ({"question": "price\0of BTC"}, "Null characters"),
        ({"question": '{"a": 1}'}, "JSON"),
        ({"mode": "oracle"}, "oracle"),
        ({"as_of": "2999-01-01T00:00"}, "future"),
        ({"as_of": "soon"}, "valid date"),
    ],
)
def test_bad_input_is_said_beside_the_form_and_leaves_no_session(
    root: Client, given: Any, said: str
) -> None:
    response = ask(root, **given)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert AgentSession.objects.count() == 0


def test_a_question_that_is_open_keeps_the_next_one_waiting(root: Client) -> None:
    url = ask(root, review="on")["Location"].partition("#")[0]
    response = ask(root, url)
    assert "cancel it" in response.content.decode()


def test_the_sixty_first_question_in_a_minute_has_to_wait(root: Client) -> None:
    user = get_user_model().objects.get(username="root")
    while not admit_within(f"agents:{user.pk}", LIMITS):
        assert AgentSession.objects.count() == 0
    refused = ask(root)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Too many questions" in refused.content.decode()
    assert AgentSession.objects.count() == 0


def test_security_another_users_session_is_absent(root: Client) -> None:
    url = ask(root)["Location"].partition("#")[0]
    other = client_of("eve", is_superuser=True)
    absent = f"{ASK}{uuid4()}/"
    for place in (url, absent):
        assert other.get(place).status_code == 404
        assert other.post(place, {"do": "cancel"}).status_code == 404
        assert ask(other, place).status_code == 404
    assert QUESTION["question"] not in other.get(ASK).content.decode()
    assert AgentSession.objects.count() == 1


def test_security_the_operator_site_is_for_its_staff(root: Client) -> None:
    client = Client()
    for url in (ASK, f"{ASK}key/", f"{ASK}{uuid4()}/"):
        assert client.get(url).status_code == 302
        assert ask(client, url).status_code == 302
    assert AgentSession.objects.count() == 0


def test_security_markup_in_questions_and_answers_is_text() -> None:
    make.covered(make.articles([make.article("Bitcoin <img src=x onerror=a()>")]), NOW - DAY)
    client = client_of("root", is_superuser=True)
    page = page_of(client, ask(client, question="latest news on BTC <script>b()</script>"))
    assert "<img src=x" not in page
    assert "<script>b()" not in page
    assert "&lt;script&gt;b()" in page


def test_a_mark_of_no_evidence_is_left_out_and_text_is_escaped() -> None:
    claim = chat.Claim(key="E2", number="2", field="price", value="1", over="", rows=())
    shown = chat.linked("Rose <b> [E2, E9]. Then [E7].", 3, [claim])
    assert "&lt;b&gt;" in shown
    assert 'href="#turn-3-E2"' in shown
    assert "E9" not in shown
    assert "E7" not in shown


def test_the_page_loads_its_own_files_alone(root: Client) -> None:
    page = root.get(ASK).content.decode()
    for name in ("agents/ask.js", "agents/ask.css"):
        assert name in page
        assert finders.find(name)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
