"""manage.py ask: one object, citations, and bad input told from errors of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.models import AgentSession
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.public_ids import find

pytestmark = pytest.mark.usefixtures("ledger")
AS_OF = NOW.isoformat()


def ask(*args: str) -> dict[str, Any]:
    """Run the command with --json and return its object."""
    out = StringIO()
    call_command("ask", *args, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_object_has_everything_that_an_answer_is() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    answer = ask("what is the price of BTC", "--as-of", AS_OF)
    assert answer["outcome"] == "answer"
    assert "64500.25" in answer["answer"]
    assert answer["calls"][0]["tool"] == "get_price_data"
    assert answer["calls"][0]["args"] == {"symbol": "BTC", "timeframe": "latest"}
    assert "64500.25" in answer["evidence"]
    (row, _) = answer["citations"]
    assert str(find(row["id"]).last) == row["value"] == "64500.25"
    assert {"ledger", "id", "known_at", "at", "source", "key"} <= set(row)
    assert answer["quality"]["state"] == "fresh"
    assert answer["as_of"].startswith("2026-03-18T12:00:00")
    assert (answer["mode"], answer["turn"]) == ("planner", 1)
    assert answer["latency_ms"] < 5000
    assert AgentSession.objects.get().pk.hex == answer["session_id"].replace("-", "")


def test_with_an_empty_table_it_says_not_observed_and_no_number() -> None:
    answer = ask("what is the price of BTC")
    assert answer["outcome"] == "no_data"
    assert "not observed" in answer["answer"]
    assert answer["evidence"] == answer["citations"] == []


def test_in_words_it_prints_the_rows_behind_the_answer() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    out = StringIO()
    call_command("ask", "price of BTC", "--as-of", AS_OF, stdout=out)
    assert "[E1] glass.quote.coinspot~BTC~AUD~20260318T115900Z~0 (price" in out.getvalue()
    assert "Quality: fresh." in out.getvalue()


def test_orders_are_of_the_user_that_is_named(django_user_model: Any) -> None:
    account = make.make_account(django_user_model.objects.create_user("alice"))
    make.orders([make.order(account)], account)
    answer = ask("list my orders", "--user", "alice", "--as-of", AS_OF)
    assert "0.5 BTC" in answer["answer"]
    assert "user_id" not in json.dumps(answer["calls"])


def test_a_session_goes_on(django_user_model: Any) -> None:
    make.quotes([make.quote("ETH", "3000")])
    first = ask("price of BTC", "--as-of", AS_OF)
    again = ask("what about ETH?", "--as-of", AS_OF, "--session", first["session_id"])
    assert again["turn"] == 2
    assert again["calls"][0]["args"]["symbol"] == "ETH"


BAD = [
    ("", "empty"),
    ("   ", "empty"),
    ("x" * 20_000, "20000 characters"),
    ("price\0of BTC", "no text"),
    ("price of \ud800BTC", "no text"),
    ('{"question": "price of BTC"}', "JSON"),
]


@pytest.mark.parametrize(("question", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_what_is_no_question_is_rejected_and_leaves_no_session(question: str, reason: str) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("ask", question, "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert left.value.code == 2
    assert answer["outcome"] == "reject_input"
    assert reason in answer["answer"]
    assert AgentSession.objects.count() == 0


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["--as-of", "2026-03-18T12:00:00"], "no time zone"),
        (["--as-of", "2999-01-01T00:00:00Z"], "future"),
        (["--as-of", "yesterday"], "no ISO 8601 time"),
        (["--as-of", ""], "no ISO 8601 time"),
        (["--mode", "oracle"], "No mode is called 'oracle'"),
    ],
)
def test_options_that_cannot_be_meant_are_rejected(args: list[str], reason: str) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("ask", "price of BTC", *args, "--json", stdout=out)
    assert left.value.code == 2
    assert reason in json.loads(out.getvalue())["answer"]
    assert AgentSession.objects.count() == 0


def test_an_unknown_user_or_session_is_named(django_user_model: Any) -> None:
    django_user_model.objects.create_user("gone", is_active=False)
    for name in ("nobody", "gone"):
        with pytest.raises(CommandError, match=f"No active user is called '{name}'"):
            ask("list my orders", "--user", name)
    with pytest.raises(CommandError, match="You have no session 'x'"):
        ask("price of BTC", "--session", "x")


def test_django_and_the_api_start_without_a_language_model() -> None:
    code = (
        "import django, sys; django.setup(); import agents.api, agents.tasks, agents.admin; "
        "heavy = {'langchain_core', 'langgraph', 'openai', 'langchain_openai'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "omc_project.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
