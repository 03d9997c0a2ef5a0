"""The replay server answers as the recording says."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ledgers.collecting.replaying import SHIPPED, ReplayError, load, replaying
from ledgers.collecting.templates import Moment, render

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
HEADER = "host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"
ROUTES = [
    "a.test\tGET\t/x\t200\ttext/plain\t2026-01-01T00:00:00Z\told\trecorded",
    "a.test\tGET\t/x\t200\ttext/plain\t2026-02-01T00:00:00Z\tnew\trecorded",
    "a.test\tGET\t/x\t200\ttext/plain\t\tedge\tedge",
    "a.test\tGET\t/x?type=4\t200\ttext/plain\t2026-03-01T00:00:00Z\tfour\trecorded",
    "a.test\tGET\t/items/*/all\t203\ttext/plain\t2026-03-02T00:00:00Z\tstar\trecorded",
    "a.test\tPOST\t/x\t201\tapplication/json\t\tpost\trecorded",
    "a.test\tGET\t(any, when the fault is asked for)\t429\ttext/html\t\tfault\tedge",
    "a.test\tGET\t/t/*\t200\ttext/plain\t\ttemplate\ttemplate",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ROUTES.tsv").write_text("\n".join([HEADER, *ROUTES]))
    for name in ("old", "new", "edge", "four", "star", "post", "fault"):
        (tmp_path / name).write_bytes(name.encode() + b"\xff")
    (tmp_path / "template").write_text("{{match}} {{now-1d|date}}")
    return tmp_path


def get(url: str, **options) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urlopen(Request(url, **options)) as answer:  # noqa: S310  # loopback
            return answer.status, answer.read(), dict(answer.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def test_the_newest_recording_is_served_unchanged_with_its_time_as_date(folder) -> None:
    with replaying(load(folder)) as url:
        status, body, headers = get(f"{url}/a.test/x")
    assert (status, body) == (200, b"new\xff")
    assert headers["Date"] == "Sun, 01 Feb 2026 00:00:00 GMT"
    assert headers["Content-Type"] == "text/plain"


def test_in_sequence_each_route_starts_with_its_oldest_and_stays_at_its_newest(folder) -> None:
    with replaying(load(folder), in_sequence=True) as url:
        bodies = [get(f"{url}/a.test/x")[1] for _ in range(3)]
        other = get(f"{url}/a.test/x?type=4")[1]
    assert (bodies, other) == ([b"old\xff", b"new\xff", b"new\xff"], b"four\xff")


def test_the_most_specific_route_answers_and_further_parameters_do_not_matter(folder) -> None:
    with replaying(load(folder)) as url:
        assert get(f"{url}/a.test/x?count=9&type=4")[1] == b"four\xff"
        assert get(f"{url}/a.test/x?type=40")[1] == b"new\xff"
        assert get(f"{url}/a.test/items/1/2/all")[0] == 203


def test_a_post_is_another_route_and_a_fault_is_served_when_asked_for(folder) -> None:
    with replaying(load(folder)) as url:
        assert get(f"{url}/a.test/x", data=b"{}")[:2] == (201, b"post\xff")
        assert get(f"{url}/a.test/x", headers={"X-OMC-Fault": "429"})[:2] == (429, b"fault\xff")


def test_an_unknown_route_is_named(folder) -> None:
    with replaying(load(folder)) as url:
        status, body, _ = get(f"{url}/b.test/y?z=1")
    assert status == 404
    assert json.loads(body) == {
        "error": "no recording",
        "host": "b.test",
        "path": "/y",
        "query": "z=1",
    }


def test_a_template_is_filled_and_served_with_the_time_of_now(folder) -> None:
    with replaying(load(folder)) as url:
        _, body, headers = get(f"{url}/a.test/t/here")
    today = datetime.strptime(headers["Date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert body.decode() == f"here {today - timedelta(days=1):%F}"


@pytest.mark.parametrize(
    ("placeholder", "filled"),
    [
        ("{{now|iso}}", "2026-03-18T12:00:00.000Z"),
        ("{{start-90m|rfc822}}", "Wed, 18 Mar 2026 09:30:00 +0000"),
        ("{{now-2d|date}}", "2026-03-16"),
        ("{{now|eastern}}", "2026-03-18T08:00:00-04:00"),
        ("{{now-10s|epoch}}", str(1773835200 - 10)),
        ("{{now-61m|hour}}", str(1773835200 - 2 * 3600)),
        ("{{match}}", "M"),
    ],
)
def test_placeholders(placeholder, filled) -> None:
    moment = Moment(now=NOW, started_at=NOW - timedelta(hours=1), match="M")
    assert render(placeholder, moment) == filled


def test_a_wave_keeps_its_decimals_stays_near_and_moves() -> None:
    prices = {
        render("{{wave 100.00}}", Moment(now=NOW + timedelta(minutes=n), started_at=NOW))
        for n in range(400)
    }
    assert len(prices) > 50
    assert all(len(price.partition(".")[2]) == 2 and 98 <= float(price) <= 102 for price in prices)


def test_a_repeated_block_tells_the_last_steps_and_its_candles_agree_with_the_wave() -> None:
    block = "{{repeat 3 1h}}{{at|epoch}} {{open %p%}} {{low %p%}} {{high %p%}} {{close %p%}}{{end}}"
    moment = Moment(now=NOW + timedelta(minutes=7), started_at=NOW, values={"p": "100.00"})
    steps = [step.split() for step in render(block, moment).split(",")]
    hours = [NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW]
    assert [step[0] for step in steps] == [str(int(hour.timestamp())) for hour in hours]
    waves = [render("{{wave 100.00}}", Moment(now=hour, started_at=NOW)) for hour in hours]
    assert [step[1] for step in steps] == waves
    assert [step[4] for step in steps[:-1]] == waves[1:]
    for _, opened, low, high, closed in steps:
        assert float(low) <= min(float(opened), float(closed))
        assert float(high) >= max(float(opened), float(closed))
    turned = render(block.replace("1h}}", "1h back}}"), moment).split(",")
    assert turned == [" ".join(step) for step in reversed(steps)]


def test_a_value_that_the_route_gives_stands_in_its_template(tmp_path) -> None:
    routes = [f"a.test\tGET\t/{name}\t200\ttext/plain\t\tt\ttemplate name={name}" for name in "xy"]
    (tmp_path / "ROUTES.tsv").write_text("\n".join([HEADER, *routes]))
    (tmp_path / "t").write_text("%name% costs 5%, %other%")
    with replaying(load(tmp_path)) as url:
        bodies = [get(f"{url}/a.test/{name}")[1] for name in "xy"]
    assert bodies == [b"x costs 5%, %other%", b"y costs 5%, %other%"]


def test_a_step_has_no_time_outside_a_block() -> None:
    with pytest.raises(ValueError, match="only between repeat and end"):
        render("{{at|epoch}}", Moment(now=NOW, started_at=NOW))


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(ValueError, match="is no placeholder"):
        render("{{yesterday}}", Moment(now=NOW, started_at=NOW))


@pytest.mark.parametrize("content", ["", "host\tpath\na\tb", HEADER + "\na\tGET\t/\tx\t\t\tf\t"])
def test_a_bad_table_of_routes_is_refused(tmp_path, content) -> None:
    (tmp_path / "ROUTES.tsv").write_text(content)
    if content:
        with pytest.raises(ReplayError, match="not a table of routes"):
            load(tmp_path)
    else:
        assert load(tmp_path) == []


def test_every_shipped_recording_exists_and_every_placeholder_in_it_is_known() -> None:
    for recording in load(SHIPPED):
        moment = Moment(now=NOW, started_at=NOW, values=recording.values)
        filled = render(recording.file.read_text("latin-1"), moment)
        assert "{{" not in filled


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "replay", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_says_where_it_listens_and_ends_when_told() -> None:
    with command() as process:
        line = process.stdout.readline()
        assert get(line.split()[-1] + "/www.coinspot.com.au/pubapi/v2/latest")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_taken_port_and_a_missing_folder_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with command("--port", port) as process:
            _, error = process.communicate(timeout=20)
    assert (process.returncode, f"Port {port} cannot be used" in error) == (1, True)
    with command("--payloads", "/nowhere") as process:
        _, error = process.communicate(timeout=20)
    assert (process.returncode, "/nowhere/ROUTES.tsv" in error) == (1, True)
