"""What the rules of the house look at: source files, their functions, the variables they read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("omc_project", "ledgers", "trading", "quality", "agents")
MAX_MODULE, MAX_FUNCTION = 400, 50
READS = re.compile(
    r"""(?:\benv(?:\.\w+)?\(|\bseconds\(|environ\.get\(|environ\[)\s*["']([A-Z][A-Z0-9_]+)["']"""
)
NOT_OURS = {"PATH", "DJANGO_SETTINGS_MODULE"}


def sources() -> list[Path]:
    """Return every module of ours but the tests and the migrations."""
    found = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in found if not {"tests", "migrations"} & set(path.parts))


def too_long(name: str, text: str) -> Iterator[str]:
    """Yield the modules and functions of one text that are too long."""
    lines = text.count("\n")
    if lines > MAX_MODULE:
        yield f"{name}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{name}:{node.lineno} {node.name}: {length} lines"


def variables_read() -> set[str]:
    """Return the variables of the environment that the product reads by name."""
    found = {name for path in sources() for name in READS.findall(path.read_text())}
    return found - NOT_OURS


def variables_listed(text: str, form: str) -> set[str]:
    """Return the variables that a document lists, in the form of its lines."""
    return set(re.findall(form, text, re.MULTILINE))
