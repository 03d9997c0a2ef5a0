"""blockchain.info's charts."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.blockchain_info import CHARTS
from ledgers.glass.models import ChainMetric
from ledgers.glass.tests.asking import DAY, back, live, requested, seen
from ledgers.reading import pair
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    parsed,
    payload,
    replayed,
    samples_needed,
)

CHART = "https://api.blockchain.info/charts/{}?format=json&sampled=false&timespan=30days"
CHAIN = collectors["blockchain_info"]
TODAY = NOW.replace(hour=0)


def point(days_ago: int, value: object = 7) -> dict[str, object]:
    return {"x": int((TODAY - days_ago * DAY).timestamp()), "y": value}


def answer(*points: object, **changed: object) -> str:
    document = {"status": "ok", "name": "Hash Rate", "unit": "TH/s", "period": "day"}
    return json.dumps(document | {"values": list(points)} | changed)


def parse(text: str, chart: str = "hash-rate") -> tuple[list, list]:
    return parsed(CHAIN, payload(CHART.format(chart), text))


def test_a_closed_day_is_a_metric_with_the_unit_of_its_chart_and_today_is_left_out() -> None:
    metrics, rejects = parse(answer(point(2), point(1), point(0)))
    assert [metric.event_at for metric in metrics] == [TODAY - 2 * DAY, TODAY - DAY]
    assert {(m.source, m.asset, m.metric, m.unit, m.published_at) for m in metrics} == {
        ("blockchain_info", "BTC", "hash_rate", "TH/s", None)
    }
    assert rejects == []


def test_a_value_keeps_every_digit() -> None:
    text = answer(point(1)).replace('"y": 7', '"y": 1043228841.2500000000001')
    assert str(parse(text)[0][0].value) == "1043228841.2500000000001"


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_a_metric_of_its_own(chart) -> None:
    ((metric,), _) = parse(answer(point(1)), chart)
    assert metric.metric == CHARTS[chart]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (point(1, None), "not_a_number"),
        (point(1, "NaN"), "not_finite"),
        ({"x": "soon", "y": 1}, "not_a_number"),
        ({"x": 1}, "implausible_time"),
        ({"y": 1}, "unknown_shape"),
        ("a point", "unknown_shape"),
    ],
)
def test_a_bad_point_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    metrics, rejects = parse(answer(point(2), bad))
    assert (len(metrics), [reject.reason for reject in rejects]) == (1, [reason])


@pytest.mark.parametrize(
    "text",
    [
        answer(point(1), status="not-found"),
        answer(point(1), period="minute"),
        answer(values=None),
        answer(point(1), unit=None),
        "[]",
        "{}",
        '{"status": "ok"}',
        "not found",
    ],
)
def test_another_shape_is_drift(text) -> None:
    with pytest.raises(DriftError):
        parse(text)


def test_a_chart_that_is_not_ours_is_refused() -> None:
    with pytest.raises(DriftError, match="no chart"):
        parse(answer(point(1)), "mempool-size")


def test_a_look_asks_for_a_month_and_a_backfill_for_its_window(settings) -> None:
    (path,) = requested(CHAIN, live("hash-rate"), settings)
    assert path == "/charts/hash-rate?format=json&sampled=false&timespan=30days"
    window = (TODAY - 400 * DAY, TODAY - 100 * DAY - DAY / 2)
    (path,) = requested(CHAIN, back("hash-rate", *window), settings)
    assert path.endswith("&timespan=300days&start=2025-02-11")


def test_a_look_covers_its_closed_days_and_a_backfill_those_of_its_window() -> None:
    days = [TODAY - number * DAY for number in (3, 2, 1)]
    assert CHAIN.covered(seen(live("hash-rate"), *days)) == Range(TODAY - 3 * DAY, TODAY)
    ask = back("hash-rate", TODAY - 9 * DAY, TODAY - 2 * DAY)
    assert CHAIN.covered(seen(ask, *days)) == Range(TODAY - 3 * DAY, TODAY - 2 * DAY)


@samples_needed
def test_every_recorded_point_is_a_metric_with_its_value() -> None:
    text = (SAMPLES / "blockchain_info" / "charts_market_price_2026-01.json").read_text()
    recorded = json.loads(text, parse_float=Decimal)["values"]
    later = TODAY.replace(year=2027)
    metrics, rejects = parsed(CHAIN, payload(CHART.format("market-price"), text, at=later))
    assert (len(metrics), rejects) == (len(recorded), [])
    for metric, told in zip(metrics, recorded, strict=True):
        assert int(metric.event_at.timestamp()) == told["x"]
        assert (str(metric.value), metric.unit) == (str(told["y"]), "USD")


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_recording_is_stored_once(settings) -> None:
    with replayed(SAMPLES, settings):
        runs = {run.feed_id: run for run in collect("blockchain_info")}
        again = {run.feed_id: run for run in collect("blockchain_info")}
    name = "blockchain_info/market-price"
    assert (runs[name].outcome, runs[name].new) == ("ok", 2)
    assert (again[name].new, again[name].revised, again[name].duplicate) == (0, 0, 2)
    assert {run.outcome for key, run in runs.items() if key != name} == {"transport"}
    assert ChainMetric.objects.at(pair()).filter(metric="market_price").count() == 2


@pytest.mark.usefixtures("ledger")
def test_every_chart_is_shipped_and_a_second_look_stores_nothing(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("blockchain_info"), collect("blockchain_info")
    assert [(run.outcome, run.new) for run in first] == [("ok", 29)] * len(CHARTS)
    assert [(run.new, run.revised) for run in again] == [(0, 0)] * len(CHARTS)
