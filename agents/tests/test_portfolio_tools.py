"""What a user holds and has earned: trading's own numbers, each with the rows behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import books
from agents.drafting import drafted
from agents.evidence import evidence_of
from agents.grounding import ground
from agents.plans import Step
from agents.results import Result, State, Window
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from agents.tools.registry import Context, tools
from ledgers.exchange.models import Fill, Transfer
from ledgers.exchange.records import FillRecord, TransferRecord
from ledgers.public_ids import find
from ledgers.reading import pair
from trading.services import pnl_of

pytestmark = pytest.mark.usefixtures("ledger")
WEEK = Window(start=NOW - 7 * DAY, end=NOW)


def fill(  # a fill has so many parts
    account: Any, number: int, side: str, base: str, quantity: str, price: str, **more: Any
) -> FillRecord:
    """Make a fill `number` hours before NOW, but for the days that `days` adds."""
    at = NOW - more.pop("days", 0) * DAY - number * make.HOUR
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "account_id": account.pk,
        "venue_id": f"fill {number} {base} {side}",
        "order_id": "",
        "side": side,
        "base": base,
        "quote": "AUD",
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "fee": Decimal("1.5"),
        "fee_asset": "AUD",
    }
    return FillRecord(**{**values, **more})


def deposit(account: Any, quantity: str) -> TransferRecord:
    """Make a deposit of money, sixty days before NOW."""
    at = NOW - 60 * DAY
    return TransferRecord(
        event_at=at, published_at=at, account_id=account.pk, venue_id="deposit", kind="deposit",
        asset="AUD", quantity=Decimal(quantity), fee=Decimal(0), fee_asset="",
        value=Decimal(quantity), match="",
    )  # fmt: skip


@pytest.fixture
def alice(django_user_model: Any) -> Any:
    """Make a user with two accounts, a few trades in each, and prices; and another user."""
    user = django_user_model.objects.create_user("alice")
    main, paper = make.make_account(user), make.make_account(user, "paper")
    trade(main, [
        fill(main, 1, "buy", "BTC", "0.5", "60000", days=40),
        fill(main, 2, "buy", "ADA", "1000", "0.5", days=30),
        fill(main, 3, "sell", "ADA", "400", "0.9", days=20),
        fill(main, 4, "sell", "BTC", "0.1", "70000", days=2),
    ])  # fmt: skip
    trade(paper, [fill(paper, 1, "buy", "BTC", "0.25", "61000", days=10)])
    other = django_user_model.objects.create_user("mallory")
    theirs = make.make_account(other)
    trade(theirs, [fill(theirs, 1, "buy", "XRP", "777777", "1", days=3)])
    quotes = [make.quote("BTC", "64500.25"), make.quote("ADA", "0.75"), make.quote("XRP", "2")]
    make.covered(make.quotes(quotes), NOW - DAY)
    return user


def trade(account: Any, fills: list[FillRecord]) -> None:
    """Store a deposit and fills of an account that was looked at all along."""
    run = make.make_feed(f"import_omc/{account.pk}", "exchange", every=None)
    make.store(Transfer, [deposit(account, "50000")], run, observed_at=NOW)
    make.store(Fill, fills, run, observed_at=NOW)
    make.covered(run, NOW - 90 * DAY)


def read(name: str, user: Any, window: Window | None = None, **args: Any) -> Any:
    """Call a tool as of NOW."""
    context = Context(pair=pair(NOW), window=window, user_id=user.pk)
    return tools[name].call(args, context)


def said(name: str, result: Result, **args: Any) -> list[str]:
    """Return the planner's sentences about a result; all of them must be borne out."""
    step = Step(tool=name, args=args)
    evidence = evidence_of([step], [result])
    checked = ground(drafted([step], [result], evidence), evidence)
    assert checked.withheld == ()
    return list(checked.kept)


def test_positions_are_those_of_the_pnl_report_over_all_accounts(alice: Any) -> None:
    found = read("get_positions", alice)
    report = pnl_of(alice.pk, pair=pair(NOW), by="asset")
    held: dict[str, Decimal] = {}
    for one in report.holdings:
        held[one.asset] = held.get(one.asset, Decimal(0)) + one.quantity
    assert {one.symbol: one.quantity for one in found.positions} == held
    assert found.total == report.equity
    assert found.state == State.VALUE
    assert [one.symbol for one in found.positions] == ["AUD", "BTC", "ADA"]


def test_a_position_names_the_rows_it_was_made_of_and_the_price_it_stands_at(alice: Any) -> None:
    found = read("get_positions", alice, symbol="BTC")
    (btc,) = found.positions
    assert btc.quantity == Decimal("0.65")
    assert btc.price == Decimal("64500.25")
    assert {find(one, user_id=alice.pk).base for one in btc.entries} == {"BTC"}
    assert len(btc.entries) == 3
    assert find(btc.price_id).bid == btc.price
    assert {row.id for row in found.rows} == {*btc.entries, btc.price_id}


def test_what_is_held_is_said_with_its_price_and_its_worth(alice: Any) -> None:
    args = {"symbol": "BTC"}
    (sentence,) = said("get_positions", read("get_positions", alice, **args), **args)
    assert "0.65 BTC" in sentence
    assert "64500.25 AUD" in sentence
    assert "41925.16" in sentence


