"""Real workers and real beats: whatever is killed or doubled, the work is done once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone

from ledgers.glass.models import ChainMetric
from ledgers.jobs import JobKind, kinds
from ledgers.models import CollectorRun, Coverage, Slot
from ledgers.slots import dispatch
from ledgers.tests.misbehaving import body, serving
from omc_project.tests.pages import PAGES

ROOT = Path(__file__).resolve().parents[2]
EVERY = timedelta(seconds=2)
SHORT = timedelta(seconds=1)
LONG = timedelta(minutes=5)
"""Longer than any machine takes to start a worker."""
WORKER = ("worker", "--without-gossip", "--without-mingle", "-c")
Outcome = CollectorRun.Outcome


@contextmanager
def paged(*, pause: float = 0) -> Iterator[str]:
    """Serve the hundred pages, whichever is asked for."""

    def answer(connection, request: bytes) -> None:
        time.sleep(pause)
        page = int(request.split(b"page=")[1].split(b" ")[0])
        numbers = list(range(page * PAGES, (page + 1) * PAGES))
        body(json.dumps(numbers).encode())(connection, request)

    with serving(answer) as (url, _):
        yield url


@contextmanager
def program(
    *arguments: str, queue: str, replay: str = "", patience: timedelta = SHORT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run celery with this test's database and queue; it ends with the block."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "omc_project.tests.worker_settings",
        "OMC_TEST_DATABASE": connection.settings_dict["NAME"],
        "OMC_TEST_QUEUE": queue,
        "OMC_TEST_REPLAY": replay,
        "OMC_TEST_PATIENCE": str(patience.total_seconds()),
        "PYTHONWARNINGS": "ignore",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "omc_project", *arguments],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children at once, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(reached: Callable[[], bool], *, meanwhile: Callable[[], None], seconds: float) -> None:
    """Wait for something to become true, or fail."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came to that"
        meanwhile()
        time.sleep(0.2)  # each look costs some of what the workers need


@pytest.fixture
def queue(ledger, settings) -> Iterator[str]:
    """Leave only the job of these tests to the dispatcher, on a queue of its own."""
    settings.OMC_LEASE = settings.OMC_PATIENCE = SHORT
    others = dict(kinds)
    kinds.clear()
    kinds["collect"] = JobKind(
        kind="collect", task="ledgers.tasks.collect", cadences=lambda: {"pages": EVERY}
    )
    name = f"test-{os.getpid()}-{time.monotonic_ns()}"
    yield name
    kinds.clear()
    kinds.update(others)
    current_app.connection_for_write().default_channel.client.delete(name)


@pytest.mark.parametrize("kills", [2, pytest.param(5, marks=pytest.mark.full)])
def test_kills_while_ten_thousand_records_come_in_lose_none_and_double_none(queue, kills) -> None:
    def send(job: str, slot: int) -> None:
        current_app.send_task("ledgers.tasks.collect", [slot], queue=queue)

    def tick() -> None:
        dispatch(timezone.now(), send)

    stored = ChainMetric.objects.filter(source="pages")
    with paged(pause=0.02) as replay:
        for share in range(1500, 1500 * kills + 1, 1500):
            with program(*WORKER, "1", queue=queue, replay=replay):
                until(lambda: stored.count() >= share, meanwhile=tick, seconds=120)  # noqa: B023
        with program(*WORKER, "1", queue=queue, replay=replay):
            done = CollectorRun.objects.filter(outcome=Outcome.OK)
            until(done.exists, meanwhile=tick, seconds=120)
    assert stored.count() == stored.values("event_at").distinct().count() == PAGES * 100
    assert {row.revision for row in stored} == {0}
    outcomes = Counter(CollectorRun.objects.values_list("outcome", flat=True))
    assert outcomes[Outcome.INTERRUPTED] >= kills
    assert sum(CollectorRun.objects.values_list("new", flat=True)) == PAGES * 100
    whole = CollectorRun.objects.filter(outcome=Outcome.OK).latest("id")
    assert (whole.fetched, whole.slot.state) == (PAGES * 100, Slot.State.DONE)
    assert set(Coverage.objects.values_list("run__outcome", flat=True)) == {Outcome.OK}


def test_two_beats_at_once_make_one_run_a_slot(queue, tmp_path) -> None:
    beat = ("beat", "--loglevel", "ERROR", "--schedule")
    with paged() as replay:
        options = {"queue": queue, "replay": replay, "patience": LONG}
        with (
            program(*WORKER, "2", **options),
            program(*beat, str(tmp_path / "one"), **options),
            program(*beat, str(tmp_path / "other"), **options),
        ):
            done = Slot.objects.filter(state=Slot.State.DONE)
            until(lambda: done.count() >= 4, meanwhile=lambda: None, seconds=120)
    runs = Counter(CollectorRun.objects.values_list("slot", flat=True))
    assert set(done.values_list("pk", flat=True)) <= set(runs)
    assert set(runs.values()) == {1}
    assert {slot.attempt for slot in done} == {slot.sends for slot in done} == {1}
