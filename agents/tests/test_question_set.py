"""The shared set of example questions, asked of a made-up world and scored by its own scorer."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from agents.orchestrator import run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, NOW

SHARED = Path(settings.BASE_DIR).parent / "shared" / "agent_eval"
QUESTIONS = SHARED / "dev_agent_questions.jsonl"
BEGINNING = datetime(2025, 10, 1, tzinfo=UTC)
COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT", "AVAX", "UNI", "AAVE",
         "POL", "BNB")  # fmt: skip
pytestmark = [
    pytest.mark.usefixtures("ledger"),
    pytest.mark.skipif(
        not QUESTIONS.exists(), reason="the questions (../shared/agent_eval) are not here"
    ),
]


@pytest.fixture(scope="module")
def scorer() -> Any:
    """Return the scorer of the set."""
    spec = importlib.util.spec_from_file_location("agent_eval", SHARED / "agent_eval.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def alice(django_user_model: Any, ledger: None) -> Any:
    """Make the world: prices every six hours, news, posts, moods, filings, and two users."""
    steps = int((NOW - BEGINNING) / (6 * HOUR))
    rows = [
        make.quote(coin, str(100 * n + 7 * (step % 11)), at=NOW - step * 6 * HOUR - HOUR / 60)
        for n, coin in enumerate(COINS, start=1)
        for step in range(steps)
    ]
    make.covered(make.quotes(rows), BEGINNING)
    days = range(1, 41)
    news = [make.article(f"{c} item {d}", c, at=NOW - d * 12 * HOUR) for c in COINS for d in days]
    make.covered(make.articles(news), BEGINNING)
    posts = [make.post(f"{c} post {d}", c, at=NOW - d * 12 * HOUR) for c in COINS for d in days]
    make.covered(make.posts(posts), BEGINNING)
    make.covered(make.moods([30 + n for n in range(60)]), BEGINNING)
    filing = {"kind": "sec_filing", "form": "10-K", "at": NOW - 20 * DAY}
    filings = [make.event("10-K of Coinbase", **filing), make.event("8-K of Coinbase")]
    make.events(filings)
    make.look_at_filings(NOW - 400 * DAY)
    listing = make.event("ABC listed", kind="listing", source="coinspot_announcements", form="")
    make.covered(make.events([listing], "coinspot_announcements"), BEGINNING)
    make.covered(make.events([], "fed"), BEGINNING)
    user = django_user_model.objects.create_user("alice", id=101)
    bob = django_user_model.objects.create_user("bob", id=102)
    hers, his = make.make_account(user), make.make_account(bob)
    waiting = make.order(hers, "2", base="ADA", status="open", filled=make.Decimal(0))
    make.covered(make.orders([make.order(hers), waiting], hers), BEGINNING)
    make.orders([make.order(his, base="XRP", quantity=make.Decimal(777777))], his)
    return user


def questions() -> list[dict[str, Any]]:
    """Return the questions of the set."""
    return [json.loads(line) for line in QUESTIONS.read_text().splitlines() if line]


def test_every_example_question_passes_its_own_scorer(alice: Any, scorer: Any) -> None:
    results = {}
    for question in questions():
        session = None
        clock = scorer.ts(question["clock"])
        asked = [*question.get("prior_turns", []), question["question"]]
        for text in asked:
            answer = run_workflow(
                text, user_id=alice.pk, as_of=clock, now=clock, session_id=session
            )
            session = answer.session_id
        assert answer.withheld == ()
        assert "777777" not in answer.model_dump_json()
        results[question["id"]] = answer.model_dump(mode="json") | {"id": question["id"]}
    scores = {
        question["id"]: scorer.score1(question, results[question["id"]]) for question in questions()
    }
    failed = {
        name: (score, results[name]["answer"])
        for name, score in scores.items()
        if not score["pass"]
    }
    assert failed == {}
