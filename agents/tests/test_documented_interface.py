"""Section 10 of the architecture says of each tool what is so: question, call, queries."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.planner import Asking, plan
from agents.tests.factories import NOW
from agents.tools.registry import Context, tools
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
