"""Caches over quotes and candles never show what the facts would not."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers.collecting.storing import store
from ledgers.glass.bars import Bar, BarQuestion, bars, base_of
from ledgers.glass.folding import DAY, HOUR, floor
from ledgers.glass.models import Candle, HourlyQuote, LatestQuote, Quote, Rollup
from ledgers.models import Fact
from ledgers.reading import Pair, clock, pair, safe_now
from ledgers.tests.factories import T0, make_run
from ledgers.tests.histories import (
    STEP,
    candle,
    naive_bars,
    payloads,
    quote,
)

pytestmark = pytest.mark.usefixtures("ledger")
LATER = T0 + timedelta(days=2)
assets = (f"A{number}" for number in count())
WIDTHS = (1800, HOUR, 2 * HOUR, DAY)
SERIES = {"source": "kraken", "currency": "USD"}


def question(cut: Pair, width: int, asset: str = "BTC") -> BarQuestion:
    return BarQuestion(
        **SERIES, asset=asset, width=width, since=T0 - timedelta(days=1), until=LATER, pair=cut
    )


def shown(bar: Bar) -> dict[str, Any]:
    """Return what a reader uses of a bar: a withdrawn input moves its cuts, not its prices."""
    cuts = {"available_at", "known_at"}
    return {f.name: getattr(bar, f.name) for f in fields(bar) if f.name not in cuts}


def pairs() -> list[Pair]:
    horizon = safe_now()
    moments = [T0 + step * STEP for step in (1, 4, 9)]
    return [pair(as_of, horizon=horizon) for as_of in (horizon, *moments)]


def newest(cut: Pair, at: datetime | None = None, asset: str = "BTC") -> dict[str, Any]:
    found = Quote.objects.newest([asset, "ETH"], **SERIES, pair=cut, at=at)
    prices = Quote.objects.newest_prices([asset, "ETH"], **SERIES, pair=cut, at=at)
    assert {one.asset: (one.event_at, one.revision, one.bid) for one in prices.values()} == {
        one.asset: (one.event_at, one.revision, one.bid) for one in found.values()
    }
    return {asset: one.pk for asset, one in found.items()}


def naive_newest(cut: Pair, at: datetime, asset: str) -> dict[str, Any]:
    seen = Quote.objects.seen(cut).filter(asset=asset, event_at__lte=at)
    row = seen.order_by("-event_at", "-revision").first()
    return {} if row is None or row.withdrawn else {row.asset: row.pk}


def rollups(base: int, asset: str = "BTC") -> list[dict[str, Any]]:
    found = Rollup.objects.filter(base=base, asset=asset).order_by("width", "event_at")
    return list(found.values())


def kept(model: type[Fact], asset: str) -> list[dict[str, Any]]:
    newest = LatestQuote.objects.filter(asset=asset).values()
    hourly = HourlyQuote.objects.filter(asset=asset).order_by("at").values()
    return [*newest, *hourly, *rollups(0 if model is Quote else 1800, asset)]


@settings(max_examples=15)
@given(history=st.lists(payloads, max_size=6), restates=st.booleans())
def test_the_newest_quote_is_that_of_the_facts_whatever_came_when(history, restates) -> None:
    asset = next(assets)
    asked: dict[tuple[Pair, datetime], dict[str, Any]] = {}
    for payload in history:
        payload.keep(Quote, asset, restates=restates)
        for cut in pairs():
            for at in (cut.as_of, T0 + 2 * STEP, T0 + 5 * STEP):
                asked[cut, at] = newest(cut, at, asset)
    for (cut, at), was in asked.items():
        assert newest(cut, at, asset) == was == naive_newest(cut, at, asset)


@settings(max_examples=15)
@given(
    history=st.lists(payloads, max_size=6),
    restates=st.booleans(),
    model=st.sampled_from([Candle, Quote]),
)
def test_bars_are_those_of_the_facts_whatever_came_when(history, restates, model) -> None:
    asset = next(assets)
    asked: dict[tuple[Pair, int], list[Bar]] = {}
    for payload in history:
        payload.keep(model, asset, restates=restates)
        for cut in pairs():
            for width in WIDTHS:
                asked[cut, width] = bars(question(cut, width, asset))
    for (cut, width), was in asked.items():
        again = [shown(bar) for bar in bars(question(cut, width, asset))]
        facts = [shown(bar) for bar in naive_bars(model.objects.at(cut).filter(asset=asset), width)]
        assert again == [shown(bar) for bar in was] == facts


@settings(max_examples=12)
@given(history=st.lists(payloads, min_size=1, max_size=6), model=st.sampled_from([Candle, Quote]))
def test_what_is_kept_is_what_a_rebuild_makes(history, model) -> None:
    asset = next(assets)
    for payload in history:
        payload.keep(model, asset, restates=True)
    before = kept(model, asset)
    for projection in model.projections:
        projection.rebuild()
    assert kept(model, asset) == before


def test_closed_hours_and_days_are_kept_and_the_open_ones_are_not() -> None:
    store(Candle, [candle(step) for step in range(7)], make_run(), observed_at=LATER)
    starts = [(row["width"], row["event_at"], row["count"]) for row in rollups(1800)]
    hours = [(HOUR, T0 + hour * 2 * STEP, 2) for hour in range(3)]
    assert starts == [*hours, (DAY, floor(T0, DAY), 4)]


def test_a_kept_bar_answers_and_one_that_knows_too_much_does_not() -> None:
    store(Candle, [candle(step, "3") for step in range(7)], make_run(), observed_at=LATER)
    before = pair()
    Rollup.objects.update(close=99)
    assert [bar.close for bar in bars(question(before, HOUR))] == [99, 99, 99, 3]
    store(Candle, [candle(0, "2")], make_run(), observed_at=LATER + STEP)
    assert next(bar.open for bar in bars(question(before, HOUR))) == 3
    assert [bar.close for bar in bars(question(before, HOUR))] == [3, 99, 99, 3]
    assert next(bar.open for bar in bars(question(pair(), HOUR))) == 2


def test_the_newest_quote_of_all_is_taken_from_its_cache_and_a_late_one_moves_nothing() -> None:
    store(Quote, [quote(3, "2")], make_run(), observed_at=LATER)
    first = pair()
    LatestQuote.objects.update(last=99, bid=99)
    assert Quote.objects.newest(["BTC"], **SERIES, pair=first)["BTC"].bid == 99
    store(Quote, [quote(1, "1")], make_run(), observed_at=LATER + STEP)
    row = LatestQuote.objects.get()
    assert (row.event_at, row.revision) == (T0 + 3 * STEP, 0)
    store(Quote, [quote(3, "3")], make_run(), observed_at=LATER + 2 * STEP)
    assert LatestQuote.objects.get().revision == 1
    assert Quote.objects.newest(["BTC"], **SERIES, pair=first)["BTC"].bid == 2


def test_what_is_asked_for_an_earlier_moment_comes_from_the_facts() -> None:
    store(Quote, [quote(step, "2") for step in (1, 3)], make_run(), observed_at=LATER)
    found = Quote.objects.newest(["BTC"], **SERIES, pair=pair(), at=T0 + 2 * STEP)
    assert found["BTC"].event_at == T0 + STEP


def test_a_newest_quote_that_was_withdrawn_is_none() -> None:
    store(Quote, [quote(1), quote(3)], make_run(), observed_at=LATER)
    store(Quote, [quote(3, withdrawn=True)], make_run(), observed_at=LATER + STEP)
    assert Quote.objects.newest(["BTC"], **SERIES, pair=pair()) == {}
    assert LatestQuote.objects.get().withdrawn


def test_a_cache_that_is_lost_is_missed_by_nobody() -> None:
    store(Quote, [quote(step, "2") for step in range(7)], make_run(), observed_at=LATER)
    now, was = pair(), [shown(bar) for bar in bars(question(pair(), HOUR))]
    LatestQuote.objects.all().delete()
    Rollup.objects.all().delete()
    assert newest(now)["BTC"][3] == T0 + 6 * STEP
    assert [shown(bar) for bar in bars(question(now, HOUR))] == was
    store(Quote, [quote(step, "2") for step in (6, 7)], make_run(), observed_at=LATER + STEP)
    assert LatestQuote.objects.get().event_at == T0 + 7 * STEP


def test_forgetting_a_month_and_a_source_leaves_the_rest() -> None:
    store(Quote, [quote(step) for step in range(9)], make_run(), observed_at=LATER)
    for projection in Quote.projections:
        projection.forget(T0, T0 + 4 * STEP)
    assert [(row["width"], row["event_at"]) for row in rollups(0)] == [
        (HOUR, T0 + 4 * STEP),
        (HOUR, T0 + 6 * STEP),
        (DAY, floor(T0, DAY)),
    ]
    assert LatestQuote.objects.exists()
    for projection in Quote.projections:
        projection.forget_sources("kra")
    assert not LatestQuote.objects.exists()
    assert not Rollup.objects.exists()
    assert not HourlyQuote.objects.exists()


def test_the_longest_candles_that_fit_are_folded_and_quotes_only_without_any() -> None:
    store(Quote, [quote(step) for step in range(3)], make_run(), observed_at=LATER)
    assert base_of(question(pair(), DAY)) == 0
    store(Candle, [candle(step) for step in range(3)], make_run(), observed_at=LATER)
    assert base_of(question(pair(), DAY)) == 1800
    assert base_of(question(pair(), 1800)) == 1800
    hourly = replace(candle(0), interval=HOUR)
    store(Candle, [hourly], make_run(), observed_at=LATER)
    assert base_of(question(pair(), DAY)) == HOUR
    assert base_of(question(pair(), 1800)) == 1800


def write_slowly(asset: str, until: float) -> int:
    """Store newer and newer quotes, and dawdle before each commit."""
    dice, step = random.Random(asset), 0  # noqa: S311  # a seeded dice
    try:
        while time.monotonic() < until:
            step += 1
            with transaction.atomic(), connection.cursor() as cursor:
                record = quote(step % 40, str(step), asset=asset, last=Decimal(step))
                store(Quote, [record], make_run(f"of {asset}"), observed_at=clock())
                cursor.execute("SELECT pg_sleep(%s)", [dice.random() / 50])
        return step
    finally:
        connection.close()


def test_writers_that_commit_late_change_no_newest_quote() -> None:
    written = [f"W{number}" for number in range(3)]
    until, answers = time.monotonic() + 1.5, {}
    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write_slowly, asset, until) for asset in written]
        while time.monotonic() < until:
            cut = pair()
            answers[cut] = Quote.objects.newest_prices(written, **SERIES, pair=cut)
    assert all(writer.result() > 5 for writer in writers)
    assert len(answers) > 20
    for cut, was in answers.items():
        assert Quote.objects.newest_prices(written, **SERIES, pair=cut) == was
