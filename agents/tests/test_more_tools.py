"""Metrics of chains and protocols, the quality of the data, and the timeline of an asset."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.drafting import drafted
from agents.evidence import evidence_of
from agents.grounding import ground
from agents.plans import Step
from agents.results import Result, State, Window
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, NOW
from agents.tools.registry import Context, tools
from ledgers.public_ids import find
from ledgers.reading import pair
from quality.findings import Level
from quality.models import Alert

pytestmark = pytest.mark.usefixtures("ledger")
WEEK = Window(start=NOW - 7 * DAY, end=NOW)


def read(name: str, window: Window | None = None, user: Any = None, **args: Any) -> Any:
    """Call a tool as of NOW."""
    user_id = user.pk if user else None
    return tools[name].call(args, Context(pair=pair(NOW), window=window, user_id=user_id))


def said(name: str, result: Result, **args: Any) -> str:
    """Return the planner's sentences about a result; all of them must be borne out."""
    step = Step(tool=name, args=args)
    evidence = evidence_of([step], [result])
    checked = ground(drafted([step], [result], evidence), evidence)
    assert checked.withheld == ()
    return " ".join(checked.kept)


def test_the_newest_of_each_metric_is_told_with_its_row() -> None:
    make.chain("hash_rate", "100", "120")
    make.chain("transactions", "7", "9", unit="1/d")
    found = read("get_chain_metrics", symbol="BTC")
    last = {row.metric: row for row in found.rows if row.role == "last"}
    assert {name: row.value for name, row in last.items()} == {"hash_rate": 120, "transactions": 9}
    assert find(last["hash_rate"].id).value == 120
    assert (found.state, found.count) == (State.VALUE, 2)


def test_a_metric_of_a_window_is_told_with_how_it_grew() -> None:
    make.chain("hash_rate", "100", "90", "120")
    text = said(
        "get_chain_metrics", read("get_chain_metrics", WEEK, symbol="BTC", metric="hash_rate"),
        symbol="BTC", metric="hash_rate",
    )  # fmt: skip
    assert "hash rate of BTC stood at 120, in terahashes a second" in text
    assert "a growth of +20.00 %" in text


def test_a_metric_that_fell_has_a_negative_growth() -> None:
    make.protocol("aave", "tvl", "200", "150")
    text = said(
        "get_protocol_fundamentals",
        read("get_protocol_fundamentals", WEEK, symbol="AAVE"),
        symbol="AAVE",
    )
    assert "a growth of -25.00 %" in text


def test_one_metric_is_read_when_one_is_asked() -> None:
    make.chain("hash_rate", "100")
    make.chain("transactions", "7")
    found = read("get_chain_metrics", symbol="BTC", metric="transactions")
    assert {row.metric for row in found.rows} == {"transactions"}


def test_fees_of_the_chain_stand_for_all_that_a_transaction_may_pay() -> None:
    make.chain("fee_fastest", "11", unit="sat/vB", source="mempool")
    make.chain("fee_economy", "3", unit="sat/vB", source="mempool")
    text = said(
        "get_chain_metrics", read("get_chain_metrics", symbol="BTC", metric="fees"), symbol="BTC"
    )
    assert "fastest fee of BTC stood at 11, in satoshi a virtual byte" in text
    assert "economy fee of BTC stood at 3" in text


@pytest.mark.parametrize(
    ("symbol", "entity"),
    [("AAVE", "aave"), ("UNI", "uniswap"), ("ETH", "Ethereum"), ("BNB", "BSC"), ("SOL", "Solana")],
)
def test_an_asset_finds_the_protocol_or_the_chain_behind_it(symbol: str, entity: str) -> None:
    make.protocol(entity, "tvl", "5")
    make.protocol("somethingelse", "tvl", "6")
    found = read("get_protocol_fundamentals", symbol=symbol)
    assert {row.about for row in found.rows} == {entity}


def test_metrics_that_nobody_looked_at_are_not_observed() -> None:
    assert read("get_chain_metrics", symbol="BTC").state == State.NOT_OBSERVED
    make.chain("hash_rate", "1", source="seed:blockchain_info")
    assert read("get_chain_metrics", symbol="BTC").state == State.VALUE
    assert read("get_chain_metrics", symbol="ADA").state == State.NONE_IN_COVERED_WINDOW


def test_metrics_of_a_seed_count_only_where_there_are_no_others() -> None:
    make.chain("hash_rate", "5", source="seed:blockchain_info")
    assert {row.source for row in read("get_chain_metrics", symbol="BTC").rows} == {
        "seed:blockchain_info"
    }
    make.chain("hash_rate", "7")
    assert {row.source for row in read("get_chain_metrics", symbol="BTC").rows} == {
        "blockchain_info"
    }


def test_metrics_known_later_than_as_of_are_not_seen() -> None:
    make.chain("hash_rate", "100", "120")
    context = Context(pair=pair(NOW - 36 * HOUR))
    found = tools["get_chain_metrics"].call({"symbol": "BTC"}, context)
    assert {row.value for row in found.rows} == {Decimal(100)}


def test_the_quality_tells_how_many_feeds_are_in_which_state_and_the_worst_first() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    make.covered(make.articles([make.article("one")]), NOW - 9 * DAY, NOW - 8 * DAY)
    found = read("get_data_quality")
    states = {row.source: row.state for row in found.rows}
    assert states["coinspot"] == "fresh"
    assert states["rss/decrypt"] == "stale"
    assert found.rows[0].known_at <= found.horizon
    order = [row.state for row in found.rows]
    assert order == sorted(order, key=["unknown", "stale", "late", "fresh"].index)
    text = said("get_data_quality", found)
    assert f"{order.count('fresh')} feeds are fresh" in text
    assert f"{order.count('stale')} feeds are stale" in text


