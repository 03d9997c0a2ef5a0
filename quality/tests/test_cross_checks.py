"""Two that should agree and do not are found, exactly where they part."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledgers.exchange.models import Account
from ledgers.models import Asset
from quality.checks.cross import (
    every_named_asset_is_known,
    fills_are_in_the_range_of_their_minute,
    no_price_jumps_without_a_trade,
    sources_agree_on_prices,
)
from quality.findings import Level
from quality.models import Alert
from quality.services import run_check
from quality.tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, make_account, make_user
from quality.tests.facts import article, candles, event, fill, quote

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.mark.parametrize(
    ("bid", "ask", "level"),
    [
        (100, 102, None),
        ("104.03", 110, None),
        ("104.04", 110, Level.WARNING),
        (90, "96.12", None),
        (90, "96.11", Level.WARNING),
        ("121.2", 130, Level.WARNING),
        ("121.21", 130, Level.ERROR),
        (9900, 10100, Level.ERROR),
    ],
)
def test_two_prices_of_one_asset_part_exactly_beyond_their_spreads(bid, ask, level) -> None:
    quote("BTC", NOW)
    quote("BTC", NOW, source="kraken", bid=bid, ask=ask)
    found = list(sources_agree_on_prices(NOW))
    assert [one.level for one in found] == [level] * bool(level)
    assert all(one.subject == "price of BTC" for one in found)


@pytest.mark.parametrize(("bid", "ask", "found"), [(65, 66, 0), (71, 72, 1)])
def test_a_price_in_dollars_is_compared_by_way_of_their_rate(bid, ask, found) -> None:
    quote("BTC", NOW)
    quote("AUD", NOW, source="kraken", currency="USD", bid="0.65", ask="0.66")
    quote("BTC", NOW, source="kraken", currency="USD", bid=bid, ask=ask)
    said = list(sources_agree_on_prices(NOW))
    assert [one.subject for one in said] == ["price of BTC"] * found
    assert all("at kraken by USD" in one.message for one in said)


@pytest.mark.parametrize(("last", "found"), [("67.9", 0), ("68.1", 1), ("63.2", 0), ("63.1", 1)])
def test_defillamas_price_is_compared_with_what_the_ledger_holds(last, found) -> None:
    quote("BTC", NOW)
    quote("AUD", NOW, source="kraken", currency="USD", bid="0.65", ask="0.66")
    quote("BTC", NOW, source="kraken", currency="USD", bid=65, ask=66)
    quote("BTC", NOW, source="defillama_prices", currency="USD", bid=None, ask=None, last=last)
    said = list(sources_agree_on_prices(NOW))
    assert [one.subject for one in said] == ["price of BTC"] * found
    assert all("defillama_prices" in one.message for one in said)


def test_of_three_sources_the_one_that_disagrees_with_the_others_is_the_cause() -> None:
    for asset in ("BTC", "ETH"):
        quote(asset, NOW)
        quote(asset, NOW, source="kraken")
        quote(asset, NOW, source="other", bid=None, ask=None, last=200)
    assert {one.cause for one in sources_agree_on_prices(NOW)} == {"prices of other"}


@pytest.mark.parametrize(("age", "found"), [(4 * MINUTE, 1), (5 * MINUTE, 0)])
def test_a_quote_of_another_moment_is_not_compared(age, found) -> None:
    quote("BTC", NOW - age)
    quote("BTC", NOW, source="kraken", bid=200, ask=201)
    assert len(list(sources_agree_on_prices(NOW))) == found


def test_examples_and_other_assets_are_not_compared() -> None:
    quote("BTC", NOW)
    quote("ETH", NOW, source="kraken", bid=200, ask=201)
    quote("BTC", NOW, source="seed:coinspot", bid=200, ask=201)
    assert list(sources_agree_on_prices(NOW)) == []


def test_a_source_that_is_wrong_by_a_hundred_is_one_alert_within_one_check_and_over_after() -> None:
    for asset in ("BTC", "ETH"):
        quote(asset, NOW)
        quote(asset, NOW, source="kraken", bid=9900, ask=10100)
    run_check("cross.prices", NOW)
    alert = Alert.objects.get()
    assert (alert.subject, alert.findings, alert.level) == (
        "prices of coinspot, kraken",
        2,
        Level.ERROR,
    )
    for asset in ("BTC", "ETH"):
        quote(asset, NOW + MINUTE)
        quote(asset, NOW + MINUTE, source="kraken")
    run_check("cross.prices", NOW + MINUTE)
    alert.refresh_from_db()
    assert alert.state == "resolved"


@pytest.mark.parametrize(
    ("bid", "ask", "last", "found"),
    [
        (129, 131, 100, 0),
        (129, "131.01", 100, 1),
        (129, "131.01", 131, 0),
        (76, "77.84", 100, 1),
        (77, 78, 100, 0),
    ],
)
def test_a_jump_is_found_exactly_above_its_size_if_nothing_was_traded(
    bid, ask, last, found
) -> None:
    quote("BTC", NOW - 10 * MINUTE)
    quote("BTC", NOW, bid=bid, ask=ask, last=last)
    said = [one.subject for one in no_price_jumps_without_a_trade(NOW)]
    assert said == ["coinspot BTC/AUD"] * found


def test_a_jump_is_told_for_its_window_and_a_long_pause_is_no_jump() -> None:
    quote("BTC", NOW)
    quote("ETH", NOW)
    quote("BTC", NOW + 10 * MINUTE, bid=200, ask=202)
    quote("ETH", NOW + 61 * MINUTE, bid=200, ask=202)
    assert len(list(no_price_jumps_without_a_trade(NOW + 19 * MINUTE))) == 1
    assert list(no_price_jumps_without_a_trade(NOW + 20 * MINUTE)) == []
    assert list(no_price_jumps_without_a_trade(NOW + 61 * MINUTE)) == []


@pytest.fixture
def account():
    return make_account(make_user())


@pytest.mark.parametrize(
    ("price", "found"), [("94.05", 0), ("94.04", 1), ("106.05", 0), ("106.06", 1)]
)
def test_a_fill_outside_what_was_quoted_in_its_minute_is_found_exactly_there(
    account, price, found
) -> None:
    quote("BTC", NOW)
    fill(account, "a", NOW + 30 * SECOND, price=price)
    said = list(fills_are_in_the_range_of_their_minute(NOW + HOUR))
    assert len(said) == found
    for one in said:
        assert (one.subject, one.user_id) == (f"account {account.pk} prices", account.user_id)
        assert "BTC/AUD at" in one.message


@pytest.mark.parametrize(("price", "found"), [("115.5", 0), ("115.6", 1), ("85.5", 0)])
def test_a_fill_is_compared_with_the_candle_that_holds_its_moment(account, price, found) -> None:
    candles([NOW])
    fill(account, "a", NOW + 59 * MINUTE, price=price)
    assert len(list(fills_are_in_the_range_of_their_minute(NOW + HOUR))) == found


def test_of_a_fill_where_nobody_looked_nothing_is_said(account) -> None:
    quote("BTC", NOW - MINUTE)
    quote("BTC", NOW, source="seed:coinspot")
    candles([NOW - HOUR])
    fill(account, "a", NOW, price=7)
    fill(account, "b", NOW, price=7, base="ETH")
    assert list(fills_are_in_the_range_of_their_minute(NOW)) == []


def test_examples_of_fills_are_not_compared_with_what_real_markets_quoted(account) -> None:
    quote("BTC", NOW)
    fill(account, "a", NOW, price=7)
    assert len(list(fills_are_in_the_range_of_their_minute(NOW))) == 1
    Account.objects.update(venue="seed:paper")
    assert list(fills_are_in_the_range_of_their_minute(NOW)) == []


def test_an_asset_that_news_and_events_name_and_nobody_knows_is_found() -> None:
    article("a", NOW - HOUR, assets=["BTC", "GHOST"])
    event("b", NOW - HOUR, assets=["GHOST"])
    found = list(every_named_asset_is_known(NOW))
    assert [(one.ledger, one.subject) for one in found] == [
        ("human", "GHOST human_article"),
        ("catalyst", "GHOST catalyst_event"),
    ]
    assert list(every_named_asset_is_known(NOW, most=1)) == []
    quote("GHOST", NOW)
    assert list(every_named_asset_is_known(NOW)) == []


def test_an_asset_that_somebody_described_is_known() -> None:
    event("b", NOW - HOUR, assets=["GHOST"])
    Asset.objects.update_or_create(symbol="GHOST", defaults={"is_verified": True})
    assert list(every_named_asset_is_known(NOW)) == []
    Asset.objects.filter(symbol="GHOST").update(is_verified=False)
    assert len(list(every_named_asset_is_known(NOW))) == 1


@pytest.mark.parametrize(("age", "found"), [(7 * DAY - timedelta(microseconds=1), 1), (7 * DAY, 0)])
def test_an_unknown_asset_is_told_for_its_window(age, found) -> None:
    event("b", NOW - age, assets=["GHOST"])
    assert len(list(every_named_asset_is_known(NOW))) == found
