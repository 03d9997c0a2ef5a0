"""`manage.py up`: one command from an empty folder to a house that works, and back to nothing."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
import requests
from django.conf import settings
from django.core.management import call_command

from omc_project import embedded, running
from omc_project.engines import places
from omc_project.errors import EngineError, SetupError
from omc_project.ports import free_port
from omc_project.tests.homes import (
    ROOT,
    Home,
    command_of,
    family_of,
    is_alive,
    new_home,
    parent_of,
    shared_memory_of,
    wait_until,
)

PATIENCE = 90.0  # a start takes 3 s, and 30 on a machine that is busy with other things
GIVEN = "a-given-password-of-mine"


@dataclass(kw_only=True)
class House:
    """A running `up` and the lines it has printed."""

    home: Home
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def read(self) -> None:
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def saw(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in list(self.lines))

    def wait_for(self, pattern: str) -> None:
        wait_until(lambda: self.saw(pattern) or self.process.poll() is not None, patience=PATIENCE)
        assert self.saw(pattern), "\n".join(self.lines)

    def pids(self) -> set[int]:
        return family_of(self.process.pid) | set(self.home.pids())

    def child(self, name: str) -> int:
        """Return the process of one program, the one that `up` itself has forked."""
        (found,) = named(self, name)
        return found

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def end(self) -> int:
        """Press Ctrl-C: a terminal sends the signal to the whole group of processes."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


def name_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


@contextmanager
def started(home: Home, *words: str, **variables: str):
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port), *words]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=home.environment(**variables),
        start_new_session=True,
    )
    house = House(home=home, port=port, process=process)
    reader = Thread(target=house.read)
    reader.start()
    try:
        house.wait_for(r"^ready ")
        yield house
    finally:
        if process.poll() is None:
            house.end()
        reader.join(30)
        process.stdout.close()


@pytest.fixture(scope="module")
def house():
    """Start once for all tests that only look, or that hurt what is put back."""
    with (
        new_home() as home,
        started(home, "--offline", OMC_DISPATCH_EVERY="1") as running_house,
    ):
        yield running_house


def test_it_says_how_to_log_in_before_it_says_ready(house):
    ready = next(n for n, line in enumerate(house.lines) if line.startswith("ready "))
    before = "\n".join(house.lines[:ready])
    assert re.search(
        r"^Log in as admin, password \S{16,} \(shown this once\)\.$", before, re.MULTILINE
    )
    assert f"http://127.0.0.1:{house.port}/admin/" in house.lines[ready]
    assert re.search(r"after \d+\.\d s, Ctrl-C stops it", house.lines[ready])


def test_it_answers_and_the_administrator_logs_in(house):
    assert house.get("/healthz").status_code == 200
    wait_until(lambda: house.get("/readyz").status_code == 200)
    password = next(re.search(r"password (\S+) \(", x)[1] for x in house.lines if "(shown" in x)
    with requests.Session() as browser:
        url = f"http://127.0.0.1:{house.port}/admin/login/"
        browser.get(url, timeout=30)
        form = {
            "username": "admin",
            "password": password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        answer = browser.post(url, data=form, headers={"Referer": url}, timeout=60)
        assert "sessionid" in browser.cookies, answer.status_code


def test_every_line_after_the_first_ones_is_prefixed_by_its_program(house):
    house.wait_for(r"^worker  \| .* ready\.")
    house.wait_for(r"^replay  \| Replaying \d+ recordings")
    first = next(n for n, line in enumerate(house.lines) if "| " in line)
    loose = [x for x in house.lines[first:] if not re.match(r"(\w+ *\| |ready )", x)]
    assert not loose


def test_offline_collectors_ask_the_replay_server_alone(house):
    code = "select kind, outcome from ledgers_collectorrun where kind <> 'seed'"
    with house.home.postgres() as connection:
        wait_until(lambda: len(connection.execute(code).fetchall()) >= 3, patience=PATIENCE)
        runs = connection.execute(code).fetchall()
    assert "transport" not in {outcome for _, outcome in runs}


def test_nothing_listens_beyond_the_loopback(house):
    ours = {inode for pid in house.pids() for inode in sockets_of(pid)}
    found = set()
    for table in ("tcp", "tcp6"):
        text = (Path("/proc/net") / table).read_text()
        for line in text.splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in ours:
                found.add(fields[1].partition(":")[0])
    assert found == {"0100007F"}


def sockets_of(pid: int) -> set[str]:
    found = set()
    folder = Path(f"/proc/{pid}/fd")
    try:
        for descriptor in folder.iterdir():
            found.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    except OSError:
        return found
    return found


def test_all_of_it_together_stays_within_its_memory(house):
    house.wait_for(r"^worker  \| .* ready\.")
    house.wait_for(r"^orders  \| .* ready\.")
    assert 50 < shared_memory_of(house.pids()) <= 450


def test_a_second_start_from_the_same_folder_is_refused_and_harms_nothing(house):
    failed = house.home.manage("up", "--port", str(free_port()))
    assert failed.returncode == 1
    assert f"already runs from {house.home.path}: http://127.0.0.1:{house.port}" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert house.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", ["web", "worker", "orders", "beat", "replay"])
def test_a_killed_program_is_started_again(house, name):
    before = house.child(name)
    said = len(house.lines)
    os.kill(before, signal.SIGKILL)
    wait_until(
        lambda: any(f"{name} ended with status -9" in line for line in house.lines[said:]),
        patience=PATIENCE,
    )
    wait_until(lambda: not is_alive(before), patience=PATIENCE)
    wait_until(lambda: len(named(house, name)) == 1, patience=PATIENCE)
    if name == "web":
        wait_until(lambda: answers(house), patience=PATIENCE)


def named(house: House, name: str) -> list[int]:
    """Return the processes of this name whose parent is `up`, and has another one."""
    family = family_of(house.process.pid)
    return [
        pid
        for pid in family
        if name_of(pid) == f"omc-{name}" and parent_of(pid) == house.process.pid
    ]


def answers(house: House) -> bool:
    try:
        return house.get("/healthz").status_code == 200
    except requests.RequestException:
        return False


@pytest.mark.full
def test_killed_engines_are_started_again(house):
    house.home.kill()
    wait_until(lambda: len(house.home.pids()) > 2, patience=PATIENCE)
    wait_until(lambda: house.get("/readyz").status_code == 200, patience=PATIENCE)


def test_ctrl_c_ends_everything_and_a_second_start_changes_nothing():
    with new_home() as home:
        with started(home, OMC_ADMIN_PASSWORD=GIVEN) as first:
            pids = first.pids()
            assert len(pids) > 8
            rows = counts(home)
            assert first.end() == 0
        assert not [command_of(pid) for pid in pids if is_alive(pid)]
        assert not home.pids()
        assert not first.saw(GIVEN)
        assert first.saw("the password is the value of OMC_ADMIN_PASSWORD")
        with started(home) as second:
            assert second.saw("Log in as before")
            assert not second.saw("Tables brought|Example data|password \\S{16}")
            assert rows == counts(home)


def counts(home: Home) -> list[tuple[int, ...]]:
    """Count what a start could add to: users, migrations, example data."""
    query = (
        "select (select count(*) from users_user), (select count(*) from django_migrations), "
        "(select count(*) from ledgers_collectorrun where kind = 'seed')"
    )
    with home.postgres() as connection:
        return connection.execute(query).fetchall()


@pytest.mark.full
def test_everything_ends_with_a_supervisor_that_is_killed():
    with new_home() as home, started(home) as house:
        pids = family_of(house.process.pid)
        house.process.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in pids), patience=PATIENCE)


