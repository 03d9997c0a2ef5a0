"""CoinSpot's private answers: what each row says, what a look proves, and whose it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Looked
from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.exchange.coinspot_private import READ_ONLY
from ledgers.exchange.collectors.coinspot_ro import START
from ledgers.exchange.models import Balance, Fill, Order
from ledgers.exchange.records import FillRecord, OrderRecord, TransferRecord
from ledgers.exchange.tests.private import AT, opened, trade, written
from ledgers.tests.sources import NOW, SAMPLES, parsed, payload, samples_needed

COLLECTOR = collectors["coinspot_ro"]
COMPLETED, OPEN = "/my/orders/completed", "/my/orders/market/open"
MOVED, DEPOSITS, WITHDRAWALS = "/my/sendreceive", "/my/deposits", "/my/withdrawals"


def url(path: str, account_id: int = 7) -> str:
    return f"{READ_ONLY}{path}?account={account_id}"


def parse(path: str, body: bytes | str | None = None, **lists: Any) -> tuple[list, list]:
    written_body = json.dumps({"status": "ok", **lists}) if body is None else body
    return parsed(COLLECTOR, payload(url(path), written_body))


def only_fill(**options: Any) -> FillRecord:
    side = options.pop("side", "buy")
    lists = {"buyorders": [], "sellorders": []} | {f"{side}orders": [trade(**options)]}
    (fill, _), rejects = parse(COMPLETED, **lists)
    assert not rejects
    assert isinstance(fill, FillRecord)
    return fill


def reason(path: str, **lists: Any) -> str:
    records, (reject,) = parse(path, **lists)
    assert not records
    return str(reject.reason)


def test_a_buy_costs_its_total_to_the_cent_and_the_fee_is_in_it() -> None:
    fill = only_fill()
    assert fill.quantity * fill.price + fill.fee == Decimal(1009)
    assert (fill.fee, fill.fee_asset) == (Decimal("9.9933848"), "AUD")
    assert (fill.account_id, fill.event_at, fill.value) == (7, AT, None)
    assert fill.order_id == "6f1f0a0000000000000000a1"
    assert fill.venue_id.startswith("content:")


def test_a_sell_brings_its_total_and_the_fee_was_taken_off() -> None:
    fill = only_fill(
        side="sell",
        rate=149494.38,
        amount=0.003,
        audfeeExGst=4.0771195,
        audGst=0.4077119,
        audtotal=444,
    )
    assert fill.quantity * fill.price - fill.fee == Decimal(444)
    assert (fill.side, fill.fee) == ("sell", Decimal("4.48314"))


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_without_a_rate_the_price_is_what_the_totals_say(side) -> None:
    fill = only_fill(side=side, rate=None, total=None)
    sign = 1 if side == "buy" else -1
    assert fill.quantity * fill.price + sign * fill.fee == Decimal(1009)
    assert abs(fill.fee - Decimal("9.9900661")) < Decimal("1e-12")


def test_a_trade_of_two_coins_has_its_fee_in_the_quote_coin_and_its_worth_in_aud() -> None:
    fill = only_fill(
        market="SOLO/ALGO",
        coin="SOLO",
        rate=0.5,
        amount=100,
        total=50,
        audfeeExGst=0.1,
        audGst=0.01,
        audtotal=11.11,
    )
    assert (fill.base, fill.quote, fill.price, fill.value) == (
        "SOLO",
        "ALGO",
        Decimal("0.5"),
        Decimal("11.11"),
    )
    assert (fill.fee, fill.fee_asset) == (Decimal("0.5"), "ALGO")


def test_coins_have_our_names_and_a_market_without_a_quote_is_in_aud() -> None:
    fill = only_fill(market="ANS")
    assert (fill.base, fill.quote) == ("NEO", "AUD")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"amount": 0}, "not_positive"),
        ({"amount": "NaN"}, "not_finite"),
        ({"rate": -1}, "not_positive"),
        ({"audtotal": None}, "unknown_shape"),
        ({"audtotal": 900}, "totals_disagree"),
        ({"audtotal": 9.5}, "totals_disagree"),
        ({"audtotal": 9.5, "rate": None}, "not_positive"),
        ({"audfeeExGst": -20}, "negative"),
        ({"solddate": "2026-03-18T09:15:21"}, "no_time_zone"),
        ({"solddate": 1604890646143}, "not_a_time"),
        ({"solddate": None}, "unknown_shape"),
        ({"market": "BTC/BTC"}, "same_asset"),
        ({"market": None}, "unknown_shape"),
        ({"market": "SOLO/ALGO", "audGst": None}, "unknown_shape"),
        ({"market": "B T C/AUD"}, "not_a_symbol"),
        ({"market": "ETH/BTC", "rate": None, "total": None}, "no_price"),
        ({"id": 5}, "not_text"),
        ({"amount": "1e70"}, "too_long"),
    ],
)
def test_a_bad_trade_is_rejected_and_the_others_are_kept(options, reason) -> None:
    records, (reject,) = parse(COMPLETED, buyorders=[trade(), trade(**options)], sellorders=[])
    assert [type(record) for record in records] == [FillRecord, OrderRecord]
    assert reject.reason == reason


@pytest.mark.parametrize("row", [None, 5, "x", [], {}])
def test_what_is_no_row_is_rejected(row) -> None:
    for path, lists in (
        (COMPLETED, {"buyorders": [row], "sellorders": []}),
        (OPEN, {"buyorders": [], "sellorders": [row]}),
        ("/my/balances", {"balances": [row]}),
        (DEPOSITS, {"deposits": [row]}),
        (WITHDRAWALS, {"withdrawals": [row]}),
        (MOVED, {"sendtransactions": [row], "receivetransactions": []}),
        ("/my/affiliatepayments", {"payments": [row]}),
    ):
        assert reason(path, **lists) in {"unknown_shape", "not_a_number"}


def test_equal_trades_are_told_apart_whatever_their_order() -> None:
    one, other = trade(id="a"), trade(id="b")
    for rows in ([one, other], [other, one]):
        records, _ = parse(COMPLETED, buyorders=rows, sellorders=[])
        fills = [record for record in records if isinstance(record, FillRecord)]
        assert [fill.order_id for fill in fills] == ["a", "b"]
        assert len({fill.venue_id for fill in fills}) == 2


def test_a_row_that_comes_twice_is_one_trade_if_it_has_an_id() -> None:
    for order_id, count in (("a", 1), (None, 2)):
        records, _ = parse(COMPLETED, buyorders=[trade(id=order_id)] * 2, sellorders=[])
        fills = [record for record in records if isinstance(record, FillRecord)]
        assert (len(fills), len({fill.venue_id for fill in fills})) == (2, count)


def test_a_trade_is_known_by_its_minute_not_its_second() -> None:
    early, late = AT.replace(second=0, microsecond=0), AT.replace(second=59)
    assert only_fill(at=early).venue_id == only_fill(at=late).venue_id
    assert only_fill(at=early + timedelta(minutes=1)).venue_id != only_fill().venue_id


@pytest.mark.parametrize(
    ("kind", "order"), [("instant", ("market", None)), ("market", ("limit", "146267.44"))]
)
def test_an_order_of_the_book_has_a_limit_and_an_instant_one_has_none(kind, order) -> None:
    (_, made), _ = parse(COMPLETED, buyorders=[trade(type=kind)], sellorders=[])
    price = None if made.price is None else str(made.price)
    assert ((made.kind, price), made.status, made.filled) == (order, "filled", made.quantity)


def test_without_an_id_a_trade_is_its_own_order() -> None:
    (fill, order), _ = parse(COMPLETED, buyorders=[trade(id=None)], sellorders=[])
    assert fill.order_id == order.order_id == fill.venue_id


def test_an_open_order_waits_with_its_limit() -> None:
    (order,), _ = parse(OPEN, buyorders=[], sellorders=[opened()])
    assert (order.side, order.kind, order.price, order.quantity, order.filled, order.status) == (
        "sell",
        "limit",
        Decimal(2500),
        Decimal(1),
        Decimal(0),
        "open",
    )


def test_an_open_order_without_an_id_is_rejected() -> None:
    assert reason(OPEN, buyorders=[opened(id="")], sellorders=[]) == "no_id"


def test_balances_are_of_the_moment_of_the_answer_also_zeros() -> None:
    rows = [{"BTC": {"balance": 0.1, "available": 0}}, {"str": {"balance": 0}}]
    made, rejects = parse("/my/balances", balances=rows)
    assert [(each.asset, each.quantity, each.event_at) for each in made] == [
        ("BTC", Decimal("0.1"), NOW),
        ("XLM", Decimal(0), NOW),
    ]
    assert not rejects


def flow(path: str, **lists: Any) -> TransferRecord:
    (record,), rejects = parse(path, **lists)
    assert not rejects
    assert isinstance(record, TransferRecord)
    return record


def test_coins_that_were_sent_and_received() -> None:
    row = {"timestamp": written(AT), "amount": 0.5, "coin": "BTC", "address": "bc1q", "aud": 70000}
    sent = flow(MOVED, sendtransactions=[row | {"sendfee": 0.0001}], receivetransactions=[])
    assert (sent.kind, sent.asset, sent.quantity, sent.value, sent.event_at) == (
        "withdrawal",
        "BTC",
        Decimal("0.5"),
        Decimal(70000),
        AT,
    )
    assert (sent.fee, sent.fee_asset) == (Decimal("0.0001"), "BTC")
    received = flow(MOVED, sendtransactions=[], receivetransactions=[row])
    assert (received.kind, received.fee, received.fee_asset) == ("deposit", Decimal(0), "")
    later = row | {"timestamp": written(AT + timedelta(milliseconds=1))}
    other = flow(MOVED, sendtransactions=[], receivetransactions=[later])
    assert len({each.venue_id for each in (sent, received, other)}) == 3


@pytest.mark.parametrize(
    ("status", "withdrawn"), [("completed", False), ("Pending", True), ("cancelled", True)]
)
def test_money_counts_once_it_has_come_under_the_same_identity(status, withdrawn) -> None:
    row = {"amount": 100, "created": written(AT), "type": "PayID", "reference": "R1"}
    made = flow(DEPOSITS, deposits=[row | {"status": status}])
    done = flow(DEPOSITS, deposits=[row | {"status": "completed"}])
    assert (made.withdrawn, made.venue_id) == (withdrawn, done.venue_id)
    assert (made.kind, made.asset) == ("deposit", "AUD")
    assert made.quantity == made.value == 100
    out = flow(WITHDRAWALS, withdrawals=[row | {"status": status}])
    assert (out.kind, out.withdrawn) == ("withdrawal", withdrawn)


def test_a_status_that_nobody_knows_is_rejected() -> None:
    row = {"amount": 100, "created": written(AT), "status": "teleported"}
    assert reason(DEPOSITS, deposits=[row]) == "unknown_status"


def test_payments_are_income_a_month_or_a_moment() -> None:
    month = flow("/my/affiliatepayments", payments=[{"amount": 12.5, "month": "2026-02"}])
    assert (month.kind, month.asset, month.quantity, month.venue_id) == (
        "income",
        "AUD",
        Decimal("12.5"),
        "affiliate:2026-02",
    )
    assert month.event_at == datetime(2026, 2, 1, tzinfo=UTC)
    row = {"amount": 0.001, "coin": "BTC", "audamount": 10, "timestamp": written(AT)}
    paid = flow("/my/referralpayments", payments=[row])
    assert (paid.kind, paid.asset, paid.value) == ("income", "BTC", Decimal(10))


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (COMPLETED, '{"status": "ok", "buyorders": []}', "no list 'sellorders'"),
        (COMPLETED, '{"status": "ok", "orders": []}', "no list 'buyorders'"),
        (COMPLETED, '{"status": "weird"}', "status 'weird'"),
        (COMPLETED, "[]", "no str 'status'"),
        ("/my/balances", '{"status": "ok", "balances": {}}', "no list 'balances'"),
        ("/my/balances", '{"status": "ok", "bal', "no valid JSON"),
    ],
)
def test_another_shape_is_drift(path, body, says) -> None:
    with pytest.raises(DriftError, match=says):
        parse(path, body)


def test_an_empty_list_says_that_there_is_nothing() -> None:
    body = '{"status": "ok", "message": "ok", "buyorders": [], "sellorders": []}'
    assert COLLECTOR.is_empty(payload(url(COMPLETED), body))
    assert not COLLECTOR.is_empty(payload(url(COMPLETED), body.replace("[]", "[1]")))


def sample(name: str) -> bytes:
    return (SAMPLES / "coinspot" / name).read_bytes()


@samples_needed
@pytest.mark.parametrize(
    ("name", "path", "items", "records"),
    [
        ("private_ro_balances_ccxt.json", "/my/balances", 1, [Balance]),
        ("private_ro_my_transactions_ccxt.json", COMPLETED, 2, [Fill, Order] * 2),
        ("constructed_ro_orders_completed.json", COMPLETED, 3, [Fill, Order] * 3),
    ],
)
def test_of_a_recorded_answer_every_row_is_a_record(name, path, items, records) -> None:
    made, rejects = parse(path, sample(name))
    assert [type(record) for record in made] == [model.record for model in records]
    assert sum(not isinstance(record, OrderRecord) for record in made) == items
    assert rejects == []


@samples_needed
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("private_orders_history_ccxt.json", COMPLETED),
        ("private_v1_my_balances_2019.json", "/my/balances"),
        ("private_v1_error_invalid.json", OPEN),
    ],
)
def test_a_recorded_answer_of_the_old_api_is_drift_and_not_nothing(name, path) -> None:
    with pytest.raises(DriftError):
        parse(path, sample(name))


@samples_needed
def test_the_recorded_trades_have_the_fees_that_sources_md_derived() -> None:
    made, _ = parse(COMPLETED, sample("private_ro_my_transactions_ccxt.json"))
    buy, sell = (record for record in made if isinstance(record, FillRecord))
    assert buy.quantity * buy.price + buy.fee == Decimal(200)
    assert abs(buy.fee - Decimal("1.98019802")) < Decimal("1e-10")
    assert (sell.base, sell.quote, sell.value) == ("SOLO", "ALGO", Decimal("118.7"))
    share = sell.fee / (sell.quantity * sell.price)
    assert abs(share - Decimal("1.19895304") / Decimal("119.89895304")) < Decimal("1e-15")


def looked(
    covered_until: datetime | None, observed_at: datetime, *, is_backfill: bool = False
) -> Looked:
    ask = Ask(scope="7", window=Range(AT, NOW), now=NOW, is_backfill=is_backfill)
    return Looked(
        ask=ask, observed_at=observed_at, covered_until=covered_until, overlaps=False, events=[]
    )


def test_a_look_proves_the_time_since_the_last_one() -> None:
    assert COLLECTOR.covered(looked(None, NOW)) == Range(START, NOW)
    assert COLLECTOR.covered(looked(AT, NOW)) == Range(AT, NOW)
    assert COLLECTOR.covered(looked(NOW, NOW)) is None
    assert COLLECTOR.covered(looked(AT, NOW + timedelta(days=1))) == Range(AT, NOW)
    assert COLLECTOR.covered(looked(None, NOW, is_backfill=True)) is None
