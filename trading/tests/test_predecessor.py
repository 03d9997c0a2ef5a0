"""Twelve defects that a predecessor had, each by its name, where a person would have met it.

The way is the whole one wherever it was: a file through the importer, an order through the guard
and the paper venue, and the answers of the command and of the API.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from ledgers.exchange.models import Account, Fill, Order
from ledgers.glass.models import Quote
from ledgers.reading import clock, pair
from trading.core.cases import Code
from trading.core.lots import METHODS
from trading.core.ordering import State
from trading.explaining import explain
from trading.models import OrderIntent
from trading.orders import send, settle, submit
from trading.services import pnl_of
from trading.tests import market
from trading.tests.factories import DAY, make_user
from trading.tests.files import ask, ask_api, bid_now, client_of, import_lines

pytestmark = pytest.mark.usefixtures("ledger")
D = Decimal
AMOUNTS = ("equity", "flows", "realized", "realized_unmatched", "unrealized", "income", "fees")
ORDERS = "/api/v1/trading/orders/"
SECOND = timedelta(seconds=1)
TWO_LOTS = (
    "2026-01-01T00:00:00Z,deposit,AUD,,1000,,,,d1",
    "2026-01-02T00:00:00Z,buy,BTC,AUD,1,100,,,f1",
    "2026-01-03T00:00:00Z,buy,BTC,AUD,1,200,,,f2",
    "2026-01-04T00:00:00Z,sell,BTC,AUD,1,300,,,f3",
)


def total(told: dict[str, Any]) -> Decimal:
    """Add up all that was gained or lost, by whatever name."""
    gained = (D(told[name]) for name in AMOUNTS[2:6])
    return sum(gained, D(0)) - D(told["fees"])


@pytest.mark.parametrize("method", METHODS)
def test_defect_1_realized_by_fifo_and_unrealized_by_average_are_never_mixed(
    tmp_path: Any, method: str
) -> None:
    """Bought for 100 and for 200, one sold for 300, the other marked at 300: 300 was gained.

    Realized by FIFO (200) and unrealized by average (150) made it 350.
    """
    import_lines(tmp_path, TWO_LOTS)
    bid_now(BTC="300")
    realized = {"fifo": 200, "lifo": 100, "hifo": 100, "lofo": 200, "average": 150}[method]
    for told in (ask("--method", method), ask_api(method=method)):
        assert told["method"] == method
        parts = (D(told["realized"]), D(told["unrealized"]))
        assert parts == (D(realized), D(300 - realized))
        assert total(told) == 300 == D(told["equity"]) - D(told["flows"])


@pytest.mark.parametrize("policy", ["basis", "separate"])
@pytest.mark.parametrize(
    ("fee", "sold"), [("5,AUD", "1"), ("0.05,BTC", "0.95"), ("0.5,ETH", "1")], ids=str
)
def test_defect_2_a_fee_is_never_ignored_in_whatever_asset_it_was_paid(
    tmp_path: Any, policy: str, fee: str, sold: str
) -> None:
    """Whichever coin pays 5 AUD of fee, 5 AUD less are gained than without any."""
    lines = (
        "2026-01-01T00:00:00Z,deposit,AUD,,1000,,,,d1",
        "2026-01-02T00:00:00Z,buy,ETH,AUD,10,10,,,f1",
        f"2026-01-03T00:00:00Z,buy,BTC,AUD,1,100,{fee},f2",
        f"2026-01-04T00:00:00Z,sell,BTC,AUD,{sold},100,,,f3",
    )
    bid_now(clock() - _at("2026-01-03") + SECOND, ETH="10")
    bid_now(ETH="10")
    import_lines(tmp_path, lines, "--fees", policy)
    for told in (ask(), ask_api()):
        assert total(told) == D(-5)
        assert D(told["fees"]) + D(told["fees_in_basis"]) == 5
        assert D(told["fees" if policy == "separate" else "fees_in_basis"]) == 5
        assert told["complete"] is True


def test_defect_3_units_that_were_sold_and_never_bought_do_not_vanish(tmp_path: Any) -> None:
    lines = (
        "2026-01-02T00:00:00Z,buy,BTC,AUD,1,100,,,f1",
        "2026-01-04T00:00:00Z,sell,BTC,AUD,3,300,,,f2",
    )
    import_lines(tmp_path, lines)
    bid_now(BTC="300")
    for told in (ask("--by", "asset"), ask_api(by="asset")):
        assert told["unmatched"] == {"BTC": "2"}
        assert (told["realized"], told["realized_unmatched"]) == ("200", "600")
        assert told["complete"] is False
        line = next(line for line in told["by"] if line["key"] == "BTC")
        assert (line["realized_unmatched"], line["equity"]) == ("600", "0")


def test_defect_4_a_purchase_without_a_price_is_never_booked_at_no_cost(tmp_path: Any) -> None:
    """A file that does not tell the price of a purchase tells nothing that could be booked."""
    lines = (*TWO_LOTS, "2026-01-05T00:00:00Z,buy,BTC,AUD,7,,,,f9")
    told = import_lines(tmp_path, lines)
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [(6, "not_a_number")]
    zero = import_lines(tmp_path, [lines[-1].replace(",7,,", ",7,0,"), TWO_LOTS[0]])
    assert [one["reason"] for one in zero["rejects"]] == ["not_positive"]
    bid_now(BTC="300")
    assert (total(ask()), ask()["fills"]) == (D(300), 3)


def test_defect_4_a_market_purchase_costs_what_the_market_asked_and_is_guarded_at_that() -> None:
    """The predecessor looked at a market order as if a coin were worth 1."""
    account = market.paper_account()
    market.quote("990", "1000")
    too_large = submit(account.pk, market.wish(quantity="0.6"), actor="ada", now=timezone.now())
    assert (too_large.state, too_large.code) == (State.DENIED, Code.MAX_ORDER)
    _filled(account, market.wish(quantity="0.1"), bid="993", ask="1003")
    (holding,) = [one for one in _report(account).holdings if one.asset == "BTC"]
    assert holding.cost == D("100.3") * D("1.001")
    assert _report(account).unrealized == D("99.3") - holding.cost


def test_defect_5_parts_of_an_order_count_as_they_are_filled_and_once(settings: Any) -> None:
    settings.OMC_PAPER_CAP = D(40)
    account = market.paper_account()
    market.quote("990", "1000")
    intent = _sent(account, market.wish(quantity="0.1"))
    for minute, held in ((1, "0.04"), (2, "0.08"), (3, "0.1")):
        at = intent.created_at + minute * 61 * SECOND
        market.quote("990", "1000", at=at)
        for _ in range(2):
            assert settle(intent.pk, now=at).filled == D(held)
        assert _held(account, at=at) == D(held)
    (order,) = Order.objects.for_account(account.pk).at(pair())
    assert (order.status, order.filled) == ("filled", D("0.1"))


def test_defect_5_what_was_filled_before_a_cancel_stays(settings: Any) -> None:
    settings.OMC_PAPER_CAP = D(40)
    account = market.paper_account()
    market.quote("990", "1000")
    intent = _sent(account, market.wish(quantity="0.1"))
    at = intent.created_at + 61 * SECOND
    market.quote("990", "1000", at=at)
    settle(intent.pk, now=at)
    client = client_of(account.user.username)
    assert client.post(f"{ORDERS}{intent.pk}/cancel/").json()["state"] == State.CANCELLED
    assert client.get(f"{ORDERS}{intent.pk}/").json()["filled"] == "0.04"
    assert _held(account, at=at) == D("0.04")


@pytest.mark.parametrize("method", METHODS)
def test_defect_6_no_day_counts_twice_and_none_is_lost(tmp_path: Any, method: str) -> None:
    """Trades on the last and the first instant of a day, and two in one instant."""
    lines = (
        "2026-01-01T23:59:59.999999Z,buy,BTC,AUD,2,100,1,AUD,f1",
        "2026-01-02T00:00:00Z,sell,BTC,AUD,1,130,1,AUD,f2",
        "2026-01-02T00:00:00Z,buy,BTC,AUD,1,90,0.5,AUD,f3",
        "2026-01-02T23:59:59.999999Z,income,ETH,AUD,2,50,,,i1",
        "2026-01-04T11:00:00+11:00,sell,BTC,AUD,3,150,,,f4",
        "2026-01-06T00:00:00Z,withdrawal,AUD,,100,,2,AUD,w1",
    )
    import_lines(tmp_path, lines)
    bid_now(BTC="160", ETH="40")
    day = ask("--method", method, "--by", "day")
    for told in (day, ask_api(method=method, by="day")):
        keys = [line["key"] for line in told["by"]]
        assert len(keys) == len(set(keys))
        assert keys[:2] == ["2026-01-01", "2026-01-02"]
        for name in AMOUNTS:
            assert sum(D(line[name]) for line in told["by"]) == D(told[name]), name
        moved = {line["key"]: line for line in told["by"] if D(line["flows"])}
        assert set(moved) <= {"2026-01-01", "2026-01-06"}
        sold = {line["key"] for line in told["by"] if D(line["realized"])}
        assert sold == {"2026-01-02", "2026-01-04"}


def test_defect_7_a_price_that_is_400_days_old_is_none(tmp_path: Any) -> None:
    import_lines(tmp_path, [line for line in TWO_LOTS if "sell" not in line])
    bid_now(400 * DAY, BTC="99999")
    assert Quote.objects.count() == 1
    for told in (ask(), ask_api()):
        assert (told["missing"], told["complete"]) == (["BTC"], False)
        assert (told["equity"], told["unrealized"], told["prices"]) == ("1000", "0", [])


def test_defect_7_no_order_is_placed_at_a_price_that_is_400_days_old() -> None:
    account = market.paper_account()
    market.quote("990", "1000", at=timezone.now() - 400 * DAY)
    for limit in (None, "1000"):
        denied = submit(account.pk, market.wish(limit=limit), actor="ada", now=timezone.now())
        assert (denied.state, denied.code) == (State.DENIED, Code.STALE_MARK)


def test_defect_8_an_asset_without_a_price_is_in_the_total_and_named(tmp_path: Any) -> None:
    lines = (*TWO_LOTS, "2026-01-05T00:00:00Z,buy,WXYZ,AUD,5,50,,,f4")
    import_lines(tmp_path, lines)
    bid_now(BTC="300")
    for told in (ask("--by", "asset"), ask_api(by="asset")):
        assert (told["missing"], told["complete"]) == (["WXYZ"], False)
        assert D(told["equity"]) == 1000 - 300 + 300 - 250 + 300 + 250
        assert total(told) == 300
        line = next(line for line in told["by"] if line["key"] == "WXYZ")
        assert (line["equity"], line["unrealized"]) == ("250", "0")


def test_defect_9_counts_and_sums_are_of_the_same_entries(tmp_path: Any) -> None:
    """Counted in one query and summed in another, a summary told 4 trades and the sum of 3.

    Whatever is asked for, what is counted is what is summed; what is imported in between is in
    neither, and the same pair answers the same for ever.
    """
    import_lines(tmp_path, TWO_LOTS, "--account", "one")
    import_lines(tmp_path, TWO_LOTS[:2], "--account", "two")
    bid_now(BTC="300")
    one, two = Account.objects.order_by("name")
    seen = pair()
    questions: list[dict[str, Any]] = [
        {"account_id": one.pk},
        {"account_id": two.pk},
        {"account_id": one.pk, "at": _at("2026-01-03")},
        {"account_id": one.pk, "by": "day"},
    ]
    before = [pnl_of(one.user_id, pair=seen, **question) for question in questions]
    whole = pnl_of(one.user_id, pair=seen)
    later = "2026-01-03T00:00:00Z,buy,BTC,AUD,1,5,,,f8"
    import_lines(tmp_path, [later], "--account", "one")
    assert [pnl_of(one.user_id, pair=seen, **question) for question in questions] == before
    assert [report.fills for report in before] == [3, 1, 2, 3]
    assert whole.fills == before[0].fills + before[1].fills
    assert whole.transfers == before[0].transfers + before[1].transfers
    for question, report in zip(questions, before, strict=True):
        parts = {name: question[name] for name in question if name != "by"}
        told = explain(one.user_id, parts["account_id"], pair=seen, at=parts.get("at"))
        assert len(told.entries) == report.fills + report.transfers
    assert pnl_of(one.user_id, pair=pair(), account_id=one.pk).fills == 4


def test_defect_10_a_portfolio_is_worth_what_one_would_get_for_it_and_not_what_it_cost(
    tmp_path: Any,
) -> None:
    import_lines(tmp_path, TWO_LOTS)
    for ago, bid, worth in ((1, "250", 250), (0, "40", 40)):
        bid_now(timedelta(minutes=ago), BTC=bid)
        for told in (ask(), ask_api()):
            assert D(told["equity"]) == 1000 + worth
            assert D(told["unrealized"]) == worth - 200
        row = _position("BTC")
        assert (D(row["value"]), D(row["cost"])) == (D(worth), D(200))


COINSPOT_BUY = (
    "18/01/2026 09:15 AM,Buy,ALGO/AUD,792.07920792 ALGO,0.2525 AUD,0.25 AUD,"
    "1.98019802 AUD,1.98019802 AUD,0.18001800 AUD,200.00 AUD,200.00 AUD"
)


def test_defect_11_a_quantity_is_in_coins_whichever_way_it_came(tmp_path: Any) -> None:
    """In a file of CoinSpot, in one of ours, and in an order, market or limit, buy or sell."""
    import_lines(tmp_path, [COINSPOT_BUY], form="coinspot")
    line = "2026-01-19T00:00:00Z,buy,ALGO,AUD,792.07920792,0.25,1.98019802,AUD,x1"
    import_lines(tmp_path, [line], user="bob")
    for user in ("ada", "bob"):
        (order,) = Order.objects.of_everyone().filter(account__user__username=user)
        (fill,) = Fill.objects.of_everyone().filter(account__user__username=user)
        assert order.quantity == order.filled == fill.quantity == D("792.07920792")
        assert _position("ALGO", user)["quantity"] == "792.07920792"


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("limit", [None, "1000"])
def test_defect_11_an_order_is_counted_in_coins_from_the_wish_to_the_fill(
    side: str, limit: str | None
) -> None:
    account = market.paper_account()
    market.bought(account, "1", "900")
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    market.quote("1000", "1000", at=midnight)
    market.quote("1000", "1000")
    asked = {"account": account.pk, "client_id": "one", "side": side, "base": "BTC"}
    body = {**asked, "quantity": "0.25", "limit": limit}
    client = client_of(account.user.username)
    made = client.post(ORDERS, body, format="json").json()
    assert (made["state"], made["quantity"]) == ("accepted", "0.25")
    intent = OrderIntent.objects.get(pk=made["id"])
    send(intent.pk, now=intent.created_at)
    at = intent.created_at + 61 * SECOND
    market.quote("1000", "1000", at=at)
    assert settle(intent.pk, now=at).filled == D("0.25")
    order = Order.objects.for_account(account.pk).at(pair()).get()
    fill = Fill.objects.for_account(account.pk).at(pair()).get(order_id=order.order_id)
    assert order.quantity == order.filled == fill.quantity == D("0.25")
    assert _held(account, at=at) == (D("1.25") if side == "buy" else D("0.75"))


def test_defect_12_no_order_passes_because_there_is_no_portfolio() -> None:
    """An account without an entry, a limit, a price or a switch is guarded like any other."""
    market.quote("990", "1000")
    empty = market.paper_account("0")
    client = client_of(empty.user.username)
    for number, (side, limit) in enumerate(
        [("buy", None), ("buy", "1000"), ("sell", None), ("sell", "990")]
    ):
        asked = {"account": empty.pk, "client_id": f"n{number}", "side": side, "base": "BTC"}
        made = client.post(ORDERS, {**asked, "quantity": "0.1", "limit": limit}, format="json")
        assert (made.json()["state"], made.json()["code"]) == ("denied", Code.BALANCE)


def test_defect_12_an_account_without_limits_of_its_own_has_the_defaults() -> None:
    market.quote("990", "1000")
    rich = market.paper_account("1000000")
    denied = submit(rich.pk, market.wish(quantity="0.6"), actor="ada", now=timezone.now())
    assert (denied.state, denied.code) == (State.DENIED, Code.MAX_ORDER)


def test_defect_12_without_an_account_there_is_no_order() -> None:
    make_user("ada")
    asked = {"account": 1, "client_id": "one", "side": "buy", "base": "BTC", "quantity": "1"}
    assert client_of().post(ORDERS, asked, format="json").status_code == 404
    assert not OrderIntent.objects.exists()


def _at(day: str) -> Any:
    return timezone.datetime.fromisoformat(f"{day}T00:00:00+00:00")


def _position(asset: str, user: str = "ada") -> dict[str, Any]:
    rows = client_of(user).get("/api/v1/trading/positions/").json()["results"]
    (row,) = (row for row in rows if row["asset"] == asset)
    found: dict[str, Any] = row
    return found


def _sent(account: Account, wanted: Any) -> OrderIntent:
    now = timezone.now()
    intent = submit(account.pk, wanted, actor="ada", now=now)
    assert intent.state == State.ACCEPTED, intent.reason
    return send(intent.pk, now=now)


def _filled(account: Account, wanted: Any, *, bid: str, ask: str) -> OrderIntent:
    intent = _sent(account, wanted)
    at = intent.created_at + 61 * SECOND
    market.quote(bid, ask, at=at)
    filled = settle(intent.pk, now=at)
    assert filled.state == State.FILLED
    return filled


def _report(account: Account, at: Any = None) -> Any:
    """Ask what is known now; the quotes and fills of the minute to come are known already."""
    seen = pair()
    moment = at or timezone.now() + 61 * SECOND
    ahead = type(seen)(as_of=max(seen.as_of, moment), horizon=seen.horizon)
    return pnl_of(account.user_id, pair=ahead, account_id=account.pk, at=moment)


def _held(account: Account, *, at: Any) -> Decimal:
    return sum((one.quantity for one in _report(account, at).holdings if one.asset == "BTC"), D(0))
