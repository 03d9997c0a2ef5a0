"""What the guard is told of an account and a market: each point, from the rows that make it.

`test_scene_mutants` spoils `trading.scene` line by line and demands that one of these fails.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.credentials import store_secret
from ledgers.exchange.models import Account, Balance
from ledgers.exchange.records import BalanceRecord
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Feed
from ledgers.public_ids import find
from ledgers.reading import Pair, announce_and_stamp, pair
from trading import scene
from trading.auditing import chain_of
from trading.core.cases import Limits, Scene
from trading.core.ordering import State
from trading.keys import owner_of
from trading.killing import engage
from trading.models import KillSwitch, LiveSwitch, OrderIntent, RiskLimits
from trading.orders import send, settle
from trading.tests.market import bought, deposit, paper_account, put, quote
from trading.venues.paper import MARKET, PaperVenue

pytestmark = pytest.mark.usefixtures("ledger")
D = Decimal
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def intent(account: Account, side: str = "buy", quantity: str = "0.1", **other: Any) -> OrderIntent:
    """Make an order as it is before the guard has seen it."""
    now = timezone.now()
    base, cash = other.get("base", "BTC"), other.get("quote", "AUD")
    values: dict[str, Any] = {
        "client_id": uuid4().hex,
        "mode": "paper",
        "side": side,
        "kind": "market",
        "base": base,
        "quote": cash,
        "quantity": D(quantity),
        "state": State.ACCEPTED,
        "reserved_asset": cash if side == "buy" else base,
        "created_at": now,
        "changed_at": now,
    }
    return OrderIntent.objects.create(account=account, **{**values, **other})


def look(wanted: OrderIntent, now: datetime | None = None, known: Pair | None = None) -> scene.Look:
    """Look at everything that is known, now."""
    return scene.look_at(wanted, PaperVenue(wanted.account), known or pair(), now or timezone.now())


def seen(wanted: OrderIntent, now: datetime | None = None, known: Pair | None = None) -> Scene:
    """Return what the rules would be given."""
    return look(wanted, now, known).case.scene


def midnight() -> datetime:
    """Return the start of today, UTC."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def switch(account: Account, *, is_on: bool) -> None:
    """Say whether an account may trade real money."""
    now = timezone.now()
    LiveSwitch.objects.update_or_create(
        account=account, defaults={"is_on": is_on, "changed_at": now, "actor": "ada"}
    )


def told(account: Account, quantity: str, *, ago: timedelta = timedelta(0)) -> None:
    """Have the venue tell how much cash there is, by a look that ended some time ago."""
    at = timezone.now() - ago
    name = f"balances/{account.pk}"
    values = {"source": "balances", "scope": str(account.pk), "ledger": "exchange"}
    feed, _ = Feed.objects.get_or_create(
        name=name, defaults={**values, "every": MINUTE, "lag": timedelta(0)}
    )
    record = BalanceRecord(
        event_at=at, published_at=at, account_id=account.pk, asset="AUD", quantity=D(quantity)
    )
    run = CollectorRun.objects.create(feed=feed)
    store(Balance, [record], run, observed_at=at)
    cover(run, Range(at - MINUTE, at), known_at=announce_and_stamp())


def test_an_order_is_seen_as_it_was_wanted() -> None:
    wanted = intent(paper_account(), "sell", "0.25", limit=D(990), kind="limit")
    order = look(wanted).case.order
    assert (order.side.value, order.base, order.quote) == ("sell", "BTC", "AUD")
    assert (order.quantity, order.limit) == (D("0.25"), D(990))


def test_the_kill_switch_is_that_of_everything_or_of_the_account() -> None:
    account, other = paper_account(), paper_account()
    assert seen(intent(account)).is_killed is False
    engage(chain_of(account.pk), actor="ada", reason="odd", now=timezone.now())
    assert seen(intent(account)).is_killed is True
    assert seen(intent(other)).is_killed is False
    engage(KillSwitch.EVERYTHING, actor="ada", reason="odd", now=timezone.now())
    assert seen(intent(other)).is_killed is True


def test_real_money_needs_the_setting_the_key_and_the_switch_of_this_account(settings: Any) -> None:
    account, other = paper_account(), paper_account()
    live = intent(account, mode="live")
    assert seen(intent(account)).is_allowed is True
    switch(other, is_on=True)
    settings.OMC_LIVE_TRADING = True
    assert seen(live).is_allowed is False
    switch(account, is_on=False)
    assert seen(live).is_allowed is False
    switch(account, is_on=True)
    assert seen(live).is_allowed is False
    store_secret(owner_of(account.pk), {"key": "k" * 32, "secret": "s" * 64}, actor="test")
    assert seen(live).is_allowed is True
    settings.OMC_LIVE_TRADING = False
    assert seen(live).is_allowed is False


