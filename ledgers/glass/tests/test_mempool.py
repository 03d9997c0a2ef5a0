"""mempool.space's metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.mempool import PATHS, TOLD
from ledgers.glass.tests.asking import live, requested
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

MEMPOOL = collectors["mempool"]
FEES = {"fastestFee": 8, "halfHourFee": 7, "hourFee": 6, "economyFee": 4, "minimumFee": 2}


def parse(scope: str, document: object) -> tuple[list, list]:
    text = document if isinstance(document, str) else json.dumps(document)
    return parsed(MEMPOOL, payload(f"https://mempool.space{PATHS[scope]}", text))


def test_recommended_fees_are_of_the_minute_of_the_answer() -> None:
    metrics, rejects = parse("fees", FEES)
    assert {(m.metric, int(m.value)) for m in metrics} == {
        ("fee_fastest", 8),
        ("fee_half_hour", 7),
        ("fee_hour", 6),
        ("fee_economy", 4),
        ("fee_minimum", 2),
    }
    assert {(m.event_at, m.asset, m.unit) for m in metrics} == {(NOW, "BTC", "sat/vB")}
    assert rejects == []


def test_prices_are_of_the_time_they_carry() -> None:
    metrics, _ = parse("prices", {"time": 1711854906, "USD": 69880, "AUD": 107374, "JPY": 1})
    assert [(m.metric, m.value, m.unit) for m in metrics] == [
        ("price_usd", Decimal(69880), "USD"),
        ("price_aud", Decimal(107374), "AUD"),
    ]
    assert {m.event_at for m in metrics} == {datetime(2024, 3, 31, 3, 15, 6, tzinfo=UTC)}


def test_the_backlog_and_the_difficulty_are_told_with_their_units() -> None:
    backlog, _ = parse("backlog", {"count": 3, "vsize": 4.25, "total_fee": 5})
    difficulty, _ = parse(
        "difficulty", {"difficultyChange": -1.5, "remainingBlocks": 10, "timeAvg": 574743}
    )
    assert [(m.metric, str(m.value), m.unit) for m in (*backlog, *difficulty)] == [
        ("backlog_transactions", "3", "transactions"),
        ("backlog_size", "4.25", "vB"),
        ("backlog_fees", "5", "sat"),
        ("difficulty_change", "-1.5", "%"),
        ("blocks_to_retarget", "10", "blocks"),
        ("block_time", "574743", "ms"),
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"hourFee": None}, "not_a_number"),
        ({"hourFee": "NaN"}, "not_finite"),
        ({"hourFee": [1]}, "not_a_number"),
    ],
)
def test_a_bad_member_is_rejected_and_the_others_are_kept(changed, reason) -> None:
    metrics, rejects = parse("fees", FEES | changed)
    assert (len(metrics), [reject.reason for reject in rejects]) == (4, [reason])


def test_a_member_that_is_gone_is_rejected_by_its_name() -> None:
    metrics, (reject,) = parse("fees", {k: v for k, v in FEES.items() if k != "hourFee"})
    assert (len(metrics), reject.reason, "hourFee" in reject.item) == (4, "unknown_shape", True)


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("fees", "[]"),
        ("fees", "12"),
        ("fees", "busy"),
        ("prices", '{"USD": 1, "AUD": 2}'),
        ("prices", '{"time": "soon", "USD": 1, "AUD": 2}'),
    ],
)
def test_another_shape_is_drift(scope, text) -> None:
    with pytest.raises(DriftError):
        parse(scope, text)


def test_an_answer_of_another_page_is_drift() -> None:
    with pytest.raises(DriftError):
        parsed(MEMPOOL, payload("https://mempool.space/api/v1/blocks", "{}"))


@pytest.mark.parametrize("scope", PATHS)
def test_each_scope_is_one_request(scope, settings) -> None:
    assert requested(MEMPOOL, live(scope), settings) == [PATHS[scope]]


@samples_needed
@pytest.mark.parametrize(
    ("scope", "part"), [("fees", "fees"), ("prices", "conversions"), ("difficulty", "da")]
)
def test_every_recorded_member_that_we_tell_has_the_value_of_the_recording(scope, part) -> None:
    text = (SAMPLES / "mempool" / "mainnet_mempoolInfo.json").read_text()
    recorded = json.loads(text, parse_float=Decimal)[part]
    metrics, rejects = parse(scope, json.dumps(recorded, default=float))
    assert rejects == []
    assert [m.value for m in metrics] == [recorded[told.member] for told in TOLD[scope]]


@samples_needed
def test_the_recorded_message_of_the_web_socket_is_no_backlog() -> None:
    text = (SAMPLES / "mempool" / "mainnet_mempoolInfo.json").read_text()
    metrics, rejects = parse("backlog", text)
    assert (metrics, len(rejects)) == ([], 3)


@pytest.mark.usefixtures("ledger")
def test_every_scope_is_shipped(settings) -> None:
    with replayed(SHIPPED, settings):
        runs = collect("mempool")
    assert [(run.outcome, run.new) for run in runs] == [("ok", len(TOLD[scope])) for scope in PATHS]


@pytest.mark.usefixtures("ledger")
def test_the_same_answer_is_stored_once(settings, tmp_path) -> None:
    header = "host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"
    rows = []
    for scope, path in PATHS.items():
        (tmp_path / scope).write_text(shipped(f"mempool/{scope}.json"))
        parts = ("mempool.space", "GET", path, "200", "application/json")
        rows.append("\t".join((*parts, "2026-03-18T12:00:00Z", scope, "recorded")))
    (tmp_path / "ROUTES.tsv").write_text("\n".join([header, *rows]))
    with replayed(tmp_path, settings):
        first, again = collect("mempool"), collect("mempool")
    assert sum(run.new for run in first) == sum(map(len, TOLD.values()))
    assert {(run.outcome, run.new, run.revised) for run in again} == {("ok", 0, 0)}
