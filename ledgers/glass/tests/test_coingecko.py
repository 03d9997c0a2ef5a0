"""CoinGecko's prices."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledgers.collecting.errors import BlockedError, DriftError, RateLimitedError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import active, collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.coingecko import COINS
from ledgers.glass.tests.asking import live, source
from ledgers.models import CollectorRun
from ledgers.tests.misbehaving import body
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    only,
    parsed,
    payload,
    replayed,
    samples_needed,
)

URL = "https://api.coingecko.com/api/v3/simple/price"
GECKO = collectors["coingecko"]
KEY = {"OMC_COINGECKO_API_KEY": "CG-secret"}
AT = int(datetime(2026, 3, 18, 11, 59, 40, tzinfo=UTC).timestamp())


def parse(document: object) -> tuple[list, list]:
    return parsed(GECKO, payload(URL, json.dumps(document)))


@pytest.mark.usefixtures("db")
def test_it_is_on_as_soon_as_its_key_is_set(settings) -> None:
    settings.OMC_PLUG_INS, settings.OMC_SOURCE_KEYS = [], {}
    assert "coingecko" not in active()
    settings.OMC_SOURCE_KEYS = KEY
    assert "coingecko" in active()


def test_a_price_is_a_last_without_bid_and_ask_of_the_time_it_carries() -> None:
    text = f'{{"bitcoin": {{"aud": 143540.10, "usd": 93330.5, "last_updated_at": {AT}}}}}'
    quotes, rejects = parsed(GECKO, payload(URL, text))
    assert [(q.asset, q.currency, str(q.last)) for q in quotes] == [
        ("BTC", "AUD", "143540.10"),
        ("BTC", "USD", "93330.5"),
    ]
    quote = quotes[0]
    assert (quote.bid, quote.ask, quote.quoted_at) == (None, None, datetime.fromtimestamp(AT, UTC))
    assert quote.event_at == quote.quoted_at.replace(second=0)
    assert rejects == []


def test_without_a_time_a_price_is_of_the_moment_of_the_answer() -> None:
    ((quote,), _) = parse({"ethereum": {"aud": 4679.8}})
    assert (quote.quoted_at, quote.asset) == (NOW, "ETH")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"unheard-of": {"aud": 1}}, "unknown_coin"),
        ({"solana": {"aud": None}}, "not_a_number"),
        ({"solana": {"aud": 0}}, "not_positive"),
        ({"solana": {"aud": 1, "last_updated_at": "soon"}}, "not_a_number"),
        ({"solana": "no prices"}, "unknown_shape"),
    ],
)
def test_a_bad_coin_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    quotes, rejects = parse({"bitcoin": {"aud": 1}, **bad})
    assert ([quote.asset for quote in quotes], [r.reason for r in rejects]) == (["BTC"], [reason])


@pytest.mark.parametrize(
    ("document", "raised"),
    [
        ({"status": {"error_code": 429, "error_message": "slow down"}}, RateLimitedError),
        ({"status": {"error_code": 10002, "error_message": "API Key Missing"}}, BlockedError),
        ({"error": "coin not found"}, DriftError),
        ([], DriftError),
        ("busy", DriftError),
    ],
)
def test_an_answer_without_prices_says_what_it_is_also_with_status_200(document, raised) -> None:
    with pytest.raises(raised):
        parse(document)


@pytest.mark.usefixtures("db")
def test_the_key_travels_in_a_header_and_all_coins_in_one_request(settings) -> None:
    settings.OMC_SOURCE_KEYS = KEY
    with source(GECKO, settings, body(b"{}")) as asked:
        (answer,) = GECKO.fetch(RequestsHttp(GECKO), live(""))
    (request,) = asked
    line, headers = request.split(b"\r\n", 1)
    assert b"x-cg-demo-api-key: CG-secret" in headers
    assert b"CG-secret" not in line
    assert all(coin.encode() in line for coin in COINS)
    assert b"include_last_updated_at=true" in line
    assert "CG-secret" not in answer.url


@pytest.mark.usefixtures("ledger")
def test_without_a_key_nothing_is_asked_and_the_variable_is_named(settings) -> None:
    settings.OMC_SOURCE_KEYS = {}
    with source(GECKO, settings, body(b"{}")) as asked:
        run = only(collect("coingecko"))
    assert (run.outcome, asked) == (CollectorRun.Outcome.UNCONFIGURED, [])
    assert "OMC_COINGECKO_API_KEY" in run.error


@samples_needed
def test_every_recorded_price_has_the_value_of_the_recording() -> None:
    text = (SAMPLES / "coingecko" / "simple_price_multi_2025-01-22.json").read_text()
    quotes, rejects = parsed(GECKO, payload(URL, text))
    assert (len(quotes), rejects) == (3, [])
    assert {(q.asset, q.currency, str(q.last)) for q in quotes} == {
        ("BNB", "ETH", "0.21387074"),
        ("BTC", "ETH", "31.906046"),
        ("DAI", "ETH", "0.0003068"),
    }


@samples_needed
def test_recorded_errors_and_other_pages_are_never_prices() -> None:
    error = (SAMPLES / "coingecko" / "error_404_coin_not_found.json").read_text()
    with pytest.raises(DriftError, match="coin not found"):
        parsed(GECKO, payload(URL, error))
    page = (SAMPLES / "coingecko" / "coins_bitcoin_2024-05-30.json").read_text()
    quotes, rejects = parsed(GECKO, payload(URL, page))
    assert quotes == []
    assert {reject.reason for reject in rejects} <= {"unknown_coin", "unknown_shape"}


@pytest.mark.usefixtures("ledger")
def test_every_coin_is_shipped(settings) -> None:
    settings.OMC_SOURCE_KEYS = KEY
    with replayed(SHIPPED, settings):
        run = only(collect("coingecko"))
    assert (run.outcome, run.new) == (CollectorRun.Outcome.OK, 2 * len(COINS))


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_recording_is_stored_once(settings) -> None:
    settings.OMC_SOURCE_KEYS = KEY
    with replayed(SAMPLES, settings):
        first, again = only(collect("coingecko")), only(collect("coingecko"))
    assert (first.outcome, first.new) == (CollectorRun.Outcome.OK, 3)
    assert (again.new, again.revised, again.duplicate) == (0, 0, 3)