def test_the_skew_is_how_far_our_clock_is_off_the_databases() -> None:
    wanted = intent(paper_account())
    for ahead in (timedelta(0), 6 * SECOND, -6 * SECOND, 400 * DAY):
        skew = seen(wanted, timezone.now() + ahead).skew
        assert skew is not None
        assert abs(skew + ahead) < SECOND


def test_a_market_is_what_the_venue_quotes_in_the_accounts_own_currency() -> None:
    account = paper_account()
    quote("990", "1000")
    assert seen(intent(account)).market == MARKET
    assert seen(intent(account, base="WXYZ")).market is None
    put_in_usd("990", "1000")
    assert seen(intent(account, quote="USD")).market is None


def put_in_usd(bid: str, ask: str) -> None:
    """Quote bitcoin in a currency that is not the account's."""
    put_quote("coinspot", bid=D(bid), ask=D(ask), currency="USD")


def put_quote(feed: str, **other: Any) -> None:
    """Quote bitcoin now, with something else about it."""
    now = timezone.now()
    values: dict[str, Any] = {
        "event_at": now.replace(second=0, microsecond=0),
        "published_at": now,
        "source": feed,
        "asset": "BTC",
        "currency": "AUD",
        "quoted_at": now,
        "bid": D(990),
        "ask": D(1000),
        "last": None,
    }
    put(feed, "glass", MINUTE, [QuoteRecord(**{**values, **other})])


def test_the_mark_is_the_newest_quote_and_its_doubt() -> None:
    account = paper_account()
    assert seen(intent(account)).mark is None
    now = timezone.now()
    quote("980", "1010", at=now - 2 * MINUTE)
    old = seen(intent(account)).mark
    assert old is not None
    assert old.doubt
    quote("990", "1000", at=now)
    mark = seen(intent(account)).mark
    assert mark is not None
    assert (mark.bid, mark.ask, mark.doubt) == (D(990), D(1000), "")


def test_an_example_is_no_price_however_new_it_is() -> None:
    account = paper_account()
    quote("980", "1010", at=timezone.now() - 2 * DAY)
    put_quote("seed:coinspot")
    mark = seen(intent(account)).mark
    assert mark is not None
    assert mark.doubt


def test_a_quote_that_is_from_the_future_is_not_trusted() -> None:
    """The clock of its source is ahead, so nobody knows how old it is."""
    account = paper_account()
    put_quote("coinspot", quoted_at=timezone.now() + 30 * SECOND)
    mark = seen(intent(account)).mark
    assert mark is None or mark.doubt


def test_the_fee_is_the_venues() -> None:
    assert seen(intent(paper_account())).fee == D("0.001")


def test_what_is_free_on_paper_is_what_is_held_less_what_other_orders_reserve() -> None:
    account, other = paper_account("1000"), paper_account("1000")
    bought(account, "0.5", "200")
    quote("990", "1000")
    assert seen(intent(account)).free == 900
    assert seen(intent(account, "sell")).free == D("0.5")
    intent(account, "buy", reserved=D(300))
    intent(account, "sell", reserved=D("0.2"))
    intent(other, "buy", reserved=D(7))
    intent(account, "buy", base="ETH", reserved=D(50), state=State.UNKNOWN)
    intent(account, "buy", reserved=D(4), state=State.DENIED)
    assert seen(intent(account, reserved=D(5))).free == 550
    assert seen(intent(account, "sell")).free == D("0.3")


def test_what_is_free_of_an_asset_that_was_never_there_is_nothing() -> None:
    account = paper_account("0")
    assert seen(intent(account)).free == 0
    assert seen(intent(account, "sell")).free == 0


def test_what_is_free_for_real_money_is_the_venues_own_fresh_word() -> None:
    account = paper_account("1000")
    live = intent(account, mode="live")
    assert seen(live).free is None
    told(account, "400")
    assert seen(live).free == 400
    intent(account, "buy", mode="live", reserved=D(150))
    assert seen(live).free == 250
    told(account, "300")
    assert seen(live).free == 150
    told(paper_account(), "9999")
    assert seen(live).free == 150


def test_what_was_spent_since_the_venue_told_a_balance_is_free_no_more() -> None:
    account = paper_account("1000")
    told(account, "400", ago=5 * SECOND)
    live = intent(account, mode="live")
    assert seen(live).free == 400
    bought(account, "0.1", "500", at=timezone.now() - 60 * SECOND)
    bought(account, "0.1", "200", at=timezone.now(), fee=D(1), fee_asset="AUD")
    bought(account, "9", "200", at=timezone.now(), side="sell")
    assert seen(live).free == 400 - 21


