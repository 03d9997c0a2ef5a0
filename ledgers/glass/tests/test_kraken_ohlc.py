"""Kraken's candles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError, RateLimitedError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.kraken import PAIRS
from ledgers.glass.models import Candle
from ledgers.glass.tests.asking import HOUR, back, live, requested, seen
from ledgers.models import CollectorRun
from ledgers.reading import pair
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    only,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

URL = "https://api.kraken.com/0/public/OHLC?pair=XBTAUD&interval=60&assetVersion=1"
CANDLES = collectors["kraken_ohlc"]
START = int(NOW.timestamp())


def row(hour: int = 0, **changed: object) -> list[object]:
    parts = {
        "time": START + 3600 * hour,
        "open": "105.10",
        "high": "106.0",
        "low": "104.9",
        "close": "105.5",
        "vwap": "105.3",
        "volume": "1.50000000",
        "count": 7,
    }
    return list((parts | changed).values())


def answer(*rows: object, last: object = START + 3600, name: str = "BTC/AUD") -> str:
    return json.dumps({"error": [], "result": {name: list(rows), "last": last}})


def parse(text: str) -> tuple[list, list]:
    return parsed(CANDLES, payload(URL, text))


def test_a_candle_is_taken_to_the_last_digit_and_was_published_when_it_ended() -> None:
    (candle,), rejects = parse(answer(row(), name="XXBTZAUD"))
    assert (candle.asset, candle.currency, candle.interval) == ("BTC", "AUD", 3600)
    assert (candle.event_at, candle.published_at) == (NOW, NOW + HOUR)
    told = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    assert [str(value) for value in told] == ["105.10", "106.0", "104.9", "105.5", "1.50000000"]
    assert rejects == []


def test_the_row_that_is_not_committed_is_never_stored() -> None:
    candles, rejects = parse(answer(row(0), row(1), row(2), last=START + 3600))
    assert [candle.event_at for candle in candles] == [NOW, NOW + HOUR]
    assert rejects == []


def test_an_hour_without_a_trade_is_a_candle_without_volume() -> None:
    (candle,), _ = parse(answer(row(volume="0.00000000", vwap="0.0", count=0)))
    assert candle.volume == Decimal(0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(1, close="NaN"), "not_finite"),
        (row(1, low="0"), "not_positive"),
        (row(1, low="105.2"), "crossed"),
        (row(1, high="105.2"), "crossed"),
        (row(1, volume="-1"), "negative"),
        (row(1)[:6], "unknown_shape"),
        (row(1, time="soon"), "not_a_number"),
        ("a row", "unknown_shape"),
        ([], "unknown_shape"),
        (None, "unknown_shape"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    candles, rejects = parse(answer(row(0), bad))
    assert [candle.event_at for candle in candles] == [NOW]
    assert [reject.reason for reject in rejects] == [reason]


@pytest.mark.parametrize(
    "text",
    [
        answer(row(), last="soon"),
        '{"error": [], "result": {"BTC/AUD": []}}',
        '{"error": [], "result": {"last": 1}}',
        '{"error": [], "result": {"BTC/AUD": [], "ETH/AUD": [], "last": 1}}',
        '{"error": [], "result": {"BTC/AUD": {}, "last": 1}}',
        '{"error": ["EQuery:Unknown asset pair"]}',
    ],
)
def test_another_shape_is_drift(text) -> None:
    with pytest.raises(DriftError):
        parse(text)


def test_a_rate_limit_in_a_body_is_a_rate_limit() -> None:
    with pytest.raises(RateLimitedError):
        parse('{"error": ["EAPI:Rate limit exceeded"]}')


def test_a_look_covers_from_its_first_candle_to_the_end_of_its_last_and_no_further() -> None:
    events = [NOW - 3 * HOUR, NOW - 2 * HOUR]
    assert CANDLES.covered(seen(live("XBTAUD"), *events)) == Range(NOW - 3 * HOUR, NOW - HOUR)
    assert CANDLES.covered(seen(live("XBTAUD"))) is None


def test_a_backfill_covers_only_the_part_of_its_window_that_the_answer_reaches() -> None:
    ask = back("XBTAUD", NOW - 5 * HOUR, NOW - 2 * HOUR)
    events = [NOW - hours * HOUR for hours in (3, 2, 1)]
    assert CANDLES.covered(seen(ask, *events)) == Range(NOW - 3 * HOUR, NOW - 2 * HOUR)
    assert CANDLES.covered(seen(ask, NOW - HOUR)) is None
    assert CANDLES.chunk("XBTAUD") == 720 * HOUR


def test_a_pair_is_one_request_for_hours(settings) -> None:
    path = "/0/public/OHLC?pair=XBTAUD&interval=60&assetVersion=1"
    assert requested(CANDLES, live("XBTAUD"), settings) == [path]


@samples_needed
def test_every_recorded_row_but_the_open_one_is_a_candle_with_its_values() -> None:
    text = (SAMPLES / "kraken" / "ohlc_XBTUSDT_1m_2025-11-10.json").read_text()
    result = json.loads(text)["result"]
    url = "https://api.kraken.com/0/public/OHLC?pair=XBTUSDT&interval=1"
    candles, rejects = parsed(CANDLES, payload(url, text))
    recorded = result["XBTUSDT"]
    assert (len(candles), len(rejects), len(recorded)) == (720, 0, 721)
    for candle, told in zip(candles, recorded, strict=False):
        assert candle.event_at == datetime.fromtimestamp(told[0], tz=UTC)
        values = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        assert [value.as_tuple() for value in values] == [
            Decimal(text).as_tuple() for text in (*told[1:5], told[6])
        ]
    assert {(one.asset, one.currency, one.interval) for one in candles} == {("BTC", "USDT", 60)}


@pytest.mark.usefixtures("ledger")
def test_every_pair_has_a_shipped_week_and_a_second_look_stores_nothing(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("kraken_ohlc"), collect("kraken_ohlc")
    assert len(first) == len(PAIRS)
    assert {(run.outcome, run.new) for run in first} == {("ok", 167)}
    assert {(run.new, run.revised, run.duplicate) for run in again} == {(0, 0, 167)}
    assert Candle.objects.at(pair()).filter(source="kraken_ohlc").count() == 167 * len(PAIRS)


def test_a_shipped_candle_holds_the_price_that_is_quoted() -> None:
    candles, _ = parse(shipped("kraken/ohlc.json", pair="BTC/AUD", price="143540.1"))
    assert candles[-1].event_at == NOW - HOUR
    assert all(one.close == next_.open for one, next_ in pairwise(candles))
    quotes, _ = parsed(
        collectors["kraken"], payload("https://api.kraken.com/", shipped("kraken/ticker.json"))
    )
    quoted = next(quote for quote in quotes if (quote.asset, quote.currency) == ("BTC", "AUD"))
    assert quoted.last == candles[-1].close


@pytest.fixture
def looks(tmp_path, settings):
    """Serve a pair's answers one after another, an hour apart, and say what each look brought."""
    settings.OMC_KRAKEN_PAIRS = ["XBTAUD"]

    def look(*answers: str) -> list[CollectorRun]:
        rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
        for turn, text in enumerate(answers):
            (tmp_path / f"{turn}.json").write_text(text)
            where = "api.kraken.com\tGET\t/0/public/OHLC\t200\tapplication/json"
            rows.append(f"{where}\t{(NOW + turn * HOUR).isoformat()}\t{turn}.json\trecorded")
        (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
        with replayed(tmp_path, settings, in_sequence=True):
            return [only(collect("kraken_ohlc")) for _ in answers]

    return look


@pytest.mark.usefixtures("ledger")
def test_a_close_that_is_restated_and_back_is_told_as_it_was_known_each_time(looks) -> None:
    told = ["105.5", "105.6", "105.5"]
    runs = looks(*(answer(row(-2, close=close), row(-1), last=START - 3600) for close in told))
    counts = [(run.new, run.revised, run.late, run.duplicate) for run in runs]
    assert counts == [(2, 0, 0, 0), (0, 1, 0, 1), (0, 1, 0, 1)]
    revisions = Candle.objects.filter(event_at=NOW - 2 * HOUR).order_by("revision")
    assert [(str(one.close), one.run) for one in revisions] == list(zip(told, runs, strict=True))
    for close, revision in zip(told, revisions, strict=True):
        known_then = Candle.objects.at(pair(revision.known_at)).get(event_at=NOW - 2 * HOUR)
        assert str(known_then.close) == close


@pytest.mark.usefixtures("ledger")
def test_a_candle_that_moves_while_it_is_open_is_stored_once_as_it_was_committed(looks) -> None:
    opened, moved = (
        answer(row(-2), row(-1, close=close), last=START - 7200) for close in ("105.0", "105.9")
    )
    runs = looks(opened, moved, answer(row(-2), row(-1), last=START - 3600))
    assert [(run.new, run.revised) for run in runs] == [(1, 0), (0, 0), (1, 0)]
    assert Candle.objects.get(event_at=NOW - HOUR).close == Decimal("105.5")
