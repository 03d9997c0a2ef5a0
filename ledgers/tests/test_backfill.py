"""A backfill fills gaps, and only gaps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg.types.range import Range

from ledgers.collecting import limits
from ledgers.collecting.backfilling import BACKFILL_LOCK
from ledgers.collecting.registry import collectors, feed_of
from ledgers.coverage import cover, gaps
from ledgers.glass.models import Candle
from ledgers.management.bar import Bar
from ledgers.models import CollectorRun, Coverage
from ledgers.reading import announce_and_stamp, pair
from ledgers.tests import hourly as hourly_source
from ledgers.tests.hourly import HOUR, START, Hourly, asked_for, candles, source
from ledgers.tests.misbehaving import HEAD, body

pytestmark = pytest.mark.usefixtures("ledger", "hourly")
ROOT = Path(__file__).resolve().parents[2]
WINDOW = ("--since", "2026-01-01T00:00:00Z", "--until", "2026-01-03T00:00:00Z")
BTC = ("hourly", "--scope", "BTC", *WINDOW)


@pytest.fixture
def hourly(monkeypatch) -> None:
    """Have the source of hourly candles in the house."""
    monkeypatch.setitem(collectors, "hourly", Hourly())


def hours(start: float, end: float) -> Range:
    return Range(START + start * HOUR, START + end * HOUR)


def looked(start: float, end: float) -> None:
    """Say that somebody has looked at these hours before."""
    feed = feed_of(collectors["hourly"], "BTC")
    feed.save()
    with transaction.atomic():
        run = CollectorRun.objects.create(feed=feed)
        cover(run, hours(start, end), known_at=announce_and_stamp())


def run(*arguments: str) -> tuple[str, str, int]:
    """Run the command and return what it wrote and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("backfill", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return out.getvalue(), err.getvalue(), int(end.code or 0)
    return out.getvalue(), err.getvalue(), 0


def stored() -> list[int]:
    """Return the hours of which there is a candle."""
    moments = Candle.objects.order_by("event_at").values_list("event_at", flat=True)
    return [int((moment - START) / HOUR) for moment in moments]


def test_a_whole_window_is_asked_for_chunk_by_chunk_oldest_first(settings) -> None:
    with source(settings, candles()) as requests:
        told, _, code = run(*BTC)
    assert [asked_for(one)[1:] for one in requests] == [(0, 12), (12, 24), (24, 36), (36, 48)]
    assert (stored(), gaps("hourly/BTC", hours(0, 48), pair()), code) == (list(range(48)), [], 0)
    assert told == (
        "hourly/BTC: asked for 2 days, 0:00:00 in 4 chunks: 48 fetched, 48 new, 0 revised, "
        "0 duplicate, 0 late, 0 rejected.\n"
    )
    runs = CollectorRun.objects.values_list("kind", "outcome", "new")
    assert set(runs) == {("backfill", "ok", 12)}


def test_what_was_looked_at_is_not_asked_for_again(settings) -> None:
    looked(5, 30)
    with source(settings, candles()) as requests:
        run(*BTC)
        told, _, _ = run(*BTC)
    assert [asked_for(one)[1:] for one in requests] == [(0, 5), (30, 42), (42, 48)]
    assert told == "hourly/BTC: no gap. Everything was looked at before.\n"


def test_every_scope_is_filled_and_told_in_one_object(settings) -> None:
    with source(settings, candles()):
        result = json.loads(run("hourly", *WINDOW, "--json")[0])
    assert [(feed["feed"], feed["chunks"], feed["new"]) for feed in result["feeds"]] == [
        ("hourly/BTC", 4, 48),
        ("hourly/ETH", 4, 48),
    ]
    assert result["feeds"][0]["found"] == [["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]]
    assert (result["feeds"][0]["left"], result["feeds"][0]["failed"]) == ([], "")


def test_a_page_that_was_cut_short_is_followed_by_the_rest_of_its_chunk(settings) -> None:
    with source(settings, candles(page=5)) as requests:
        run("hourly", "--scope", "BTC", "--since", WINDOW[1], "--until", "2026-01-01T12:00:00Z")
    assert [asked_for(one)[1:] for one in requests] == [(0, 12), (5, 12), (10, 12)]
    assert stored() == list(range(12))


def test_what_the_source_does_not_tell_stays_a_gap_and_is_named(settings) -> None:
    with source(settings, candles(reaches=30)) as requests:
        told, _, code = run(*BTC)
    assert len(requests) == 4
    assert gaps("hourly/BTC", hours(0, 48), pair()) == [hours(0, 30)]
    assert (stored()[0], code) == (30, 0)
    assert told.endswith(
        "The source does not tell: 2026-01-01T00:00:00Z to 2026-01-02T06:00:00Z "
        "still not observed.\n"
    )


def test_old_candles_were_available_when_they_closed_and_their_window_an_hour_later(
    settings,
) -> None:
    with source(settings, candles()):
        run(*BTC)
    at_ten = pair(START + 10.5 * HOUR)
    known = set(Candle.objects.at(at_ten).values_list("event_at", flat=True))
    assert known == {START + hour * HOUR for hour in range(10)}
    assert gaps("hourly/BTC", hours(0, 12), at_ten) == [hours(0, 12)]
    assert gaps("hourly/BTC", hours(0, 12), pair(START + 13 * HOUR)) == []


def test_of_a_source_that_restates_nothing_was_available_before_now(settings, monkeypatch) -> None:
    monkeypatch.setattr(Hourly, "restates", True)
    with source(settings, candles()):
        run(*BTC)
    then, now = pair(START + 40 * HOUR), pair()
    assert (Candle.objects.at(then).count(), Candle.objects.at(now).count()) == (0, 48)
    assert gaps("hourly/BTC", hours(0, 12), then) == [hours(0, 12)]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (body(b"{}", HEAD.replace(b"200 OK", b"503 No")), "503"),
        (body(b"{}", HEAD.replace(b"200 OK", b"429 No")), "slow down"),
        (body(b'{"rows": []}'), "'candles'"),
        (body(b'{"candles": []}'), "holds no items"),
    ],
)
def test_a_failure_ends_the_feed_there_and_the_next_start_goes_on(settings, answer, says) -> None:
    with source(settings, candles(), answer):
        told, err, code = run(*BTC)
    assert (code, says in err, "It stopped: 2026-01-01T12:00:00Z to" in told) == (1, True, True)
    assert stored() == list(range(12))
    with source(settings, candles()) as requests:
        assert run(*BTC)[2] == 0
    assert [asked_for(one)[1:] for one in requests] == [(12, 24), (24, 36), (36, 48)]


def test_each_request_comes_out_of_the_budget_of_the_host(settings, monkeypatch) -> None:
    monkeypatch.setattr(Hourly, "hosts", ("127.0.0.1",))
    monkeypatch.setattr(Hourly, "requests_per_minute", 600)
    limits.connection().delete("omc:budget:127.0.0.1")
    with source(settings, candles()) as requests:
        (base,) = settings.OMC_BASE_URLS.values()
        settings.OMC_BASE_URLS = {}
        monkeypatch.setattr(hourly_source, "URL", f"{base}/candles")
        run(*BTC)
    assert (len(requests), limits.connection().exists("omc:budget:127.0.0.1")) == (4, 1)


def test_a_source_without_a_past_names_those_that_have_one() -> None:
    with pytest.raises(CommandError, match=r"coinspot tells nothing about the past.*hourly"):
        run("coinspot", *WINDOW)
    with pytest.raises(CommandError, match=r"No source is called 'hurly'.*hourly"):
        run("hurly", *WINDOW)
    with pytest.raises(CommandError, match=r"no scope 'XRP'. It has: BTC, ETH"):
        run("hourly", "--scope", "XRP", *WINDOW)


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "is empty"),
        ("2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "is to come"),
        ("2026-01-01T00:00:00", "2026-01-02T00:00:00Z", "time zone"),
        ("yesterday", "2026-01-02T00:00:00Z", "not a time"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(since, until, says) -> None:
    with pytest.raises(CommandError, match=says):
        run("hourly", "--since", since, "--until", until)


def test_two_backfills_of_one_feed_do_not_run_at_once() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext('hourly/BTC'))", [BACKFILL_LOCK])
        with pytest.raises(CommandError, match="Another backfill of hourly/BTC is running"):
            run(*BTC)
    other.close()


KILLED = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from django.core.management import call_command
from ledgers.collecting.registry import collectors
from ledgers.tests.hourly import Hourly
collectors["hourly"] = Hourly()
call_command("backfill", *sys.argv[2:])
"""


def test_after_a_kill_in_the_middle_only_the_rest_is_asked_for(settings) -> None:
    """The third request kills the process that asks, as a power cut would."""
    process: list[subprocess.Popen[bytes]] = []

    def kill(connection, request: bytes) -> None:
        process[0].send_signal(signal.SIGKILL)

    with source(settings, candles(), candles(), kill):
        (base,) = settings.OMC_BASE_URLS.values()
        environment = {
            **os.environ,
            "OMC_HOURLY_BASE_URL": base,
            "OMC_ALLOW_PRIVATE": base.removeprefix("http://"),
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-c", KILLED, connection.settings_dict["NAME"], *BTC]
        process.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        assert process[0].wait(60) == -signal.SIGKILL
    assert stored() == list(range(24))
    with source(settings, candles()) as requests:
        assert run(*BTC)[2] == 0
    assert [asked_for(one)[1:] for one in requests] == [(24, 36), (36, 48)]
    assert stored() == list(range(48))
    assert sorted(CollectorRun.objects.values_list("outcome", flat=True)) == [
        "interrupted",
        *["ok"] * 4,
    ]
    assert Coverage.objects.count() == 4


def test_the_bar_is_for_terminals_only() -> None:
    silent, terminal = StringIO(), StringIO()
    terminal.isatty = lambda: True
    for stream in (silent, terminal):
        bar = Bar(stream)
        bar.show(0.5, "hourly/BTC")
        bar.clear()
    assert silent.getvalue() == ""
    assert f"[{'#' * 15}{'.' * 15}]  50% hourly/BTC" in terminal.getvalue()
