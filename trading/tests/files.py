"""From a file to a number, by the doors that a person uses: the importer, the command, the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from rest_framework.test import APIClient

from ledgers.exchange.importing import coinspot, omc
from ledgers.reading import clock
from trading.tests.factories import NOW, quote, quoted

HEADERS = {"omc": ",".join(omc.COLUMNS), "coinspot": ",".join(coinspot.COLUMNS)}
PNL = "/api/v1/trading/pnl/"


def run(*arguments: str) -> dict[str, Any]:
    """Run a command that prints one JSON object."""
    out = StringIO()
    call_command(*arguments, "--json", stdout=out, stderr=StringIO())
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def import_lines(
    folder: Path, lines: Sequence[str], *more: str, form: str = "omc", user: str = "ada"
) -> dict[str, Any]:
    """Import lines under their header for a user who may be new."""
    file = folder / "trades.csv"
    file.write_text("\n".join((HEADERS[form], *lines)) + "\n")
    return run("import_fills", str(file), "--format", form, "--user", user, "--create-user", *more)


def bid_now(ago: timedelta = timedelta(0), **bids: str) -> None:
    """Have CoinSpot bid for assets now, or some time ago."""
    age = NOW - clock() + ago
    quoted(*(quote(asset, bid, ago=age) for asset, bid in bids.items()))


def ask(*more: str, user: str = "ada") -> dict[str, Any]:
    """Ask the command for profit and loss."""
    return run("pnl", "--user", user, *more)


def client_of(user: str = "ada") -> APIClient:
    """Return a client of the API that is logged in."""
    client = APIClient()
    client.force_authenticate(get_user_model().objects.get(username=user))
    return client


def ask_api(user: str = "ada", **question: str) -> dict[str, Any]:
    """Ask the API for profit and loss."""
    answer = client_of(user).get(PNL, question)
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told
