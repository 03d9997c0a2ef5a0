"""Spoil `trading.scene` in one place, and a test of `test_scene` must fail.

The spoilt source really runs: what the guard is told is wrong, and only the named test can tell.
A text that is no longer in the source fails too, so that no mutant is forgotten.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from trading import scene
from trading.tests import test_scene as tests

pytestmark = [pytest.mark.usefixtures("ledger"), pytest.mark.full]

MUTANTS: list[tuple[str, str, Callable[..., None]]] = [
    (
        "is_killed=is_engaged(intent.account_id)",
        "is_killed=False",
        tests.test_the_kill_switch_is_that_of_everything_or_of_the_account,
    ),
    (
        "or may_trade(intent.account_id)",
        "or True",
        tests.test_real_money_needs_the_setting_the_key_and_the_switch_of_this_account,
    ),
    (
        "intent.mode == OrderIntent.Mode.PAPER or may_trade",
        "may_trade",
        tests.test_real_money_needs_the_setting_the_key_and_the_switch_of_this_account,
    ),
    (
        "skew=clock() - now",
        "skew=timedelta(0)",
        tests.test_the_skew_is_how_far_our_clock_is_off_the_databases,
    ),
    (
        "if _is_cash(intent) else None",
        "",
        tests.test_a_market_is_what_the_venue_quotes_in_the_accounts_own_currency,
    ),
    (
        "mark=mark,",
        "mark=mark and type(mark)(id=mark.id, bid=mark.bid, ask=mark.ask),",
        tests.test_the_mark_is_the_newest_quote_and_its_doubt,
    ),
    ("fee=venue.fee", "fee=Decimal(0)", tests.test_the_fee_is_the_venues),
    (
        "- taken, []",
        ", []",
        tests.test_what_is_free_on_paper_is_what_is_held_less_what_other_orders_reserve,
    ),
    (
        "if other.asset == asset",
        "",
        tests.test_what_is_free_on_paper_is_what_is_held_less_what_other_orders_reserve,
    ),
    (
        "balance.quantity - taken - _spent",
        "balance.quantity - _spent",
        tests.test_what_is_free_for_real_money_is_the_venues_own_fresh_word,
    ),
    (
        "- taken - _spent_since(balance, pair)",
        "- taken",
        tests.test_what_was_spent_since_the_venue_told_a_balance_is_free_no_more,
    ),
    (
        "if _given_by(fill) == balance.asset",
        "",
        tests.test_what_was_spent_since_the_venue_told_a_balance_is_free_no_more,
    ),
    (
        "fill.base if Side(fill.side) is Side.SELL else fill.quote",
        "fill.quote",
        tests.test_what_was_spent_since_the_venue_told_a_balance_is_free_no_more,
    ),
    (
        "or not _is_fresh(balance, pair)",
        "",
        tests.test_an_old_word_of_the_venue_about_a_balance_is_none,
    ),
    (
        '.order_by("-event_at")\n        .first()',
        '.order_by("event_at")\n        .first()',
        tests.test_what_is_free_for_real_money_is_the_venues_own_fresh_word,
    ),
    (
        "if intent.mode == OrderIntent.Mode.PAPER:\n        own",
        "if True:\n        own",
        tests.test_what_is_free_for_real_money_is_the_venues_own_fresh_word,
    ),
    (
        "held=own.quantity if own",
        "held=total(one.quantity for one in held.values()) if own",
        tests.test_what_is_held_and_what_it_cost_are_of_the_base,
    ),
    (
        "cost=own.cost if own",
        "cost=own.quantity if own",
        tests.test_what_is_held_and_what_it_cost_are_of_the_base,
    ),
    (
        "if other.base == order.base",
        "",
        tests.test_what_is_coming_is_what_other_orders_still_buy_of_the_base,
    ),
    (
        "incoming=total(other.coming for",
        "incoming=total(Decimal(0) for",
        tests.test_what_is_coming_is_what_other_orders_still_buy_of_the_base,
    ),
    (
        "if holding.quantity > 0",
        "",
        tests.test_open_assets_are_what_is_held_or_being_bought_and_no_cash,
    ),
    (
        "if other.coming}",
        "}",
        tests.test_open_assets_are_what_is_held_or_being_bought_and_no_cash,
    ),
    (
        "(held | bought)",
        "(held)",
        tests.test_open_assets_are_what_is_held_or_being_bought_and_no_cash,
    ),
    (
        " - {intent.account.base_currency}",
        "",
        tests.test_open_assets_are_what_is_held_or_being_bought_and_no_cash,
    ),
    (
        "None if report.missing else report.equity",
        "report.equity",
        tests.test_equity_is_cash_and_coins_at_the_bid_and_unknown_if_a_price_is,
    ),
    (
        "return _gain(report) - _gain(before)",
        "return (report.equity or Decimal(0)) - (before.equity or Decimal(0))",
        tests.test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow,
    ),
    (
        "return _gain(report) - _gain(before)",
        "return _gain(report)",
        tests.test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow,
    ),
    (
        "report.unrealized, report.income",
        "report.income",
        tests.test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow,
    ),
    (
        "report.unrealized, report.income",
        "report.unrealized",
        tests.test_a_gain_of_income_and_a_fee_outside_the_basis_count_today,
    ),
    (
        " - (report.fees or Decimal(0))",
        "",
        tests.test_a_gain_of_income_and_a_fee_outside_the_basis_count_today,
    ),
    (
        "report.realized_unmatched, ",
        "",
        tests.test_what_units_of_unknown_basis_were_sold_for_counts_today,
    ),
    (
        "if report.missing or before.missing",
        "if report.missing",
        tests.test_without_a_price_at_midnight_nobody_knows_what_was_gained,
    ),
    (
        "if report.missing or before.missing",
        "if before.missing",
        tests.test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow,
    ),
    (
        "now.replace(hour=0, minute=0, second=0, microsecond=0)",
        "now",
        tests.test_what_was_gained_today_is_profit_and_loss_and_no_cash_flow,
    ),
    (
        "created_at__gt=now - MINUTE",
        "created_at__gt=now",
        tests.test_the_orders_of_the_last_minute_are_all_that_were_let_through,
    ),
    (
        "filter(created_at__gt=now - MINUTE)",
        "filter(base=intent.base, created_at__gt=now - MINUTE)",
        tests.test_the_orders_of_the_last_minute_are_all_that_were_let_through,
    ),
    (
        ".exclude(state=OrderState.DENIED)",
        "",
        tests.test_the_orders_of_the_last_minute_are_all_that_were_let_through,
    ),
    (
        ".exclude(pk=intent.pk)",
        "",
        tests.test_the_orders_of_the_last_minute_are_all_that_were_let_through,
    ),
    (
        "objects.filter(account_id=intent.account_id)\n",
        "objects.all()\n",
        tests.test_the_orders_of_the_last_minute_are_all_that_were_let_through,
    ),
    (
        'filter(base=intent.base).order_by("-created_at")',
        'order_by("-created_at")',
        tests.test_the_last_order_is_that_of_the_same_base_that_was_let_through,
    ),
    (
        '.order_by("-created_at").first()',
        '.order_by("created_at").first()',
        tests.test_the_last_order_is_that_of_the_same_base_that_was_let_through,
    ),
    (
        "now - last.created_at if last else None",
        "None",
        tests.test_the_last_order_is_that_of_the_same_base_that_was_let_through,
    ),
    (
        "has_unresolved=_like(intent)",
        "has_unresolved=_like(intent).none()",
        tests.test_an_order_like_one_of_unknown_outcome_is_seen_as_such,
    ),
    (
        "        side=intent.side,\n        base=intent.base,\n        quote",
        "        base=intent.base,\n        quote",
        tests.test_an_order_like_one_of_unknown_outcome_is_seen_as_such,
    ),
    (
        "        quantity=intent.quantity,\n        limit=intent.limit,\n    )\n\n\ndef _since",
        "        limit=intent.limit,\n    )\n\n\ndef _since",
        tests.test_an_order_like_one_of_unknown_outcome_is_seen_as_such,
    ),
    (
        "RiskLimits.objects.filter(pk=account_id).first() or RiskLimits",
        "RiskLimits",
        tests.test_limits_are_the_accounts_own_or_the_defaults_and_never_none,
    ),
    (
        "*balance_ids, *prices",
        "*balance_ids",
        tests.test_the_ids_are_those_of_every_row_that_was_looked_at_and_each_once,
    ),
    (
        "*balance_ids, *prices",
        "*prices",
        tests.test_the_ids_are_those_of_every_row_that_was_looked_at_and_each_once,
    ),
    (
        "tuple(dict.fromkeys(",
        "tuple((",
        tests.test_the_ids_are_those_of_every_row_that_was_looked_at_and_each_once,
    ),
]
SOURCE = inspect.getsource(scene)


@contextmanager
def mutated(source: str) -> Iterator[ModuleType]:
    """Make a module of a spoilt source."""
    module = ModuleType("trading.scene_mutant")
    sys.modules[module.__name__] = module  # where a dataclass looks for the names of its types
    try:
        exec(compile(source, "scene_mutant.py", "exec"), module.__dict__)  # noqa: S102  # our own
        yield module
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize(("old", "new", "killer"), MUTANTS)
def test_a_spoilt_scene_fails_its_test(
    old: str, new: str, killer: Callable[..., None], request: Any
) -> None:
    assert SOURCE.count(old) == 1, f"{old!r} is {SOURCE.count(old)} times in trading/scene.py"
    wants_settings = "settings" in inspect.signature(killer).parameters
    given = {"settings": request.getfixturevalue("settings")} if wants_settings else {}
    with pytest.MonkeyPatch.context() as patch, mutated(SOURCE.replace(old, new)) as mutant:
        patch.setattr(tests, "scene", mutant)
        with pytest.raises(AssertionError):
            killer(**given)
