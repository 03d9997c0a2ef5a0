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
    ROOT,
    sources,
    too_long,
    variables_listed,
    variables_read,
)

IN_DOCS = r"^\| `([A-Z][A-Z0-9_]+)` \|"
IN_TEMPLATE = r"^#?([A-Z][A-Z0-9_]+)="
OF_COMPOSE = {"POSTGRES_PASSWORD", "OMC_PORT", "OMC_DB_PORT", "OMC_REDIS_PORT", "OMC_DOMAIN"}
EXAMPLES = {"OMC_COINSPOT_BASE_URL"}


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
