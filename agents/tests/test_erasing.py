"""What must be forgotten is gone from the journals of the agents too."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from agents import sessions
from agents.models import SessionEvent
from agents.orchestrator import get_session_state, run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.erasing import forgetters
from ledgers.human.models import Article
from ledgers.public_ids import public_id

pytestmark = pytest.mark.usefixtures("ledger")
SECRET = "Bitcoin heiress Anna Meier bought a boat"


@pytest.fixture
def world(ledger: None) -> None:
    news = [make.article(SECRET), make.article("Bitcoin rises", guid="2")]
    make.covered(make.articles(news), NOW - 30 * DAY)


def ask(question: str = "latest news on BTC") -> str:
    answer = run_workflow(question, user_id=None, as_of=NOW, now=NOW + DAY)
    return str(answer.session_id)


def journal(session_id: str) -> str:
    """Return all that PostgreSQL and Redis keep of a session."""
    rows = SessionEvent.objects.filter(session=session_id).order_by("sequence")
    kept = [json.dumps(row.payload, ensure_ascii=False) for row in rows]
    client: Any = sessions.connection()
    for key in client.scan_iter(f"{sessions.PREFIX}:*{session_id}*"):
        read = client.get if client.type(key) == b"string" else client.hgetall
        kept.append(str(read(key)))
    return " ".join(kept)


def erase(title: str = SECRET) -> dict[str, Any]:
    out = StringIO()
    fact = Article.objects.get(title=title)
    call_command("erase", public_id(fact), "--reason", "an order", "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_the_agents_have_registered() -> None:
    assert [one.__module__ for one in forgetters] == ["agents.apps"]


def test_an_answer_that_quoted_it_says_erased_and_keeps_the_rest(world: None) -> None:
    session = ask()
    assert SECRET in journal(session)
    told = erase()
    assert told["quotes"] > 0
    after = journal(session)
    assert "Anna" not in after
    assert "[erased]" in after
    assert "Bitcoin rises" in after
    answer = get_session_state(session, None).answer
    assert answer
    assert "[erased]" in answer["answer"]
    assert [one["id"] for one in answer["citations"]]


def test_a_part_of_it_that_was_quoted_goes_too(world: None) -> None:
    session = ask()
    row = SessionEvent.objects.filter(session=session, kind="answered").get()
    quoted = {**row.payload, "answer": 'They wrote of "Anna Meier bought". And "more" of it.'}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        SessionEvent.objects.filter(pk=row.pk).update(payload=quoted)
        cursor.execute("SET session_replication_role = origin")
    erase()
    row.refresh_from_db()
    assert row.payload["answer"] == 'They wrote of "[erased]". And "more" of it.'


def test_a_session_that_did_not_cite_it_is_left_alone(world: None) -> None:
    make.quotes([make.quote()])
    session = ask("what is the price of BTC")
    before = journal(session)
    erase()
    assert journal(session) == before


def test_a_new_question_is_answered_with_erased_in_its_place(world: None) -> None:
    erase()
    session = ask()
    assert "Anna" not in journal(session)
    assert "[erased]" in journal(session)
