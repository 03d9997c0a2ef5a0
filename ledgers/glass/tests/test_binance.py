"""Binance's candles."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import active, collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.binance import SYMBOLS
from ledgers.glass.tests.asking import HOUR, back, live, requested, seen, source
from ledgers.models import CollectorRun
from ledgers.tests.misbehaving import body, say
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    parsed,
    payload,
    replayed,
    samples_needed,
)

URL = "https://data-api.binance.vision/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000"
BINANCE = collectors["binance"]
SAMPLE = SAMPLES / "binance" / "klines_BTCUSDT_1m_2021-10-22.json"


def row(hours: int = -2, **changed: object) -> list[object]:
    first = int((NOW + hours * HOUR).timestamp()) * 1000
    parts = {
        "first": first,
        "open": "105.10",
        "high": "106.0",
        "low": "104.9",
        "close": "105.5",
        "volume": "1.50000000",
        "last": first + 3_599_999,
    }
    return [*(parts | changed).values(), "158.1", 7, "0.7", "73.9", "0"]


def parse(text: object, url: str = URL) -> tuple[list, list]:
    return parsed(BINANCE, payload(url, json.dumps(text)))


def test_it_is_off_until_an_operator_names_it(settings) -> None:
    settings.OMC_PLUG_INS = []
    assert "binance" not in active()
    settings.OMC_PLUG_INS = ["binance"]
    assert "binance" in active()


def test_a_closed_candle_is_taken_to_the_last_digit_and_the_open_one_is_left_out() -> None:
    (candle,), rejects = parse([row(-2), row(0)])
    assert (candle.asset, candle.currency, candle.interval) == ("BTC", "USDT", 3600)
    assert (candle.event_at, candle.published_at) == (NOW - 2 * HOUR, NOW - HOUR)
    told = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    assert [str(value) for value in told] == ["105.10", "106.0", "104.9", "105.5", "1.50000000"]
    assert rejects == []


def test_the_candle_that_ends_with_the_answer_is_closed() -> None:
    assert len(parse([row(-1)])[0]) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(-1, close="NaN"), "not_finite"),
        (row(-1, low="0"), "not_positive"),
        (row(-1, high="105.2"), "crossed"),
        (row(-1, volume="-1"), "negative"),
        (row(-1, first="soon"), "unknown_shape"),
        (row(-1)[:6], "unknown_shape"),
        ("a row", "unknown_shape"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    candles, rejects = parse([row(-2), bad])
    assert (len(candles), [reject.reason for reject in rejects]) == (1, [reason])


def test_a_pair_against_something_else_is_rejected() -> None:
    _, (reject,) = parse([row()], URL.replace("BTCUSDT", "BTCEUR"))
    assert reject.reason == "unknown_pair"


@pytest.mark.parametrize("document", [{"code": -1121, "msg": "Invalid symbol."}, "busy", None])
def test_another_shape_is_drift(document) -> None:
    with pytest.raises(DriftError):
        parse(document)


def test_a_look_asks_for_the_newest_and_a_backfill_for_its_window(settings) -> None:
    (path,) = requested(BINANCE, live("BTCUSDT"), settings)
    assert path == "/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    (path,) = requested(BINANCE, back("BTCUSDT", since, since + 5 * HOUR), settings)
    assert path.endswith("&startTime=1767225600000&endTime=1767243599999")
    assert BINANCE.chunk("BTCUSDT") == 1000 * HOUR


def test_a_backfill_covers_from_where_it_asked_and_nothing_before_a_listing_is_proven() -> None:
    ask = back("BTCUSDT", NOW - 9 * HOUR, NOW - 3 * HOUR)
    late = [NOW - hours * HOUR for hours in (6, 5)]
    assert BINANCE.covered(seen(ask, *late)) == Range(NOW - 9 * HOUR, NOW - 4 * HOUR)
    assert BINANCE.covered(seen(ask)) == Range(NOW - 9 * HOUR, NOW - 3 * HOUR)
    assert BINANCE.covered(seen(live("BTCUSDT"), *late)) == Range(NOW - 6 * HOUR, NOW - 4 * HOUR)
    assert BINANCE.covered(seen(live("BTCUSDT"))) is None


def test_an_answer_to_another_question_proves_nothing_of_the_window() -> None:
    ask = back("BTCUSDT", NOW - 9 * HOUR, NOW - 3 * HOUR)
    assert BINANCE.covered(seen(ask, NOW - 2 * HOUR, NOW - HOUR)) is None
    both = BINANCE.covered(seen(ask, NOW - 4 * HOUR, NOW - HOUR))
    assert both == Range(NOW - 4 * HOUR, NOW - 3 * HOUR)


def test_only_an_empty_page_of_the_past_says_that_there_is_nothing() -> None:
    past = URL + "&startTime=1767225600000&endTime=1767243599999"
    assert BINANCE.is_empty(payload(past, "[]"))
    assert not BINANCE.is_empty(payload(past, '{"code": 1}'))
    assert not BINANCE.is_empty(payload(URL, "[]"))


@samples_needed
def test_every_recorded_row_is_a_candle_with_its_values() -> None:
    text = SAMPLE.read_text()
    recorded = json.loads(text)
    url = "https://data-api.binance.vision/api/v3/klines?symbol=BTCUSDT&interval=1m"
    later = datetime(2021, 10, 23, tzinfo=UTC)
    candles, rejects = parsed(BINANCE, payload(url, text, at=later))
    assert (len(candles), rejects) == (len(recorded), [])
    for candle, told in zip(candles, recorded, strict=True):
        values = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        assert [value.as_tuple() for value in values] == [
            Decimal(text).as_tuple() for text in told[1:6]
        ]
        assert (candle.event_at.timestamp() * 1000, candle.interval) == (told[0], 60)


@samples_needed
def test_a_recorded_minute_that_is_not_over_is_left_out() -> None:
    now = datetime(2021, 10, 22, 23, 3, 30, tzinfo=UTC)
    first = datetime.fromtimestamp(json.loads(SAMPLE.read_text())[0][0] / 1000, tz=UTC)
    assert first == now - timedelta(seconds=30)
    candles, _ = parsed(BINANCE, payload(URL, SAMPLE.read_text(), at=now))
    assert first not in [candle.event_at for candle in candles]


@pytest.mark.usefixtures("ledger")
def test_a_refusal_by_law_is_a_block(settings) -> None:
    refusal = b"HTTP/1.1 451 Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    with source(BINANCE, settings, say(refusal)):
        runs = collect("binance")
    assert {run.outcome for run in runs} == {CollectorRun.Outcome.BLOCKED}


@pytest.mark.usefixtures("ledger")
def test_an_empty_answer_to_a_live_look_is_drift(settings) -> None:
    with source(BINANCE, settings, body(b"[]")):
        assert {run.outcome for run in collect("binance")} == {CollectorRun.Outcome.DRIFT}


@pytest.mark.usefixtures("ledger")
def test_every_symbol_is_shipped_and_a_second_look_stores_nothing(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("binance"), collect("binance")
    assert [(run.outcome, run.new) for run in first] == [("ok", 167)] * len(SYMBOLS)
    assert [(run.new, run.revised) for run in again] == [(0, 0)] * len(SYMBOLS)
