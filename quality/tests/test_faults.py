"""Faults from their first minute to their end: found in time, once a cause, and over by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ledgers.collecting.registry import feed_of
from ledgers.models import CollectorRun, Ledger, Slot
from ledgers.slots import MAX_SENDS, claim, dispatch, fenced, finish
from quality.checks.exchange import exchange_is_fresh
from quality.models import Alert, AlertEvent
from quality.registry import checks
from quality.services import run_check
from quality.tests.factories import (
    HOUR,
    MINUTE,
    NOW,
    covered,
    looked,
    make_collector,
    make_run,
    stray_feed,
)

GLASS, HUMAN = "freshness.glass", "freshness.human"
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def minutely(sources):
    """Two sources of Glass and one of Human, each asked every minute."""
    made = {
        "coinspot": make_collector("coinspot", Ledger.GLASS, every=MINUTE),
        "kraken": make_collector("kraken", Ledger.GLASS, every=MINUTE),
        "rss": make_collector("rss", Ledger.HUMAN, every=MINUTE, scopes=("a", "b", "c")),
        "mood": make_collector("mood", Ledger.HUMAN, every=MINUTE),
    }
    sources(*made.values())
    return made


def live(collectors, start: datetime, minutes: int, *, dead: tuple[str, ...] = ()) -> None:
    """Let time pass: each minute every source that lives is looked at, then the checks run."""
    for minute in range(minutes):
        now = start + minute * MINUTE
        for slug, collector in collectors.items():
            for scope in collector.scopes():
                feed = feed_of(collector, scope)
                if not {slug, feed.name} & set(dead):
                    covered(feed, now, MINUTE)
        for check_id in (GLASS, HUMAN):
            run_check(check_id, now)


def standing() -> list[tuple[str, str]]:
    return [(one.subject, one.get_level_display()) for one in Alert.objects.standing()]


def test_a_healthy_hour_raises_nothing(minutely) -> None:
    live(minutely, NOW, 60)
    assert Alert.objects.count() == 0


def test_a_frozen_feed_is_found_within_its_threshold_and_one_check(minutely) -> None:
    live(minutely, NOW, 2)
    froze = NOW + MINUTE
    live(minutely, froze + MINUTE, 2, dead=("coinspot",))
    assert standing() == []
    live(minutely, froze + 3 * MINUTE, 1, dead=("coinspot",))
    assert standing() == [("coinspot", "error")]
    alert = Alert.objects.get()
    assert alert.opened_at - froze <= 2 * MINUTE + checks[GLASS].every


def test_a_fault_is_one_alert_however_long_it_lasts_and_ends_by_itself(minutely) -> None:
    live(minutely, NOW, 1)
    live(minutely, NOW + MINUTE, 30, dead=("coinspot",))
    alert = Alert.objects.get()
    assert (alert.subject, alert.count) == ("coinspot", 28)
    live(minutely, NOW + 31 * MINUTE, 1)
    assert standing() == []
    kinds = AlertEvent.objects.values_list("kind", flat=True)
    assert list(kinds) == ["opened", "resolved"]


def test_a_whole_source_is_one_cause_and_its_feeds_come_back_one_by_one(minutely) -> None:
    live(minutely, NOW, 1)
    live(minutely, NOW + MINUTE, 5, dead=("rss",))
    assert standing() == [("rss", "error")]
    assert Alert.objects.get().findings == 3
    live(minutely, NOW + 6 * MINUTE, 1, dead=("rss/b",))
    assert standing() == [("rss/b", "error")]
    live(minutely, NOW + 7 * MINUTE, 1)
    assert standing() == []


def test_all_sources_of_a_ledger_dead_for_a_day_are_one_critical_alert(minutely) -> None:
    live(minutely, NOW, 1)
    dead = ("coinspot", "kraken")
    live(minutely, NOW + MINUTE, 6, dead=dead)
    assert standing() == [("glass", "critical")]
    live(minutely, NOW + timedelta(days=1), 1, dead=dead)
    assert standing() == [("glass", "critical")]
    live(minutely, NOW + timedelta(days=1, minutes=1), 1)
    assert standing() == []
    assert Alert.objects.filter(ledger=Ledger.HUMAN).count() == 0


def test_a_source_that_dies_before_its_ledger_does_gives_way_to_the_ledgers_alert(minutely) -> None:
    live(minutely, NOW, 1)
    live(minutely, NOW + MINUTE, 5, dead=("coinspot",))
    assert standing() == [("coinspot", "error")]
    live(minutely, NOW + 6 * MINUTE, 5, dead=("coinspot", "kraken"))
    assert standing() == [("glass", "critical")]
    live(minutely, NOW + 11 * MINUTE, 1, dead=("coinspot",))
    assert standing() == [("coinspot", "error")]


@pytest.mark.parametrize("outcome", ["blocked", "drift", "transport", "crashed", "partial"])
def test_looks_that_prove_nothing_keep_no_feed_fresh(sources, outcome) -> None:
    source = make_collector("source", Ledger.GLASS, every=MINUTE)
    sources(source)
    looked(source, NOW)
    for _ in range(5):
        make_run(feed_of(source, ""), outcome=outcome, kind=CollectorRun.Kind.LIVE)
    run_check(GLASS, NOW + 5 * MINUTE)
    alert = Alert.objects.get()
    assert (alert.subject, alert.get_level_display()) == ("glass", "critical")
    assert f"ended {outcome}" in alert.hint


def test_work_that_nobody_answers_is_one_alert_when_it_is_given_up_and_over_when_it_is_done() -> (
    None
):
    sent: dict[str, int] = {}

    def send(job: str, slot: int) -> None:
        sent[job] = slot

    for minute in range(MAX_SENDS + 1):
        dispatch(NOW + minute * MINUTE, send)
    now = NOW + MAX_SENDS * MINUTE
    assert Slot.objects.filter(state="abandoned").values("schedule").distinct().count() > 3
    run_check("slots.abandoned", now)
    assert standing() == [("workers", "error")]
    for slot in sent.values():
        done = claim(slot, now)
        assert done
        with fenced(done) as leased:
            finish(leased)
    run_check("slots.abandoned", now + 3 * HOUR)
    assert standing() == []


def test_an_import_feed_of_no_account_confuses_nobody(sources) -> None:
    covered(stray_feed("import_omc/many", Ledger.EXCHANGE, every=None), NOW)
    assert [one.subject for one in exchange_is_fresh(NOW)] == ["exchange"]
