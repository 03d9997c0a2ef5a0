"""The main job from a file to a number: import a CSV, then ask what was earned."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from ledgers.exchange.models import Fill
from ledgers.glass.models import Quote
from ledgers.public_ids import find
from ledgers.reading import clock
from trading.tests.factories import NOW, quote, quoted

pytestmark = pytest.mark.usefixtures("ledger")

CSV = """\
time,side,base,quote,quantity,price,fee,fee_asset,venue_id
2025-01-01T00:00:00Z,deposit,AUD,,1000,,,,d1
2025-01-02T00:00:00Z,buy,BTC,AUD,0.005,100000,1.5,AUD,f1
2025-01-03T00:00:00+11:00,buy,BTC,AUD,0.001,120000.50,0,,f2
2025-02-01T00:00:00Z,sell,BTC,AUD,0.0055,150000,2,AUD,f3
2025-02-02T00:00:00Z,income,ETH,AUD,0.1,4000,,,i1
2025-02-03T00:00:00Z,withdrawal,AUD,,300,,1,AUD,w1
"""


def run(*arguments) -> dict:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    told: dict = json.loads(out.getvalue())
    return told


@pytest.fixture
def told(tmp_path) -> dict:
    """Import the file twice, quote both assets now, and ask."""
    file = tmp_path / "trades.csv"
    file.write_text(CSV)
    for _ in range(2):
        run("import_fills", str(file), "--format", "omc", "--user", "ada", "--create-user")
    age = NOW - clock()
    quoted(quote("BTC", "160000", ago=age), quote("ETH", "4100.5", ago=age))
    return run("pnl", "--user", "ada", "--by", "asset")


def test_a_file_becomes_the_number_that_a_person_works_out(told) -> None:
    """FIFO: 0.005 cost 501.5 with the fee, and half of 120.0005 is 60.00025; 823 was got."""
    assert told["realized"] == "261.49975"
    assert told["income"] == "400"
    assert told["fees"] == "1"
    assert told["fees_in_basis"] == "3.5"
    assert told["flows"] == "700"
    assert told["implied_flows"] == "0"
    cash = Decimal(1000) - Decimal("501.5") - Decimal("120.0005") + 823 - 301
    assert Decimal(told["equity"]) == cash + Decimal("0.0005") * 160000 + Decimal("410.05")
    assert told["unrealized"] == "30.04975"
    assert (told["complete"], told["missing"], told["unmatched"]) == (True, [], {})
    assert (told["fills"], told["transfers"]) == (3, 3)


def test_the_identity_holds_on_what_was_imported(told) -> None:
    amounts = {name: Decimal(told[name]) for name in ("equity", "flows", "realized", "fees")}
    gained = amounts["realized"] + Decimal(told["unrealized"]) + Decimal(told["income"])
    assert amounts["equity"] - amounts["flows"] == gained - amounts["fees"]
    assert sum(Decimal(line["equity"]) for line in told["by"]) == amounts["equity"]


def test_every_price_it_used_can_be_looked_up(told) -> None:
    cited = [find(price["id"]) for price in told["prices"]]
    assert all(isinstance(fact, Quote) for fact in cited)
    assert {fact.asset: fact.bid for fact in cited} == {"BTC": 160000, "ETH": Decimal("4100.5")}


def test_what_was_not_imported_yet_was_not_known(told) -> None:
    past = run("pnl", "--user", "ada", "--at", "2025-01-15T00:00:00Z")
    assert (past["fills"], past["realized"]) == (2, "0")
    unknown = run("pnl", "--user", "ada", "--as-of", "2025-01-15T00:00:00Z")
    assert (unknown["fills"], unknown["equity"]) == (0, "0")
    assert unknown["coverage"]["presence"] == "not_observed"
    assert Fill.objects.of_everyone().count() == 3