def test_a_taken_port_is_named_before_anything_is_made():
    with new_home() as home, socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        failed = home.manage("up", "--port", port)
        assert failed.returncode == 1
        assert failed.stderr.startswith(f"Port {port} on 127.0.0.1 is taken by another program.")
        assert len(failed.stderr.splitlines()) == 1
        assert not (home.path / "pg").exists()
        assert not home.pids()


def test_a_wrong_word_is_explained():
    failed = Home(path=ROOT / ".omc").manage("up", "--port", "many")
    assert failed.returncode == 2
    assert "--port: invalid int value: 'many'" in failed.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    failed = Home(path=tmp_path / "file" / "omc").manage("up")
    assert failed.returncode == 1
    assert f"The data folder {tmp_path}/file/omc cannot be made" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104
        ("::", "::1"),
        ("10.0.0.7", "10.0.0.7"),
    ],
)
def test_the_address_that_is_shown_is_one_that_a_browser_here_can_use(host, shown):
    assert running._shown(host) == shown


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        ([], "localhost"),
        (["*"], "localhost"),
        ([".coins.example", "x"], "coins.example"),
        (["coins.example"], "coins.example"),
    ],
)
def test_the_own_name_is_one_that_the_web_process_serves(settings, hosts, name):
    settings.ALLOWED_HOSTS = hosts
    assert running._own_name() == name


def test_web_workers_and_beat_run_and_offline_a_replay_server_too():
    online = running.programs(host="127.0.0.1", port=8000, replay=None)
    assert [program.name for program in online] == ["web", "worker", "orders", "beat"]
    offline = running.programs(host="::1", port=8000, replay=4711)
    assert [program.name for program in offline] == ["web", "worker", "orders", "beat", "replay"]
    assert "[::1]:8000" in offline[0].argv
    assert offline[4].argv == ("manage.py", "replay", "--port", "4711")


def test_a_replay_server_that_was_named_is_used_and_none_is_started(settings):
    settings.OMC_REPLAY_URL = "http://127.0.0.1:9"
    assert running._replay_port() is None
    assert settings.OMC_REPLAY_URL == "http://127.0.0.1:9"
    settings.OMC_REPLAY_URL = ""
    port = running._replay_port()
    assert f"http://127.0.0.1:{port}" == settings.OMC_REPLAY_URL


def test_an_engine_that_cannot_be_started_again_is_told_and_tried_later(monkeypatch, capsys):
    def fail(**_):
        raise EngineError("Only 3 MB are free.")

    monkeypatch.setattr(settings, "EMBEDDED", {"pg": True, "redis": True})
    monkeypatch.setattr(embedded, "ensure", fail)
    running._keep_engines()
    assert capsys.readouterr().out == "Only 3 MB are free.\n"


def test_servers_that_were_given_are_not_kept(monkeypatch):
    monkeypatch.setattr(settings, "EMBEDDED", {"pg": False, "redis": False})
    monkeypatch.setattr(embedded, "ensure", lambda **_: pytest.fail("nobody asked for engines"))
    running._keep_engines()


def test_a_start_while_another_is_just_starting_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "HOME", tmp_path)
    with (tmp_path / "up.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SetupError, match="it is just starting"), running._only_one("http://x"):
            pytest.fail("two of them run")
    with running._only_one("http://x"):
        assert (tmp_path / "up.lock").read_text() == f"http://x, process {os.getpid()}\n"


def test_the_command_gives_the_status_of_what_it_ran(monkeypatch):
    def run(**options):
        if options["port"] == 1:
            raise KeyboardInterrupt
        return options["port"] - 2

    monkeypatch.setattr(running, "run", run)
    for port, status in ((1, 130), (3, 1)):
        with pytest.raises(SystemExit) as ended:
            call_command("up", port=port)
        assert ended.value.code == status
    call_command("up", port=2)
