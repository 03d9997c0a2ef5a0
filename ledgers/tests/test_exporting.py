"""Long answers: the same numbers as the lists give, with what travels with every answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from psycopg.types.range import Range

from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.glass.models import Candle, Quote
from ledgers.reading import announce_and_stamp, pair
from ledgers.tests.factories import HOUR, T0, make_run
from ledgers.tests.histories import STEP, candle, naive_bars, quote

pytestmark = pytest.mark.usefixtures("ledger")
SERIES = {"source": "kraken", "currency": "USD"}
WINDOW = {"since": T0.isoformat(), "until": (T0 + timedelta(days=2)).isoformat()}
LATER = T0 + timedelta(days=2)


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("quant"))
    return client


def ask(client: Client, path: str, **params: Any) -> Any:
    response = client.get(f"/api/v1/ledgers/{path}", {**SERIES, **WINDOW, **params})
    assert response.headers["Content-Type"].startswith("application/")
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, json.loads(body)


@pytest.mark.parametrize(("interval", "base"), [(1800, 1800), (3600, 1800), (86400, 1800)])
def test_bars_are_those_of_the_facts_with_every_digit(client, interval, base) -> None:
    steps = [candle(step, "0.1000000000000000000000007") for step in range(9)]
    store(Candle, steps, make_run("kraken"), observed_at=LATER)
    status, body = ask(client, "glass/bars/btc", interval=interval)
    expected = naive_bars(Candle.objects.at(pair()), interval)
    shown = [bar for bar in expected if bar.event_at >= T0]
    assert status == 200
    assert (body["base"], body["folded_from"], body["next"]) == (base, "candles", None)
    rows = [dict(zip(body["fields"], row, strict=True)) for row in body["results"]]
    assert [row["event_at"] for row in rows] == [f"{bar.event_at:%FT%TZ}" for bar in shown]
    for name in ("open", "high", "low", "close", "volume"):
        assert [row[name] for row in rows] == [f"{getattr(bar, name):f}" for bar in shown]
    assert ("count" in body["fields"]) == (interval != base)
    assert body["coverage"]["presence"] == "value"


def test_bars_of_quotes_have_no_volume_and_say_what_they_are_made_of(client) -> None:
    store(Quote, [quote(step, "2") for step in range(3)], make_run("kraken"), observed_at=LATER)
    _, body = ask(client, "glass/bars/BTC")
    assert (body["base"], body["folded_from"]) == (0, "quotes")
    assert body["fields"] == ["event_at", "open", "high", "low", "close", "count"]
    assert [row[-1] for row in body["results"]] == ["2", "1"]


def test_an_earlier_as_of_shows_the_bars_of_then(client) -> None:
    store(Candle, [candle(0, "2")], make_run("kraken"), observed_at=LATER)
    before = pair()
    store(Candle, [candle(0, "3")], make_run("kraken"), observed_at=LATER + HOUR)
    shown = [
        ask(client, "glass/bars/BTC", **cut)[1]["results"][0][4]
        for cut in ({}, {"as_of": before.as_of.isoformat()})
    ]
    assert shown == ["3", "2"]


def test_the_newest_prices_of_many_assets_in_one_answer(client) -> None:
    quotes = [quote(step, "2", asset=asset) for step in (1, 4) for asset in ("ETH", "BTC")]
    store(Quote, [*quotes, quote(0, asset="LTC")], make_run("kraken"), observed_at=LATER)
    asked = {**SERIES, "assets": "btc, eth,NONE"}
    response = client.get("/api/v1/ledgers/glass/newest/", asked)
    rows = response.json()["results"]
    assert [(row["asset"], row["last"], row["bid"]) for row in rows] == [
        ("BTC", "2", None),
        ("ETH", "2", None),
    ]
    assert rows[0]["quoted_at"] == f"{T0 + 4 * STEP:%FT%TZ}"
    for wrong in ("", ",", ",".join(["BTC"] * 1001)):
        refused = client.get("/api/v1/ledgers/glass/newest/", {**SERIES, "assets": wrong})
        assert refused.status_code == 400
        assert "assets" in json.dumps(refused.json())


def test_no_bars_where_somebody_looked_is_an_answer_and_elsewhere_it_is_none(client) -> None:
    run = make_run("kraken")
    status, body = ask(client, "glass/bars/BTC")
    assert (status, body["results"]) == (200, [])
    assert body["coverage"]["presence"] == "not_observed"
    with transaction.atomic():
        cover(run, Range(T0, LATER), known_at=announce_and_stamp())
    assert ask(client, "glass/bars/BTC")[1]["coverage"]["presence"] == "none_in_covered_window"


def test_the_matrix_travels_with_the_worst_of_its_feeds(client) -> None:
    run = make_run("kraken", kind="backfill", restates=False)
    store(Quote, [quote(1, "2")], run, observed_at=LATER)
    status, body = ask(client, "matrix/btc", step=3600, until=(T0 + 3 * HOUR).isoformat())
    assert status == 200
    assert [(row["price"], row["events"]) for row in body["results"]] == [
        (None, 0),
        ("2", 0),
        ("2", 0),
    ]
    assert body["results"][1]["priced_at"] == f"{T0 + STEP:%FT%TZ}"
    assert {feed["feed"] for feed in body["quality"]["feeds"]} >= {"kraken"}
    assert body["quality"]["state"] == "unknown"
    recorded = ask(client, "matrix/btc", basis="recorded")[1]["results"]
    assert [row["price"] for row in recorded] == [None] * 48


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("glass/bars/BTC", {"source": ""}, "source"),
        ("glass/bars/BTC", {"currency": ""}, "currency"),
        ("glass/bars/BTC", {"interval": "61"}, "interval"),
        ("glass/bars/BTC", {"interval": "-1"}, "interval"),
        ("glass/bars/BTC", {"interval": "60", "since": "2020-01-01T00:00:00Z"}, "since"),
        ("glass/bars/BTC", {"until": "0001-01-01T00:00:00Z", "since": ""}, "until"),
        ("glass/bars/BTC", {"limit": "3"}, "limit"),
        ("glass/bars/" + "B" * 31, {}, "asset"),
        ("matrix/BTC", {"step": "1"}, "step"),
        ("matrix/BTC", {"window": "999999999"}, "window"),
        ("matrix/BTC", {"basis": "guessed"}, "basis"),
        ("matrix/BTC", {"until": WINDOW["since"]}, "since"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(client, path, params, field) -> None:
    status, body = ask(client, path, **params)
    assert status == 400
    assert field in json.dumps(body)
