"""Operators see how long after its publication a fact was known."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledgers.collecting.storing import store
from ledgers.glass.models import Quote
from ledgers.glass.records import QuoteRecord
from ledgers.latency import latency_of
from ledgers.reading import clock
from ledgers.tests.factories import make_run

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("ledger")


def quote(at, published_at) -> QuoteRecord:
    price = Decimal(1)
    return QuoteRecord(
        event_at=at,
        published_at=published_at,
        source="coinspot",
        asset="BTC",
        currency="AUD",
        quoted_at=at,
        bid=price,
        ask=price,
        last=None,
    )


def test_the_rows_of_a_run_tell_how_late_they_were_known() -> None:
    now, run, other = clock(), make_run("coinspot"), make_run("coinspot")
    ages = (1 * HOUR, 3 * HOUR)
    store(Quote, [quote(now - age, now - age) for age in ages], run, observed_at=now)
    store(Quote, [quote(now - 100 * HOUR, now - 100 * HOUR)], other, observed_at=now)
    late = latency_of(run)
    assert late is not None
    assert late.rows == 2
    assert timedelta() <= late.mean - 2 * HOUR < timedelta(minutes=1)
    assert timedelta() <= late.longest - 3 * HOUR < timedelta(minutes=1)


def test_rows_that_do_not_say_when_they_were_published_tell_nothing() -> None:
    now, run = clock(), make_run("coinspot")
    assert latency_of(run) is None
    store(Quote, [quote(now, None)], run, observed_at=now)
    assert latency_of(run) is None


def test_a_run_of_the_exchange_ledger_is_read_for_operators() -> None:
    assert latency_of(make_run("import_omc/1")) is None
