"""Two feeds that tell of one thing at the same time: one row, and no look that crashes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event as Signal

import pytest
from django.db import connection, transaction

from ledgers.catalyst.models import Event
from ledgers.collecting.storing import Stored, store
from ledgers.models import CollectorRun, Feed
from ledgers.tests.examples import example
from ledgers.tests.factories import HOUR, T0, make_run

pytestmark = pytest.mark.usefixtures("ledger")

WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def look_at(source: str, scope: str, **options: int) -> CollectorRun:
    """Open a run of one feed of a source."""
    name = f"{source}/{scope}"
    Feed.objects.create(name=name, source=source, scope=scope, ledger="catalyst", lag=HOUR)
    return make_run(name, **options)


def tell(run: CollectorRun, title: str, stored: Signal, may_commit: Signal) -> Stored:
    """Store what a feed says of one filing, and commit when it may."""
    try:
        with transaction.atomic():
            record = replace(example(Event, 7, 0, title), source="sec", source_key="0001")
            done = store(Event, [record], run, observed_at=T0 + HOUR)
            stored.set()
            assert may_commit.wait(60)
        return done
    finally:
        connection.close()


def wait_until_somebody_waits(waiting: Signal) -> None:
    """Return when a transaction of this database waits for another, or has stored already."""
    with connection.cursor() as cursor:
        while not waiting.wait(0.02):
            cursor.execute(WAITS)
            if cursor.fetchone()[0]:
                return


@pytest.mark.parametrize(("second", "rows"), [("a filing", 1), ("a better title", 2)])
def test_a_filing_that_two_feeds_bring_at_once_is_stored_once(second, rows) -> None:
    both = [look_at("sec", "current/8-K"), look_at("sec", "submissions/1", parser=2)]
    first_stored, second_stored, now, go = Signal(), Signal(), Signal(), Signal()
    go.set()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(tell, both[0], "a filing", first_stored, now)
        assert first_stored.wait(60)
        other = pool.submit(tell, both[1], second, second_stored, go)
        wait_until_somebody_waits(second_stored)
        now.set()
        told = [first.result(60), other.result(60)]
    assert [(done.added, done.revised) for done in told] == [(1, 0), (0, rows - 1)]
    facts = list(Event.objects.order_by("revision"))
    assert [fact.revision for fact in facts] == list(range(rows))
    assert [fact.known_at for fact in facts] == [done.known_at for done in told][:rows]
    assert told[0].known_at < told[1].known_at


def test_feeds_of_different_sources_do_not_wait_for_each_other() -> None:
    both = [look_at("sec", "current/8-K"), look_at("fed", "")]
    stored, go = Signal(), Signal()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(tell, both[0], "a filing", stored, go)
        assert stored.wait(60)
        with transaction.atomic():
            record = example(Event, 8, 0, "a statement")
            assert store(Event, [record], both[1], observed_at=T0 + HOUR).added == 1
        go.set()
        assert first.result(60).added == 1
