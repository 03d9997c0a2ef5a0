"""The security tests themselves: each says what must not happen, and can fail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def security_tests() -> Iterator[tuple[str, ast.stmt]]:
    """Yield what `pytest agents -k security` selects, but this module."""
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            name = node.name if isinstance(node, ast.FunctionDef) else ""
            if name.startswith("test_") and "security" in f"{path.stem} {name}":
                yield f"{path.stem}.{name}", node


def says_something(node: ast.AST) -> bool:
    """Tell whether a claim depends on what a test has seen: a name, not constants alone."""
    return any(isinstance(one, ast.Name) for one in ast.walk(node))


def claims_of(test: ast.stmt) -> list[ast.AST]:
    """Return what a test asserts or expects to be raised, also by the helpers it calls."""
    found: list[ast.AST] = [one.test for one in ast.walk(test) if isinstance(one, ast.Assert)]
    for one in ast.walk(test):
        if isinstance(one, ast.Call):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else ""
            name = one.func.id if isinstance(one.func, ast.Name) else name
            if name == "raises" or name.startswith("check"):
                found.append(one)
    return found


def test_there_are_many_of_them() -> None:
    assert len(list(security_tests())) >= 60


def test_each_asserts_something_that_it_has_seen() -> None:
    for name, test in security_tests():
        claims = claims_of(test)
        assert claims, f"{name} asserts nothing."
        assert all(map(says_something, claims)), f"{name} asserts a constant."


@pytest.mark.parametrize("claim", ["True", "1 == 1", "'a' in 'abc'", "not False"])
def test_a_constant_is_found_out(claim: str) -> None:
    assert not says_something(ast.parse(claim, mode="eval"))
