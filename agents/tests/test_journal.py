"""Each answer leaves what it was made of, and what it was made of can be asked again."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, InternalError, connection
from django.test import Client

from agents.journal import entries_of, hash_of, replay
from agents.models import JournalEntry, SessionEvent
from agents.orchestrator import run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.collecting.storing import store
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun

pytestmark = pytest.mark.usefixtures("ledger")


def ask(question: str = "what is the price of BTC", **options: Any) -> Any:
    """Ask as of NOW."""
    return run_workflow(question, **{"user_id": None, "as_of": NOW, "now": NOW + DAY, **options})


def replayed(session_id: str, *words: str) -> tuple[int, Any]:
    """Run the command with --json and return its exit code and its answer."""
    out = StringIO()
    code = 0
    try:
        call_command("replay_session", session_id, "--json", *words, stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, json.loads(out.getvalue())


@pytest.fixture
def run(ledger: None) -> CollectorRun:
    """Make a price of BTC whose feed has looked."""
    found = make.quotes([make.quote()])
    make.covered(found, NOW - DAY)
    return found


def test_an_entry_tells_what_the_answer_was_made_of(run: CollectorRun) -> None:
    answer = ask()
    (entry,) = JournalEntry.objects.all()
    assert (str(entry.session_id), entry.turn) == (answer.session_id, 1)
    assert entry.question == "what is the price of BTC"
    assert (entry.as_of, entry.horizon) == (answer.as_of, answer.horizon)
    assert (entry.mode, entry.answered_by, entry.outcome) == ("planner", "planner", "answer")
    assert [step["tool"] for step in entry.plan["steps"]] == ["get_price_data"]
    (call,) = entry.calls
    assert (call["tool"], call["args"]["symbol"], call["count"]) == ("get_price_data", "BTC", 1)
    kept = SessionEvent.objects.get(session=entry.session_id, kind="retrieved").payload
    assert call["sha256"] == hash_of(kept["results"][0])
    assert call["quality"] == entry.quality["state"]
    assert (entry.requests, entry.tokens, entry.cost, entry.prompts) == (0, 0, Decimal(0), [])


@pytest.mark.parametrize("question", ["how is it doing?", "buy 1 BTC for me", "will BTC go up?"])
def test_what_is_not_answered_has_its_entry_too(run: CollectorRun, question: str) -> None:
    answer = ask(question)
    entry = JournalEntry.objects.get(session=answer.session_id)
    assert entry.outcome == answer.outcome != "answer"
    assert entry.calls == []


def test_an_error_of_ours_has_its_entry(
    run: CollectorRun, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE glass_quote RENAME TO hidden_quote")
    try:
        answer = ask()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE hidden_quote RENAME TO glass_quote")
    assert JournalEntry.objects.get(session=answer.session_id).outcome == "error"


def test_rejected_input_leaves_nothing(run: CollectorRun) -> None:
    ask("")
    assert JournalEntry.objects.count() == SessionEvent.objects.count() == 0


def test_no_text_of_a_ledger_stands_in_an_entry() -> None:
    make.covered(make.articles([make.article("Bitcoin heiress bought a boat")]), NOW - DAY)
    answer = ask("latest news on BTC")
    assert "heiress" in answer.answer
    entry = JournalEntry.objects.values().get()
    assert "heiress" not in json.dumps(entry, default=str)


def test_entries_are_append_only(run: CollectorRun) -> None:
    ask()
    rows = JournalEntry.objects.all()
    for change in (lambda: rows.update(question=""), rows.delete):
        with pytest.raises((InternalError, IntegrityError), match="append-only"):
            change()


def test_a_session_replays_bit_for_bit(run: CollectorRun) -> None:
    first = ask()
    ask("and over 7 days?", session_id=first.session_id)
    code, told = replayed(first.session_id)
    assert code == 0
    assert [one["turn"] for one in told] == [1, 2]
    for one in told:
        assert one["is_same"]
        assert one["recorded"] == one["replayed"]
        assert one["revised"] == []
    _, second = replayed(first.session_id, "--turn", "2")
    assert second == told[1:]


def test_what_was_revised_since_is_told_and_changes_no_byte(run: CollectorRun) -> None:
    answer = ask()
    again = CollectorRun.objects.create(feed=run.feed, kind=CollectorRun.Kind.LIVE)
    store(Quote, [make.quote(last="64000")], again, observed_at=NOW + DAY)
    code, (told,) = replayed(answer.session_id)
    assert (code, told["is_same"]) == (0, True)
    (row,) = told["revised"]
    assert row["revision"] == 1
    assert "last: 64500.25 -> 64000" in row["changes"]
    out = StringIO()
    call_command("replay_session", answer.session_id, stdout=out)
    assert "revised since" in out.getvalue()
    assert "1 of 1 calls returned the same bytes." in out.getvalue()


def test_rows_that_are_gone_are_found_out(run: CollectorRun) -> None:
    answer = ask()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM glass_quote")
        cursor.execute("SET session_replication_role = origin")
    code, (told,) = replayed(answer.session_id)
    assert (code, told["is_same"]) == (1, False)
    assert "rows" in told["difference"]
    assert "symbol" not in told["difference"]


def test_own_orders_replay_for_their_owner(django_user_model: Any) -> None:
    alice = django_user_model.objects.create_user("alice")
    account = make.make_account(alice)
    make.orders([make.order(account)], account)
    answer = ask("list my orders", user_id=alice.pk)
    (entry,) = entries_of(answer.session_id)
    (told,) = replay(entry)
    assert told.is_same
    assert [one.count for one in answer.calls] == [1]


@pytest.mark.parametrize("session_id", ["x", "e2ec8d52-9ae2-4957-9530-9960d3519680"])
def test_a_session_without_an_entry_is_named(session_id: str) -> None:
    with pytest.raises(CommandError, match="no answer"):
        call_command("replay_session", session_id)


def test_the_hash_is_of_one_way_of_writing() -> None:
    assert hash_of({"b": 1, "a": "é"}) == hash_of({"a": "é", "b": 1})
    assert hash_of({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    assert hash_of({"a": "1"}) != hash_of({"a": 1})


def test_the_admin_shows_an_entry_and_its_question_to_who_asked_alone(run: CollectorRun) -> None:
    root = get_user_model().objects.create_superuser("root")
    alice = get_user_model().objects.create_user("alice")
    ask("list my orders", user_id=alice.pk)
    ask(user_id=root.pk)
    client = Client()
    client.force_login(root)
    listed = client.get("/admin/agents/journalentry/").content.decode()
    assert "alice" in listed
    hers, own = JournalEntry.objects.order_by("id")
    page = client.get(f"/admin/agents/journalentry/{hers.pk}/change/").content.decode()
    assert "Only its owner reads it." in page
    assert "list my orders" not in page
    assert "status=" not in page
    assert hers.calls[0]["sha256"] in page
    page = client.get(f"/admin/agents/journalentry/{own.pk}/change/").content.decode()
    assert "what is the price of BTC" in page
    assert "symbol=BTC" in page
    assert client.post(f"/admin/agents/journalentry/{own.pk}/delete/").status_code == 403
