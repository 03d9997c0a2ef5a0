"""Every number can be computed again from its explanation alone."""

from __future__ import annotations

import csv
import functools
import inspect
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from django.core.management import CommandError, call_command

from ledgers.public_ids import find
from ledgers.reading import Pair
from trading.core.exact import CONTEXT
from trading.core.lots import METHODS
from trading.explaining import explain
from trading.explanation_serializers import ExplanationSerializer
from trading.exporting import FORMATS
from trading.exporting.beancount import commodity
from trading.services import QuestionError, pnl_of
from trading.tests.factories import (
    DAY,
    NOW,
    fill,
    imported,
    make_account,
    make_user,
    quote,
    quoted,
    transfer,
)

pytestmark = pytest.mark.usefixtures("ledger")
PAIR = Pair(as_of=NOW, horizon=NOW)
BASIS = ["basis", "separate"]
BEAN_CHECK = Path(sys.executable).with_name("bean-check")


# --- thirty lines that need nothing but the payload
def recompute(told: Mapping[str, Any]) -> dict[str, Decimal]:
    """Compute the seven amounts from an explanation as it is sent."""
    number, cash = Decimal, told["currency"]
    add: Callable[[Iterable[Decimal]], Decimal] = functools.partial(sum, start=Decimal(0))
    prices = {price["asset"]: number(price["price"]) for price in told["prices"]}
    known = [row for row in told["disposals"] if row["lot"] is not None]
    realized = add(number(row["proceeds"]) - number(row["cost"]) for row in known)
    lost = [row for row in told["disposals"] if row["lot"] is None]
    cost = add(number(row["cost"]) for row in told["open_lots"])
    held = number(0)
    for row in told["open_lots"]:
        price = prices.get(row["asset"])
        held += number(row["cost"]) if price is None else number(row["quantity"]) * price
    money = add(number(row["quantity"]) for row in told["flows"] if row["asset"] == cash)
    for row in told["entries"]:
        sign = -1 if row["kind"] == "buy" else 1
        if row["price"] is not None and row["quote"] == cash:
            money += sign * number(row["quantity"]) * number(row["price"])
        if row["price"] is not None and row["base"] == cash:
            money -= sign * number(row["quantity"])
    money -= add(number(row["quantity"]) for row in told["fees"] if row["asset"] == cash)
    return {
        "equity": money + held,
        "realized": realized,
        "realized_unmatched": add(number(row["proceeds"]) for row in lost),
        "unrealized": held - cost,
        "income": add(number(row["value"]) for row in told["flows"] if row["kind"] == "income"),
        "fees": add(number(row["value"]) for row in told["fees"] if not row["in_basis"]),
        "flows": add(number(row["value"]) for row in told["flows"] if row["kind"] != "income"),
    }


def test_what_computes_it_again_has_thirty_lines() -> None:
    assert len(inspect.getsource(recompute).splitlines()) <= 30


@pytest.fixture(params=BASIS)
def account(request: Any) -> Any:
    """Make an account in which everything happens."""
    account = make_account(make_user("ada"), fees=request.param)
    imported(
        account,
        transfer(account, "deposit", "5000", "AUD", ago=60 * DAY),
        fill(account, "buy", "1.5", "1000", ago=50 * DAY, fee=Decimal("1.51"), fee_asset="AUD"),
        fill(account, "buy", "0.7", "1333.33", ago=40 * DAY, fee=Decimal("0.001"), fee_asset="BTC"),
        fill(account, "sell", "0.9", "1500", ago=30 * DAY, fee=Decimal("2.5"), fee_asset="AUD"),
        fill(
            account, "buy", "3", "7", ago=29 * DAY, base="ETH", fee=Decimal("0.01"), fee_asset="BTC"
        ),
        fill(account, "buy", "10", "0.05", ago=20 * DAY, base="SOL", quote="BTC"),
        fill(account, "sell", "9", "2", ago=10 * DAY, base="ADA"),
        transfer(account, "income", "0.3", "SOL", ago=9 * DAY),
        transfer(account, "withdrawal", "0.2", "BTC", ago=8 * DAY),
    )
    quoted(
        *(quote("BTC", "1400.5", ago=age * DAY) for age in range(31)),
        quote("SOL", "70.25"),
        quote("SOL", "65", ago=9 * DAY),
    )
    return account


def told_of(account: Any, **options: Any) -> dict[str, Any]:
    """Return an explanation as it is sent: text and nothing else."""
    explained = explain(account.user_id, account.pk, pair=PAIR, **options)
    told: dict[str, Any] = json.loads(json.dumps(ExplanationSerializer(explained).data))
    return told


