"""What is measured is told to whoever may know it, as Prometheus reads it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from ledgers.collecting.registry import feed_of
from ledgers.models import Ledger
from quality.findings import Level
from quality.measures import exposition
from quality.models import Delivery
from quality.services import run_check
from quality.tests.factories import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    covered,
    finding,
    make_alert,
    make_collector,
    make_slot,
    make_user,
)
from quality.tests.facts import look

pytestmark = pytest.mark.usefixtures("ledger")
LINE = re.compile(r'[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? -?[0-9.e+-]+')


def series(now=NOW) -> dict[str, float]:
    lines = [line for line in exposition(now).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_every_line_is_one_that_prometheus_reads(sources, probe) -> None:
    sources(make_collector("source", Ledger.GLASS))
    probe.finds = [finding('a "quoted\\" subject')]
    run_check("test.probe", NOW)
    text = exposition(NOW)
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line.startswith(("# HELP omc_", "# TYPE omc_")) or LINE.fullmatch(line), line
    named = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(named) == len(set(named)) == 15


def test_a_feed_tells_its_state_its_age_and_its_lag(sources) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    assert series()['omc_feed_state{feed="source",ledger="glass"}'] == 3
    covered(feed_of(source, ""), NOW - HOUR)
    told = series()
    assert told['omc_feed_state{feed="source",ledger="glass"}'] == 1
    assert told['omc_feed_age_seconds{feed="source",ledger="glass"}'] == 3600
    assert told['omc_feed_lag_seconds{feed="source"}'] == 0
    assert series(NOW + HOUR + SECOND)['omc_feed_state{feed="source",ledger="glass"}'] == 2


def test_work_tells_its_outcomes_its_queue_and_how_long_it_waited(sources) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    slot = make_slot("collect:source", 1, "done", NOW - 90 * SECOND)
    look(feed_of(source, ""), NOW - 80 * SECOND, outcome="blocked", slot=slot)
    look(feed_of(source, ""), NOW - 2 * HOUR, outcome="blocked")
    make_slot("collect:source", 2, "sent", NOW - MINUTE)
    told = series()
    assert told['omc_runs_last_hour{source="source",outcome="blocked"}'] == 1
    assert told["omc_queue_depth"] == 1
    assert told["omc_queue_oldest_seconds"] == 60
    assert told['omc_task_latency_seconds{statistic="longest"}'] == 10


def test_alerts_checks_and_deliveries_are_counted(probe) -> None:
    make_alert("a")
    make_alert("b", level=Level.CRITICAL)
    make_alert("c", state="resolved", resolved_at=NOW)
    probe.finds = [finding("d"), finding("e")]
    run_check("test.probe", NOW)
    Delivery.objects.create(channel="webhook", kind="opened", made_at=NOW, due_at=NOW)
    told = series(NOW + MINUTE)
    assert told['omc_alerts{level="error",state="open",ledger="glass"}'] == 3
    assert told['omc_alerts{level="critical",state="open",ledger="glass"}'] == 1
    assert told['omc_check_findings{check="test.probe"}'] == 2
    assert told['omc_deliveries_last_day{channel="log",state="sent"}'] == 2
    assert told['omc_deliveries_last_day{channel="webhook",state="pending"}'] == 1


@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        ("", "", 401),
        ("", "Bearer ", 401),
        ("right", "", 401),
        ("right", "Bearer wrong", 401),
        ("right", "Basic right", 401),
        ("right", "Bearer rigth", 401),
        ("right", "Bearer right", 200),
    ],
)
def test_only_the_token_opens_it(settings, token, sent, status) -> None:
    settings.OMC_METRICS_TOKEN = token
    answer = Client().get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == status
    assert (b"omc_queue_depth" in answer.content) == (status == 200)


def test_staff_may_read_it_and_other_users_may_not() -> None:
    for user, status in ((make_user("olga", is_staff=True), 200), (make_user("ada"), 401)):
        client = Client()
        client.force_login(user)
        answer = client.get("/metrics")
        assert answer.status_code == status
    assert client.post("/metrics").status_code == 405