def test_what_was_held_is_told_as_of_the_end_of_the_window(alice: Any) -> None:
    before = Window(start=NOW - 35 * DAY, end=NOW - 25 * DAY)
    held = {one.symbol: one.quantity for one in read("get_positions", alice, before).positions}
    assert held["BTC"] == Decimal("0.5")
    assert held["ADA"] == Decimal(1000)


@pytest.mark.parametrize("name", ["get_positions", "get_pnl"])
@pytest.mark.parametrize("window", [None, WEEK, Window(start=NOW - 35 * DAY, end=NOW - 25 * DAY)])
def test_everything_that_is_said_is_borne_out_and_dated(
    alice: Any, name: str, window: Window | None
) -> None:
    *_, last = said(name, read(name, alice, window))
    until = window.end if window else NOW
    assert "All your holdings come to" in last
    assert f"at {until:%Y-%m-%d %H:%M} UTC" in last


def test_the_result_is_that_of_the_pnl_report(alice: Any) -> None:
    found = read("get_pnl", alice)
    report = pnl_of(alice.pk, pair=pair(NOW), by="asset")
    assert found.total is not None
    assert found.total.realized == report.realized
    assert found.total.unrealized == report.unrealized
    by_asset = {line.key: line.amounts.realized for line in report.by}
    assert {one.symbol: one.realized for one in found.parts} == {
        symbol: by_asset[symbol] for symbol in ("BTC", "ADA")
    }


def test_the_result_of_a_window_is_what_came_about_within_it(alice: Any) -> None:
    found = read("get_pnl", alice, WEEK)
    now, then = (pnl_of(alice.pk, pair=pair(NOW), at=at) for at in (NOW, WEEK.start))
    assert now.realized is not None
    assert then.realized is not None
    assert found.total.realized == now.realized - then.realized
    (ada,) = read("get_pnl", alice, WEEK, symbol="ADA").parts
    assert ada.realized == 0


def test_the_result_of_one_asset_is_said_with_its_method(alice: Any) -> None:
    args = {"symbol": "ADA"}
    first, *_ = said("get_pnl", read("get_pnl", alice, **args), **args)
    assert "realised result of ADA" in first
    assert "fifo" in first


@pytest.mark.parametrize("name", ["get_positions", "get_pnl"])
def test_an_asset_that_was_never_traded_is_said_to_be_none(alice: Any, name: str) -> None:
    found = read(name, alice, symbol="SOL")
    assert found.count == 0
    assert ["0 items of SOL" in one for one in said(name, found, symbol="SOL")] == [True]


@pytest.mark.parametrize("name", ["get_positions", "get_pnl"])
def test_nothing_of_another_user_is_ever_there(alice: Any, name: str) -> None:
    assert "777777" not in read(name, alice).model_dump_json()
    assert read(name, alice, symbol="XRP").count == 0


@pytest.mark.parametrize("name", ["get_positions", "get_pnl"])
def test_a_user_without_accounts_is_not_observed(name: str, django_user_model: Any) -> None:
    found = read(name, django_user_model.objects.create_user("nobody"))
    assert (found.state, found.count) == (State.NOT_OBSERVED, 0)


def test_an_asset_without_a_price_is_named_and_stands_at_its_cost(alice: Any) -> None:
    account = alice_account(alice)
    run = make.make_feed(f"import_omc/{account.pk}", "exchange", every=None)
    make.store(Fill, [fill(account, 9, "buy", "LTC", "2", "100", days=1)], run, observed_at=NOW)
    found = read("get_positions", alice)
    (ltc,) = [one for one in found.positions if one.symbol == "LTC"]
    assert ltc.price is None
    assert ltc.is_missing
    assert ltc.value == ltc.cost
    assert found.missing == ("LTC",)


def test_an_old_price_makes_the_positions_stale_and_says_so(alice: Any) -> None:
    later = NOW + 1.5 * DAY
    context = Context(pair=pair(later), user_id=alice.pk)
    found = tools["get_positions"].call({}, context)
    assert found.state == State.STALE
    assert found.quality.state == "stale"


@pytest.mark.parametrize("name", ["get_positions", "get_pnl"])
@pytest.mark.parametrize("window", [None, WEEK])
def test_it_takes_three_queries_for_any_number_of_entries(
    alice: Any, name: str, window: Window | None
) -> None:
    account = alice_account(alice)
    more = [fill(account, number, "buy", "ETH", "1", "10", days=5) for number in range(10, 60)]
    trade(account, more)
    context = Context(pair=pair(NOW), window=window, user_id=alice.pk)
    with CaptureQueriesContext(connection) as seen:
        tools[name].call({}, context)
    assert len(seen) == 3


def test_a_long_history_is_told_by_the_kept_books_and_is_the_same(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = read("get_pnl", alice, WEEK), read("get_positions", alice)
    monkeypatch.setattr(books, "MANY", 3)
    long = read("get_pnl", alice, WEEK), read("get_positions", alice)
    assert long[0].total.model_copy(update={"entries": ()}) == short[0].total.model_copy(
        update={"entries": ()}
    )
    quantities = [[(one.symbol, one.quantity, one.value) for one in data.positions]
                  for data in (long[1], short[1])]  # fmt: skip
    assert quantities[0] == quantities[1]


def alice_account(user: Any) -> Any:
    """Return the first of the user's accounts."""
    return make.Account.objects.filter(user=user).order_by("pk").first()
