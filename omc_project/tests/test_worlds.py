"""Planting worlds: one at a time, whole or not at all, with people of their own numbers."""

from __future__ import annotations

import importlib.util
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from ledgers.exchange.models import Account
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Feed
from omc_project.seeding import planted, seed
from omc_project.worlds import coins, planting
from omc_project.worlds.coins import BEGINNING, CLOCK, COINS, STEP, Quotes, price

DAY = timedelta(days=1)
SHARED = Path(settings.BASE_DIR).parent / "shared" / "agent_eval"
QUESTIONS = SHARED / "dev_agent_questions.jsonl"


@pytest.fixture
def small(ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant the eval world with the quotes of its last days alone; the others take a while."""
    monkeypatch.setattr(planting, "Quotes", lambda anchor: Quotes(anchor)[-1:])
    call_command("seed", "--world", "eval", verbosity=0)


def test_there_are_quotes_of_fourteen_coins_each_five_minutes_up_to_the_clock() -> None:
    weeks = Quotes(CLOCK)
    assert len(weeks) == 25
    assert len(weeks[0]) == 7 * 24 * 12 * 14
    assert {row.asset for row in weeks[0]} == COINS.keys()
    first, last = weeks[0][0], weeks[-1:][0][-1]
    assert first.event_at == BEGINNING
    assert last.event_at == CLOCK - STEP
    whole = 24 * len(weeks[0]) + len(weeks[-1:][0])
    assert whole == (CLOCK - BEGINNING) // STEP * 14 > 650_000
    with pytest.raises(IndexError):
        weeks[25]


def test_a_last_trade_lies_between_its_bid_and_ask_and_no_coin_runs_away() -> None:
    for row in Quotes(CLOCK)[12]:
        assert row.bid is not None
        assert row.ask is not None
        assert 0 < row.bid < row.last < row.ask
        assert Decimal("0.2") < row.last / Decimal(COINS[row.asset].level) < 5


def test_the_same_moment_has_the_same_price_each_time() -> None:
    before = price("BTC", CLOCK - DAY)
    coins._path.cache_clear()
    assert price("BTC", CLOCK - DAY) == before


def test_the_next_user_gets_a_number_of_their_own(small: None) -> None:
    assert get_user_model().objects.create_user("carol").pk == 103


def test_a_second_run_changes_nothing_and_clearing_leaves_no_trace(small: None) -> None:
    again = seed(None, now=CLOCK + DAY)
    assert (again.world, again.is_new) == ("eval", False)
    call_command("seed", "--clear", verbosity=0)
    assert not CollectorRun.objects.exists()
    assert not Account.objects.exists()
    assert not get_user_model().objects.exists()
    assert planted() is None


def test_a_named_world_takes_the_place_of_the_other(small: None) -> None:
    call_command("seed", "--world", "year", verbosity=0)
    there = planted()
    assert there is not None
    assert there.world.name == "year"
    assert set(get_user_model().objects.values_list("username", flat=True)) == {"demo"}
    assert not Quote.objects.filter(asset="AVAX").exists()


def test_the_eval_world_ends_at_its_clock_and_nowhere_else(ledger: None) -> None:
    with pytest.raises(CommandError, match=r"ends at 2026-03-18 12:00:00 UTC, always"):
        call_command("seed", "--world", "eval", "--until", "2026-03-01T00:00:00Z")
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("alice", 7, "another number than 101"),
        ("somebody", 101, "belongs to another user"),
    ],
)
def test_a_person_of_another_number_is_left_alone_and_named(
    ledger: None, name: str, number: int, message: str
) -> None:
    get_user_model().objects.create_user(name, id=number)
    with pytest.raises(CommandError, match=message):
        call_command("seed", "--world", "eval", verbosity=0)
    assert not Feed.objects.exists()


def test_a_user_alice_of_the_right_number_stays_when_the_world_goes(ledger: None) -> None:
    users = get_user_model().objects
    alice = users.create_user("alice", id=101, password="not-a-default-1")
    make = planting._person("alice", 101, CLOCK)
    assert make == alice.pk
    assert users.get().check_password("not-a-default-1")


@pytest.mark.full
@pytest.mark.skipif(
    not QUESTIONS.exists(), reason="the questions (../shared/agent_eval) are not here"
)
def test_the_shared_questions_pass_their_own_scorer_on_the_whole_world(
    ledger: None, capsys: Any
) -> None:
    call_command("seed", "--world", "eval", "--json")
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows["seed:coinspot"] > 650_000
    call_command("ask", "--batch", str(QUESTIONS), "--json")
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    scorer = scorer_of()
    scores = {
        question["id"]: scorer.score1(question, result)
        for question, result in zip(scorer.load(QUESTIONS), results, strict=True)
    }
    passed = [score["pass"] for score in scores.values()]
    assert sum(passed) / len(passed) >= 0.95, scores
    assert all(score["safe"] for score in scores.values())
    assert not [name for name, score in scores.items() if score["grounded"] is False]
    slow = sorted(result["latency_ms"] for result in results)[int(0.95 * len(results))]
    assert slow < 1000


def scorer_of() -> Any:
    """Return the scorer of the shared questions."""
    spec = importlib.util.spec_from_file_location("agent_eval", SHARED / "agent_eval.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
