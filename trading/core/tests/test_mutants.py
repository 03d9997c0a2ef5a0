"""Spoil each rule of the guard in its source, and a case of `test_guarding` must come out wrong.

Every denial is turned into leave to pass, every condition into always and never, every comparison
into its neighbour. A mutant that no case tells from the rule is a rule that nobody tests.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from copy import deepcopy
from types import ModuleType

import pytest

from trading.core import guarding
from trading.core.cases import Case, Code, Denial
from trading.core.guarding import RULES
from trading.core.tests.test_guarding import ALLOWED, DENIED, NEEDED, REASONS

NEIGHBOURS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
SWAPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}
SOURCE = ast.parse(inspect.getsource(guarding))
NAMES = [rule.__name__ for rule in RULES] + ["reduces", "price_of", "needed"]


def places(function: ast.FunctionDef) -> Iterator[tuple[str, ast.AST]]:
    """Yield what can be spoilt, and how."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and "Denial" in ast.dump(node):
            yield "allow", node
        if isinstance(node, ast.If | ast.IfExp):
            yield "never", node
            yield "always", node
        if isinstance(node, ast.Compare):
            yield "neighbour", node
        if isinstance(node, ast.BoolOp):
            yield "swap and/or", node
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
            yield "swap arithmetic", node


def spoil(how: str, node: ast.AST) -> None:
    """Change one node in place."""
    match how, node:
        case "allow", ast.Return():
            node.value = ast.Constant(None)
        case "never", ast.If() | ast.IfExp():
            node.test = ast.Constant(value=False)
        case "always", ast.If() | ast.IfExp():
            node.test = ast.Constant(value=True)
        case "neighbour", ast.Compare():
            node.ops[0] = NEIGHBOURS[type(node.ops[0])]()
        case "swap and/or", ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case "swap arithmetic", ast.BinOp():
            node.op = SWAPS[type(node.op)]()


def function_of(tree: ast.Module, name: str) -> ast.FunctionDef:
    """Find a function of a module."""
    return next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )


def mutants(name: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield every spoilt module of one function, with what was done to it."""
    found = list(places(function_of(SOURCE, name)))
    for number, (how, node) in enumerate(found):
        tree = deepcopy(SOURCE)
        spoilt = list(places(function_of(tree, name)))[number][1]
        before = ast.unparse(node)
        spoil(how, spoilt)
        yield f"{name}: {how}: {before}", ast.fix_missing_locations(tree)


def is_noticed(tree: ast.Module) -> bool:
    """Tell whether a case comes out wrong with the spoilt rules."""
    module = ModuleType("trading.core.guarding_mutant")
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, "mutant.py", "exec"), module.__dict__)  # noqa: S102  # our own source
        return is_wrong(module)
    finally:
        del sys.modules[module.__name__]


def is_wrong(module: ModuleType) -> bool:
    """Tell whether a module answers one of the cases otherwise than the tests demand."""
    if any(judged(module, case) != code for code, case in CASES):
        return True
    if any(said not in module.judge(case).reason for said, case in REASONS):
        return True
    try:
        return any(module.needed(case) != need for need, case in NEEDED)
    except TypeError:
        return True


def judged(module: ModuleType, case: Case) -> Code | str | None:
    """Return the code of a denial, None without one, or what the rules stumbled over."""
    try:
        denial: Denial | None = module.judge(case)
    except Exception as error:  # noqa: BLE001  # a mutant may do anything
        return type(error).__name__
    return denial.code if denial else None


CASES: list[tuple[Code | None, Case]] = [
    *((code, case) for _, code, case in DENIED),
    *((None, case) for case in ALLOWED),
]


def test_the_rules_as_they_are_pass_every_case() -> None:
    assert not is_noticed(SOURCE)


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_can_be_spoilt_unnoticed(name: str) -> None:
    found = list(mutants(name))
    assert found
    assert [what for what, tree in found if not is_noticed(tree)] == []
