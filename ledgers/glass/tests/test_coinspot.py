"""CoinSpot's quotes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, RejectedRecord
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

URL = "https://www.coinspot.com.au/pubapi/v2/latest"
COINSPOT = collectors["coinspot"]


def answer(**prices: dict[str, str]) -> str:
    return json.dumps({"status": "ok", "message": "ok", "prices": prices})


def quoted(bid: str = "1", ask: str = "2", last: str = "1.5") -> dict[str, str]:
    return {"bid": bid, "ask": ask, "last": last}


def parse(body: str) -> tuple[list, list]:
    return parsed(COINSPOT, payload(URL, body))


def test_what_the_venue_bids_is_our_bid_to_the_last_digit() -> None:
    (quote,), rejects = parse(answer(btc=quoted("129051.790000001", "129966.15", "130487.3453")))
    assert (quote.bid, quote.ask, quote.last) == (
        Decimal("129051.790000001"),
        Decimal("129966.15"),
        Decimal("130487.3453"),
    )
    assert (quote.asset, quote.currency, quote.event_at, rejects) == ("BTC", "AUD", NOW, [])


def test_coins_with_other_names_and_pairs_are_understood() -> None:
    quotes, _ = parse(answer(ans=quoted(), str=quoted(), btc_usdt=quoted()))
    assert [(quote.asset, quote.currency) for quote in quotes] == [
        ("NEO", "AUD"),
        ("XLM", "AUD"),
        ("BTC", "USDT"),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (quoted(bid="NaN"), "not_finite"),
        (quoted(ask="Infinity"), "not_finite"),
        (quoted(bid="0"), "not_positive"),
        (quoted(bid="-1"), "not_positive"),
        (quoted(bid="1,000"), "not_a_number"),
        (quoted(bid="1e70"), "too_long"),
        (quoted(bid="3"), "crossed"),
        ({"bid": "1"}, "unknown_shape"),
        ("no prices", "unknown_shape"),
    ],
)
def test_a_bad_coin_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    quotes, rejects = parse(answer(btc=quoted(), bad=bad))
    assert [quote.asset for quote in quotes] == ["BTC"]
    assert [reject.reason for reject in rejects] == [reason]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"status": "error", "message": "Coin not found"}', "status 'error'"),
        ('{"status": "ok"}', "no dict 'prices'"),
        ('{"prices": {}}', "no str 'status'"),
        ("[]", "no str 'status'"),
        ('{"status": "ok", "prices": {"btc"', "no valid JSON"),
        ('{"status": "ok", "prices": {"btc": NaN}}', "NaN"),
    ],
)
def test_another_shape_is_drift(body, says) -> None:
    with pytest.raises(DriftError, match=says):
        parse(body)


def test_the_shipped_answer_has_sane_spreads() -> None:
    quotes, rejects = parse(shipped("coinspot/latest.json"))
    assert len(quotes) == 16
    assert not rejects
    assert all(quote.bid < quote.last < quote.ask for quote in quotes)


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_recorded_values_are_stored_as_they_stand_and_a_second_look_stores_none(settings) -> None:
    recorded = json.loads((SAMPLES / "coinspot" / "pub_v2_latest_excerpt_2025-11.json").read_text())
    with replayed(SAMPLES, settings):
        first, again = only(collect("coinspot")), only(collect("coinspot"))
    assert (first.new, first.outcome) == (2, CollectorRun.Outcome.OK)
    assert (again.new, again.revised, again.duplicate) == (0, 0, 2)
    stored = Quote.objects.at(pair()).get(asset="BTC", currency="AUD")
    said = recorded["prices"]["btc"]
    assert (str(stored.bid), str(stored.ask), str(stored.last)) == (
        said["bid"],
        said["ask"],
        said["last"],
    )


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_nan_in_a_recording_costs_one_record_which_is_kept_once(settings) -> None:
    with replayed(SAMPLES, settings, in_sequence=True):
        first = only(collect("coinspot"))
    assert (first.outcome, first.new, first.rejected) == (CollectorRun.Outcome.PARTIAL, 14, 1)
    with replayed(SAMPLES, settings, in_sequence=True):
        again = only(collect("coinspot"))
    assert (again.new, again.rejected) == (0, 1)
    (kept,) = RejectedRecord.objects.all()
    assert (kept.reason, "NaN" in kept.item, kept.payload) == (
        "not_finite",
        True,
        first.payloads[0],
    )
