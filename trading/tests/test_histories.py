"""Stored facts as entries: which halves are one transfer, and which prices a booking needs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledgers.exchange.models import Transfer
from ledgers.reading import pair
from trading.core.entries import Flow, Trade
from trading.histories import own_transfers, read_histories, wanted_prices
from trading.tests.factories import DAY, NOW, fill, imported, make_account, make_user, transfer

pytestmark = pytest.mark.usefixtures("ledger")


def half(pk: int, account_id: int, venue_id: str, match: str = "", kind: str = "transfer_out"):
    return Transfer(pk=pk, account_id=account_id, venue_id=venue_id, match=match, kind=kind)


@pytest.mark.parametrize(("out", "back"), [("i", ""), ("", "o"), ("i", "o")])
def test_one_half_that_names_the_other_is_enough(out, back) -> None:
    names = own_transfers([half(1, 1, "o", out), half(2, 2, "i", back, "transfer_in")])
    assert names == {1: "i o", 2: "i o"}


def test_a_common_name_links_both_halves() -> None:
    assert own_transfers([half(1, 1, "o", "hash"), half(2, 2, "i", "hash", "transfer_in")]) == {
        1: "hash",
        2: "hash",
    }


def test_halves_without_a_name_are_strangers() -> None:
    assert own_transfers([half(1, 1, "o"), half(2, 2, "i", "", "transfer_in")]) == {}


def test_a_deposit_is_no_half_whatever_it_is_called() -> None:
    assert own_transfers([half(1, 1, "o", "d"), half(2, 2, "d", "o", "deposit")]) == {1: "d"}


def test_a_name_within_one_account_links_nothing_to_itself() -> None:
    names = own_transfers([half(1, 1, "o", "i"), half(2, 1, "i", "", "transfer_in")])
    assert names == {1: "i"}


def test_every_number_arrives_as_it_was_stored() -> None:
    account = make_account(make_user())
    exact = Decimal("123456789.1234567890123456789012345")
    imported(
        account,
        fill(account, "buy", str(exact), "0.0000001", ago=DAY, fee=exact, fee_asset="BNB"),
        transfer(account, "income", str(exact), "SOL", ago=DAY, value=exact),
    )
    (history,) = read_histories(account.user_id, pair(NOW), at=NOW).values()
    trade, flow = history.entries
    assert isinstance(trade, Trade)
    assert isinstance(flow, Flow)
    assert (trade.quantity, trade.fee, trade.fee_asset) == (exact, exact, "BNB")
    assert (flow.quantity, flow.value, flow.kind.value) == (exact, exact, "income")
    assert (history.fills, history.transfers) == (1, 1)


def test_only_prices_that_may_be_needed_are_wanted() -> None:
    user = make_user()
    account, cold = make_account(user), make_account(user, "cold", base_currency="USD")
    imported(
        account,
        fill(account, "buy", "1", "100", ago=3 * DAY),
        fill(account, "buy", "1", "2", ago=2 * DAY, base="ETH", quote="BTC"),
        transfer(account, "deposit", "1", "SOL", ago=DAY, value=Decimal(5)),
    )
    imported(cold, transfer(cold, "transfer_in", "1", "BTC", ago=DAY, match="x"))
    histories = read_histories(user.pk, pair(NOW), at=NOW)
    wanted = {
        (one.asset, one.currency, (NOW - one.moment) // DAY)
        for one in wanted_prices([account, cold], histories, [NOW])
        if one.asset != one.currency
    }
    of_entries = {("BTC", "AUD", 2), ("ETH", "AUD", 2), ("BTC", "USD", 1), ("AUD", "USD", 1)}
    of_now = {("BTC", "AUD", 0), ("ETH", "AUD", 0), ("SOL", "AUD", 0), ("BTC", "USD", 0)}
    assert wanted == of_entries | of_now


def test_an_asset_is_valued_only_since_it_was_there() -> None:
    account = make_account(make_user())
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    histories = read_histories(account.user_id, pair(NOW), at=NOW)
    moments = [NOW - DAY - timedelta(microseconds=1), NOW - DAY, NOW]
    found = [
        one.moment for one in wanted_prices([account], histories, moments) if one.asset == "BTC"
    ]
    assert found == moments[1:]
