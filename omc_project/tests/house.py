"""What the rules of the house look at: source files, their functions, the variables they read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("omc_project", "ledgers", "trading", "quality", "agents")
MAX_MODULE, MAX_FUNCTION = 400, 50
READS = re.compile(
    r"""(?:\benv(?:\.\w+)?\(|\bseconds\(|environ\.get\(|environ\[)\s*["']([A-Z][A-Z0-9_]+)["']"""
)
NOT_OURS = {"PATH", "DJANGO_SETTINGS_MODULE"}
IMPORTED = re.compile(r"""^\s*(?:from|import) (\w+)|find_spec\(["'](\w+)""", re.MULTILINE)
WIRED = re.compile(r"""["'](\w+)(?:\.\w+)*["']""")
REQUIRED = re.compile(r"^([A-Za-z][\w-]*)", re.MULTILINE)
MARKS = {f"pytest.mark.{name}" for name in ("skip", "skipif", "xfail")}
CALLS = {"pytest.skip", "pytest.xfail"}
COMPOSED = re.compile(r"\$\{(\w+):-([^}]*)\}")


def sources() -> list[Path]:
    """Return every module of ours but the tests and the migrations."""
    found = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    inside = ((path, set(path.relative_to(ROOT).parts)) for path in found)
    return sorted(path for path, parts in inside if not {"tests", "migrations"} & parts)


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


def listed(text: str, form: str) -> list[tuple[str, str]]:
    """Return the variables of a document with their defaults, in its order, repeats included."""
    return re.findall(form, text, re.MULTILINE)


def defaults_in(text: str) -> dict[str, str]:
    """Return the variables that a module reads with a default, and the default as one writes it.

    One that is worked out is returned as its expression.
    """
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return {
        str(call.args[0].value): _written(default)
        for call in calls
        if call.args
        and isinstance(call.args[0], ast.Constant)
        and READS.match(f"{ast.unparse(call.func)}({call.args[0].value!r}")
        and (default := _default(call)) is not None
    }


def _default(call: ast.Call) -> ast.expr | None:
    """Return a call's default: named, or the second argument of `seconds`."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    return (named or call.args[1:] or [None])[0]


def _written(node: ast.expr) -> str:
    """Return a default as one writes it into the environment."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)
    if isinstance(value, list | dict):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0")


def required(*files: str) -> set[str]:
    """Return the packages that these files of requirements ask for."""
    folder = ROOT / "requirements"
    texts = [(folder / file).read_text() for file in files]
    return {name.lower() for text in texts for name in REQUIRED.findall(text)}


def used(paths: Iterable[Path]) -> set[str]:
    """Return the packages of which these modules import anything; settings only name some."""
    modules: set[str] = set()
    for path in paths:
        text = path.read_text()
        modules |= {word for words in IMPORTED.findall(text) for word in words}
        modules |= set(WIRED.findall(text)) if path.name == "settings.py" else set()
    return {
        package.lower().replace("_", "-")
        for module, packages in packages_distributions().items()
        if module in modules
        for package in packages
    }


def modules_of_tests() -> list[Path]:
    """Return every module of the tests."""
    found = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return [path for path in found if "tests" in path.relative_to(ROOT).parts]


def unreasoned(name: str, text: str) -> Iterator[str]:
    """Yield where tests are skipped, or fail as expected, without saying why."""
    told: set[ast.AST] = set()
    for node in ast.walk(ast.parse(text)):
        what = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if isinstance(node, ast.Call) and (kind := ast.unparse(node.func)) in {*MARKS, *CALLS}:
            told.add(node.func)
            reasons = [word.value for word in node.keywords if word.arg == "reason"]
            reasons += node.args if kind in CALLS else []
            if not reasons or (isinstance(reasons[0], ast.Constant) and not reasons[0].value):
                yield f"{name}:{node.lineno} {kind}"
        elif what in MARKS and node not in told:
            yield f"{name}:{node.lineno} {what}"
