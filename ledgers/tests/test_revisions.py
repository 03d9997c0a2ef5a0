"""What changed between the revisions of a fact, in every ledger."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.human.models import Article
from ledgers.models import CollectorRun
from ledgers.public_ids import public_id
from ledgers.revisions import Change, history_of
from ledgers.tests.examples import example, example_of, new_series, told
from ledgers.tests.factories import HOUR, T0, article, make_run

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.mark.parametrize("model", fact_models(), ids=lambda model: model._meta.label_lower)
def test_each_revision_says_what_it_changed_newest_first(model) -> None:
    token, runs = new_series(), []
    for hour, (value, gone) in enumerate([("1", False), ("2", False), ("2", True)]):
        runs.append(make_run(f"f{token}"))
        record = example(model, token, 0, value, withdrawn=gone)
        store(model, [record], runs[-1], observed_at=T0 + hour * HOUR)
    row = told(model, token, model.objects.all()).first()
    third, second, first = history_of(row)
    assert [revision.number for revision in (first, second, third)] == [0, 1, 2]
    assert [revision.run for revision in (first, second, third)] == runs
    assert {change.field for change in first.changes} == set(model.compared)
    (changed,) = second.changes
    assert (changed.field, changed.before != changed.after) == (example_of(model).value, True)
    assert third.changes == (Change(field="withdrawn", before=False, after=True),)
    assert (third.withdrawn, first.known_at < second.known_at < third.known_at) == (True, True)
    assert public_id(row) in {revision.id for revision in (first, second, third)}


def test_a_field_that_alone_makes_no_revision_is_shown_where_it_changed_too() -> None:
    store(Article, [article("A", author="ann")], make_run(), observed_at=T0)
    store(Article, [article("B", author="bob")], make_run(), observed_at=T0 + HOUR)
    newest, _ = history_of(Article.objects.first())
    assert [(one.field, one.before, one.after) for one in newest.changes] == [
        ("title", "A", "B"),
        ("author", "ann", "bob"),
    ]


def test_two_queries_however_many_revisions() -> None:
    for hour in range(5):
        store(Article, [article(f"{hour}")], make_run(), observed_at=T0 + hour * HOUR)
    row = Article.objects.first()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(history_of(row)) == 5
    assert len(asked) == 2
    assert CollectorRun.objects.count() == 5
