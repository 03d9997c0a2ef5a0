"""An agent looks and never trades: no tool, no import and no transaction leads to an order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.db import InternalError
from django.utils import timezone

import agents
from agents.tools.registry import autodiscover, read_only, tools
from trading.auditing import chain_of
from trading.killing import engage
from trading.models import KillSwitch, OrderIntent
from trading.orders import submit
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
WRITES = {
    "auditing",
    "guard",
    "keys",
    "killing",
    "live",
    "orders",
    "ordering_admin",
    "ordering_api",
    "sweeping",
    "tasks",
    "venues",
}
"""The modules of trading that place, end or stop orders."""
OWNER = ("user", "user_id", "account", "account_id")


def imported_by(file: Path) -> set[str]:
    """Return the modules of trading that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trading"):
            names = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
            found |= {name.split(".")[1] for name in names if "." in name}
        if isinstance(node, ast.Import):
            found |= {one.name.split(".")[1] for one in node.names if one.name[:8] == "trading."}
    return found


def test_no_file_of_the_agents_imports_what_places_or_ends_an_order() -> None:
    folder = Path(next(iter(agents.__path__)))
    files = [path for path in folder.rglob("*.py") if "tests" not in path.parts]
    assert len(files) > 20
    assert {
        path.name: imported_by(path) & WRITES for path in files if imported_by(path) & WRITES
    } == {}


def test_no_tool_lets_a_caller_say_whose_things_are_looked_at() -> None:
    autodiscover()
    assert "get_order_history" in tools
    for tool in tools.values():
        assert not set(tool.schema["properties"]) & set(OWNER), tool.name


def test_what_an_agent_does_runs_where_no_order_and_no_switch_can_be_written() -> None:
    quote("990", "1000")
    account = paper_account()
    now = timezone.now()
    with pytest.raises(InternalError, match="read-only"), read_only():
        submit(account.pk, wish(), actor="agent", now=now)
    with pytest.raises(InternalError, match="read-only"), read_only():
        engage(chain_of(account.pk), actor="agent", reason="mischief", now=now)
    assert not OrderIntent.objects.exists()
    assert not KillSwitch.objects.exists()
