"""DeFiLlama's metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from psycopg.types.range import Range

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.models import ProtocolMetric
from ledgers.glass.tests.asking import back, live, requested, seen, source
from ledgers.models import CollectorRun
from ledgers.reading import pair
from ledgers.tests.misbehaving import body
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

API = "https://api.llama.fi"
CHAIN = f"{API}/v2/historicalChainTvl/Solana"
FEES = f"{API}/summary/fees/aave?dataType=dailyFees"
REVENUE = f"{API}/summary/fees/aave?dataType=dailyRevenue"
STABLECOINS = "https://stablecoins.llama.fi/stablecoincharts/all"
LLAMA = collectors["defillama"]
DAY = timedelta(days=1)
TODAY = NOW.replace(hour=0)


def epoch(days_ago: int) -> int:
    return int((TODAY - days_ago * DAY).timestamp())


def parse(url: str, text: str) -> tuple[list, list]:
    return parsed(LLAMA, payload(url, text))


def test_a_chain_has_a_value_a_day_to_the_last_digit_and_today_is_not_over() -> None:
    text = (
        f'[{{"date": {epoch(2)}, "tvl": 16890071630.01999}}, {{"date": {epoch(1)}, "tvl": 2}},'
        f'{{"date": {epoch(0)}, "tvl": 3}}]'
    )
    metrics, rejects = parse(CHAIN, text)
    assert [metric.event_at for metric in metrics] == [TODAY - 2 * DAY, TODAY - DAY]
    assert str(metrics[0].value) == "16890071630.01999"
    told = {(m.source, m.entity, m.metric, m.unit, m.published_at) for m in metrics}
    assert told == {("defillama", "Solana", "tvl", "USD", None)}
    assert rejects == []


def test_the_value_of_a_protocol_is_of_the_minute_of_the_answer() -> None:
    (metric,), _ = parse(f"{API}/tvl/curve-dex", "2340981122.2500001")
    assert (metric.entity, metric.metric, metric.event_at) == ("curve-dex", "tvl", NOW)
    assert str(metric.value) == "2340981122.2500001"


def test_fees_and_revenue_are_two_requests_and_two_metrics() -> None:
    text = json.dumps({"total24h": None, "totalDataChart": [[epoch(2), 7], [epoch(1), 8]]})
    fees, revenue = parse(FEES, text)[0], parse(REVENUE, text)[0]
    assert [metric.metric for metric in (*fees, *revenue)] == [
        "fees_24h",
        "fees_24h",
        "revenue_24h",
        "revenue_24h",
    ]
    assert {metric.entity for metric in (*fees, *revenue)} == {"aave"}


def test_stablecoins_carry_their_day_as_text() -> None:
    text = json.dumps([{"date": str(epoch(1)), "totalCirculatingUSD": {"peggedUSD": 301}}])
    ((metric,), _) = parse(STABLECOINS, text)
    assert (metric.metric, metric.entity, metric.value) == ("stable_mcap", "all", Decimal(301))
    assert metric.event_at == TODAY - DAY


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"date": epoch(1), "tvl": None}, "not_a_number"),
        ({"date": epoch(1) * 1000, "tvl": 1}, "not_a_time"),
        ({"day": epoch(1), "tvl": 1}, "unknown_shape"),
        ("a day", "unknown_shape"),
        (None, "unknown_shape"),
    ],
)
def test_a_bad_day_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    metrics, rejects = parse(CHAIN, json.dumps([{"date": epoch(2), "tvl": 1}, bad]))
    assert (len(metrics), [reject.reason for reject in rejects]) == (1, [reason])


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (CHAIN, "{}"),
        (CHAIN, "Protocol not found"),
        (FEES, "[]"),
        (FEES, '{"total24h": 5}'),
        (FEES, '{"totalDataChart": null}'),
        (STABLECOINS, '{"message": "no"}'),
        (f"{API}/tvl/aave", "Protocol not found"),
        (f"{API}/protocols", "[]"),
    ],
)
def test_another_shape_is_drift(url, text) -> None:
    with pytest.raises(DriftError):
        parse(url, text)


def test_a_series_covers_its_closed_days_and_a_present_value_its_slot() -> None:
    days = [TODAY - number * DAY for number in (3, 2, 1)]
    assert LLAMA.covered(seen(live("fees/aave"), *days)) == Range(TODAY - 3 * DAY, TODAY)
    assert LLAMA.covered(seen(live("tvl/aave", LLAMA.every), NOW)) == Range(NOW, NOW + LLAMA.every)


def test_a_backfill_covers_the_days_of_its_window_and_of_a_present_value_nothing() -> None:
    window = (TODAY - 9 * DAY, TODAY - 2 * DAY)
    days = [TODAY - number * DAY for number in (3, 2, 1)]
    proven = LLAMA.covered(seen(back("fees/aave", *window), *days))
    assert proven == Range(TODAY - 3 * DAY, TODAY - 2 * DAY)
    assert LLAMA.covered(seen(back("tvl/aave", *window), NOW)) is None
    assert LLAMA.chunk("fees/aave") > 10_000 * DAY


def test_a_backfill_does_not_ask_for_what_has_no_past(settings) -> None:
    window = (TODAY - 9 * DAY, TODAY - 2 * DAY)
    assert requested(LLAMA, back("tvl/aave", *window), settings) == []
    assert len(requested(LLAMA, back("fees/aave", *window), settings)) == 1


def test_each_scope_asks_its_own_page(settings) -> None:
    asked = {scope: requested(LLAMA, live(scope), settings) for scope in LLAMA.scopes()}
    assert asked["chain/Solana"] == ["/v2/historicalChainTvl/Solana"]
    assert asked["tvl/aave"] == ["/tvl/aave"]
    assert asked["revenue/aave"] == ["/summary/fees/aave?dataType=dailyRevenue"]
    assert asked["stablecoins/all"] == ["/stablecoincharts/all"]
    assert len({path for (path,) in asked.values()}) == len(asked)


@samples_needed
def test_every_recorded_day_is_a_metric_or_not_over_yet() -> None:
    text = (SAMPLES / "defillama" / "historicalChainTvl_solana_2026-09-03.json").read_text()
    recorded = json.loads(text, parse_float=Decimal)
    later = datetime(2026, 9, 5, 1, tzinfo=UTC)
    metrics, rejects = parsed(LLAMA, payload(CHAIN, text, at=later))
    assert len(metrics) + len(rejects) == len(recorded) == 3
    for metric, told in zip(metrics, recorded, strict=True):
        assert int(metric.event_at.timestamp()) == told["date"]
        assert metric.value == told["tvl"]
    same_day = datetime(2026, 9, 4, 1, tzinfo=UTC)
    assert len(parsed(LLAMA, payload(CHAIN, text, at=same_day))[0]) == 2


@samples_needed
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/protocols", "protocols_2022-01-29_first8.json"),
        ("/overview/dexs/solana", "overview_dexs_solana_2026-09-03.json"),
        ("/prices/current/x", "coins_prices_current_2025-07-21.json"),
    ],
)
def test_recorded_answers_to_questions_we_do_not_ask_are_never_taken_for_ours(path, name) -> None:
    with pytest.raises(DriftError):
        parse(API + path, (SAMPLES / "defillama" / name).read_text())


@pytest.mark.usefixtures("ledger")
def test_a_restated_day_becomes_a_revision_and_no_second_day(settings) -> None:
    days = [{"date": epoch(2), "tvl": 5}, {"date": epoch(1), "tvl": 6}]
    restated = [{"date": epoch(2), "tvl": 5.5}, *days[1:]]
    chains = len([scope for scope in LLAMA.scopes() if scope.startswith("chain/")])
    answers = [body(json.dumps(days).encode())] * len(LLAMA.scopes())
    with source(LLAMA, settings, *answers, body(json.dumps(restated).encode())):
        first, again = collect("defillama"), collect("defillama")
    stored = [run for run in first if run.outcome == CollectorRun.Outcome.OK]
    revised = [run for run in again if run.outcome == CollectorRun.Outcome.OK]
    assert [(run.new, run.revised) for run in stored] == [(2, 0)] * chains
    assert [(run.new, run.revised) for run in revised] == [(0, 1)] * chains
    days_of_solana = ProtocolMetric.objects.at(pair()).filter(entity="Solana").order_by("event_at")
    assert [metric.value for metric in days_of_solana] == [Decimal("5.5"), Decimal(6)]


@pytest.mark.usefixtures("ledger")
def test_every_scope_has_a_shipped_answer_and_a_second_look_stores_nothing_new(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("defillama"), collect("defillama")
    assert len(first) == len(LLAMA.scopes())
    assert {run.outcome for run in first} == {CollectorRun.Outcome.OK}
    series = [run for run in again if "/tvl/" not in run.feed_id]
    assert {(run.new, run.revised, run.duplicate) for run in series} == {(0, 0, 89)}


def test_the_shipped_revenue_is_a_part_of_the_shipped_fees() -> None:
    fees, _ = parse(FEES, shipped("defillama/fees.json", name="aave", value="2110443.5"))
    revenue, _ = parse(REVENUE, shipped("defillama/fees.json", name="aave", value="290118.5"))
    assert all(part.value < whole.value for part, whole in zip(revenue, fees, strict=True))
