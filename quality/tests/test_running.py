"""A check looks and never writes; what it found becomes alerts once, whoever runs it twice."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledgers.jobs import cadences, kinds, task_of
from ledgers.models import Asset, Slot
from ledgers.slots import FencedError, claim, dispatch
from quality.findings import Level
from quality.models import Alert, AlertEvent, CheckRun
from quality.registry import checks
from quality.services import UnknownCheckError, run_check, run_checks
from quality.tasks import check
from quality.tests.conftest import PROBE
from quality.tests.factories import MINUTE, NOW, finding, make_alert

pytestmark = pytest.mark.usefixtures("ledger")


def at_once(*works) -> None:
    """Run the works in threads that start together."""
    threads = [Thread(target=_alone, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def _alone(work) -> None:
    try:
        work()
    finally:
        connection.close()


def standing() -> list[str]:
    return [alert.subject for alert in Alert.objects.standing()]


def test_a_run_is_a_row_that_says_what_it_found(probe) -> None:
    probe.finds = [finding("a"), finding("b", level=Level.CRITICAL)]
    checked = run_check(PROBE, NOW)
    run = CheckRun.objects.get()
    assert checked.run == run
    assert [one.subject for one in checked.findings] == ["a", "b"]
    assert (run.check_id, run.started_at, run.findings) == (PROBE, NOW, 2)
    assert (run.worst, run.error) == (Level.CRITICAL, "")
    assert run.duration < timedelta(seconds=5)
    assert standing() == ["b", "a"]


def test_a_quiet_run_is_a_row_too_and_resolves(probe) -> None:
    probe.finds = [finding()]
    run_check(PROBE, NOW)
    probe.finds = []
    run_check(PROBE, NOW + MINUTE)
    newest = CheckRun.objects.newest([PROBE])[PROBE]
    assert (newest.findings, newest.worst) == (0, None)
    assert standing() == []


def test_an_unknown_check_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownCheckError, match=r"'no\.such'.*freshness\.glass"):
        run_check("no.such", NOW)
    assert CheckRun.objects.count() == 0


def test_a_check_that_writes_is_refused_and_found(probe, caplog) -> None:
    probe.finds = [finding("never told")]
    probe.does = lambda: Asset.objects.create(symbol="EVIL", name="Evil")
    (failed,) = run_check(PROBE, NOW).findings
    assert (failed.subject, failed.level) == (PROBE, Level.ERROR)
    assert "read-only transaction" in CheckRun.objects.get().error
    assert not Asset.objects.filter(symbol="EVIL").exists()
    assert standing() == [PROBE]
    assert "did not run to its end" in caplog.text


def test_a_check_cannot_make_itself_writable(probe) -> None:
    def escape() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.execute("SET TRANSACTION READ WRITE")

    probe.does = escape
    assert "read-write mode" in run_check(PROBE, NOW).run.error


def test_the_connection_is_as_before_after_a_check(probe) -> None:
    run_check(PROBE, NOW)
    with connection.cursor() as cursor:
        for name, value in (("transaction_read_only", "off"), ("statement_timeout", "0")):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)


def test_a_query_that_takes_too_long_ends_and_is_found(probe, settings) -> None:
    settings.OMC_CHECK_TIMEOUT = timedelta(milliseconds=50)

    def dawdle() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    probe.does = dawdle
    run = run_check(PROBE, NOW).run
    assert "statement timeout" in run.error
    assert run.duration < timedelta(seconds=10)
    assert standing() == [PROBE]


def test_a_check_that_raises_is_found_until_it_runs_again(probe) -> None:
    probe.finds = [finding("before")]
    run_check(PROBE, NOW)

    def fail() -> None:
        raise ZeroDivisionError("of two prices")

    probe.does = fail
    checked = run_check(PROBE, NOW + MINUTE)
    assert checked.run.error == "ZeroDivisionError: of two prices"
    assert "ZeroDivisionError" in checked.findings[0].message
    assert "of two prices" not in checked.findings[0].message
    assert standing() == [PROBE, "before"]
    probe.does = lambda: None
    run_check(PROBE, NOW + 2 * MINUTE)
    assert standing() == ["before"]


def test_findings_that_contradict_each_other_are_an_error_of_the_check(probe) -> None:
    probe.finds = [finding(user_id=1), finding(user_id=2)]
    assert "several users" in run_check(PROBE, NOW).run.error
    assert standing() == [PROBE]


def test_one_check_that_fails_does_not_stop_the_others(probe) -> None:
    def fail() -> None:
        raise RuntimeError

    probe.does = fail
    ran = run_checks(NOW)
    assert [checked.run.check_id for checked in ran] == sorted(checks)
    assert [bool(checked.run.error) for checked in ran] == [
        name == PROBE for name in sorted(checks)
    ]


def test_running_all_closes_alerts_of_checks_that_are_gone(probe) -> None:
    make_alert(check_id="gone.check", subject="orphan")
    run_checks(NOW)
    assert "orphan" not in standing()


@pytest.mark.parametrize("check_id", sorted(checks))
def test_every_check_only_reads(check_id) -> None:
    with CaptureQueriesContext(connection) as asked:
        checks[check_id].findings(NOW)
    assert len(asked) <= 25
    assert all(
        query["sql"].startswith("SELECT") or "SELECT" in query["sql"][:40] for query in asked
    )
    assert checks[check_id].asserts.endswith(".")
    assert checks[check_id].every >= MINUTE


def test_two_runs_at_once_open_one_alert(probe) -> None:
    for number in range(5):
        probe.finds = [finding(f"asset {number}")]
        both = Barrier(2)
        probe.does = lambda both=both: both.wait(20) and None
        at_once(*[lambda: run_check(PROBE, NOW)] * 2)
        assert standing() == [f"asset {number}"]
    assert AlertEvent.objects.filter(kind="opened").count() == 5
    assert CheckRun.objects.filter(error="").count() == 10


def test_a_slow_run_does_not_undo_what_a_later_one_has_seen(probe) -> None:
    def be_overtaken() -> None:
        probe.does = lambda: None
        at_once(lambda: run_check(PROBE, NOW + MINUTE))
        probe.finds = [finding("long over")]

    probe.does = be_overtaken
    checked = run_check(PROBE, NOW)
    assert [one.subject for one in checked.findings] == ["long over"]
    assert standing() == []
    assert CheckRun.objects.count() == 2


def test_alerts_are_told_after_they_are_stored(probe, caplog) -> None:
    probe.finds = [finding()]
    with caplog.at_level(logging.INFO, "quality.channels"):
        run_check(PROBE, NOW)
        run_check(PROBE, NOW + MINUTE)
        probe.finds = []
        run_check(PROBE, NOW + 2 * MINUTE)
    told = [(one.levelname, " ".join(one.getMessage().split()[1:2])) for one in caplog.records]
    assert told == [("ERROR", "opened"), ("INFO", "resolved")]


def test_checks_are_jobs_that_beat_sends() -> None:
    jobs = {job: every for job, every in cadences().items() if job.startswith("check:")}
    assert jobs == {f"check:{one.id}": one.every for one in checks.values()}
    assert len(jobs) >= 5
    assert task_of("check:freshness.glass") == check.name


@pytest.fixture
def only_checks():
    others = {name: kind for name, kind in kinds.items() if name != "check"}
    for name in others:
        del kinds[name]
    yield
    kinds.update(others)


def test_two_beats_at_once_and_doubled_messages_are_one_run_a_slot(probe, only_checks) -> None:
    sent: list[int] = []
    probe.finds = [finding()]
    now = timezone.now()
    for minute in range(2):
        before = len(sent)
        beat = [lambda m=minute: dispatch(now + m * MINUTE, lambda _, key: sent.append(key))]
        at_once(*beat * 2)
        for slot in sent[before:]:
            at_once(*[lambda s=slot: check(s)] * 2)
            check(slot)
    assert len(sent) == len(set(sent))
    done = Slot.objects.filter(state=Slot.State.DONE)
    assert done.count() == len(sent) == CheckRun.objects.count()
    assert done.filter(schedule=f"check:{PROBE}").count() == 2
    assert Alert.objects.get(check_id=PROBE).count == 2


def test_a_worker_that_slept_through_its_lease_changes_nothing(probe) -> None:
    slots: list[int] = []
    dispatch(NOW, lambda job, slot: slots.append(slot) if job == f"check:{PROBE}" else None)
    sleeper = claim(slots[0], NOW, MINUTE)
    assert sleeper
    second = claim(slots[0], NOW + 2 * MINUTE, MINUTE)
    assert second
    probe.finds = [finding()]
    with pytest.raises(FencedError):
        run_check(PROBE, NOW, claim=sleeper)
    assert standing() == []
    assert CheckRun.objects.newest([PROBE]) == {}
    run_check(PROBE, NOW, claim=second)
    assert standing() == ["coinspot"]
    assert Slot.objects.get(pk=slots[0]).state == Slot.State.DONE


def test_a_fenced_worker_says_so_and_ends_well(probe, caplog, monkeypatch) -> None:
    slots: list[int] = []
    dispatch(NOW, lambda job, slot: slots.append(slot) if job == f"check:{PROBE}" else None)

    def be_overtaken() -> None:
        def take() -> None:
            assert claim(slots[0], timezone.now() + timedelta(days=1))

        at_once(take)

    probe.does = be_overtaken
    check(slots[0])
    assert f"Another worker runs {PROBE}" in caplog.text
    assert Slot.objects.get(pk=slots[0]).state == Slot.State.LEASED


def test_the_newest_runs_of_many_checks_are_one_query(probe, django_assert_num_queries) -> None:
    for minute in range(3):
        run_check(PROBE, NOW + minute * MINUTE)
    CheckRun.objects.create(check_id=PROBE, started_at=NOW + 9 * MINUTE)
    with django_assert_num_queries(1):
        found = CheckRun.objects.newest(["no.such", PROBE])
    assert {name: run.started_at for name, run in found.items()} == {PROBE: NOW + 2 * MINUTE}
    assert str(found[PROBE]) == f"{PROBE} 2026-03-18 12:02:00"
