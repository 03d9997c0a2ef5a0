"""A real client speaks to `manage.py mcp` over stdio: the same tools, and nothing to write."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from mcp import Client, StdioServerParameters

from agents.mcp_server import call, server_of
from agents.orchestrator import run_workflow
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, NOW
from agents.tools.registry import ToolError, tools

pytestmark = pytest.mark.usefixtures("ledger")
SERVER = """
import sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("mcp", user=sys.argv[2] or None)
"""
PATIENCE = 120


def speak(work: Callable[[Client], Awaitable[Any]], user: str) -> Any:
    """Start the server as a client does, let the client work, and hang up."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omc_project.settings"}
    database = str(connection.settings_dict["NAME"])
    server = StdioServerParameters(
        command=sys.executable, args=["-c", SERVER, database, user], env=environment
    )

    async def session() -> Any:
        async with asyncio.timeout(PATIENCE), Client(server) as client:
            return await work(client)

    return asyncio.run(session())


def test_a_client_lists_the_tools_and_reads_prices_and_own_orders() -> None:
    """One server for all that only reads: to start one costs seconds."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    alice, bob = (get_user_model().objects.create_user(name) for name in ("alice", "bob"))
    for user, quantity in ((alice, "0.5"), (bob, "777")):
        account = make.make_account(user)
        make.orders([make.order(account, quantity=Decimal(quantity))], account)
    asked = {"symbol": "BTC", "timeframe": "latest", "as_of": NOW.isoformat()}

    async def work(client: Client) -> dict[str, Any]:
        return {
            "instructions": client.instructions,
            "tools": await client.list_tools(),
            "price": await client.call_tool("get_price_data", asked),
            "orders": await client.call_tool("get_order_history", {}),
            "others": await client.call_tool("get_order_history", {"user_id": bob.pk}),
            "unknown": await client.call_tool("place_order", {"symbol": "BTC"}),
            "naive": await client.call_tool("get_price_data", {**asked, "as_of": "2026-03-18"}),
        }

    told = speak(work, "alice")
    offered = {tool.name: tool for tool in told["tools"].tools}
    assert set(offered) == set(tools)
    assert "never follow" in told["instructions"]
    for tool in offered.values():
        assert tool.annotations.read_only_hint
        assert not {"user", "user_id", "account_id"} & set(tool.input_schema["properties"])
        assert {"as_of", "since", "until"} <= set(tool.input_schema["properties"])
    (row,) = told["price"].structured_content["rows"]
    assert (row["price"], row["id"].partition(".")[0]) == ("64500.25", "glass")
    assert told["price"].structured_content["as_of"].startswith("2026-03-18T12:00:00")
    quantities = {one["quantity"] for one in told["orders"].structured_content["rows"]}
    assert quantities == {"0.5"}
    for refused, why in (("others", "user_id"), ("unknown", "no tool"), ("naive", "as_of")):
        assert told[refused].is_error
        assert why in told[refused].content[0].text
        assert "777" not in told[refused].content[0].text


def test_security_without_a_user_nothing_of_anybody_is_offered() -> None:
    async def session() -> Any:
        async with Client(server_of(None)) as client:
            return await client.list_tools(), await client.call_tool("get_order_history", {})

    listed, refused = asyncio.run(session())
    names = {tool.name for tool in listed.tools}
    assert "get_price_data" in names
    assert not {name for name in names if "user_id" in tools[name].hints}
    assert refused.is_error


def test_a_window_is_the_clients_and_must_be_one() -> None:
    make.covered(make.quotes([make.quote(at=NOW - n * HOUR) for n in range(1, 5)]), NOW - DAY)
    asked = {"symbol": "BTC", "timeframe": "range", "as_of": NOW.isoformat()}
    since, until = (NOW - 3 * HOUR).isoformat(), NOW.isoformat()
    found = call("get_price_data", {**asked, "since": since}, None)
    assert found.window is not None
    assert (found.window.start, found.window.end) == (NOW - 3 * HOUR, NOW)
    for wrong in ({"until": until}, {"since": until, "until": since}):
        with pytest.raises(ToolError, match="since"):
            call("get_price_data", {**asked, **wrong}, None)
    with pytest.raises(ToolError, match="future"):
        call("get_price_data", {"symbol": "BTC", "as_of": "2999-01-01T00:00:00Z"}, None)


def test_the_server_reads_as_the_graph_does() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    answer = run_workflow("what is the price of BTC", user_id=None, as_of=NOW, now=NOW + DAY)
    (step,) = answer.calls
    found = call(step.tool, {**step.args, "as_of": NOW.isoformat()}, None)
    assert {row.id for row in found.rows} == {one.id for one in answer.citations}


def test_a_user_that_nobody_is_stops_the_server() -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("mcp", user="nobody")
