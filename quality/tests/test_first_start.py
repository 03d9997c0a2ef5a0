"""In its first seconds an installation is new, not broken; after its grace it is either."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledgers.collecting.registry import feed_of, job_name
from ledgers.models import Ledger, Schedule, Slot
from ledgers.operating import pause
from ledgers.slots import dispatch
from quality.checks.catalyst import catalyst_is_fresh
from quality.checks.exchange import exchange_is_fresh
from quality.checks.glass import glass_is_fresh
from quality.checks.human import human_is_fresh
from quality.findings import Level
from quality.tests.factories import (
    DAY,
    MINUTE,
    NOW,
    SECOND,
    covered,
    make_collector,
    make_slot,
)

pytestmark = pytest.mark.usefixtures("ledger")
TICK = timedelta(microseconds=1)
CHECKS = {
    Ledger.GLASS: glass_is_fresh,
    Ledger.HUMAN: human_is_fresh,
    Ledger.CATALYST: catalyst_is_fresh,
    Ledger.EXCHANGE: exchange_is_fresh,
}


def begun(sources, which=Ledger.GLASS, **options):
    source = make_collector("source", which, **options)
    sources(source)
    make_slot(job_name(source), 1, "sent", NOW)
    return source


@pytest.mark.parametrize("which", CHECKS)
@pytest.mark.parametrize(("age", "levels"), [(5 * MINUTE - TICK, []), (5 * MINUTE, [50])])
def test_a_first_look_has_its_grace_and_not_a_moment_more(sources, which, age, levels) -> None:
    begun(sources, which)
    assert [one.level for one in CHECKS[which](NOW + age)] == levels


def test_the_first_dispatch_raises_nothing_in_whatever_order_its_jobs_run(sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    dispatch(NOW, lambda _, __: None)
    Slot.objects.filter(schedule=job_name(source)).delete()
    assert list(glass_is_fresh(NOW + SECOND)) == []
    assert [one.level for one in glass_is_fresh(NOW + 5 * MINUTE)] == [Level.CRITICAL]


def test_what_nobody_scheduled_or_somebody_paused_has_no_grace(sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    assert [one.level for one in glass_is_fresh(NOW)] == [Level.CRITICAL]
    make_slot(job_name(source), 1, "sent", NOW)
    assert list(glass_is_fresh(NOW)) == []
    pause([job_name(source)])
    assert [one.level for one in glass_is_fresh(NOW)] == [Level.CRITICAL]


def test_a_schedule_of_an_installation_that_never_sent_anything_has_no_grace(sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    Schedule.objects.create(job=job_name(source), every=MINUTE)
    assert [one.level for one in glass_is_fresh(NOW)] == [Level.CRITICAL]


def test_a_new_feed_is_no_excuse_for_the_others(sources) -> None:
    old = make_collector("old", Ledger.GLASS)
    new = make_collector("new", Ledger.GLASS)
    sources(old, new)
    covered(feed_of(old, ""), NOW - DAY)
    make_slot(job_name(new), 1, "sent", NOW)
    (found,) = glass_is_fresh(NOW)
    assert (found.subject, found.level) == ("glass", Level.CRITICAL)
    covered(feed_of(old, ""), NOW)
    assert list(glass_is_fresh(NOW)) == []
    assert [one.subject for one in glass_is_fresh(NOW + 5 * MINUTE)] == ["new"]


def test_the_grace_can_be_set(sources) -> None:
    begun(sources)
    assert list(glass_is_fresh(NOW + DAY, grace=2 * DAY)) == []
