"""Each tool says value, none in a covered window, not observed, or stale; it only reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pydantic import ValidationError

from agents.results import State, Window
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, MINUTE, NOW
from agents.tools.catalyst import get_catalyst_events
from agents.tools.exchange import get_order_history
from agents.tools.glass import get_price_data
from agents.tools.human import get_sentiment_data
from agents.tools.registry import Context, ToolError, read_only, tools
from ledgers.models import Asset
from ledgers.public_ids import find
from ledgers.reading import Pair

pytestmark = pytest.mark.usefixtures("ledger")
WEEK = Window(start=NOW - 7 * DAY, end=NOW)


def context(**options: Any) -> Context:
    """Return the context of a question as of NOW."""
    as_of = options.pop("as_of", NOW)
    return Context(pair=Pair(as_of=as_of, horizon=NOW), **options)


def call(name: str, args: dict[str, Any] | None = None, **options: Any) -> Any:
    """Call a tool in a read-only transaction, as the workflow does."""
    with read_only():
        return tools[name].call(args or {}, context(**options))


def test_the_newest_price_is_the_stored_number_with_its_row_and_feed() -> None:
    make.covered(make.quotes([make.quote(last="64500.123456789012345678901")]), NOW - DAY)
    found = call("get_price_data", {"symbol": "BTC"})
    (row,) = found.rows
    assert row.price == Decimal("64500.123456789012345678901")
    assert find(row.id).last == row.price
    assert (found.state, found.quality.state, row.source) == (State.VALUE, "fresh", "coinspot")
    assert (found.as_of, found.horizon) == (NOW, NOW)


def test_a_tool_is_called_by_its_name_as_of_now_or_of_a_moment() -> None:
    make.covered(make.quotes([make.quote(last="1", at=NOW - 2 * DAY), make.quote()]), NOW - 9 * DAY)
    now = get_price_data("BTC")
    assert (now.state, now.rows[0].price) == (State.STALE, Decimal("64500.25"))
    assert now.as_of == now.horizon
    assert get_price_data("BTC", as_of=NOW - DAY).rows[0].price == 1
    assert get_price_data("BTC", "7d", as_of=NOW).window == WEEK
    assert get_price_data("BTC", "range", window=WEEK).count == 2


def test_the_tools_of_the_four_ledgers_take_what_they_are_asked_in_this_order(
    django_user_model: Any,
) -> None:
    account = make.make_account(django_user_model.objects.create_user("alice"))
    make.orders([make.order(account)], account)
    make.posts([make.post("Post")])
    make.events([make.event("Filing")])
    assert get_sentiment_data("DOGE", "reddit", as_of=NOW).rows[0].title == "Post"
    assert get_catalyst_events("COIN", "sec_filing", as_of=NOW).rows[0].title == "Filing"
    assert get_order_history(account.user_id).rows[0].base == "BTC"


def test_security_a_tool_called_by_its_name_checks_its_arguments_too() -> None:
    with pytest.raises(ValidationError):
        get_price_data("btc; drop table")
    with pytest.raises(ValidationError):
        get_order_history()


def test_a_price_nobody_looked_for_is_not_observed() -> None:
    found = call("get_price_data", {"symbol": "BTC"})
    assert (found.state, found.rows, found.quality.state) == (State.NOT_OBSERVED, (), "unknown")


def test_a_coin_that_a_watched_source_does_not_quote_is_none_in_a_covered_window(
    settings: Any,
) -> None:
    settings.OMC_PRICE_SOURCES = ["coinspot"]
    make.covered(make.quotes([make.quote("ETH")]), NOW - DAY)
    assert call("get_price_data", {"symbol": "BTC"}).state == State.NONE_IN_COVERED_WINDOW


def test_the_price_of_a_feed_that_stopped_is_stale() -> None:
    run = make.quotes([make.quote(at=NOW - HOUR)])
    make.covered(run, NOW - DAY, NOW - HOUR)
    found = call("get_price_data", {"symbol": "BTC"})
    assert (found.state, found.quality.state) == (State.STALE, "stale")


def test_a_price_of_last_week_is_stale_also_when_its_feed_is_filled_on_demand() -> None:
    run = make.quotes([make.quote(at=NOW - 7 * DAY)], every=None)
    make.covered(run, NOW - 9 * DAY)
    assert call("get_price_data", {"symbol": "BTC"}).state == State.STALE


def test_a_live_source_goes_before_a_seeded_one_and_the_row_names_its_own() -> None:
    seed = make.quotes([make.quote(last="1", source="seed:coinspot")], "seed:coinspot")
    make.covered(seed, NOW - DAY)
    assert call("get_price_data", {"symbol": "BTC"}).rows[0].source == "seed:coinspot"
    make.covered(make.quotes([make.quote(last="2")]), NOW - DAY)
    assert call("get_price_data", {"symbol": "BTC"}).rows[0].source == "coinspot"


def test_a_seeded_source_in_step_goes_before_a_live_one_that_stopped() -> None:
    stopped = make.quotes([make.quote(last="2", at=NOW - HOUR)])
    make.covered(stopped, NOW - DAY, NOW - HOUR)
    seed = make.quotes([make.quote(last="1", source="seed:coinspot")], "seed:coinspot")
    make.covered(seed, NOW - DAY)
    assert call("get_price_data", {"symbol": "BTC"}).rows[0].source == "seed:coinspot"


def test_a_bid_is_the_price_of_a_coin_that_never_traded_and_says_so() -> None:
    make.quotes([make.quote(last=None, bid=Decimal(7), ask=Decimal(8))])
    (row,) = call("get_price_data", {"symbol": "BTC"}).rows
    assert (row.price, row.field) == (7, "bid")


def test_a_past_question_sees_no_later_row() -> None:
    make.quotes([make.quote(last="1", at=NOW - 2 * HOUR), make.quote(last="2")])
    found = call("get_price_data", {"symbol": "BTC"}, as_of=NOW - HOUR)
    assert found.rows[0].price == 1


def test_a_window_of_prices_tells_its_first_last_high_low_mean_and_days() -> None:
    prices = {48: "10", 36: "30", 24: "5", 1: "20"}
    run = make.quotes([make.quote(last=price, at=NOW - n * HOUR) for n, price in prices.items()])
    make.covered(run, NOW - 9 * DAY)
    found = call("get_price_data", {"symbol": "BTC", "timeframe": "7d"})
    by_role = {row.role: row.price for row in found.rows if row.role != "close"}
    assert by_role == {"first": 10, "last": 20, "high": 30, "low": 5}
    assert (found.count, found.mean, found.gaps) == (4, Decimal("16.25"), ())
    assert [row.price for row in found.rows if row.role == "close"] == [10, 5, 20]
    assert all(find(row.id).last == row.price for row in found.rows)


def test_a_window_takes_candles_where_no_quote_reaches_back() -> None:
    make.candles([make.candle(day, str(day)) for day in range(1, 31)], "seed:coinspot")
    make.quotes([make.quote("ADA", "99", at=NOW - HOUR)])
    found = call("get_price_data", {"symbol": "ADA", "timeframe": "30d"})
    assert (found.source, found.count) == ("seed:coinspot", 29)
    last = next(row for row in found.rows if row.role == "last")
    assert (last.price, last.at, last.field) == (1, NOW.replace(hour=0), "close")


def test_a_window_says_which_part_of_it_nobody_looked_at() -> None:
    run = make.quotes([make.quote(at=NOW - n * HOUR) for n in (1, 150)])
    make.covered(run, NOW - 2 * DAY)
    found = call("get_price_data", {"symbol": "BTC", "timeframe": "7d"})
    assert found.state == State.VALUE
    assert [(gap.start, gap.end) for gap in found.gaps] == [(NOW - 7 * DAY, NOW - 2 * DAY)]


def test_a_range_without_a_window_is_refused() -> None:
    with pytest.raises(ToolError, match="needs a window"):
        call("get_price_data", {"symbol": "BTC", "timeframe": "range"})


def test_news_come_with_their_scores_and_an_unscored_item_has_none() -> None:
    run = make.articles([make.article("Good"), make.article("Unread", at=NOW - 2 * HOUR)])
    make.covered(run, NOW - 9 * DAY)
    make.scored("Good", "0.0")
    found = call("get_sentiment_data", {"symbol": "BTC", "source": "news"})
    assert [(row.title, row.score) for row in found.rows] == [("Good", 0), ("Unread", None)]
    assert (found.count, found.scored, found.mean, found.state) == (2, 1, 0, State.VALUE)


def test_a_quiet_week_of_a_watched_outlet_is_none_and_of_an_unwatched_one_not_observed() -> None:
    make.covered(make.articles([make.article("About ether", "ETH")]), NOW - 9 * DAY)
    asked = {"symbol": "BTC", "source": "decrypt"}
    assert call("get_sentiment_data", asked).state == State.NONE_IN_COVERED_WINDOW
    asked = {"symbol": "BTC", "source": "reddit"}
    assert call("get_sentiment_data", asked).state == State.NOT_OBSERVED


def test_sources_are_told_apart() -> None:
    make.articles([make.article("News", "DOGE")])
    make.posts([make.post("Post")])
    make.moods([30, 40])

    def titles(source: str) -> list[str]:
        asked = {"symbol": "DOGE", "source": source}
        return [row.title for row in call("get_sentiment_data", asked).rows]

    assert titles("news") == titles("decrypt") == ["News"]
    assert titles("reddit") == titles("social") == ["Post"]
    assert sorted(titles("all")) == ["News", "Post"]
    assert titles("coindesk") == []
    moods = call("get_sentiment_data", {"source": "fear_greed"})
    assert [row.score for row in moods.rows] == [30, 40]


def test_counts_are_of_the_window_also_when_more_than_a_page_was_written() -> None:
    make.articles([make.article(f"Item {n}", at=NOW - n * MINUTE) for n in range(1, 31)])
    found = call("get_sentiment_data", {"symbol": "BTC", "source": "news"})
    assert (found.count, len(found.rows)) == (30, 20)


def test_a_corrected_headline_counts_once() -> None:
    make.articles([make.article("First", guid="1")])
    run = make.make_feed("rss/decrypt", "human")
    run.parser = 2
    run.save()
    later = make.article("Second", guid="1")
    make.store(make.Article, [later], run, observed_at=NOW)
    found = call("get_sentiment_data", {"symbol": "BTC", "source": "news"})
    assert [row.title for row in found.rows] == ["Second"]


def test_filings_are_found_by_ticker_and_by_the_name_of_the_company() -> None:
    nameless = make.event("No ticker", tickers=[], at=NOW - 6 * DAY)
    make.covered(make.events([make.event("With ticker"), nameless]), NOW - 40 * DAY)
    found = call("get_catalyst_events", {"symbol": "COIN", "event_type": "sec_filing"})
    assert [row.title for row in found.rows] == ["With ticker", "No ticker"]
    assert call("get_catalyst_events", {"symbol": "COIN", "event_type": "10-K"}).count == 0
    assert call("get_catalyst_events", {"symbol": "COIN", "event_type": "8-K"}).count == 2


def test_events_of_a_covered_month_without_any_are_none() -> None:
    make.look_at_filings(NOW - 40 * DAY)
    asked = {"symbol": "RIOT", "event_type": "sec_filing"}
    assert call("get_catalyst_events", asked).state == State.NONE_IN_COVERED_WINDOW
    asked = {"event_type": "exchange_listing"}
    assert call("get_catalyst_events", asked).state == State.NOT_OBSERVED


def test_only_the_source_of_a_kind_of_event_proves_that_there_was_none() -> None:
    make.covered(make.events([], "coinspot_announcements"), NOW - 40 * DAY)
    make.covered(make.events([], "fed"), NOW - 40 * DAY)

    def state(event_type: str) -> State:
        return State(call("get_catalyst_events", {"event_type": event_type}).state)

    exchange = ("exchange_listing", "exchange_delisting", "exchange_maintenance", "fork", "staking")
    for kind in (*exchange, "exchange_announcement", "macro"):
        assert state(kind) == State.NONE_IN_COVERED_WINDOW
    for kind in ("governance", "all", "sec_filing"):
        assert state(kind) == State.NOT_OBSERVED


def test_a_watched_company_s_own_list_is_enough_and_for_others_the_newest_of_the_form() -> None:
    for name in ("sec/submissions/0001167419", "sec/current/10-K"):
        make.covered(make.events([], name), NOW - 40 * DAY)

    def state(symbol: str, event_type: str) -> State:
        asked = {"symbol": symbol, "event_type": event_type}
        return State(call("get_catalyst_events", asked).state)

    assert state("RIOT", "sec_filing") == State.NONE_IN_COVERED_WINDOW
    assert state("COIN", "sec_filing") == State.NOT_OBSERVED
    assert state("GLXY", "10-K") == State.NONE_IN_COVERED_WINDOW
    assert state("GLXY", "8-K") == state("GLXY", "sec_filing") == State.NOT_OBSERVED


def test_a_planned_event_is_found_in_a_window_that_lies_ahead() -> None:
    planned = make.event(
        "Wallet maintenance",
        kind="maintenance",
        source="coinspot_announcements",
        at=NOW + DAY,
        published_at=NOW - DAY,
    )
    run = make.events([planned], "coinspot_announcements")
    ahead = Window(start=NOW, end=NOW + 30 * DAY)
    asked = {"event_type": "exchange_maintenance"}
    assert call("get_catalyst_events", asked, window=ahead).count == 1
    far = Window(start=NOW + 9 * DAY, end=NOW + 30 * DAY)
    assert call("get_catalyst_events", asked, window=far).state == State.NOT_OBSERVED
    make.covered(run, NOW - DAY)
    watched = call("get_catalyst_events", asked, window=far)
    assert watched.state == State.NONE_IN_COVERED_WINDOW


def test_orders_are_the_users_own_and_imported_fills_count(django_user_model: Any) -> None:
    alice = django_user_model.objects.create_user("alice")
    bob = django_user_model.objects.create_user("bob")
    hers, his = make.make_account(alice), make.make_account(bob)
    make.orders([make.order(hers)], hers)
    make.orders([make.order(his, quantity=Decimal(777777))], his)
    make.covered(make.fills(hers, ["100"]), NOW - 9 * DAY)
    found = call("get_order_history", user_id=alice.pk)
    assert [(row.kind, row.base) for row in found.rows] == [("fill", "ADA"), ("order", "BTC")]
    assert "777777" not in found.model_dump_json()
    bought = call("get_order_history", {"side": "buy", "symbol": "BTC"}, user_id=alice.pk)
    assert [row.quantity for row in bought.rows] == [Decimal("0.5")]
    assert call("get_order_history", {"status": "open"}, user_id=alice.pk).count == 0


def test_fees_are_summed_by_their_asset_over_all_fills_also_those_of_orders(
    django_user_model: Any,
) -> None:
    alice = django_user_model.objects.create_user("alice")
    bob = django_user_model.objects.create_user("bob")
    hers, his = make.make_account(alice), make.make_account(bob)
    make.orders([make.order(hers, "7")], hers)
    own = [
        make.fill(hers, number, order_id="7" if number % 2 else "", fee="0.10", base="BTC")
        for number in range(30)
    ]
    own += [make.fill(hers, 90, fee="0.002", fee_asset="ETH"), make.fill(hers, 91, fee="0")]
    own += [make.fill(hers, 92, fee="5", at=NOW - 9 * DAY), make.fill(hers, 93, fee="-0.5")]
    make.store_fills(own, hers)
    make.store_fills([make.fill(his, 94, fee="777777")], his)
    found = call("get_order_history", {"limit": 3}, user_id=alice.pk, window=WEEK)
    paid = {one.asset: (one.total, one.count, len(one.entries)) for one in found.fees}
    assert paid == {"AUD": (Decimal("2.50"), 31, 20), "ETH": (Decimal("0.002"), 1, 1)}
    assert {row.id for row in found.fills} >= {key for one in found.fees for key in one.entries}
    assert (found.count, len(found.rows)) == (1 + 15 + 3, 3)
    bought = call("get_order_history", {"symbol": "BTC"}, user_id=alice.pk, window=WEEK)
    assert [(one.asset, one.total) for one in bought.fees] == [("AUD", Decimal("3.00"))]
    assert call("get_order_history", {"status": "open"}, user_id=alice.pk).fees == ()
    assert call("get_order_history", {"side": "buy"}, user_id=alice.pk).fees == ()


def test_an_import_that_covers_a_window_makes_no_orders_an_answer(django_user_model: Any) -> None:
    alice = django_user_model.objects.create_user("alice")
    nobody = call("get_order_history", user_id=alice.pk, window=WEEK)
    assert nobody.state == State.NOT_OBSERVED
    account = make.make_account(alice)
    make.covered(make.fills(account, []), NOW - 9 * DAY)
    assert call("get_order_history", user_id=alice.pk, window=WEEK).state == (
        State.NONE_IN_COVERED_WINDOW
    )


def test_an_open_order_is_also_one_that_is_partly_filled(django_user_model: Any) -> None:
    account = make.make_account(django_user_model.objects.create_user("alice"))
    partly = make.order(account, "2", status="partial", filled=Decimal("0.1"))
    make.orders([make.order(account), partly], account)
    found = call("get_order_history", {"status": "open"}, user_id=account.user_id)
    assert [row.filled for row in found.rows] == [Decimal("0.1")]


def test_orders_beyond_the_limit_are_counted_too(django_user_model: Any) -> None:
    account = make.make_account(django_user_model.objects.create_user("alice"))
    make.orders([make.order(account, str(number)) for number in range(7)], account)
    make.fills(account, ["1", "2", "3"])
    found = call("get_order_history", {"limit": 2}, user_id=account.user_id)
    assert (found.count, len(found.rows)) == (10, 2)


@pytest.mark.parametrize("name", sorted(tools))
def test_a_tool_is_documented_and_offers_nothing_that_the_server_injects(name: str) -> None:
    tool = tools[name]
    assert len(tool.description) > 150
    assert not {"user_id", "context"} & set(tool.schema["properties"])
    assert tool.schema["additionalProperties"] is False


@pytest.mark.parametrize("name", sorted(tools))
def test_a_tool_reads_in_at_most_three_queries_and_only_selects(name: str) -> None:
    args = {"symbol": "BTC"} if "symbol" in tools[name].schema.get("required", ()) else {}
    for window in (None, WEEK):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            tools[name].call(args, context(user_id=1, window=window))
        assert 1 <= len(seen) <= 3
        assert all(query["sql"].lstrip(" (\n").startswith(("SELECT", "WITH")) for query in seen)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("get_price_data", {"symbol": "btc; drop table"}),
        ("get_price_data", {"symbol": "BTC", "timeframe": "fortnight"}),
        ("get_price_data", {"symbol": ["BTC"]}),
        ("get_price_data", {}),
        ("get_sentiment_data", {"source": "x' OR 1=1"}),
        ("get_catalyst_events", {"event_type": "everything; --"}),
        ("get_order_history", {"user_id": 102}),
        ("get_order_history", {"limit": 10_000}),
        ("get_order_history", {"context": {}}),
    ],
)
def test_security_arguments_that_no_schema_allows_are_refused(name: str, args: Any) -> None:
    with pytest.raises(ValidationError):
        call(name, args, user_id=1)


def test_security_orders_without_a_user_are_refused() -> None:
    with pytest.raises(ToolError, match="Whose orders"):
        call("get_order_history")


def test_security_the_transaction_of_the_tools_refuses_every_write() -> None:
    with pytest.raises(InternalError, match="read-only"), read_only():
        Asset.objects.create(symbol="EVIL", name="Evil")
    assert not Asset.objects.filter(symbol="EVIL").exists()
    with transaction.atomic():
        Asset.objects.create(symbol="GOOD", name="After it, writes work again")
