"""An hour in which every source answers well raises nothing at any of its minutes, in any check."""

from __future__ import annotations

import pytest

from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import active, expected_feeds
from ledgers.collecting.replaying import SHIPPED, load, replaying
from ledgers.collecting.runner import run_collector
from ledgers.feeds import State, states
from ledgers.human.services import score_feed
from ledgers.models import CollectorRun
from ledgers.reading import pair
from quality.models import Alert, CheckRun
from quality.registry import checks
from quality.services import run_check
from quality.tests.factories import DAY, HOUR, MINUTE, covered, make_account, make_user
from quality.tests.facts import balance, fill

pytestmark = pytest.mark.usefixtures("ledger")
BUDGET = 10**9
"""Requests a minute: an hour passes here in seconds."""


@pytest.fixture
def replay(settings, monkeypatch, clock):
    """Have every source answer by replay, at the time of our clock."""
    settings.OMC_SEC_USER_AGENT = "Tests tests@example.com"
    for collector in active().values():
        monkeypatch.setattr(collector, "requests_per_minute", BUDGET)
    with replaying(load(SHIPPED), clock=lambda: clock.now) as url:
        settings.OMC_REPLAY_URL = url
        yield


def is_due(every, minute: int) -> bool:
    return bool(minute % max(every // MINUTE, 1) == 0)


@pytest.mark.parametrize("minutes", [1, pytest.param(61, marks=pytest.mark.full)])
def test_an_hour_of_replay_raises_nothing(replay, clock, minutes) -> None:
    account = make_account(make_user())
    fill(account, "a", clock.now - HOUR, quantity=1, price=144_000)
    balance(account, "BTC", "1", clock.now - HOUR)
    for minute in range(minutes):
        clock.tick(MINUTE)
        for collector in active().values():
            if is_due(collector.every, minute):
                run_collector(collector, RequestsHttp(collector), now=clock.now)
        covered(score_feed(), clock.now, width=HOUR)  # the scoring goes by the database's clock
        for name, check in checks.items():
            if is_due(check.every, minute) or minute == minutes - 1:
                run_check(name, clock.now)
        assert [(one.check_id, one.subject, one.message) for one in Alert.objects.all()] == []
    assert set(CheckRun.objects.values_list("check_id", flat=True)) == set(checks)
    assert not CheckRun.objects.exclude(error="").exists()
    assert not CheckRun.objects.exclude(findings=0).exists()
    assert set(CollectorRun.objects.values_list("outcome", flat=True)) <= {"ok", "empty", "seed"}
    looked = states(expected_feeds(), pair(clock.now))
    assert {one.state for one in looked} == {State.FRESH}


def test_the_hour_is_real_when_one_source_dies_in_it_the_checks_say_so(
    replay, clock, settings
) -> None:
    run_all = [name for name, check in checks.items() if check.every == MINUTE]
    source = active()["coinspot"]
    run_collector(source, RequestsHttp(source), now=clock.tick(MINUTE))
    clock.tick(DAY)
    for name in run_all:
        run_check(name, clock.now)
    assert Alert.objects.filter(check_id="freshness.glass", level=50).count() == 1
