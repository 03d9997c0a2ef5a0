"""DeFiLlama's prices."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.coingecko import COINS
from ledgers.glass.models import Quote
from ledgers.tests.sources import SAMPLES, collect, only, parsed, payload, replayed, samples_needed

URL = "https://coins.llama.fi/prices/current/coingecko:bitcoin"
LLAMA = collectors["defillama_prices"]
AT = int(datetime(2026, 3, 18, 11, 59, 40, tzinfo=UTC).timestamp())


def parse(coins: object) -> tuple[list, list]:
    return parsed(LLAMA, payload(URL, json.dumps({"coins": coins})))


def test_a_price_is_a_last_in_dollars_of_the_time_it_carries() -> None:
    text = f'{{"coins":{{"coingecko:bitcoin":{{"price":93330.10,"timestamp":{AT}}}}}}}'
    ((quote,), rejects) = parsed(LLAMA, payload(URL, text))
    assert (quote.asset, quote.currency, str(quote.last)) == ("BTC", "USD", "93330.10")
    assert (quote.bid, quote.ask, rejects) == (None, None, [])
    assert quote.quoted_at == datetime(2026, 3, 18, 11, 59, 40, tzinfo=UTC)
    assert quote.event_at == datetime(2026, 3, 18, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "coins",
    [
        {"coingecko:nobody": {"price": 1, "timestamp": AT}},
        {"coingecko:bitcoin": {"price": "NaN", "timestamp": AT}},
        {"coingecko:bitcoin": {"price": 0, "timestamp": AT}},
        {"coingecko:bitcoin": {"price": 1}},
        {"coingecko:bitcoin": None},
    ],
)
def test_what_is_no_price_of_a_coin_that_was_asked_for_is_kept_apart(coins) -> None:
    records, rejects = parse(coins)
    assert (records, len(rejects)) == ([], 1)


def test_an_answer_without_coins_has_drifted() -> None:
    with pytest.raises(DriftError):
        parsed(LLAMA, payload(URL, "{}"))


@pytest.mark.usefixtures("ledger")
def test_the_replay_fills_every_coin_in_one_request(settings) -> None:
    with replayed(SHIPPED, settings):
        run = only(collect("defillama_prices"))
    assert (run.outcome, run.new, len(run.urls)) == ("ok", len(COINS), 1)
    assert Quote.objects.filter(source="defillama_prices", currency="USD").count() == len(COINS)


@samples_needed
def test_a_recorded_answer_is_read() -> None:
    recorded = SAMPLES / "defillama" / "coins_prices_current_2025-07-21.json"
    quotes, _ = parsed(LLAMA, payload(URL, recorded.read_text()))
    assert [(quote.asset, str(quote.last)) for quote in quotes] == [("LINK", "19.83")]
