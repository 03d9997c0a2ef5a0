"""PnL over stored facts: what the core says, cut by the pair, valued at fresh bids."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledgers.exchange.models import Account, Fill
from ledgers.glass.models import Candle, Quote
from ledgers.public_ids import find, public_id
from ledgers.reading import Pair, pair
from trading.core.book import METHODS, FeePolicy, book_entries
from trading.core.entries import Side, Trade
from trading.core.valuation import add_up, imbalance, value_book
from trading.histories import UnbookableError
from trading.services import QuestionError, UnknownAccountError, find_account, pnl_of
from trading.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    candle,
    candles,
    fill,
    imported,
    keep,
    make_account,
    make_run,
    make_user,
    quote,
    quoted,
    transfer,
)

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def account() -> Account:
    return make_account(make_user())


def report(account: Account, **options):
    options.setdefault("pair", pair(NOW))
    return pnl_of(account.user_id, **options)


def bought_twice_and_sold(account: Account) -> None:
    """The predecessor told 350 of a gain of 300: FIFO realized, average unrealized."""
    imported(
        account,
        fill(account, "buy", "1", "100", ago=3 * DAY),
        fill(account, "buy", "1", "200", ago=2 * DAY),
        fill(account, "sell", "1", "300", ago=DAY),
    )
    quoted(quote("BTC", "300"))


def test_realized_and_unrealized_add_up_to_what_was_gained(account) -> None:
    bought_twice_and_sold(account)
    found = report(account)
    assert (found.realized, found.unrealized, found.equity) == (200, 100, 600)
    assert found.flows == 300
    assert found.complete
    assert (found.fills, found.currency, found.method) == (3, "AUD", "fifo")


@pytest.mark.parametrize("method", METHODS)
def test_a_report_is_what_the_core_says(account, method) -> None:
    rows = [
        ("buy", "1.5", "100.1", 5, "0.7"),
        ("buy", "0.25", "300", 4, "0.1"),
        ("sell", "1", "250.55", 3, "1.234567890123456789"),
        ("buy", "1e-18", "0.0000001", 2, "0"),
    ]
    imported(
        account,
        *(
            fill(account, side, quantity, price, ago=days * DAY, fee=Decimal(fee), fee_asset="AUD")
            for side, quantity, price, days, fee in rows
        ),
    )
    quoted(quote("BTC", "277.77"))
    entries = [
        Trade(
            at=NOW - days * DAY,
            key=str(days),
            side=Side(side),
            base="BTC",
            quote="AUD",
            quantity=Decimal(quantity),
            price=Decimal(price),
            fee=Decimal(fee),
            fee_asset="AUD",
        )
        for side, quantity, price, days, fee in rows
    ]
    book = book_entries(entries, currency="AUD", method=method, fees=FeePolicy.BASIS)
    expected = value_book(book, {"BTC": Decimal("277.77")})
    found = report(account, method=method)
    assert found.totals is not None
    assert found.totals.amounts == expected
    assert imbalance(found.totals.amounts) == 0
    assert found.method == method


def test_the_accounts_own_method_and_fee_policy_count(account) -> None:
    bought_twice_and_sold(account)
    Account.objects.filter(pk=account.pk).update(method="lifo")
    assert report(account).realized == 100
    assert report(account, method="average").realized == 150


@pytest.mark.parametrize(("fees", "outside", "inside"), [("basis", 0, 7), ("separate", 7, 0)])
def test_a_fee_counts_once_inside_the_basis_or_outside(account, fees, outside, inside) -> None:
    Account.objects.filter(pk=account.pk).update(fees=fees)
    costly = fill(account, "buy", "1", "100", ago=DAY, fee=Decimal(7), fee_asset="AUD")
    imported(account, costly)
    quoted(quote("BTC", "100"))
    found = report(account)
    assert (found.fees, found.fees_in_basis) == (outside, inside)
    assert found.equity - found.flows == -7


def test_deposits_that_nobody_recorded_are_told_apart(account) -> None:
    imported(
        account,
        transfer(account, "deposit", "60", "AUD", ago=2 * DAY),
        fill(account, "buy", "1", "100", ago=DAY),
    )
    found = report(account)
    assert (found.flows, found.implied_flows, found.transfers) == (100, 40, 1)


def test_at_cuts_events_and_as_of_cuts_knowledge(account) -> None:
    bought_twice_and_sold(account)
    before_the_sale = report(account, at=NOW - DAY - MINUTE)
    assert (before_the_sale.realized, before_the_sale.fills) == (0, 2)
    known_then = report(account, pair=pair(NOW - DAY - MINUTE))
    assert (known_then.realized, known_then.fills, known_then.at) == (0, 2, NOW - DAY - MINUTE)


def test_a_correction_counts_from_when_it_was_known(account) -> None:
    run = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    wrong = fill(account, "buy", "1", "100", ago=2 * DAY, venue_id="1")
    right = fill(account, "buy", "1", "90", ago=2 * DAY, venue_id="1")
    run.kind = run.Kind.IMPORT
    run.save()
    keep([wrong], run, observed_at=NOW - DAY)
    between = pair()
    keep([right], run, observed_at=NOW)
    assert Fill.objects.for_user(account.user_id).count() == 2
    assert pnl_of(account.user_id, pair=between).flows == 100
    assert pnl_of(account.user_id, pair=pair()).flows == 90
    assert (
        pnl_of(account.user_id, pair=Pair(as_of=between.as_of, horizon=pair().horizon)).flows == 100
    )


def test_an_asset_nobody_quotes_stands_at_its_cost_and_is_named(account) -> None:
    imported(
        account,
        fill(account, "buy", "1", "100", ago=DAY),
        fill(account, "buy", "2", "7", ago=DAY, base="XYZ", venue_id="x"),
    )
    quoted(quote("BTC", "150"))
    found = report(account)
    assert found.equity == 164
    assert found.missing == ("XYZ",)
    assert not found.complete
    xyz = next(one for one in found.holdings if one.asset == "XYZ")
    assert (xyz.price, xyz.value, xyz.is_missing) == (None, 14, True)


@pytest.mark.parametrize(
    ("age", "state", "equity", "is_complete"),
    [
        (MINUTE, "FRESH", 150, True),
        (2 * MINUTE, "LATE", 150, False),
        (HOUR, "STALE", 150, False),
        (2 * DAY, "STALE", 150, False),
        (2 * DAY + MINUTE, None, 100, False),
        (399 * DAY, None, 100, False),
    ],
)
def test_an_old_bid_is_doubted_and_a_very_old_one_is_none(
    account, age, state, equity, is_complete
) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=400 * DAY))
    quoted(quote("BTC", "150", ago=age))
    found = report(account)
    holding = next(one for one in found.holdings if one.asset == "BTC")
    assert (holding.price.state.name if holding.price else None) == state
    assert (found.equity, found.complete) == (equity, is_complete)
    assert found.missing == (() if is_complete else ("BTC",))
    assert holding.age == (age if state else None)


def test_a_last_trade_without_a_bid_is_no_bid(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    quoted(quote("BTC", None, last=Decimal(140)))
    found = report(account)
    assert (found.equity, found.missing) == (140, ("BTC",))
    assert [price.field for price in found.prices] == ["last"]


def test_the_first_fresh_source_counts_and_else_the_newest(account, settings) -> None:
    settings.OMC_PRICE_SOURCES = ["coinspot", "kraken", "seed:coinspot"]
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    quoted(quote("BTC", "150", ago=HOUR))
    quoted(quote("BTC", "151", source="kraken"), feed="kraken/ticker")
    quoted(quote("BTC", "152", source="seed:coinspot"), feed="seed:coinspot")
    assert [price.source for price in report(account).prices] == ["kraken"]
    settings.OMC_PRICE_SOURCES = ["coinspot", "seed:coinspot"]
    assert [price.source for price in report(account).prices] == ["coinspot"]
    settings.OMC_PRICE_SOURCES = ["seed:coinspot"]
    found = report(account)
    assert (found.equity, found.complete) == (152, True)


def test_a_feed_without_a_cadence_is_not_fresh_for_ever(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=3 * DAY))
    quoted(
        quote("BTC", "150", source="seed:coinspot", ago=37 * HOUR),
        feed="seed:coinspot",
        every=None,
    )
    assert report(account).missing == ("BTC",)
    assert report(account, at=NOW - 2 * HOUR).complete


def test_a_price_of_the_future_is_not_used(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    at = NOW - HOUR + timedelta(seconds=20)
    quoted(
        quote("BTC", "150", ago=HOUR + MINUTE),
        quote("BTC", "999", ago=HOUR, quoted_at=NOW - HOUR + timedelta(seconds=40)),
    )
    assert report(account, at=at).equity == 150


def test_a_past_moment_is_valued_by_a_candle_that_had_ended(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=30 * DAY))
    candles(
        candle("BTC", "110", ago=20 * DAY + HOUR), candle("BTC", "999", ago=20 * DAY - 23 * HOUR)
    )
    found = report(account, at=NOW - 20 * DAY)
    assert (found.equity, found.missing) == (110, ("BTC",))
    (price,) = found.prices
    assert (price.field, price.state.name, price.at) == ("close", "STALE", NOW - 20 * DAY - HOUR)
    assert price.reason.startswith("kraken has no bid; it is the close of a candle of 2026-02-26")
    assert isinstance(find(found.prices[0].id), Candle)


def test_a_swap_and_income_take_the_price_of_their_moment(account) -> None:
    imported(
        account,
        fill(account, "buy", "20", "30", ago=9 * DAY, base="ETH"),
        fill(account, "buy", "1", "10", ago=5 * DAY, base="BTC", quote="ETH"),
        transfer(account, "income", "2", "SOL", ago=4 * DAY),
    )
    quoted(
        quote("ETH", "50", ago=5 * DAY),
        quote("SOL", "20", ago=4 * DAY + MINUTE),
        quote("SOL", "25"),
        quote("ETH", "45"),
        quote("BTC", "490"),
    )
    found = report(account)
    assert (found.realized, found.income) == (200, 40)
    assert found.equity == 10 * 45 + 490 + 2 * 25
    assert found.complete
    cited = [find(price.id) for price in found.prices]
    assert all(isinstance(fact, Quote) for fact in cited)
    assert {(fact.asset, fact.bid) for fact in cited} == {
        ("BTC", 490),
        ("ETH", 45),
        ("ETH", 50),
        ("SOL", 20),
        ("SOL", 25),
    }


def test_a_swap_without_a_price_near_its_moment_carries_the_cost(account) -> None:
    imported(
        account,
        fill(account, "buy", "20", "30", ago=9 * DAY, base="ETH"),
        fill(account, "buy", "1", "10", ago=5 * DAY, base="BTC", quote="ETH"),
    )
    quoted(quote("ETH", "50", ago=8 * DAY), quote("ETH", "50"), quote("BTC", "500"))
    found = report(account)
    assert found.realized == 0
    assert found.missing == ("BTC", "ETH")


def test_oversold_units_are_told_with_what_they_brought(account) -> None:
    imported(
        account,
        fill(account, "buy", "1", "100", ago=2 * DAY),
        fill(account, "sell", "3", "150", ago=DAY),
    )
    found = report(account)
    assert (found.realized, found.realized_unmatched) == (50, 300)
    assert found.unmatched == {"BTC": 2}
    assert not found.complete


def test_ties_in_time_are_booked_by_the_venues_identity(account) -> None:
    imported(
        account,
        fill(account, "sell", "1", "150", ago=DAY, venue_id="10"),
        fill(account, "buy", "1", "100", ago=DAY, venue_id="9"),
    )
    found = report(account)
    assert (found.realized, found.unmatched) == (50, {})


def test_a_fill_and_a_transfer_may_share_identity_and_moment(account) -> None:
    imported(
        account,
        fill(account, "buy", "1", "100", ago=DAY, venue_id="1"),
        transfer(account, "deposit", "5", "AUD", ago=DAY, venue_id="1"),
    )
    assert report(account).flows == 105


def test_a_fact_that_cannot_be_booked_is_named(account) -> None:
    imported(account, fill(account, "buy", "1", "0", ago=DAY))
    fact = Fill.objects.for_user(account.user_id).get()
    with pytest.raises(UnbookableError, match=f"{public_id(fact)} cannot be booked"):
        report(account)


@pytest.mark.parametrize("part", ["asset", "day", "account"])
def test_the_parts_add_up_to_the_whole(account, part) -> None:
    other = make_account(account.user, "second", method="hifo", fees="separate")
    for own, shift in ((account, 0), (other, 1)):
        imported(
            own,
            fill(own, "buy", "3", "100", ago=9 * DAY, fee=Decimal(1), fee_asset="AUD"),
            fill(own, "buy", "1", "130", ago=(6 + shift) * DAY, fee=Decimal(2), fee_asset="AUD"),
            fill(own, "buy", "5", "9", ago=4 * DAY, base="ETH", venue_id="e"),
            fill(own, "sell", "3.5", "140", ago=2 * DAY, fee=Decimal(3), fee_asset="AUD"),
            transfer(own, "income", "1", "SOL", ago=DAY),
        )
    quoted(
        *(quote("BTC", str(100 + days), ago=days * DAY) for days in range(1, 9)),
        quote("BTC", "123.45"),
        quote("ETH", "8"),
    )
    found = report(account, by=part)
    assert found.totals is not None
    summed, whole = add_up(line.amounts for line in found.by), found.totals.amounts
    for name in ("realized", "unrealized", "income", "fees", "flows", "equity"):
        assert getattr(summed, name) == getattr(whole, name), name
    assert part == "asset" or all(imbalance(line.amounts) == 0 for line in found.by)
    assert len(found.by) == {"asset": 4, "day": 10, "account": 2}[part]
    assert found.by[-1].closing == (found.equity if part == "day" else found.by[-1].closing)


def test_days_are_those_of_utc_and_none_is_left_out(account) -> None:
    midnight = NOW.replace(hour=0)
    to_midnight = NOW - midnight
    imported(
        account,
        fill(account, "buy", "1", "100", ago=to_midnight + 2 * DAY),
        fill(account, "sell", "0.5", "120", ago=to_midnight + timedelta(microseconds=1)),
        fill(account, "sell", "0.5", "140", ago=to_midnight),
    )
    days = {line.key: line.amounts.realized for line in report(account, by="day").by}
    assert days == {"2026-03-16": 0, "2026-03-17": 10, "2026-03-18": 20}


def test_an_own_transfer_carries_lots_from_account_to_account(account) -> None:
    cold = make_account(account.user, "cold", venue="wallet")
    imported(
        account,
        fill(account, "buy", "1", "100", ago=9 * DAY),
        transfer(account, "transfer_out", "1", "BTC", ago=5 * DAY, venue_id="o", match="i"),
    )
    imported(cold, transfer(cold, "transfer_in", "1", "BTC", ago=5 * DAY, venue_id="i"))
    quoted(quote("BTC", "150"), quote("BTC", "130", ago=5 * DAY))
    both = report(account)
    assert (both.flows, both.unrealized, both.complete) == (100, 50, True)
    alone = report(account, account_id=cold.pk)
    assert (alone.flows, alone.unrealized, alone.fills) == (100, 50, 0)
    assert [one.name for one in alone.accounts] == ["cold"]


def test_both_halves_of_a_transfer_may_bear_one_name(account) -> None:
    cold = make_account(account.user, "cold")
    imported(
        account,
        fill(account, "buy", "1", "100", ago=9 * DAY),
        transfer(account, "transfer_out", "1", "BTC", ago=5 * DAY, venue_id="o", match="hash"),
    )
    half = transfer(cold, "transfer_in", "1", "BTC", ago=5 * DAY, venue_id="i", match="hash")
    imported(cold, half)
    assert report(account, account_id=cold.pk).flows == 100


def test_accounts_of_two_currencies_have_no_sum(account) -> None:
    dollars = make_account(account.user, "dollars", base_currency="USD")
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    imported(dollars, fill(dollars, "buy", "1", "60", ago=DAY, quote="USD"))
    found = report(account)
    assert (found.currency, found.totals, found.equity) == (None, None, None)
    told = {line.key: (line.currency, line.amounts.flows) for line in found.by}
    assert told == {"main": ("AUD", 100), "dollars": ("USD", 60)}
    with pytest.raises(QuestionError, match=r"AUD and USD, which have no sum.*dollars"):
        report(account, by="day")
    alone = report(account, account_id=dollars.pk, by="asset")
    assert (alone.currency, alone.flows) == ("USD", 60)


def test_one_users_money_is_not_anothers(account) -> None:
    bob = make_account(make_user("bob"), "bobs")
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    imported(bob, fill(bob, "buy", "1", "999", ago=DAY))
    assert report(account).flows == 100
    with pytest.raises(UnknownAccountError, match=r"The accounts are main"):
        report(account, account_id=bob.pk)
    with pytest.raises(UnknownAccountError, match=r"no account 'bobs'"):
        find_account(account.user_id, "bobs")
    with pytest.raises(UnknownAccountError):
        find_account(account.user_id, str(bob.pk))


def test_an_account_is_found_by_name_before_id(account) -> None:
    odd = make_account(account.user, str(account.pk))
    assert find_account(account.user_id, "main") == account
    assert find_account(account.user_id, str(account.pk)) == odd
    assert find_account(account.user_id, str(odd.pk)) == odd


def test_questions_without_an_answer_are_refused(account) -> None:
    for options, message in (
        ({"method": "best"}, "The methods are fifo"),
        ({"by": "year"}, "They are by asset"),
        ({"at": NOW + DAY}, "Nobody knew"),
        ({"at": NOW.replace(tzinfo=None)}, "no zone"),
    ):
        with pytest.raises(QuestionError, match=message):
            report(account, **options)
    with pytest.raises(UnknownAccountError, match="import_fills"):
        pnl_of(make_user("eve").pk, pair=pair(NOW))


def test_an_account_without_facts_is_empty_and_says_whether_somebody_looked(account) -> None:
    found = report(account, by="day")
    assert (found.equity, found.fills, found.complete) == (0, 0, True)
    assert found.coverage.presence == "not_observed"
    assert found.quality.state == "unknown"


def test_the_quality_is_that_of_the_worst_feed_behind_it(account) -> None:
    bought_twice_and_sold(account)
    assert report(account).quality.state == "fresh"
    later = pnl_of(account.user_id, pair=pair(NOW + HOUR))
    assert later.quality.state == "stale"
    assert "coinspot" in later.quality.reason
    assert later.coverage.presence == "value"


def test_without_a_price_the_first_source_is_judged(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=DAY))
    found = report(account)
    assert found.quality.state == "unknown"
    assert "coinspot" in found.quality.reason


def test_the_same_question_has_the_same_answer_after_a_backfill(account) -> None:
    bought_twice_and_sold(account)
    asked = pair(NOW)
    before = pnl_of(account.user_id, pair=asked, by="day")
    run = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    run.kind = run.Kind.IMPORT
    run.save()
    keep([fill(account, "buy", "1", "50", ago=4 * DAY)], run)
    assert pnl_of(account.user_id, pair=asked, by="day") == before


@pytest.mark.parametrize("part", [None, "asset", "day", "account"])
def test_a_report_takes_few_queries_however_many_assets_and_days(
    account, part, django_assert_max_num_queries
) -> None:
    imported(
        account,
        *(
            fill(account, "buy", "1", "100", ago=days * DAY, base=f"C{days}", venue_id=f"{days}")
            for days in range(1, 30)
        ),
        *(
            fill(
                account,
                "sell",
                "1",
                "2",
                ago=HOUR,
                base=f"C{days}",
                quote="BTC",
                venue_id=f"s{days}",
            )
            for days in range(1, 20)
        ),
    )
    quoted(*(quote(f"C{days}", "100") for days in range(1, 30)))
    asked = pair(NOW)
    with django_assert_max_num_queries(12):
        found = pnl_of(account.user_id, pair=asked, by=part)
    assert found.fills == 48
