"""The matrix is what each moment would have been told, moment by moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.storing import store
from ledgers.glass.hourly import HourlyQuotes
from ledgers.glass.models import Candle, HourlyQuote, Quote
from ledgers.human.models import Score
from ledgers.human.records import ScoreRecord
from ledgers.matrix import MAX_AGE, Known, MatrixQuestion, interval_of, matrix, matrix_as_json
from ledgers.models import CollectorRun
from ledgers.reading import Pair, pair
from ledgers.tests.factories import HOUR, T0, make_run
from ledgers.tests.histories import STEP, candle, payloads, price_of, quote

pytestmark = pytest.mark.usefixtures("ledger")
Kind = CollectorRun.Kind
assets = (f"M{number}" for number in count())
ROUND = Decimal(10) ** -12


def question(asset: str, cut: Pair, **options: Any) -> MatrixQuestion:
    values: dict[str, Any] = {
        "asset": asset,
        "source": "kraken",
        "currency": "USD",
        "interval": 0,
        "since": T0,
        "until": T0 + 12 * STEP,
        "step": STEP * 2 / 3,
        "window": 2 * HOUR,
        "recorded": False,
        "pair": cut,
    }
    return MatrixQuestion(**{**values, **options})


def score(item: int, value: int, asset: str, **options: Any) -> ScoreRecord:
    at = T0 + item * STEP
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "item": f"human.article.{asset}{item}",
        "model": "vader",
        "version": "1",
        "value": Decimal(value) / 4,
        "assets": [asset, "ETH"],
    }
    return ScoreRecord(**{**values, **options})


def event(item: int, asset: str, **options: Any) -> EventRecord:
    at = T0 + item * STEP
    values: dict[str, Any] = {
        "event_at": at,
        "published_at": at,
        "source": "fed",
        "source_key": f"{asset}{item}",
        "kind": Event.Kind.MACRO,
        "title": "Rates",
        "assets": [asset],
        "company": "",
        "tickers": [],
        "form": "",
        "codes": [],
        "impact": Event.Impact.HIGH,
        "url": "https://example.org/",
        "confidence": Decimal(1),
    }
    return EventRecord(**{**values, **options})


def naive(asked: MatrixQuestion) -> list[Known]:
    """Ask for each moment in turn, of everything that was stored."""
    moments, at = [], asked.since
    while at < asked.until and at <= asked.pair.as_of:
        moments.append(_known(asked, at))
        at += asked.step
    return moments


def _known(asked: MatrixQuestion, at: Any) -> Known:
    horizon = min(at, asked.pair.horizon) if asked.recorded else asked.pair.horizon
    cut = Pair(as_of=at, horizon=horizon)
    model = Candle if asked.interval else Quote
    last = at - timedelta(seconds=asked.interval)
    rows = model.objects.seen(cut).filter(
        asset=asked.asset, event_at__lte=last, event_at__gt=last - MAX_AGE
    )
    row = rows.order_by("-event_at", "-revision").first()
    price = None if row is None or row.withdrawn else price_of(row)
    priced_at = row.event_at + (at - last) if price is not None else None
    inside = [one for one in _newest(Score, "item", cut) if _counts(one, asked, at)]
    events = [one for one in _newest(Event, "source_key", cut) if _counts(one, asked, at)]
    return Known(
        at=at,
        price=price,
        priced_at=priced_at,
        sentiment=sum(one.value for one in inside) / len(inside) if inside else None,
        scores=len(inside),
        events=len(events),
    )


def _newest(model: Any, thing: str, cut: Pair) -> list[Any]:
    """Return of each thing the row that was stored last."""
    rows = model.objects.seen(cut).order_by("known_at", "id")
    return list({getattr(row, thing): row for row in rows}.values())


def _counts(row: Any, asked: MatrixQuestion, at: Any) -> bool:
    recent = at - asked.window < row.event_at <= at
    return recent and asked.asset in row.assets and not row.withdrawn


def rounded(known: list[Known]) -> list[Known]:
    return [
        one._replace(sentiment=one.sentiment and one.sentiment.quantize(ROUND)) for one in known
    ]


numbers = st.integers(0, 9)
histories = st.lists(
    st.tuples(
        st.sampled_from([Kind.LIVE, Kind.BACKFILL]),
        st.dictionaries(numbers, st.tuples(st.sampled_from("1234"), st.booleans()), max_size=4),
        st.dictionaries(numbers, st.tuples(st.integers(-4, 4), st.booleans()), max_size=4),
        st.dictionaries(numbers, st.booleans(), max_size=3),
    ),
    min_size=1,
    max_size=3,
)


def play(history: Any, asset: str, model: Any) -> None:
    make = quote if model is Quote else candle
    for number, (kind, prices, scores, events) in enumerate(history):
        run = make_run(f"all of {asset}", kind=kind, restates=False)
        observed_at = T0 + 20 * HOUR + number * STEP
        records = [make(n, p, withdrawn=w, asset=asset) for n, (p, w) in prices.items()]
        store(model, records, run, observed_at=observed_at)
        said = [score(n, v, asset, withdrawn=w) for n, (v, w) in scores.items()]
        store(Score, said, run, observed_at=observed_at)
        happened = [
            event(n, asset, withdrawn=w, title=str(number), event_at=T0 + (n + number) * STEP)
            for n, w in events.items()
        ]
        store(Event, happened, run, observed_at=observed_at)


@settings(max_examples=30)
@given(
    history=histories,
    recorded=st.booleans(),
    model=st.sampled_from([Quote, Candle]),
    step=st.sampled_from([STEP * 2 / 3, HOUR]),
)
def test_the_matrix_is_what_each_moment_would_have_been_told(
    history, recorded, model, step
) -> None:
    asset = next(assets)
    play(history, asset, model)
    interval = 0 if model is Quote else 1800
    now = pair()
    asked = question(asset, now, recorded=recorded, interval=interval, step=step)
    assert rounded(matrix(asked)) == rounded(naive(asked))
    live = replace(
        asked, since=now.as_of - 3 * STEP, until=now.as_of + 9 * STEP, window=timedelta(days=3650)
    )
    assert rounded(matrix(live)) == rounded(naive(live))


@settings(max_examples=12)
@given(
    history=st.lists(payloads, min_size=1, max_size=5),
    restates=st.booleans(),
    recorded=st.booleans(),
)
def test_a_matrix_of_whole_hours_stays_what_it_was_whatever_comes_later(
    history, restates, recorded
) -> None:
    asset = next(assets)
    told: dict[Pair, list[Known]] = {}
    for payload in history:
        payload.keep(Quote, asset, restates=restates)
        for cut in (pair(), pair(T0 + 3 * HOUR)):
            told[cut] = matrix(question(asset, cut, step=HOUR, recorded=recorded))
    for cut, was in told.items():
        asked = question(asset, cut, step=HOUR, recorded=recorded)
        assert matrix(asked) == was == naive(asked)


def test_an_edit_and_a_second_model_take_over_when_they_are_known() -> None:
    run = make_run(kind=Kind.BACKFILL, restates=False)
    store(Score, [score(0, 4, "BTC"), score(1, 2, "BTC")], run, observed_at=T0 + 20 * HOUR)
    first = pair().as_of
    changed = [replace(score(item, -4, "BTC"), version="2") for item in (0, 1)]
    changed[1] = replace(changed[1], withdrawn=True)
    store(Score, changed, make_run(), observed_at=T0 + 21 * HOUR)
    last = pair()
    step = (last.as_of - first) // 2
    first = last.as_of - 2 * step  # the last moment is as_of, to the microsecond
    asked = question("BTC", last, since=first, until=last.as_of, window=timedelta(days=3650))
    known = matrix(replace(asked, until=last.as_of + step, step=step))
    assert (known[0].scores, known[0].sentiment) == (2, Decimal("0.75"))
    assert (known[-1].scores, known[-1].sentiment) == (1, Decimal(-1))


def test_a_price_that_is_old_or_withdrawn_is_none() -> None:
    run = make_run(kind=Kind.BACKFILL, restates=False)
    store(Quote, [quote(0, "2"), quote(1, "3")], run, observed_at=T0 + 20 * HOUR)
    late = question("BTC", pair(), since=T0 + 47 * HOUR, until=T0 + 50 * HOUR, step=HOUR)
    assert [one.price for one in matrix(late)] == [3, 3, None]
    assert matrix(late)[0].priced_at == T0 + STEP


def backfill(*steps: int, price: str = "2") -> None:
    """Store quotes of a source that tells its past and never restates it."""
    run = make_run(kind=Kind.BACKFILL, restates=False)
    store(Quote, [quote(step, price) for step in steps], run, observed_at=T0 + 20 * HOUR)


def prices(cut: Pair, **options: Any) -> list[Decimal | None]:
    """Return the prices of the first six hours."""
    asked = question("BTC", cut, until=T0 + 6 * HOUR, step=HOUR, **options)
    return [one.price for one in matrix(asked)]


def test_each_whole_hour_keeps_the_quote_that_was_the_newest_then() -> None:
    backfill(1, 2, 5, 9)
    kept = HourlyQuote.objects.order_by("at").values_list("at", "event_at")
    newest = {1: 2, 2: 2, 3: 5, 4: 5}
    assert list(kept) == [(T0 + hour * HOUR, T0 + step * STEP) for hour, step in newest.items()]
    HourlyQuote.objects.update(price=99)
    assert prices(pair()) == [None, 99, 99, 99, 99, 2]


def test_a_kept_hour_that_a_horizon_does_not_let_through_comes_from_the_facts() -> None:
    backfill(1, 5, 9)
    before = pair()
    backfill(3, price="3")
    HourlyQuote.objects.update(price=99)
    assert prices(before) == [None, 99, 2, 99, 99, 2]
    assert prices(pair(), recorded=True) == [None] * 6


def test_what_is_known_later_changes_no_hour_that_is_over() -> None:
    backfill(1, 5, 9)
    kept = list(HourlyQuote.objects.order_by("at").values())
    store(Quote, [quote(3, "3"), quote(5, "3")], make_run(), observed_at=T0 + 21 * HOUR)
    assert list(HourlyQuote.objects.order_by("at").values()) == kept
    assert prices(pair()) == [None, 2, 2, 2, 2, 2]


def test_an_hour_that_is_not_over_is_not_kept() -> None:
    soon = pair().as_of.replace(minute=0, second=0, microsecond=0) + HOUR
    ahead = replace(quote(0), event_at=soon, published_at=soon, quoted_at=soon)
    store(Quote, [replace(ahead, event_at=soon - 3 * HOUR), ahead], make_run(), observed_at=soon)
    assert not HourlyQuote.objects.filter(at__gte=soon).exists()


def test_holes_far_apart_are_filled_at_once_and_no_hour_is_made_twice() -> None:
    day = 48
    backfill(0, 10 * day)
    backfill(1, 2, 3 * day, 3 * day + 1, 4 * day, 9 * day)
    before = list(HourlyQuote.objects.order_by("at").values())
    HourlyQuotes().rebuild()
    assert list(HourlyQuote.objects.order_by("at").values()) == before
    assert len(before) == 49 + 72 + 25


def test_no_moment_lies_after_as_of() -> None:
    asked = question("BTC", Pair(as_of=T0 + STEP, horizon=T0 + STEP), step=STEP)
    assert [one.at for one in matrix(asked)] == [T0, T0 + STEP]
    nothing = replace(asked, since=T0 + 3 * STEP)
    assert matrix(nothing) == []
    assert matrix_as_json(nothing) == ""


def test_the_database_writes_the_same_as_json() -> None:
    play([(Kind.BACKFILL, {1: ("2", False)}, {0: (3, False)}, {2: False})], "BTC", Quote)
    asked = question("BTC", pair(), step=HOUR)
    written = json.loads(f"[{matrix_as_json(asked)}]")
    assert written[1] == {
        "at": "2026-01-31T23:00:00Z",
        "price": "2",
        "priced_at": "2026-01-31T22:30:00Z",
        "sentiment": "0.75000000000000000000",
        "scores": 1,
        "events": 1,
    }
    assert written[0]["price"] is None
    assert [row["at"] for row in written] == [f"{one.at:%FT%TZ}" for one in matrix(asked)]


def test_quotes_are_preferred_and_else_the_shortest_candles() -> None:
    until = T0 + 100 * HOUR
    assert interval_of("BTC", "kraken", "USD", until, pair()) is None
    hourly = replace(candle(0), interval=3600)
    store(Candle, [hourly, candle(0)], make_run(), observed_at=T0 + 20 * HOUR)
    assert interval_of("BTC", "kraken", "USD", until, pair()) == 1800
    store(Quote, [quote(0)], make_run(), observed_at=T0 + 20 * HOUR)
    assert interval_of("BTC", "kraken", "USD", until, pair()) == 0