def test_an_old_word_of_the_venue_about_a_balance_is_none() -> None:
    account = paper_account("1000")
    told(account, "400", ago=10 * MINUTE)
    assert seen(intent(account, mode="live")).free is None


def test_what_is_held_and_what_it_cost_are_of_the_base() -> None:
    account = paper_account()
    bought(account, "2", "500")
    bought(account, "1", "300", asset="ETH")
    assert (seen(intent(account)).held, seen(intent(account)).cost) == (D(2), D(1000))
    nothing = seen(intent(account, base="WXYZ"))
    assert (nothing.held, nothing.cost) == (D(0), D(0))


def test_what_is_coming_is_what_other_orders_still_buy_of_the_base() -> None:
    account = paper_account()
    quote("990", "1000")
    intent(account, "buy", "0.3")
    intent(account, "buy", "0.2", state=State.OPEN)
    intent(account, "sell", "0.7")
    intent(account, "buy", "5", base="ETH")
    intent(account, "buy", "9", state=State.DENIED)
    assert seen(intent(account, "buy", "0.1")).incoming == D("0.5")


def test_open_assets_are_what_is_held_or_being_bought_and_no_cash() -> None:
    account = paper_account()
    bought(account, "1", "500", asset="ETH")
    bought(account, "1", "5", asset="LTC", side="sell")
    intent(account, "buy", base="SOL")
    intent(account, "sell", base="ADA")
    intent(account, "buy", base="XRP", state=State.REJECTED)
    assert seen(intent(account)).open_assets == frozenset({"ETH", "SOL"})


def test_equity_is_cash_and_coins_at_the_bid_and_unknown_if_a_price_is() -> None:
    account = paper_account("1000")
    assert seen(intent(account)).equity == 1000
    bought(account, "1", "300")
    assert seen(intent(account)).equity is None
    quote("400", "410")
    assert seen(intent(account)).equity == 1100


def test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow() -> None:
    """A deposit is no gain and a purchase no loss; what happened before midnight is over."""
    account = paper_account("1000")
    bought(account, "1", "300")
    quote("280", "281", at=midnight())
    assert seen(intent(account)).gained_today is None
    quote("250", "251")
    assert seen(intent(account)).gained_today == -30
    deposit(account, "5000", at=timezone.now())
    assert seen(intent(account)).gained_today == -30
    bought(account, "2", "260", at=timezone.now(), fee=D(1), fee_asset="AUD")
    assert seen(intent(account)).gained_today == -30 - 20 - 1


def test_a_gain_of_income_and_a_fee_outside_the_basis_count_today() -> None:
    account = paper_account("1000", fees="separate")
    quote("500", "501", at=midnight())
    quote("500", "501")
    deposit(account, "0.1", "BTC", kind="income", at=timezone.now())
    assert seen(intent(account)).gained_today == 50
    bought(account, "0.1", "500", at=timezone.now(), fee=D(8), fee_asset="AUD")
    assert seen(intent(account)).gained_today == 42


def test_what_units_of_unknown_basis_were_sold_for_counts_today() -> None:
    account = paper_account("1000")
    bought(account, "1", "70", side="sell", at=timezone.now())
    assert seen(intent(account)).gained_today == 70


def test_without_a_price_at_midnight_nobody_knows_what_was_gained() -> None:
    account = paper_account("1000")
    bought(account, "1", "300")
    quote("280", "281")
    assert seen(intent(account)).gained_today is None


def test_the_last_order_is_that_of_the_same_base_that_was_let_through() -> None:
    account = paper_account()
    assert seen(intent(account)).since_last is None
    now = timezone.now()
    ages = {"BTC": 50, "ETH": 10}
    OrderIntent.objects.all().delete()
    for base, age in ages.items():
        intent(account, base=base, created_at=now - age * SECOND)
    intent(account, created_at=now - 90 * SECOND)
    intent(account, created_at=now - 20 * SECOND, state=State.DENIED)
    intent(paper_account(), created_at=now - 5 * SECOND)
    assert seen(intent(account), now).since_last == 50 * SECOND


def test_the_orders_of_the_last_minute_are_all_that_were_let_through() -> None:
    account, now = paper_account(), timezone.now()
    intent(account, created_at=now - 59 * SECOND)
    intent(account, base="ETH", created_at=now - SECOND, state=State.FILLED)
    intent(account, created_at=now - 60 * SECOND)
    intent(account, created_at=now - SECOND, state=State.DENIED)
    intent(paper_account(), created_at=now - SECOND)
    assert seen(intent(account), now).orders_last_minute == 2


