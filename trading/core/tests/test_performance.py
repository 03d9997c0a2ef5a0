"""Performance, on numbers that can be followed by hand, and the law of the days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.book import METHODS, Book, book_entries
from trading.core.performance import (
    closed_gains,
    daily_closes,
    daily_returns,
    drawdowns,
    max_drawdown,
    profit_factor,
    sharpe_ratio,
    time_weighted_return,
    wealth_index,
    win_rate,
)
from trading.core.tests.factories import START, day, flow, these, trade
from trading.core.tests.histories import CURRENCY, History, histories
from trading.core.valuation import add_up, imbalance, value_book


def decimals(*numbers: str) -> list[Decimal]:
    return [Decimal(number) for number in numbers]


def rising(*prices: str) -> Callable[[str, datetime], Decimal]:
    """A bid a day."""

    def bid(_asset: str, at: datetime) -> Decimal:
        return Decimal(prices[min((at - START).days, len(prices) - 1)])

    return bid


def test_flows_earn_nothing() -> None:
    """100 become 110, 110 more come in, all of it becomes 198: +10 %, then -10 %."""
    entries = [
        flow("deposit", "100 AUD", on=0),
        trade("buy", "1", "100", on=0),
        flow("deposit", "110 AUD", on=2),
        trade("buy", "1", "110", on=2),
    ]
    closes = daily_closes(
        Book(currency="AUD"), entries, [day(0), day(1), day(2)], rising("100", "110", "99")
    )
    assert [close.valuation.equity for close in closes] == [100, 110, 198]
    returns = daily_returns(closes)
    assert returns == decimals("0", "0.1", "-0.1")
    assert time_weighted_return(returns) == Decimal("-0.01")


def test_a_deposit_in_kind_comes_in_at_the_market_and_is_no_gain() -> None:
    """The book takes its cost of 10; the return must not show the other 90 as earned."""
    entries = [flow("deposit", "1 BTC", on=0, value="10"), flow("withdrawal", "1 BTC", on=1)]
    closes = daily_closes(Book(currency="AUD"), entries, [day(0), day(1)], rising("100", "150"))
    assert [these(close.inflow, close.outflow) for close in closes] == [(100, 0), (0, 150)]
    assert daily_returns(closes) == decimals("0", "0.5")


def test_income_is_return() -> None:
    entries = [flow("deposit", "100 AUD", on=0), flow("income", "5 AUD", on=1)]
    closes = daily_closes(Book(currency="AUD"), entries, [day(0), day(1)], rising("1"))
    assert daily_returns(closes) == decimals("0", "0.05")


def test_a_day_that_begins_with_nothing_returns_nothing() -> None:
    closes = daily_closes(Book(currency="AUD"), [], [day(0)], rising("1"))
    assert daily_returns(closes) == [0]


@given(histories(), st.sampled_from([*METHODS]))
def test_the_days_add_up_to_the_whole(history: History, method: str) -> None:
    """A predecessor counted what fell on midnight in two days."""
    book = Book(currency=CURRENCY, method=method, prices=history.prices)
    ends = [START + timedelta(hours=hour) for hour in (0, 1, 3, 7)]
    closes = daily_closes(book, history.entries, ends, history.prices)
    at_once = book_entries(history.entries, currency=CURRENCY, method=method, prices=history.prices)
    whole = value_book(at_once, history.bids(1))
    summed = add_up(close.change for close in closes)
    assert (summed.equity, summed.realized, summed.fees, summed.flows) == (
        whole.equity,
        whole.realized,
        whole.fees,
        whole.flows,
    )
    assert all(imbalance(close.change) == 0 for close in closes)


def test_the_wealth_index_links_returns() -> None:
    assert wealth_index(decimals("0.1", "-0.5")) == decimals("1", "1.1", "0.55")


def test_a_drawdown_is_measured_from_the_peak_before_it() -> None:
    values = decimals("100", "120", "90", "130", "65")
    assert drawdowns(values) == decimals("0", "0", "0.25", "0", "0.5")
    assert max_drawdown(values) == Decimal("0.5")
    assert max_drawdown([]) == 0


def test_the_sharpe_ratio_is_annualised_by_365_days() -> None:
    """Returns of 1 % and 3 %: mean 2 %, deviation √2 %, so √2 a day and √730 a year."""
    ratio = sharpe_ratio(decimals("0.01", "0.03"))
    assert ratio is not None
    assert abs(ratio - Decimal(730).sqrt()) < Decimal("1e-20")


def test_the_sharpe_ratio_is_of_the_excess_over_the_riskless_return() -> None:
    assert sharpe_ratio(decimals("0.01", "0.03"), risk_free=Decimal("0.02")) == 0


@pytest.mark.parametrize("returns", [[], ["0.1"], ["0.1", "0.1"]])
def test_returns_that_do_not_vary_have_no_sharpe_ratio(returns: list[str]) -> None:
    assert sharpe_ratio(decimals(*returns)) is None


def test_the_win_rate_leaves_out_sales_at_cost() -> None:
    assert win_rate(decimals("1", "2", "-1", "0", "5")) == Decimal("0.75")
    assert win_rate(decimals("0")) is None


def test_the_profit_factor_is_gains_over_losses() -> None:
    assert profit_factor(decimals("3", "-2", "3")) == 3
    assert profit_factor(decimals("3")) is None


def test_a_sale_is_one_gain_however_many_lots_it_took() -> None:
    book = book_entries(
        [
            trade("buy", "1", "100", on=0),
            trade("buy", "1", "200", on=1),
            trade("sell", "2", "160", on=2),
            trade("sell", "1", "500", on=3),
        ],
        currency="AUD",
    )
    assert closed_gains(book.disposals) == [20]
