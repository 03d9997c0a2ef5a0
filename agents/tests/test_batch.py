"""A file of questions: each line ends in one object, whatever it holds."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.models import AgentSession
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW

pytestmark = pytest.mark.usefixtures("ledger")
CLOCK = NOW.isoformat()


@pytest.fixture
def world(django_user_model: Any) -> Any:
    """Make a price, and two users with an order each."""
    make.covered(make.quotes([make.quote(), make.quote("ETH", "4000")]), NOW - DAY)
    alice, bob = (django_user_model.objects.create_user(name) for name in ("alice", "bob"))
    for user, quantity in ((alice, 5), (bob, 777777)):
        account = make.make_account(user)
        make.covered(
            make.orders([make.order(account, quantity=make.Decimal(quantity))], account),
            NOW - 9 * DAY,
        )
    return alice


def asked(path: Path, *lines: object, mode: str = "planner") -> list[dict[str, Any]]:
    """Answer a file of these lines, and return what was printed for each."""
    file = path / "questions.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines))
    out = StringIO()
    call_command("ask", "--batch", str(file), "--json", "--mode", mode, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def line(name: str, question: object, **more: object) -> dict[str, object]:
    """Make one line of a file."""
    return {"id": name, "question": question, "as_user": "alice", "clock": CLOCK, **more}


def test_every_line_is_one_object_with_its_id_in_the_form_that_is_scored(
    world: Any, tmp_path: Path
) -> None:
    first, second = asked(tmp_path, line("a", "price of BTC"), line("b", "list my orders"))
    assert (first["id"], second["id"]) == ("a", "b")
    assert first["outcome"] == second["outcome"] == "answer"
    assert first["calls"][0]["tool"] == "get_price_data"
    assert set(first) >= {"outcome", "answer", "calls", "evidence", "citations", "quality",
                          "as_of", "mode", "latency_ms", "session_id"}  # fmt: skip
    assert "64500.25" in first["evidence"]


def test_earlier_turns_are_asked_first_in_the_same_session(world: Any, tmp_path: Path) -> None:
    (found,) = asked(tmp_path, line("a", "and ETH?", prior_turns=["price of BTC"]))
    assert found["turn"] == 2
    assert found["calls"][0]["args"]["symbol"] == "ETH"
    assert AgentSession.objects.count() == 1


def test_each_line_is_asked_by_its_own_user(world: Any, tmp_path: Path) -> None:
    own, other = asked(
        tmp_path, line("a", "list my orders"), line("b", "list my orders", as_user="bob")
    )
    assert "777777" not in json.dumps(own)
    assert "777777" in other["answer"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("no json", "is no JSON"),
        ("[1, 2]", "no JSON object"),
        (line("a", ""), "empty"),
        (line("a", "x" * 20_000), "20000 characters"),
        (line("a", "price\0 of BTC"), "no text"),
        (line("a", "price \ud800 of BTC"), "no text"),
        (line("a", '{"question": "price"}'), "JSON"),
        (line("a", 7), "empty"),
        (line("a", "price of BTC", clock="2099-01-01T00:00:00Z"), "future"),
        (line("a", "price of BTC", clock="2026-03-18T12:00:00"), "time zone"),
        (line("a", "price of BTC", clock="noon"), "ISO 8601"),
        (line("a", "price of BTC", clock=5), "no text"),
        (line("a", "price of BTC", as_user="nobody"), "No active user is called"),
        (line("a", "price of BTC", as_user="a\0b"), "No active user is called"),
        (line("a", "price of BTC", as_user="\ud800"), "No active user is called"),
        (line("a", "price of BTC", as_user=3), "no name"),
        (line("a", "price of BTC", prior_turns="before"), "no list"),
        ({"id": "a"}, "empty"),
    ],
    ids=range(18),
)
def test_a_line_that_is_no_question_says_what_to_change_and_the_next_is_answered(
    world: Any, tmp_path: Path, written: object, told: str
) -> None:
    bad, good = asked(tmp_path, written, line("z", "price of BTC"))
    assert bad["outcome"] == "reject_input"
    assert told in bad["answer"]
    assert bad["calls"] == []
    assert good["outcome"] == "answer"
    assert AgentSession.objects.count() == 1


def test_an_unknown_mode_is_rejected_with_the_modes_that_there_are(
    world: Any, tmp_path: Path
) -> None:
    (found,) = asked(tmp_path, line("a", "price of BTC"), mode="oracle")
    assert found["outcome"] == "reject_input"
    assert "planner, model" in found["answer"]


def test_empty_lines_are_passed_over_and_an_unnamed_line_is_named_by_its_place(
    world: Any, tmp_path: Path
) -> None:
    (found,) = asked(tmp_path, "", "  ", {"question": "price of BTC", "clock": CLOCK})
    assert found["id"] == "line 3"


def test_in_words_each_question_is_told_with_its_id(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(line("a", "price of BTC")))
    out = StringIO()
    call_command("ask", "--batch", str(file), stdout=out)
    assert out.getvalue().startswith("a (answer, ")
    assert "64500.25" in out.getvalue()


@pytest.mark.parametrize("args", [(), ("price of BTC", "--batch", "file")], ids=["none", "both"])
def test_it_takes_a_question_or_a_file(args: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="one question, or a file"):
        call_command("ask", *args)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("ask", "--batch", str(tmp_path / "nothing.jsonl"), "--json")
