"""Kraken's quotes."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from ledgers.assets import symbol_of
from ledgers.collecting.errors import (
    BlockedError,
    DriftError,
    RateLimitedError,
    TransportError,
)
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.collectors.kraken import PAIRS, pair_of
from ledgers.glass.models import Quote
from ledgers.glass.tests.asking import source
from ledgers.models import CollectorRun
from ledgers.reading import pair
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
    shipped,
)

URL = "https://api.kraken.com/0/public/Ticker?pair=XBTAUD&assetVersion=1"
KRAKEN = collectors["kraken"]
TICKERS = ("ticker_2026-06-24T1457.json", "ticker_single_2025-11-11.json")
UNKNOWN = b'{"error": ["EQuery:Unknown asset pair"]}'


def told(bid: str = "1", ask: str = "2", last: str = "1.5") -> dict[str, list[str]]:
    return {"a": [ask, "1", "1.000"], "b": [bid, "1", "1.000"], "c": [last, "0.1"]}


def answer(**tickers: object) -> str:
    return json.dumps({"error": [], "result": tickers})


def parse(text: str) -> tuple[list, list]:
    return parsed(KRAKEN, payload(URL, text))


def test_bid_ask_and_last_are_taken_to_the_last_digit() -> None:
    (quote,), rejects = parse(answer(XXBTZAUD=told("87800.10000", "87806.00001", "87803.9")))
    assert (quote.bid, quote.ask, quote.last) == (
        Decimal("87800.10000"),
        Decimal("87806.00001"),
        Decimal("87803.9"),
    )
    assert str(quote.bid) == "87800.10000"
    assert (quote.asset, quote.currency, quote.event_at, rejects) == ("BTC", "AUD", NOW, [])


def test_the_australian_dollar_is_an_asset_with_a_price_in_us_dollars() -> None:
    (quote,), _ = parse(answer(AUDUSD=told("0.6913", "0.6914", "0.6913")))
    assert (quote.asset, quote.currency, quote.bid) == ("AUD", "USD", Decimal("0.6913"))


@pytest.mark.parametrize(
    ("name", "asset", "currency"),
    [
        ("BTC/AUD", "BTC", "AUD"),
        ("XBTAUD", "BTC", "AUD"),
        ("XXBTZUSD", "BTC", "USD"),
        ("XETHXXBT", "ETH", "BTC"),
        ("XDGAUD", "DOGE", "AUD"),
        ("XTZAUD", "XTZ", "AUD"),
        ("XXLMZAUD", "XLM", "AUD"),
        ("USDTZUSD", "USDT", "USD"),
        ("LINKUSDT", "LINK", "USDT"),
        ("STORJUSD", "STORJ", "USD"),
        ("AUD/USD", "AUD", "USD"),
    ],
)
def test_every_way_to_write_a_pair_is_understood(name, asset, currency) -> None:
    assert pair_of(name) == (asset, currency)


@samples_needed
def test_our_names_of_all_pairs_are_those_that_kraken_lists() -> None:
    listed = json.loads((SAMPLES / "kraken" / "asset_pairs_2021-04-17.json").read_text())["result"]
    named = {name: known.get("wsname", "") for name, known in listed.items() if "." not in name}
    assert len(named) > 250
    for name, written in named.items():
        asset, _, currency = written.partition("/")
        expected = (symbol_of(asset), symbol_of(currency))
        assert pair_of(name) == pair_of(listed[name]["altname"]) == expected, name


@pytest.mark.parametrize(
    ("name", "ticker", "reason"),
    [
        ("AAVE/USD:BTNL", told(), "unknown_pair"),
        ("XETHXXBT.d", told(), "unknown_pair"),
        ("FOO", told(), "unknown_pair"),
        ("ETHAUD", told(bid="0.00000"), "not_positive"),
        ("ETHAUD", told(bid="3"), "crossed"),
        ("ETHAUD", told(last="NaN"), "not_finite"),
        ("ETHAUD", {"a": ["1"]}, "unknown_shape"),
        ("ETHAUD", {"a": [], "b": [], "c": []}, "unknown_shape"),
        ("ETHAUD", "no prices", "unknown_shape"),
    ],
)
def test_a_bad_pair_is_rejected_and_the_others_are_kept(name, ticker, reason) -> None:
    quotes, rejects = parse(answer(XBTAUD=told(), **{name: ticker}))
    assert [quote.asset for quote in quotes] == ["BTC"]
    assert [reject.reason for reject in rejects] == [reason]


def test_a_last_price_outside_the_book_is_kept_as_it_was_told() -> None:
    (quote,), rejects = parse(answer(BCHAUD=told("272.68", "275.36", "282.32")))
    assert (quote.bid, quote.last, rejects) == (Decimal("272.68"), Decimal("282.32"), [])


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        (["EAPI:Rate limit exceeded"], RateLimitedError),
        (["EGeneral:Too many requests"], RateLimitedError),
        (["EGeneral:Temporary lockout"], RateLimitedError),
        (["EService:Unavailable"], TransportError),
        (["EService:Busy"], TransportError),
        (["EGeneral:Permission denied"], BlockedError),
        (["EQuery:Unknown asset pair"], DriftError),
        (["ESomething:New"], DriftError),
        (["WGeneral:Careful", "EAPI:Rate limit exceeded"], RateLimitedError),
    ],
)
def test_errors_that_come_with_status_200_are_told_apart(errors, raised) -> None:
    with pytest.raises(raised, match=errors[-1]):
        parse(json.dumps({"error": errors}))


def test_a_warning_beside_a_result_is_no_error() -> None:
    quotes, _ = parse(json.dumps({"error": ["WGeneral:Careful"], "result": {"XBTAUD": told()}}))
    assert len(quotes) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"result": {}}', "no list 'error'"),
        ('{"error": []}', "no dict 'result'"),
        ('{"error": [], "result": []}', "no dict 'result'"),
        ("[]", "no list 'error'"),
        ('{"error": [], "result": {"XBT', "no valid JSON"),
    ],
)
def test_another_shape_is_drift(text, says) -> None:
    with pytest.raises(DriftError, match=says):
        parse(text)


@samples_needed
@pytest.mark.parametrize("name", TICKERS)
def test_every_recorded_pair_is_a_quote_or_a_reject_with_the_values_of_the_recording(name) -> None:
    text = (SAMPLES / "kraken" / name).read_text()
    recorded = json.loads(text)["result"]
    quotes, rejects = parse(text)
    assert len(quotes) + len(rejects) == len(recorded)
    assert [reject.reason for reject in rejects] == ["unknown_pair"] * (len(recorded) // 59)
    by_pair = {(quote.asset, quote.currency): quote for quote in quotes}
    for key, said in recorded.items():
        if ":" not in key:
            quote = by_pair[pair_of(key)]
            assert (str(quote.bid), str(quote.ask), str(quote.last)) == (
                said["b"][0],
                said["a"][0],
                said["c"][0],
            )


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_recording_is_stored_once_and_valued_by_its_dates(settings) -> None:
    with replayed(SAMPLES, settings):
        first, again = only(collect("kraken")), only(collect("kraken"))
    assert (first.outcome, first.new, first.rejected) == ("partial", 58, 1)
    assert (again.new, again.revised, again.duplicate, again.rejected) == (0, 0, 58, 1)
    bitcoin = Quote.objects.at(pair()).get(source="kraken", asset="BTC", currency="AUD")
    dollar = Quote.objects.at(pair()).get(source="kraken", asset="AUD", currency="USD")
    american = Quote.objects.at(pair()).get(source="kraken", asset="BTC", currency="USD")
    through = american.bid / dollar.ask
    assert abs(through / bitcoin.bid - 1) < Decimal("0.01")


@pytest.mark.usefixtures("ledger")
def test_the_shipped_answer_holds_every_pair_we_ask_for_with_sane_spreads(settings) -> None:
    with replayed(SHIPPED, settings):
        run = only(collect("kraken"))
    assert (run.outcome, run.new) == (CollectorRun.Outcome.OK, len(PAIRS))
    quotes, _ = parse(shipped("kraken/ticker.json"))
    assert {pair_of(name) for name in PAIRS} == {(q.asset, q.currency) for q in quotes}
    assert all(quote.bid < quote.last < quote.ask for quote in quotes)


@pytest.mark.usefixtures("ledger")
def test_a_pair_that_is_gone_costs_the_look_but_not_the_other_quotes(settings) -> None:
    settings.OMC_KRAKEN_PAIRS = ["GONEAUD", "XBTAUD"]
    good = answer(XXBTZAUD=told()).encode()
    with source(KRAKEN, settings, body(UNKNOWN), body(UNKNOWN), body(good)) as asked:
        run = only(collect("kraken"))
    assert (run.outcome, run.new, run.window) == (CollectorRun.Outcome.DRIFT, 1, None)
    assert "pair=GONEAUD" in run.error
    assert "OMC_KRAKEN_PAIRS" in run.error
    pairs = [parse_qs(urlsplit(request.split()[1]).query)[b"pair"] for request in asked]
    assert pairs == [[b"GONEAUD,XBTAUD"], [b"GONEAUD"], [b"XBTAUD"]]