def test_the_quality_of_one_ledger_holds_no_feed_of_another() -> None:
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    make.covered(make.articles([]), NOW - DAY)
    found = read("get_data_quality", ledger="human")
    assert {row.ledger for row in found.rows} == {"human"}


def test_a_feed_without_a_row_is_told_by_the_quality_alone_for_nothing_can_be_cited() -> None:
    found = read("get_data_quality", ledger="human")
    assert (found.state, found.rows) == (State.NOT_OBSERVED, ())
    assert found.quality.state == "unknown"
    assert "rss/coindesk" in {feed.feed for feed in found.quality.feeds}
    assert said("get_data_quality", found) == ""


def alert(subject: str, **more: Any) -> None:
    """Make an alert that stands since yesterday."""
    values: dict[str, Any] = {"opened_at": NOW - DAY, "seen_at": NOW, "ledger": "glass"}
    values |= {"level": Level.ERROR, "message": "No price.", **more}
    Alert.objects.create(check_id="glass.freshness", subject=subject, **values)


def test_the_alerts_that_stood_then_are_counted_and_nobody_elses(django_user_model: Any) -> None:
    alice, bob = (django_user_model.objects.create_user(name) for name in ("alice", "bob"))
    alert("coinspot")
    alert("solved since", state="resolved", resolved_at=NOW + HOUR, seen_at=NOW + HOUR)
    alert("solved before", state="resolved", resolved_at=NOW - HOUR)
    alert("of alice", user=alice)
    alert("of bob", user=bob)
    alert("opened later", opened_at=NOW + HOUR, seen_at=NOW + 2 * HOUR)
    found = read("get_data_quality", user=alice)
    assert {one.subject for one in found.alerts} == {"coinspot", "solved since", "of alice"}
    assert found.alert_count == 3
    assert "3 items" in said("get_data_quality", found)


def test_all_alerts_are_counted_also_where_only_the_worst_are_shown() -> None:
    for number in range(201):
        alert(f"feed {number}", level=Level.ERROR if number == 200 else Level.WARNING)
    found = read("get_data_quality")
    assert (found.alert_count, len(found.alerts)) == (201, 20)
    assert found.alerts[0].subject == "feed 200"
    assert "201 items" in said("get_data_quality", found)


@pytest.fixture
def happenings(django_user_model: Any) -> Any:
    """Make an article, a post, an event and two users' orders about Cardano."""
    alice, bob = (django_user_model.objects.create_user(name) for name in ("alice", "bob"))
    make.covered(make.articles([make.article("Cardano news", "ADA")]), NOW - 9 * DAY)
    make.covered(make.posts([make.post("Cardano post", "ADA", at=NOW - 2 * HOUR)]), NOW - 9 * DAY)
    listing = make.event("ADA listed", kind="listing", assets=["ADA"], at=NOW - 3 * HOUR)
    make.covered(make.events([listing]), NOW - 9 * DAY)
    for user, quantity in ((alice, "12"), (bob, "777777")):
        account = make.make_account(user)
        order = make.order(account, base="ADA", quantity=Decimal(quantity), at=NOW - 4 * HOUR)
        make.covered(make.orders([order], account), NOW - 9 * DAY)
        make.fills(account, [quantity])
    return alice


def test_a_timeline_holds_all_ledgers_newest_first_and_the_own_orders_alone(
    happenings: Any,
) -> None:
    found = read("get_timeline", user=happenings, symbol="ADA")
    assert [row.kind.split(",")[0] for row in found.rows] == [
        "article", "post", "listing", "order", "fill",
    ]  # fmt: skip
    assert found.count == 5
    assert "777777" not in found.model_dump_json()
    assert all(find(row.id, user_id=happenings.pk) for row in found.rows)


def test_a_timeline_of_nobody_holds_no_orders(happenings: Any) -> None:
    assert {row.kind for row in read("get_timeline", symbol="ADA").rows} == {
        "article", "post", "listing",
    }  # fmt: skip


def test_a_timeline_is_said_item_by_item(happenings: Any) -> None:
    text = said("get_timeline", read("get_timeline", user=happenings, symbol="ADA"), symbol="ADA")
    assert "There were 5 items about ADA" in text
    assert "“Cardano news”" in text
    assert "quantity 12 ADA" in text


def test_a_timeline_without_anything_says_whether_somebody_looked(happenings: Any) -> None:
    found = read("get_timeline", user=happenings, symbol="DOT")
    assert found.count == 0
    assert found.state in {State.NONE_IN_COVERED_WINDOW, State.NOT_OBSERVED}


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("get_chain_metrics", {"symbol": "BTC", "metric": "horoscope"}),
        ("get_protocol_fundamentals", {"symbol": "*"}),
        ("get_data_quality", {"ledger": "secret"}),
        ("get_timeline", {"symbol": "ada; --"}),
        ("get_positions", {"user_id": 2}),
        ("get_pnl", {"symbol": "BTC", "account": 1}),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        tools[name].checked(args)


def test_a_quality_long_ago_is_judged_as_of_then() -> None:
    make.covered(make.quotes([make.quote(at=NOW - 5 * DAY)]), NOW - 6 * DAY, NOW - 5 * DAY)
    context = Context(pair=pair(NOW - 5 * DAY + timedelta(seconds=5)))
    found = tools["get_data_quality"].call({"ledger": "glass"}, context)
    assert {row.source: row.state for row in found.rows}["coinspot"] == "fresh"
