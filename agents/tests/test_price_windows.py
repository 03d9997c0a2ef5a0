"""A window of prices is the same told by its rows and by the kept bars of its hours."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import windows
from agents.prices import Series, Telling, newest, row_of, telling
from agents.results import Window
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, MINUTE, NOW
from ledgers.glass.models import Quote
from ledgers.reading import Pair, pair

pytestmark = pytest.mark.usefixtures("ledger")
SERIES = Series(source="coinspot", interval=0, starts=NOW - 5 * DAY, feed="coinspot")


def told(window: Window, at: Pair, longest: timedelta, monkeypatch: pytest.MonkeyPatch) -> Telling:
    """Tell a window of BTC, taking the rows up to a length of `longest`."""
    monkeypatch.setattr(windows, "LONG", longest)
    return telling("BTC", "AUD", SERIES, window, at)


def plant(seed: int) -> None:
    """Store five days of quotes every ten minutes, then correct, withdraw and unprice a few."""
    chance = random.Random(seed)  # noqa: S311  # the same each time
    moments = [NOW - 5 * DAY + number * 10 * MINUTE for number in range(5 * 24 * 6)]
    make.quotes([make.quote(last=str(chance.randint(900, 1100)), at=at) for at in moments])
    odd = chance.sample(moments, 40)
    again = [make.quote(last=str(chance.randint(800, 1200)), at=at) for at in odd[:20]]
    again += [make.quote(last="1", at=at, withdrawn=True) for at in odd[20:30]]
    again += [make.quote(last=None, at=at) for at in odd[30:]]
    run = make.make_feed("coinspot", "glass")
    make.store(Quote, again, run, observed_at=NOW + MINUTE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW - 5 * DAY, NOW),
        (NOW - 4 * DAY - 7 * MINUTE, NOW - 3 * HOUR - 41 * MINUTE),
        (NOW - 3 * DAY - 59 * MINUTE, NOW - 2 * DAY + 20 * MINUTE),
        (NOW - 90 * MINUTE, NOW - 35 * MINUTE),
        (NOW - 30 * DAY, NOW + DAY),
    ],
)
def test_both_ways_give_the_same_rows(
    seed: int, start: datetime, end: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(seed)
    for as_of in (NOW, NOW - DAY, NOW - 4 * DAY):
        at, window = pair(as_of), Window(start=start, end=end)
        by_rows = told(window, at, 1000 * DAY, monkeypatch)
        by_hours = told(window, at, timedelta(0), monkeypatch)
        assert by_hours.rows == by_rows.rows
        assert by_hours.count == by_rows.count
        assert (by_hours.mean is None) == (by_rows.mean is None)
        if by_rows.mean is not None and by_hours.mean is not None:
            assert abs(by_hours.mean - by_rows.mean) < Decimal("1e-9")


def test_a_long_window_of_nothing_is_nothing() -> None:
    found = telling("BTC", "AUD", SERIES, Window(start=NOW - 90 * DAY, end=NOW), pair(NOW))
    assert (found.rows, found.count, found.mean) == ((), 0, None)


def test_a_long_window_reads_bars_and_not_every_row() -> None:
    plant(7)
    window = Window(start=NOW - 5 * DAY, end=NOW)
    with CaptureQueriesContext(connection) as seen:
        found = telling("BTC", "AUD", SERIES, window, pair(NOW))
    assert found.count > 600
    assert len([query for query in seen if "glass_rollup" in query["sql"]]) == 1


@pytest.mark.parametrize(
    ("bid", "ask", "last", "price", "field"),
    [
        ("99", "101", "100", "100", "last"),
        ("99", "101", "99", "99", "last"),
        ("99", "101", "97.5", "99", "bid"),
        ("99", "101", "140", "101", "ask"),
        ("99", "101", None, "99", "bid"),
        (None, "101", None, "101", "ask"),
        (None, None, "100", "100", "last"),
        (None, "101", "102", "101", "ask"),
        ("103", "101", "90", "90", "last"),
    ],
    ids=["between", "at the bid", "below the bid", "above the ask", "no last", "ask alone",
         "last alone", "last above the only ask", "offers that cross"],
)  # fmt: skip
def test_the_newest_price_is_the_last_trade_as_long_as_the_offers_allow_it(
    bid: str | None, ask: str | None, last: str | None, price: str, field: str
) -> None:
    values = {name: Decimal(one) if one else None for name, one in
              (("bid", bid), ("ask", ask), ("last", last))}  # fmt: skip
    make.quotes([make.quote(**values)])
    (found,) = newest("BTC", "AUD", ["coinspot"], pair(NOW))
    row = row_of(found.quote)
    assert (row.price, row.field) == (Decimal(price), field)
    assert (row.bid, row.ask) == (values["bid"], values["ask"])
