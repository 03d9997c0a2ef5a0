"""Coinbase's candles."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import active, collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.coinbase import PRODUCTS
from ledgers.glass.tests.asking import HOUR, back, live, requested, seen, source
from ledgers.models import CollectorRun
from ledgers.tests.misbehaving import body
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    parsed,
    payload,
    replayed,
    samples_needed,
)

PAGE = "https://api.coinbase.com/api/v3/brokerage/market/products/BTC-USD/candles"
URL = f"{PAGE}?granularity=ONE_HOUR&start=1&end={int(NOW.timestamp()) - 1}"
COINBASE = collectors["coinbase"]


def row(hours: int = -2, **changed: object) -> dict[str, object]:
    start = str(int((NOW + hours * HOUR).timestamp()))
    told = {"open": "105.10", "high": "106.0", "low": "104.9", "close": "105.5", "volume": "1.50"}
    return {"start": start, **told} | changed


def parse(*rows: object) -> tuple[list, list]:
    return parsed(COINBASE, payload(URL, json.dumps({"candles": list(rows)})))


def test_it_is_off_until_an_operator_names_it(settings) -> None:
    settings.OMC_PLUG_INS = []
    assert "coinbase" not in active()
    settings.OMC_PLUG_INS = ["coinbase"]
    assert "coinbase" in active()


def test_a_closed_candle_is_taken_to_the_last_digit_and_the_open_one_is_left_out() -> None:
    (candle,), rejects = parse(row(0), row(-2))
    assert (candle.asset, candle.currency, candle.interval) == ("BTC", "USD", 3600)
    assert (candle.event_at, candle.published_at) == (NOW - 2 * HOUR, NOW - HOUR)
    told = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    assert [str(value) for value in told] == ["105.10", "106.0", "104.9", "105.5", "1.50"]
    assert rejects == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(-1, close="NaN"), "not_finite"),
        (row(-1, low="0"), "not_positive"),
        (row(-1, high="105.2"), "crossed"),
        (row(-1, start="soon"), "not_a_number"),
        ({"start": "1"}, "unknown_shape"),
        ("a row", "unknown_shape"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    candles, rejects = parse(row(-2), bad)
    assert (len(candles), [reject.reason for reject in rejects]) == (1, [reason])


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"candles": {}}', '{"error": "NOT_FOUND"}', '{"candles": [{"sta']
)
def test_another_shape_is_drift(text) -> None:
    with pytest.raises(DriftError):
        parsed(COINBASE, payload(URL, text))


def test_a_look_asks_for_the_newest_page_and_a_backfill_for_its_window(settings) -> None:
    (path,) = requested(COINBASE, live("ETH-USD"), settings)
    end = int(NOW.timestamp())
    assert path == (
        "/api/v3/brokerage/market/products/ETH-USD/candles"
        f"?granularity=ONE_HOUR&start={end - 300 * 3600}&end={end - 1}"
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    (path,) = requested(COINBASE, back("ETH-USD", since, since + 5 * HOUR), settings)
    assert path.endswith("&start=1767225600&end=1767243599")
    assert COINBASE.chunk("ETH-USD") == 300 * HOUR


def test_a_backfill_covers_from_where_it_asked() -> None:
    ask = back("BTC-USD", NOW - 9 * HOUR, NOW - 3 * HOUR)
    assert COINBASE.covered(seen(ask, NOW - 6 * HOUR)) == Range(NOW - 9 * HOUR, NOW - 5 * HOUR)
    assert COINBASE.covered(seen(live("BTC-USD"), NOW - 6 * HOUR)) == Range(
        NOW - 6 * HOUR, NOW - 5 * HOUR
    )


def test_only_an_empty_page_of_the_past_says_that_there_is_nothing() -> None:
    past = f"{PAGE}?granularity=ONE_HOUR&start=1767225600&end=1767243599"
    assert COINBASE.is_empty(payload(past, '{"candles": []}'))
    assert not COINBASE.is_empty(payload(past, '{"candles": [1]}'))
    assert not COINBASE.is_empty(payload(URL, '{"candles": []}'))


@samples_needed
def test_every_recorded_row_is_a_candle_with_its_values() -> None:
    text = (SAMPLES / "coinbase" / "candles_BTC-USD_2024-04-04.json").read_text()
    recorded = json.loads(text)["candles"]
    later = datetime(2024, 4, 4, 2, tzinfo=UTC)
    candles, rejects = parsed(COINBASE, payload(URL, text, at=later))
    assert (len(candles), rejects) == (len(recorded), [])
    for candle, told in zip(candles, recorded, strict=True):
        names = ("open", "high", "low", "close", "volume")
        assert [str(getattr(candle, name)) for name in names] == [told[name] for name in names]
        assert str(int(candle.event_at.timestamp())) == told["start"]


@pytest.mark.usefixtures("ledger")
def test_an_empty_answer_to_a_live_look_is_drift(settings) -> None:
    with source(COINBASE, settings, body(b'{"candles": []}')):
        runs = collect("coinbase", now=datetime.now(UTC))  # noqa: TID251  # the source's Date
    assert {run.outcome for run in runs} == {CollectorRun.Outcome.DRIFT}


@pytest.mark.usefixtures("ledger")
def test_every_product_is_shipped_and_a_second_look_stores_nothing(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("coinbase"), collect("coinbase")
    assert [(run.outcome, run.new) for run in first] == [("ok", 167)] * len(PRODUCTS)
    assert [(run.new, run.revised) for run in again] == [(0, 0)] * len(PRODUCTS)