def test_an_order_like_one_of_unknown_outcome_is_seen_as_such() -> None:
    account = paper_account()
    intent(account, state=State.UNKNOWN)
    assert seen(intent(account)).has_unresolved is True
    for other in ({"side": "sell"}, {"base": "ETH"}, {"quantity": "0.2"}, {"limit": D(5)}):
        assert seen(intent(account, **other)).has_unresolved is False, other
    assert seen(intent(paper_account())).has_unresolved is False
    OrderIntent.objects.filter(state=State.UNKNOWN).update(state=State.OPEN)
    assert seen(intent(account)).has_unresolved is False


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SENDING, State.UNKNOWN])
def test_two_orders_that_a_real_venue_could_not_tell_apart_are_never_on_their_way(
    state: State,
) -> None:
    account = paper_account()
    first = intent(account, mode="live", state=state)
    assert seen(intent(account, mode="live")).has_unresolved is True
    OrderIntent.objects.exclude(pk=first.pk).delete()
    OrderIntent.objects.update(state=State.OPEN)
    assert seen(intent(account, mode="live")).has_unresolved is False


def test_limits_are_the_accounts_own_or_the_defaults_and_never_none() -> None:
    account, other = paper_account(), paper_account()
    defaults = RiskLimits(account=account)
    found = look(intent(account)).case.limits
    assert all(getattr(found, name) == getattr(defaults, name) for name in Limits.__slots__)
    own = {"max_order": D(7), "collar": D("0.01"), "cooldown": 9 * SECOND, "stop_loss": D("0.2")}
    RiskLimits.objects.create(account=account, **own)
    found = look(intent(account)).case.limits
    assert {name: getattr(found, name) for name in own} == own
    assert look(intent(other)).case.limits.max_order == defaults.max_order


def test_the_ids_are_those_of_every_row_that_was_looked_at_and_each_once() -> None:
    account = paper_account()
    bought(account, "1", "300")
    bought(account, "1", "30", asset="ETH")
    quote("280", "281")
    quote("28", "29", asset="ETH")
    told(account, "400")
    ids = look(intent(account, mode="live")).ids
    assert len(ids) == len(set(ids))
    kinds = sorted((type(find(one)).__name__, getattr(find(one), "asset", "")) for one in own(ids))
    assert kinds == [("Quote", "BTC"), ("Quote", "ETH")]
    assert [one for one in ids if one.startswith("exchange.balance")]


def own(ids: tuple[str, ...]) -> list[str]:
    """Return the ids that anybody may look up; a balance is its owner's."""
    return [one for one in ids if one.startswith("glass.")]


def test_what_was_filled_is_held_and_no_longer_reserved(settings: Any) -> None:
    settings.OMC_PAPER_LATENCY = timedelta(0)
    account = paper_account("1000")
    quote("990", "999")
    first = intent(account, "buy", "0.1", reserved=D(120))
    send(first.pk, now=timezone.now())
    quote("990", "1000")
    settle(first.pk, now=timezone.now())
    found = seen(intent(account))
    assert (found.held, found.incoming) == (D("0.1"), D(0))
    assert found.free == 1000 - D("100.1")


def test_of_an_order_that_is_filled_in_part_only_the_rest_is_reserved(settings: Any) -> None:
    settings.OMC_PAPER_LATENCY = timedelta(0)
    settings.OMC_PAPER_CAP = D(40)
    account = paper_account("1000")
    quote("990", "999")
    first = intent(account, "buy", "0.1", reserved=D(120))
    send(first.pk, now=timezone.now())
    quote("990", "1000")
    assert settle(first.pk, now=timezone.now()).state == State.PARTLY_FILLED
    found = seen(intent(account))
    assert (found.held, found.incoming) == (D("0.04"), D("0.06"))
    assert found.free == 1000 - 120


def test_what_was_filled_is_reserved_until_the_reader_sees_the_fill(settings: Any) -> None:
    """Else the same money would be free twice: the order has ended, and its fill is not there."""
    settings.OMC_PAPER_LATENCY = timedelta(0)
    account = paper_account("1000")
    quote("990", "999")
    first = intent(account, "buy", "0.1", reserved=D(120))
    send(first.pk, now=timezone.now())
    before = pair()
    quote("990", "1000")
    assert settle(first.pk, now=timezone.now()).state == State.FILLED
    found = seen(intent(account), known=before)
    assert (found.held, found.incoming) == (D(0), D("0.1"))
    assert found.free == 1000 - D("100.1")
