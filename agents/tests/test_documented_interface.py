"""Section 10 of the architecture says of each tool what is so: question, call, queries."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.planner import Asking, plan
from agents.tests import factories as make
from agents.tests.factories import HOUR, MINUTE, NOW
from agents.tests.worlds import small_world
from agents.tools.registry import Context, tools
from ledgers.exchange.models import Account
from ledgers.reading import pair

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "ARCHITECTURE.md"
NAMES = ("tool", "ledger", "parameters", "default", "question", "call", "queries")


def rows() -> list[dict[str, str]]:
    """Return the rows of the table of tools."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("### Tools")[2].partition("\n### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `get_")]
    parts = [[part.strip().strip("`") for part in line.strip("|").split("|")] for line in lines]
    return [dict(zip(NAMES, one, strict=True)) for one in parts]


TABLE = rows()


def test_every_tool_is_in_the_table() -> None:
    assert sorted(row["tool"] for row in TABLE) == sorted(tools)


@pytest.mark.parametrize("row", TABLE, ids=[row["tool"] for row in TABLE])
def test_the_example_question_leads_to_its_tool(row: dict[str, str]) -> None:
    found = plan(Asking(question=row["question"], clock=NOW, username="alice"))
    assert row["tool"] in {step.tool for step in found.steps}


@pytest.mark.parametrize("row", TABLE, ids=[row["tool"] for row in TABLE])
def test_every_parameter_of_the_schema_is_named(row: dict[str, str]) -> None:
    for name in tools[row["tool"]].schema["properties"]:
        assert f"`{name}`" in f"`{row['parameters']}`" or name in row["parameters"], name


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("row", TABLE, ids=[row["tool"] for row in TABLE])
def test_the_example_call_takes_as_many_queries_as_it_says(row: dict[str, str]) -> None:
    context = Context(pair=pair(NOW), user_id=1)
    with CaptureQueriesContext(connection) as seen:
        tools[row["tool"]].call(json.loads(row["call"]), context)
    said = re.match(r"\d", row["queries"])
    assert said is not None
    assert len(seen) == int(said[0]) <= 3


@pytest.fixture
def busy_week(ledger: None) -> Any:
    """Fill every ledger with a week of what the table's calls ask for, and return alice."""
    alice = small_world()
    make.quotes([make.quote(at=NOW - 3 * n * MINUTE) for n in range(1, 3000)])
    make.protocol("aave", "tvl", *map(str, range(30)))
    make.chain("hash_rate", *map(str, range(30)))
    ages = [n * HOUR / 4 for n in range(1, 600)]
    make.posts([make.post(f"Post {n}", at=NOW - age) for n, age in enumerate(ages)])
    news = [make.article(f"News {n}", "ADA", guid=f"g{n}", at=NOW - a) for n, a in enumerate(ages)]
    make.articles(news)
    make.events([make.event(f"Filing {n}", at=NOW - age) for n, age in enumerate(ages)])
    account = Account.objects.get(user=alice)
    sides = ("buy", "buy", "sell")
    made = [
        make.fill(account, n, base=("ADA", "DOGE")[n % 2], side=sides[n % 3], at=NOW - age)
        for n, age in enumerate(ages)
    ]
    make.store_fills(made, account)
    return alice


def test_each_example_call_is_answered_within_a_second(busy_week: Any) -> None:
    assert len(TABLE) == 10
    taken, empty = {}, set()
    for row in TABLE:
        context = Context(pair=pair(NOW), user_id=busy_week.pk)
        began = time.perf_counter()
        found = tools[row["tool"]].call(json.loads(row["call"]), context)
        taken[row["tool"]] = time.perf_counter() - began
        empty |= set() if found.count else {row["tool"]}
    assert {name: took for name, took in taken.items() if took >= 1} == {}
    assert empty == set()
