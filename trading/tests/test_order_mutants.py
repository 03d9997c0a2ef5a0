"""Spoil the guard, or the steps of an order, in one place, and a test of `test_orders` must fail.

As in `test_scene_mutants`: the spoilt source really runs, and a text that is no longer in the
source fails too. The rules themselves are spoilt in `trading/core/tests/test_mutants.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from trading import guard, orders
from trading.tests import test_orders as tests
from trading.tests.test_scene_mutants import mutated

pytestmark = [pytest.mark.usefixtures("ledger"), pytest.mark.full]

MUTANTS: list[tuple[ModuleType, str, str, Callable[..., None]]] = [
    (
        guard,
        "denial = judge(look.case)",
        "denial = None",
        tests.test_an_account_without_anything_can_do_nothing,
    ),
    (
        guard,
        "denial = Denial(code=Code.GUARD_FAILED, reason=reason)",
        "denial = None",
        tests.test_a_guard_that_cannot_look_denies_and_says_so,
    ),
    (
        guard,
        "Decimal(0) if denial else reserved",
        "Decimal(0)",
        tests.test_what_is_reserved_is_not_free_until_the_order_ends,
    ),
    (
        guard,
        '"looked_at": look.ids if look else ()',
        '"looked_at": ()',
        tests.test_every_decision_and_move_is_in_a_chain_that_shows_what_was_touched,
    ),
    (
        orders,
        "if decision.denial:",
        "if False:",
        tests.test_coins_and_money_that_are_not_there_are_denied,
    ),
    (
        orders,
        "return _same(known, wanted)",
        "return known",
        tests.test_the_same_client_id_is_the_same_order_and_never_another,
    ),
    (
        orders,
        "        if is_engaged(intent.account_id):",
        "        if False:",
        tests.test_the_kill_switch_stops_what_was_accepted_before_it_is_sent,
    ),
    (
        orders,
        "if now - intent.created_at > settings.OMC_ORDER_PATIENCE:",
        "if False:",
        tests.test_an_order_that_could_not_be_sent_in_time_is_not_sent_late,
    ),
    (
        orders,
        "        if intent.state != State.ACCEPTED:\n            return intent\n",
        "",
        tests.test_an_order_is_sent_once_whoever_sends_it_again,
    ),
    (
        orders,
        "Account.objects.select_for_update().get(pk=account_id)",
        "Account.objects.get(pk=account_id)",
        tests.test_orders_at_once_never_reserve_more_than_there_is,
    ),
    (
        orders,
        "append(AuditEntry.Kind.MOVE, said,",
        "dict(said=said,",
        tests.test_an_order_is_sent_once_whoever_sends_it_again,
    ),
]
DOORS = {
    "trading.guard": ("decide",),
    "trading.orders": ("submit", "send", "cancel", "settle", "NotOpenError", "OtherOrderError"),
}
"""What orders take from the guard, and tests from orders."""


@pytest.mark.parametrize(("module", "old", "new", "killer"), MUTANTS)
def test_a_spoilt_step_fails_its_test(
    module: ModuleType, old: str, new: str, killer: Callable[..., None], request: Any
) -> None:
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {module.__name__}"
    wanted = {"settings", "monkeypatch"} & {*inspect.signature(killer).parameters}
    given = {name: request.getfixturevalue(name) for name in wanted}
    with pytest.MonkeyPatch.context() as patch, mutated(source.replace(old, new)) as mutant:
        put_in_place(patch, module, mutant)
        with pytest.raises((Exception, pytest.fail.Exception)):
            killer(**given)


@pytest.mark.parametrize(
    ("module", "killer"), [*dict.fromkeys((one[0], one[3]) for one in MUTANTS)]
)
def test_what_is_not_spoilt_passes_the_same_way(
    module: ModuleType, killer: Callable[..., None], request: Any
) -> None:
    wanted = {"settings", "monkeypatch"} & {*inspect.signature(killer).parameters}
    given = {name: request.getfixturevalue(name) for name in wanted}
    with pytest.MonkeyPatch.context() as patch, mutated(inspect.getsource(module)) as copy:
        put_in_place(patch, module, copy)
        killer(**given)


def put_in_place(patch: pytest.MonkeyPatch, module: ModuleType, copy: ModuleType) -> None:
    """Have the tests meet a copy of a module."""
    for name in DOORS[module.__name__]:
        patch.setattr(orders if module is guard else tests, name, getattr(copy, name))
