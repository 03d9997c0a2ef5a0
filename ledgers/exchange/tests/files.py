"""Files to import, written as the exchanges write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from ledgers.exchange.importing import coinspot, omc

COINSPOT = ",".join(coinspot.COLUMNS)
OMC = ",".join(omc.COLUMNS)
BUY = (
    "18/03/2026 09:15 AM,Buy,ALGO/AUD,792.07920792 ALGO,0.2525 AUD,0.25 AUD,"
    "1.98019802 AUD,1.98019802 AUD,0.18001800 AUD,200.00 AUD,200.00 AUD"
)
SELL = (
    '19/03/2026 10:00 PM,Sell,SOLO/AUD,"1,000",0.118,0.11989895,'
    "1.19895304,1.19895304,0.10899573,118.70,118.70"
)
SWAP = (
    "19/03/2026 10:01 PM,Buy,SOLO/ALGO,100 SOLO,0.5 ALGO,0.495 ALGO,"
    "0.5 ALGO,0.12 AUD,0.01 AUD,12.40 AUD,50 ALGO"
)
TRADES = (
    "2026-03-18T09:15:00+11:00,buy,BTC,AUD,0.5,140000.10,70,AUD,t1",
    "2026-03-18T10:15:00Z,sell,BTC,AUD,0.1,141000,14.1,AUD,t2",
    "2026-03-19T10:15:00Z,income,SOL,AUD,0.05,200,,,t3",
    "2026-03-17T00:00:00Z,deposit,AUD,,100000,,,,t4",
    "2026-03-20T00:00:00Z,withdrawal,BTC,,0.2,,0.0001,BTC,t5",
)


def text(*lines: str, header: str = COINSPOT, end: str = "\n") -> str:
    """Join a header and lines."""
    return end.join((header, *lines)) + end


def written(folder: Path, content: str | bytes, name: str = "trades.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def run_import(path: Path, *more: str, form: str = "coinspot") -> None:
    """Import a file for a user who may be new."""
    call_command(
        "import_fills", str(path), "--format", form, "--user", "mia", "--create-user", *more
    )


def imported(capsys: Any, path: Path, *more: str, form: str = "coinspot") -> Any:
    """Import a file and return the summary."""
    capsys.readouterr()
    run_import(path, "--json", *more, form=form)
    return json.loads(capsys.readouterr().out)