@pytest.mark.parametrize("method", METHODS)
def test_every_amount_is_what_its_explanation_adds_up_to(account: Any, method: str) -> None:
    report = pnl_of(account.user_id, pair=PAIR, account_id=account.pk, method=method)
    told = told_of(account, method=method)
    with localcontext(CONTEXT):
        for name, value in recompute(told).items():
            assert value == getattr(report, name) == Decimal(told["amounts"][name]), name


@pytest.mark.parametrize("asset", ["BTC", "SOL", "ADA"])
def test_an_assets_share_is_what_its_own_lines_add_up_to(account: Any, asset: str) -> None:
    told = told_of(account, asset=asset)
    with localcontext(CONTEXT):
        again = recompute(told)
        for name in ("realized", "realized_unmatched", "unrealized", "income", "fees", "flows"):
            assert again[name] == Decimal(told["amounts"][name]), name


def test_every_line_names_a_fact_that_can_be_looked_up(account: Any) -> None:
    told = told_of(account)
    ids = {
        row["id"]
        for name in ("entries", "lots", "disposals", "fees", "flows", "prices", "used")
        for row in told[name]
    }
    assert len(ids) > 10
    for written in ids:
        assert find(written, user_id=account.user_id).pk is not None


def test_an_asset_that_was_never_there_and_an_account_of_others_are_refused(account: Any) -> None:
    with pytest.raises(QuestionError, match="never held XRP"):
        told_of(account, asset="XRP")
    stranger = make_user("eve")
    with pytest.raises(LookupError):
        explain(stranger.pk, account.pk, pair=PAIR)


@pytest.mark.parametrize("method", METHODS)
def test_bean_check_accepts_the_file_and_its_gains_are_ours(
    account: Any, method: str, tmp_path: Path
) -> None:
    explained = explain(account.user_id, account.pk, pair=PAIR, method=method)
    path = tmp_path / "account.beancount"
    path.write_text(FORMATS["beancount"](explained))
    done = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    sums: dict[str, Decimal] = {}
    for entry in entries:
        for posting in getattr(entry, "postings", []):
            sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.units.number
    gained = -(sums.get("Income:Gains", Decimal(0)) + sums.get("Income:Unmatched", Decimal(0)))
    ours = explained.amounts["realized"] + explained.amounts["realized_unmatched"]
    assert abs(gained - ours) < Decimal("1e-9")
    assert abs(sums.get("Expenses:Fees", Decimal(0)) - explained.amounts["fees"]) < Decimal("1e-9")
    spoilt = path.read_text().replace("  Income:Gains  -", "  Income:Gains  -1", 1)
    path.write_text(spoilt)
    assert loader.load_file(str(path))[1]


def test_an_accountants_rows_add_up_and_an_unknown_purchase_has_no_date(account: Any) -> None:
    explained = explain(account.user_id, account.pk, pair=PAIR)
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](explained))))
    with localcontext(CONTEXT):
        gained = sum(Decimal(row["gain"]) for row in rows if row["gain"])
    assert gained == explained.amounts["realized"]
    (unknown,) = [row for row in rows if row["kind"] == "unknown_basis"]
    assert (unknown["asset"], unknown["acquired_at"], unknown["cost"]) == ("ADA", "", "")


def test_text_that_a_spreadsheet_would_run_is_quoted(account: Any) -> None:
    imported(
        account,
        fill(account, "sell", "1", "2", ago=DAY, base="=HYPERLINK", venue_id="=cmd"),
    )
    explained = explain(account.user_id, account.pk, pair=PAIR)
    assert "\n=" not in FORMATS["csv"](explained)
    assert "'=HYPERLINK" in FORMATS["csv"](explained)


@pytest.mark.parametrize(
    ("asset", "name"), [("BTC", "BTC"), ("1INCH", "X1INCH"), ("s", "SX"), ("A$B", "A-B")]
)
def test_a_commodity_has_a_name_that_beancount_takes(asset: str, name: str) -> None:
    assert commodity(asset) == name


def test_the_commands_print_and_write(account: Any, tmp_path: Path, capsys: Any) -> None:
    call_command("explain", "--user", "ada", "--account", "main", "--as-of", f"{NOW:%FT%TZ}")
    assert json.loads(capsys.readouterr().out)["currency"] == "AUD"
    out = tmp_path / "main.csv"
    call_command("export", "--user", "ada", "--account", "main", "--out", str(out))
    assert "Wrote" in capsys.readouterr().out
    assert out.read_text().startswith("asset,quantity")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export", "--user", "ada", "--account", "main", "--out", str(tmp_path))
    with pytest.raises(CommandError, match="There is no account"):
        call_command("export", "--user", "ada", "--account", "other")
