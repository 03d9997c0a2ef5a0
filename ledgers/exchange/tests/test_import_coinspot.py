"""CoinSpot's export: what its columns mean, to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers.exchange.importing.coinspot import parse
from ledgers.exchange.models import Account, Fill, Order
from ledgers.exchange.tests.files import BUY, SELL, SWAP, imported, text, written
from ledgers.exchange.tests.parsing import cells_of, reason_of, setting
from ledgers.reading import pair


def parsed(line: str, **options):
    entry, _ = parse(cells_of(line), setting(**options))
    return entry


def test_a_buys_total_includes_the_fee() -> None:
    fill = parsed(BUY)
    assert (fill.side, fill.base, fill.quote) == ("buy", "ALGO", "AUD")
    assert fill.quantity == Decimal("792.07920792")
    assert fill.price == Decimal("0.25")
    assert fill.quantity * fill.price + fill.fee == Decimal("200.00")
    assert fill.fee == Decimal("1.98019802")
    assert fill.fee_asset == "AUD"
    assert fill.value is None


def test_a_sells_total_is_net_of_the_fee() -> None:
    fill = parsed(SELL)
    assert (fill.side, fill.quantity) == ("sell", Decimal(1000))
    assert fill.price == Decimal("0.11989895")
    assert fill.quantity * fill.price - fill.fee == Decimal("118.70")
    assert abs(fill.fee - Decimal("1.19895304")) < Decimal("0.005")


def test_a_swap_is_told_in_its_quote_coin_and_keeps_its_worth_in_aud() -> None:
    fill = parsed(SWAP)
    assert (fill.base, fill.quote, fill.fee, fill.fee_asset) == (
        "SOLO",
        "ALGO",
        Decimal("0.5"),
        "ALGO",
    )
    assert fill.quantity * fill.price + fill.fee == 50
    assert fill.value == Decimal("12.40")


def test_a_swap_whose_total_is_in_aud_alone_goes_by_rate_and_fee() -> None:
    fill = parsed(SWAP.replace("50 ALGO", "12.40 AUD"))
    assert (fill.price, fill.fee) == (Decimal("0.495"), Decimal("0.5"))
    assert fill.value == Decimal("12.40")


def test_a_swaps_fee_in_aud_is_compared_as_the_total_is_converted() -> None:
    fill = parsed(SWAP.replace("0.5 ALGO,0.12 AUD", "0.124 AUD,0.124 AUD"))
    assert fill.fee == Decimal("0.5")
    assert reason_of(parse, SWAP.replace("0.5 ALGO,0.12", "9 AUD,9")) == "totals_disagree"


def test_a_total_rounded_below_the_money_leaves_no_fee_and_the_exact_total() -> None:
    line = "18/03/2026,Buy,BTC/AUD,3,1.1111,1.1111,0,0,0,3.33,3.33"
    fill = parsed(line)
    assert (fill.fee, fill.fee_asset) == (0, "")
    assert fill.price == Decimal("1.11")


@given(
    quantity=st.decimals("0.00000001", 10_000, places=8),
    rate=st.decimals("0.0001", 200_000, places=6),
    permille=st.integers(0, 10),
    side=st.sampled_from(["Buy", "Sell"]),
)
def test_what_was_paid_or_got_is_always_the_total(quantity, rate, permille, side) -> None:
    fee = (quantity * rate * permille / 1000).quantize(Decimal("0.00000001"))
    sign = 1 if side == "Buy" else -1
    total = (quantity * rate + sign * fee).quantize(Decimal("0.01"))
    if total <= 0:
        return
    line = f"18/03/2026 09:15,{side},BTC/AUD,{quantity},{rate},{rate},{fee},{fee},0,{total},{total}"
    fill = parsed(line)
    assert fill.fee >= 0
    difference = abs(fill.quantity * fill.price + sign * fill.fee - total)
    assert difference == 0 if fill.fee else difference <= Decimal("1e-20")
    assert abs(fill.fee - fee) <= Decimal("0.01")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("18/03/2026 09:15 AM", "2026-03-17T22:15:00"),
        ("18/03/2026 9:15 PM", "2026-03-18T10:15:00"),
        ("18/03/2026 21:15 PM", "2026-03-18T10:15:00"),
        ("18/03/2026 21:15", "2026-03-18T10:15:00"),
        ("18/03/2026 21:15:30", "2026-03-18T10:15:30"),
        ("18/06/2026 12:00 PM", "2026-06-18T02:00:00"),
        ("18/06/2026", "2026-06-17T14:00:00"),
        ("2026-06-18 12:00:00", "2026-06-18T02:00:00"),
        ("2026-06-18T12:00:00Z", "2026-06-18T12:00:00"),
        ("05/04/2026 02:30 AM", "2026-04-04T15:30:00"),
    ],
)
def test_times_are_melbournes_and_the_repeated_hour_is_its_first(written, moment) -> None:
    fill = parsed(BUY.replace("18/03/2026 09:15 AM", written))
    assert fill.event_at == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_another_zone_can_be_given() -> None:
    fill = parsed(BUY, zone="UTC")
    assert fill.event_at == datetime(2026, 3, 18, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Buy", "Gift", "unknown_type"),
        ("792.07920792 ALGO", "0 ALGO", "not_positive"),
        ("792.07920792 ALGO", "-1", "not_positive"),
        ("792.07920792 ALGO", "792.07920792 BTC", "other_unit"),
        ("792.07920792 ALGO", "NaN", "not_a_number"),
        ("792.07920792 ALGO", "1.2.3", "not_a_number"),
        ("792.07920792 ALGO", "7" * 70, "too_long"),
        ("792.07920792 ALGO", "1" * 300, "not_a_number"),
        ("792.07920792 ALGO", "1e99999999", "too_long"),
        ("792.07920792 ALGO", '"79,20"', "doubtful_number"),
        ("ALGO/AUD", "AUD/AUD", "same_asset"),
        ("ALGO/AUD", "AL GO/AUD", "not_a_symbol"),
        ("18/03/2026 09:15 AM", "31/02/2026 09:15 AM", "not_a_time"),
        ("18/03/2026 09:15 AM", "04/10/2026 02:30 AM", "no_such_time"),
        ("18/03/2026 09:15 AM", "18/03/1999 09:15 AM", "implausible_time"),
        ("200.00 AUD,200.00 AUD", "200.00 AUD,240.00 AUD", "totals_disagree"),
        ("200.00 AUD,200.00 AUD", "240.00 AUD,240.00 AUD", "totals_disagree"),
        ("200.00 AUD,200.00 AUD", "200.00 AUD,200.00 ETH", "other_unit"),
        ("1.98019802 AUD,1.98019802 AUD", "1.98 AUD,-1.98 AUD", "negative"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named(old, new, reason) -> None:
    assert old in BUY
    assert reason_of(parse, BUY.replace(old, new, 1)) == reason


def test_with_semicolons_a_comma_is_doubtful_also_among_thousands() -> None:
    assert parsed(SELL).quantity == 1000
    assert reason_of(parse, SELL, has_semicolons=True) == "doubtful_number"


def test_an_old_symbol_is_the_assets_own() -> None:
    fill = parsed(BUY.replace("ALGO/AUD", "STR/AUD").replace(" ALGO", " XLM"))
    assert fill.base == "XLM"


def test_an_imported_fill_creates_its_order(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(BUY, SELL, SWAP)))
    account = Account.objects.get()
    assert (account.name, account.venue, account.base_currency) == ("CoinSpot", "coinspot", "AUD")
    fills = {fill.order_id: fill for fill in Fill.objects.at(pair()).for_account(account.pk)}
    orders = list(Order.objects.at(pair()).for_account(account.pk))
    assert len(orders) == len(fills) == 3
    for order in orders:
        fill = fills[order.order_id]
        assert fill.venue_id.startswith("content:")
        assert (order.status, order.kind) == ("filled", "market")
        assert order.quantity == order.filled == fill.quantity
        assert (order.side, order.base, order.quote) == (fill.side, fill.base, fill.quote)
        assert order.event_at == fill.event_at
