"""The plain format: one line an entry."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledgers.exchange.importing.omc import COLUMNS, parse
from ledgers.exchange.models import Account, Fill, Order, Transfer
from ledgers.exchange.tests.files import OMC, TRADES, imported, text, written
from ledgers.exchange.tests.parsing import cells_of, reason_of, setting


def parsed(line: str):
    entry, _ = parse(cells_of(line, COLUMNS), setting())
    return entry


def test_a_trade_is_read_to_the_last_digit() -> None:
    line = "2026-03-18T09:15:00.25+11:00,BUY,xbt,aud,0.000000000000000001,1e-7,0.1,ETH,x"
    fill = parsed(line)
    assert fill.event_at == datetime(2026, 3, 17, 22, 15, 0, 250_000, tzinfo=UTC)
    assert (fill.side, fill.base, fill.quote) == ("buy", "BTC", "AUD")
    assert (fill.quantity, fill.price) == (Decimal("1e-18"), Decimal("1e-7"))
    assert (fill.fee, fill.fee_asset) == (Decimal("0.1"), "ETH")
    assert fill.venue_id == fill.order_id == "x"


def test_income_is_worth_its_price_in_the_accounts_currency() -> None:
    assert parsed(TRADES[2]).value == Decimal(10)
    assert parsed(TRADES[2].replace("AUD", "USD")).value is None
    assert parsed(TRADES[2].replace(",200,", ",,")).value is None
    assert parsed(TRADES[2].replace("AUD", "")).value == Decimal(10)


def test_money_is_worth_itself_and_a_withdrawal_may_cost_a_fee() -> None:
    assert parsed(TRADES[3]).value == Decimal(100_000)
    gone = parsed(TRADES[4])
    assert (gone.kind, gone.asset, gone.value) == ("withdrawal", "BTC", None)
    assert (gone.fee, gone.fee_asset) == (Decimal("0.0001"), "BTC")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2026-03-18T10:15:00Z", "2026-03-18T10:15:00", "no_time_zone"),
        ("2026-03-18T10:15:00Z", "18/03/2026", "not_a_time"),
        ("sell", "stake", "unknown_side"),
        ("BTC,AUD", "AUD,AUD", "same_asset"),
        ("BTC,AUD", "BTC,", "not_a_symbol"),
        ("0.1,141000", "0,141000", "not_positive"),
        ("0.1,141000", "-0.1,141000", "not_positive"),
        ("0.1,141000", "0.1,0", "not_positive"),
        ("0.1,141000", "0.1,", "not_a_number"),
        ("0.1,141000", "Infinity,141000", "not_a_number"),
        ("0.1,141000", f"0.{'1' * 70},141000", "too_long"),
        ("0.1,141000", "0.1 BTC,141000", "not_a_number"),
        ("14.1,AUD", "-14.1,AUD", "negative"),
        ("14.1,AUD", "14.1,", "no_fee_asset"),
        ("t2", "t" * 101, "too_long"),
        ("t2", "content:1", "reserved_id"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named(old, new, reason) -> None:
    assert old in TRADES[1]
    assert reason_of(parse, TRADES[1].replace(old, new, 1), COLUMNS) == reason


def test_a_value_too_long_to_keep_is_rejected() -> None:
    digits = "9" * 59
    line = TRADES[2].replace("0.05", digits).replace("200", digits)
    assert reason_of(parse, line, COLUMNS) == "too_long"


def test_each_line_becomes_what_it_says(ledger, capsys, tmp_path) -> None:
    told = imported(capsys, written(tmp_path, text(*TRADES, header=OMC)), form="omc")
    account = Account.objects.get()
    assert (account.name, account.venue) == ("Imported", "omc")
    assert (told["fills"], told["orders"], told["transfers"]) == (2, 2, 3)
    assert {one.order_id for one in Order.objects.for_account(account.pk)} == {"t1", "t2"}
    first, second = Fill.objects.for_account(account.pk).order_by("event_at")
    assert (first.price, second.fee) == (Decimal("140000.10"), Decimal("14.1"))
    kinds = {one.kind for one in Transfer.objects.for_account(account.pk)}
    assert kinds == {"income", "deposit", "withdrawal"}


def test_a_line_without_an_id_is_known_by_its_content(ledger, capsys, tmp_path) -> None:
    line = TRADES[1].removesuffix("t2")
    path = written(tmp_path, text(line, line, TRADES[3].removesuffix("t4"), header=OMC))
    told = imported(capsys, path, form="omc")
    assert (told["fills"], told["transfers"], told["rejected"]) == (2, 1, 0)
    again = imported(capsys, path, form="omc")
    assert (again["new"], again["duplicate"]) == (0, 3)
