"""A case that every rule lets pass, to be spoilt in one point."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from trading.core.cases import Case, Limits, Mark, Market, Proposed, Scene
from trading.core.entries import Side

D = Decimal
SPREAD = Mark(id="glass.quote.coinspot~BTC~AUD~20260318T120000Z~0", bid=D(990), ask=D(1000))
LISTED = Market(unit=D("0.00000001"), tick=D("0.01"), minimum=D(10), takes_market_orders=True)
PASSES = Case(
    order=Proposed(side=Side.BUY, base="BTC", quote="AUD", quantity=D("0.5"), limit=D(1000)),
    limits=Limits(
        max_order=D(1000),
        max_position=D(5000),
        max_open_positions=3,
        max_daily_loss=D(200),
        collar=D("0.05"),
        cooldown=timedelta(seconds=30),
        orders_a_minute=10,
        stop_loss=D("0.1"),
        take_profit=D("0.5"),
    ),
    scene=Scene(
        is_killed=False,
        is_allowed=True,
        skew=timedelta(0),
        market=LISTED,
        mark=SPREAD,
        fee=D("0.001"),
        free=D(2000),
        held=D(1),
        cost=D(1000),
        incoming=D(0),
        open_assets=frozenset({"BTC", "ETH"}),
        equity=D(10000),
        gained_today=D(-10),
        since_last=timedelta(minutes=5),
        orders_last_minute=0,
        has_unresolved=False,
    ),
)


def case(**spoilt: Any) -> Case:
    """Return the case with other values of its order, its limits or its scene."""
    parts = {
        part: {
            name: value
            for name, value in spoilt.items()
            if name in type(getattr(PASSES, part)).__slots__
        }
        for part in ("order", "limits", "scene")
    }
    assert sum(map(len, parts.values())) == len(spoilt), f"unknown names in {spoilt}"
    return Case(
        order=replace(PASSES.order, **parts["order"]),
        limits=replace(PASSES.limits, **parts["limits"]),
        scene=replace(PASSES.scene, **parts["scene"]),
    )


def sale(**spoilt: Any) -> Case:
    """Return a sale of half a coin of one that is held."""
    return case(**{"side": Side.SELL, "limit": D(990), "free": D(1), **spoilt})
