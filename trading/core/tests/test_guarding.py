"""Each rule denies exactly what it is for, at its very threshold, and nothing without it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core import guarding
from trading.core.cases import Case, Code, Scene
from trading.core.entries import Side
from trading.core.guarding import RULES, judge, needed
from trading.core.tests.cases import LISTED, PASSES, SPREAD, case, sale

D = Decimal
SECOND = timedelta(seconds=1)
LIMITS_ONLY = replace(LISTED, takes_market_orders=False)
STALE = replace(SPREAD, doubt="coinspot was last looked at for 09:15.")

DENIED: list[tuple[str, Code, Case]] = [
    ("kill_switch", Code.KILL_SWITCH, case(is_killed=True)),
    ("kill_switch", Code.KILL_SWITCH, case(is_killed=None)),
    ("kill_switch", Code.KILL_SWITCH, sale(is_killed=True)),
    ("allowed", Code.LIVE_OFF, case(is_allowed=False)),
    ("clock", Code.CLOCK, case(skew=6 * SECOND)),
    ("clock", Code.CLOCK, case(skew=-6 * SECOND)),
    ("clock", Code.CLOCK, case(skew=None)),
    ("unresolved", Code.UNRESOLVED, case(has_unresolved=True)),
    ("unresolved", Code.UNRESOLVED, case(has_unresolved=None)),
    ("units", Code.UNKNOWN_MARKET, case(market=None)),
    ("units", Code.MARKET_ORDER, case(limit=None, market=LIMITS_ONLY)),
    ("units", Code.MARKET_ORDER, sale(limit=None, market=LIMITS_ONLY)),
    ("units", Code.UNIT, case(quantity=D("0.123456789"))),
    ("units", Code.UNIT, case(quantity=D(0))),
    ("units", Code.UNIT, case(quantity=D(-1))),
    ("units", Code.TICK, case(limit=D("999.999"))),
    ("units", Code.TICK, case(limit=D(0))),
    ("units", Code.MINIMUM, case(quantity=D("0.00999999"))),
    ("units", Code.MINIMUM, sale(quantity=D("0.01"), limit=None)),
    ("mark", Code.NO_MARK, case(mark=None, side=Side.SELL, held=D("0.4"), free=D(1))),
    ("mark", Code.STALE_MARK, case(mark=STALE)),
    ("mark", Code.STALE_MARK, sale(mark=STALE, held=D("0.4"))),
    ("mark", Code.STALE_MARK, sale(mark=STALE, held=None)),
    ("collar", Code.COLLAR, case(limit=D("1050.01"))),
    ("collar", Code.COLLAR, sale(limit=D("940.49"))),
    ("balance", Code.BALANCE, case(free=D("500.49"))),
    ("balance", Code.BALANCE, case(limit=None, free=D("525.52"))),
    ("balance", Code.BALANCE, sale(free=D("0.4"))),
    ("balance", Code.UNKNOWN_BALANCE, case(free=None)),
    ("size", Code.MAX_ORDER, case(max_order=D("499.99"))),
    ("size", Code.MAX_ORDER, case(max_order=D("499.99"), limit=D(900))),
    ("size", Code.MAX_ORDER, sale(max_order=D("494.99"))),
    ("equity", Code.UNKNOWN_EQUITY, case(equity=None)),
    ("equity", Code.UNKNOWN_EQUITY, case(equity=D(0))),
    ("exposure", Code.MAX_POSITION, case(max_position=D("1489.99"))),
    ("exposure", Code.MAX_POSITION, case(max_position=D(1490), incoming=D("0.001"))),
    ("exposure", Code.MAX_POSITION, case(held=None)),
    ("exposure", Code.MAX_POSITION, case(incoming=None)),
    ("breadth", Code.MAX_OPEN_POSITIONS, case(open_assets=frozenset({"ETH", "SOL", "ADA"}))),
    ("breadth", Code.MAX_OPEN_POSITIONS, case(open_assets=None)),
    ("daily_loss", Code.DAILY_LOSS, case(gained_today=D(-200))),
    ("daily_loss", Code.DAILY_LOSS, case(gained_today=None)),
    ("exits", Code.STOP_LOSS, case(cost=D(1100))),
    ("exits", Code.TAKE_PROFIT, case(cost=D(660))),
    ("pace", Code.COOLDOWN, case(since_last=29 * SECOND)),
    ("pace", Code.RATE, case(orders_last_minute=10)),
    ("pace", Code.RATE, case(orders_last_minute=None)),
]
ALLOWED: list[Case] = [
    PASSES,
    sale(),
    case(skew=5 * SECOND),
    case(quantity=D("0.01")),
    case(limit=D(1050), free=D("525.525")),
    sale(limit=D("940.5")),
    case(free=D("500.5")),
    case(limit=None, free=D("525.525")),
    case(max_order=D(500)),
    case(max_position=D(1490)),
    case(open_assets=frozenset({"ETH", "SOL"})),
    case(open_assets=frozenset({"BTC", "ETH", "SOL"})),
    case(gained_today=D("-199.99")),
    case(cost=D("1099.99")),
    case(cost=D("660.01")),
    case(stop_loss=None, cost=D(5000)),
    case(take_profit=None, cost=D(1)),
    case(since_last=30 * SECOND),
    case(since_last=None),
    case(orders_last_minute=9),
    case(limit=D(900), free=D("450.45")),
    sale(limit=D(1200)),
    case(market=LIMITS_ONLY),
    sale(market=LIMITS_ONLY),
    # what only reduces may leave, whatever is unknown or has gone wrong around it
    sale(mark=STALE),
    sale(mark=STALE, held=D("0.5")),
    sale(mark=None, limit=None),
    sale(gained_today=None),
    sale(gained_today=D(-9999)),
    sale(equity=None),
    sale(since_last=SECOND),
    sale(open_assets=None, incoming=None),
    sale(cost=D(5000)),
]

NEEDED: list[tuple[Decimal | None, Case]] = [
    (D("500.5"), PASSES),
    (D("450.45"), case(limit=D(900))),
    (D("525.525"), case(limit=None)),
    (None, case(limit=None, mark=None)),
    (D("0.5"), sale()),
    (D("0.5"), sale(limit=None, mark=None)),
]
"""What must be free for an order, fee and room included; None if no price is known."""
REASONS: list[tuple[str, Case]] = [
    ("off the database's by 6 s", case(skew=6 * SECOND)),
    ("off the database's by unknown", case(skew=None)),
    ("Try again in 1 s", case(since_last=29 * SECOND)),
]
"""What a person is told who has to do something about it."""


@pytest.mark.parametrize(("need", "asked"), NEEDED)
def test_what_must_be_free_counts_the_fee_and_the_room_of_a_market_order(
    need: Decimal | None, asked: Case
) -> None:
    assert needed(asked) == need


@pytest.mark.parametrize(("said", "spoilt"), REASONS)
def test_a_reason_says_how_far_off_it_is(said: str, spoilt: Case) -> None:
    denial = judge(spoilt)
    assert denial is not None
    assert said in denial.reason


@pytest.mark.parametrize(("rule", "code", "spoilt"), DENIED)
def test_a_rule_denies_what_it_is_for_with_its_own_code(
    rule: str, code: Code, spoilt: Case
) -> None:
    denial = judge(spoilt)
    assert denial is not None
    assert denial.code == code
    assert denial.reason


@pytest.mark.parametrize(("rule", "code", "spoilt"), DENIED)
def test_without_the_rule_nothing_else_would_have_denied(
    rule: str, code: Code, spoilt: Case, monkeypatch: Any
) -> None:
    """So that a rule whose predicate is forced to allow fails the test above."""
    others = tuple(one for one in RULES if one.__name__ != rule)
    assert len(others) == len(RULES) - 1
    monkeypatch.setattr(guarding, "RULES", others)
    assert judge(spoilt) is None


def test_every_rule_and_every_code_has_a_case() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in DENIED}
    assert set(Code) - {Code.GUARD_FAILED} == {code for _, code, _ in DENIED}


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_within_the_limits_passes(allowed: Case) -> None:
    assert judge(allowed) is None


@pytest.mark.parametrize("name", [field.name for field in fields(Scene)])
def test_what_nobody_knows_never_opens_a_door(name: str) -> None:
    """A purchase with one unknown is denied, unless the unknown can only be an absence."""
    harmless = {"is_allowed", "fee", "cost", "since_last"}
    if name in harmless:
        assert getattr(PASSES.scene, name) is not None
    else:
        assert judge(case(**{name: None})) is not None


@given(
    quantity=st.decimals("0.00000001", "10", places=8),
    limit=st.none() | st.decimals("0.01", "2000", places=2),
    side=st.sampled_from(Side),
    free=st.decimals("0", "5000", places=2),
)
def test_what_passes_can_be_paid_and_is_within_every_limit(
    quantity: Decimal, limit: Decimal | None, side: Side, free: Decimal
) -> None:
    asked = case(quantity=quantity, limit=limit, side=side, free=free)
    if judge(asked) is None:
        need = needed(asked)
        assert need is not None
        assert need <= free
        assert quantity * (limit or SPREAD.bid) <= asked.limits.max_order
        if side is Side.BUY:
            assert (limit or SPREAD.ask) <= SPREAD.ask * D("1.05")
            assert need >= quantity * (limit or SPREAD.ask)
