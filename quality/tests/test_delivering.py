"""What is to be told is written down, tried until it is sent, and counted when it is not."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.slots import dispatch
from quality import tasks
from quality.channels import Channel, channels, register
from quality.checks.alerts import alerts_are_delivered
from quality.chores import CHORES, forget_old
from quality.delivering import beat_heart, deliver_due
from quality.findings import Level
from quality.models import Alert, AlertEvent, Attempt, CheckRun, Delivery
from quality.services import run_check, run_checks
from quality.tests.conftest import PROBE
from quality.tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, finding, make_alert
from quality.tests.receivers import web_server

pytestmark = pytest.mark.usefixtures("ledger")
BROKEN = "ConnectionError: Nobody answers."


class Remote(Channel):
    """A channel over a wire, which is there or not."""

    def __init__(self) -> None:
        self.told, self.is_down = TOLD[self.name], self.name in DOWN

    def send(self, notice) -> None:
        if self.is_down:
            raise ConnectionError("Nobody answers.")
        self.told.append(notice)


TOLD: dict[str, list] = {}
DOWN: set[str] = set()


@pytest.fixture
def remote(settings):
    """Two channels over a wire, of which the first is down."""
    for name in ("first", "second"):
        TOLD[name] = []
        register(type(name, (Remote,), {"name": name}))
    DOWN.clear()
    DOWN.add("first")
    settings.OMC_ALERT_CHANNELS = ["log", "first", "second"]
    yield TOLD
    for name in ("first", "second"):
        del channels[name]


def states(channel: str) -> list[str]:
    rows = Delivery.objects.filter(channel=channel).order_by("pk")
    return list(rows.values_list("state", flat=True))


def opened(probe, *subjects: str, now=NOW) -> None:
    probe.finds = [finding(name) for name in subjects]
    run_check(PROBE, now)


def test_a_run_tells_the_log_at_once_and_leaves_the_rest_to_the_next_round(probe, remote) -> None:
    opened(probe, "a")
    assert (states("log"), states("second")) == (["sent"], ["pending"])
    deliver_due(NOW)
    assert states("second") == ["sent"]
    (told,) = remote["second"]
    assert (told.subject, told.kind, told.level) == ("a", "opened", Level.ERROR)
    assert told.at == NOW


def test_a_channel_that_fails_is_tried_again_and_does_not_stop_the_others(probe, remote) -> None:
    opened(probe, "a")
    deliver_due(NOW)
    assert (states("first"), states("second")) == (["pending"], ["sent"])
    row = Delivery.objects.get(channel="first")
    assert (row.attempts, row.error, row.due_at) == (1, BROKEN, NOW + 30 * SECOND)
    deliver_due(NOW + 29 * SECOND)
    assert Attempt.objects.filter(delivery=row).count() == 1
    DOWN.clear()
    deliver_due(NOW + 30 * SECOND)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("sent", 2, "")
    assert row.sent_at == NOW + 30 * SECOND
    assert [one.error for one in row.tries.all()] == [BROKEN, ""]
    assert len(remote["second"]) == 1


def test_pauses_grow_to_an_hour_and_then_it_is_given_up_and_found(probe, remote, settings) -> None:
    settings.OMC_ALERT_ATTEMPTS = 10
    opened(probe, "a")
    row, now, pauses = Delivery.objects.get(channel="first"), NOW, []
    while row.state == "pending":
        deliver_due(now)
        row.refresh_from_db()
        pauses.append((row.due_at - now) / SECOND)
        now = row.due_at
    assert pauses[:8] == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert (row.state, row.attempts) == ("given_up", 10)
    (found,) = alerts_are_delivered(now)
    assert (found.subject, found.level) == ("first", Level.ERROR)
    assert BROKEN in found.message
    assert list(alerts_are_delivered(now + DAY + HOUR)) == []


@pytest.mark.parametrize(("age", "names"), [(0 * SECOND, []), (1 * SECOND, ["first"])])
def test_what_waits_too_long_is_found_exactly_then(probe, remote, age, names) -> None:
    opened(probe, "a")
    deliver_due(NOW)
    found = alerts_are_delivered(NOW + 10 * MINUTE + age)
    assert [one.subject for one in found] == names


def test_the_first_failure_of_a_channel_ends_its_round(probe, remote) -> None:
    opened(probe, "a", "b", "c")
    deliver_due(NOW)
    tried = Delivery.objects.filter(channel="first", attempts__gt=0)
    assert tried.count() == 1
    assert len(remote["second"]) == 3


def test_ten_thousand_findings_of_one_cause_are_one_message_a_channel(probe, remote) -> None:
    DOWN.clear()
    probe.finds = [finding(f"{number}", cause="kraken") for number in range(10_000)]
    run_check(PROBE, NOW)
    run_check(PROBE, NOW + MINUTE)
    deliver_due(NOW + MINUTE)
    assert Alert.objects.count() == 1
    assert [one.findings for one in remote["first"]] == [10_000]
    assert len(remote["second"]) == 1


def test_two_workers_send_a_notice_once(probe, remote) -> None:
    DOWN.clear()
    opened(probe, "a")
    begun, go_on = Event(), Event()

    class Slow(Remote):
        name = "second"

        def send(self, notice) -> None:
            begun.set()
            assert go_on.wait(10)
            super().send(notice)

    channels["second"] = Slow

    def work() -> None:
        try:
            deliver_due(NOW)
        finally:
            connection.close()

    worker = Thread(target=work)
    worker.start()
    assert begun.wait(10)
    channels["second"] = type("second", (Remote,), {"name": "second"})
    deliver_due(NOW)
    assert remote["second"] == []
    go_on.set()
    worker.join(10)
    deliver_due(NOW + HOUR)
    assert len(remote["second"]) == 1


def test_what_a_worker_that_vanished_was_sending_is_sent_again(probe, remote) -> None:
    opened(probe, "a")

    class Dying(Remote):
        name = "second"

        def send(self, notice) -> None:
            raise SystemExit

    channels["second"] = Dying
    with pytest.raises(SystemExit):
        deliver_due(NOW)
    channels["second"] = type("second", (Remote,), {"name": "second"})
    deliver_due(NOW + MINUTE)
    assert remote["second"] == []
    deliver_due(NOW + 2 * MINUTE)
    assert len(remote["second"]) == 1


def test_a_run_that_is_undone_tells_nobody(probe, remote) -> None:
    probe.finds = [finding("a", user_id=404)]
    with pytest.raises(Exception, match="foreign key"):
        run_check(PROBE, NOW)
    assert (Alert.objects.count(), Delivery.objects.count()) == (0, 0)


def test_what_waits_for_a_channel_that_was_taken_out_is_given_up(probe, remote, settings) -> None:
    opened(probe, "a")
    settings.OMC_ALERT_CHANNELS = ["log"]
    deliver_due(NOW)
    assert (states("first"), states("second")) == (["given_up"], ["given_up"])


def test_the_end_of_a_check_that_exists_no_more_is_told_too(remote) -> None:
    DOWN.clear()
    make_alert(check_id="gone.check")
    run_checks(NOW)
    deliver_due(NOW)
    assert "resolved" in [one.kind for one in remote["second"] if one.check == "gone.check"]


@pytest.fixture
def watcher(settings):
    """A service that waits for the heartbeat."""
    with web_server() as server:
        settings.OMC_ALLOW_PRIVATE = [server.place]
        settings.OMC_HEARTBEAT_URL = f"http://{server.place}/beat"
        yield server


def test_the_heart_beats_while_alerts_go_out(watcher) -> None:
    beat_heart(NOW)
    beat_heart(NOW + MINUTE)
    assert len(watcher.bodies) == 2
    assert states("heartbeat") == ["sent", "sent"]


@pytest.mark.parametrize(("age", "beats"), [(0 * SECOND, 1), (1 * SECOND, 0)])
def test_the_heart_stops_when_the_notifier_does(probe, remote, watcher, age, beats) -> None:
    opened(probe, "a")
    beat_heart(NOW + 15 * MINUTE + age)
    assert len(watcher.bodies) == beats


def test_a_heartbeat_that_nobody_took_is_kept_and_not_repeated(watcher, caplog) -> None:
    watcher.answers = [500]
    beat_heart(NOW)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("given_up", 1)
    assert "answered 500" in row.error
    deliver_due(NOW + HOUR)
    assert len(watcher.bodies) == 1


def test_without_an_address_there_is_no_heartbeat() -> None:
    beat_heart(NOW)
    assert Delivery.objects.count() == 0


def test_chores_are_on_beat_and_done_by_a_worker(watcher) -> None:
    sent: dict[str, int] = {}
    dispatch(timezone.now(), sent.__setitem__)
    assert {f"alerts:{name}" for name in CHORES} <= set(sent)
    tasks.chore(sent["alerts:heartbeat"])
    tasks.chore(sent["alerts:heartbeat"])
    assert len(watcher.bodies) == 1


@pytest.mark.parametrize(("age", "left"), [(14 * DAY, 3), (14 * DAY + SECOND, 2)])
def test_old_runs_and_what_was_told_then_are_forgotten(age, left) -> None:
    for moment in (NOW - age, NOW - DAY, NOW):
        CheckRun.objects.create(check_id="a.check", started_at=moment, duration=SECOND)
    for state in ("given_up", "pending"):
        Delivery.objects.create(
            channel="x", kind="opened", state=state, made_at=NOW - age, due_at=NOW
        )
    alert = make_alert(opened_at=NOW - 99 * DAY, seen_at=NOW - 99 * DAY)
    AlertEvent.objects.create(alert=alert, kind="opened", at=NOW - 99 * DAY, level=Level.ERROR)
    forget_old(NOW)
    assert CheckRun.objects.count() == left
    assert Delivery.objects.filter(state="pending").count() == 1
    assert Delivery.objects.count() == left - 1
    assert (Alert.objects.count(), AlertEvent.objects.count()) == (1, 1)


def test_the_newest_run_of_a_check_is_never_forgotten() -> None:
    for number in range(3):
        CheckRun.objects.create(check_id="a.check", started_at=NOW - (99 - number) * DAY)
    forget_old(NOW)
    assert [run.started_at for run in CheckRun.objects.all()] == [NOW - timedelta(days=97)]
