"""The parts of the embedded engines: accounts, folders, pulses, processes and their messages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from omc_project.engines import accounts, places, postgres, processes, valkey
from omc_project.engines.accounts import Account
from omc_project.engines.pulse import Pulse, feel, settle
from omc_project.errors import EngineError
from omc_project.tests.homes import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
NOBODY = 65534


@contextmanager
def server(folder: Path, answer: bytes | None):
    """Listen on a socket and give every caller one answer; None hangs up at once."""
    path = folder / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        heard = []

        def serve():
            with listener.accept()[0] as client:
                if answer is not None:
                    heard.append(client.recv(64))
                    client.sendall(answer)
                    heard.append(client.recv(64))

        thread = threading.Thread(target=serve)
        thread.start()
        yield path, heard
        thread.join(10)


def pulse_of(path: Path) -> Pulse:
    return feel(path, hello=b"hello", ready=b"+OK", goodbye=b"bye")


def test_a_socket_nobody_made_and_one_nobody_listens_on_are_absent(tmp_path):
    assert pulse_of(tmp_path / "engine.sock") is Pulse.ABSENT
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "engine.sock"))
    assert pulse_of(tmp_path / "engine.sock") is Pulse.ABSENT


@pytest.mark.parametrize(
    ("answer", "pulse"),
    [(b"+OK and more", Pulse.READY), (b"-LOADING", Pulse.BUSY), (b"", Pulse.BUSY)],
)
def test_a_server_that_answers_is_ready_only_with_the_right_answer(tmp_path, answer, pulse):
    with server(tmp_path, answer) as (path, _):
        assert pulse_of(path) is pulse


def test_a_server_that_hangs_up_is_busy(tmp_path):
    with server(tmp_path, None) as (path, _):
        assert pulse_of(path) is Pulse.BUSY


def test_a_server_is_told_goodbye_so_that_its_log_stays_clean(tmp_path):
    with server(tmp_path, b"+OK") as (path, heard):
        pulse_of(path)
    assert heard == [b"hello", b"bye"]


def test_settling_asks_until_it_has_one_of_the_wanted_answers():
    answers = iter([Pulse.ABSENT, Pulse.BUSY, Pulse.READY, Pulse.ABSENT])
    assert settle(lambda: next(answers), until=frozenset({Pulse.READY}), patience=5) is Pulse.READY
    assert next(answers) is Pulse.ABSENT


def test_settling_gives_up_and_tells_the_last_answer():
    began = time.monotonic()
    found = settle(lambda: Pulse.BUSY, until=frozenset({Pulse.READY}), patience=0.05)
    assert found is Pulse.BUSY
    assert time.monotonic() - began < 5


def test_somebody_who_is_not_root_runs_the_engines_himself(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getegid", lambda: 4712)
    found = accounts.choose(home=tmp_path, data=tmp_path / "pg", program=Path("/bin/sh"))
    assert found == Account(uid=4711, gid=4712)


@as_root
def test_root_runs_the_engines_as_the_owner_of_the_data_or_else_of_the_folder(tmp_path):
    data = tmp_path / "pg"
    os.chown(tmp_path, 12, 13)
    assert accounts.choose(home=tmp_path, data=data, program=Path("/bin/sh")).uid == 12
    data.mkdir()
    os.chown(data, 14, 15)
    found = accounts.choose(home=tmp_path, data=data, program=Path("/bin/sh"))
    assert found == Account(uid=14, gid=15)


@as_root
def test_root_takes_an_account_that_can_reach_the_folder_and_the_program(monkeypatch):
    monkeypatch.setattr(accounts, "NAMES", ("no-such-account", "nobody"))
    found = accounts.choose(home=Path("/"), data=Path("/no/pg"), program=Path("/bin/sh"))
    assert found.uid == NOBODY
    assert found.prefix == ()


@as_root
def test_root_below_a_closed_folder_hides_in_a_namespace_or_says_what_to_do(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    home = tmp_path / "omc"
    home.mkdir()
    found = accounts.choose(home=home, data=home / "pg", program=Path("/bin/sh"))
    assert found == Account(uid=0, gid=0, prefix=("unshare", "--user"))
    monkeypatch.setattr(accounts.shutil, "which", lambda _: None)
    with pytest.raises(EngineError, match="Start as an ordinary user, or move the checkout"):
        accounts.choose(home=home, data=home / "pg", program=Path("/bin/sh"))


@as_root
def test_a_command_of_an_engine_runs_as_its_account_with_nothing_of_our_environment(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SECRET_KEY", "hunter2hunter2")
    with (tmp_path / "log").open("wb") as log:
        done = Account(uid=NOBODY, gid=NOBODY).run(["sh", "-c", "id -u; id -G; env"], log=log)
    assert done.returncode == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[:2] == [str(NOBODY), str(NOBODY)]
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {line.partition("=")[0] for line in lines[2:]} - shells_own == {"PATH", "LC_ALL", "TZ"}


@as_root
def test_folders_and_files_of_an_account_belong_to_it_and_links_are_not_followed(tmp_path):
    account = Account(uid=NOBODY, gid=NOBODY)
    account.make_folder(tmp_path / "run")
    account.make_folder(tmp_path / "run")
    assert (tmp_path / "run").stat().st_uid == NOBODY
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    (tmp_path / "mine").touch()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    account.own(tmp_path / "link")
    assert (tmp_path / "mine").stat().st_uid == 0


def test_a_lock_file_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "target").touch()
    (tmp_path / "start.lock").symlink_to(tmp_path / "target")
    with pytest.raises(EngineError, match=r"start\.lock: Too many levels of symbolic links"):
        places.open_lock(tmp_path, "start.lock")


def test_a_lock_keeps_others_out_until_its_holder_ends(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from omc_project.engines import places\n"
        "with places.locked(Path(sys.argv[1]), 'start.lock'): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        entered = threading.Event()

        def enter():
            with places.locked(tmp_path, "start.lock"):
                entered.set()

        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.2)
        holder.kill()
        assert entered.wait(10)
        waiting.join(10)


@as_root
def test_a_lock_that_root_makes_in_the_folder_of_somebody_is_his(tmp_path):
    os.chown(tmp_path, NOBODY, NOBODY)
    places.open_lock(tmp_path, "users.lock").close()
    assert (tmp_path / "users.lock").stat().st_uid == NOBODY


def test_a_refusal_names_the_owner_and_what_each_may_do(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    mine = places._refusal(tmp_path)
    assert f"chmod -R u+rwX '{tmp_path}'" in mine
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    other = places._refusal(tmp_path)
    assert f"belongs to {places._name(tmp_path.stat().st_uid)} and user 4711 may not" in other
    assert f"sudo chown -R user 4711 '{tmp_path}'" in other
    tmp_path.chmod(0o700)


def test_data_of_somebody_else_are_refused_and_those_of_root_may_be_anybodys(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    places.require_owned(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(EngineError, match="Start as "):
        places.require_owned(tmp_path)


def test_a_process_is_ours_only_if_it_names_our_folder(tmp_path):
    command = [sys.executable, "-c", "input()", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        wait_until(lambda: processes.is_running(child.pid, naming=tmp_path))
        assert not processes.is_running(child.pid, naming=tmp_path / "other")
        assert processes._is_running_by_ps(child.pid, tmp_path)
        assert not processes._is_running_by_ps(child.pid, tmp_path / "other")
        child.communicate(b"\n")
    assert not processes.is_running(child.pid, naming=tmp_path)
    assert not processes._is_running_by_ps(child.pid, tmp_path)


def test_a_log_that_has_grown_large_is_set_aside_once(tmp_path, monkeypatch):
    log = tmp_path / "engine.log"
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    for text in (b"0123456789", b"x", b"second"):
        with processes.rotate(log) as file:
            file.write(text)
    assert log.read_bytes() == b"second"
    assert (tmp_path / "engine.log.1").read_bytes() == b"0123456789x"


def test_the_end_of_a_log_is_shown_in_whole_lines_and_a_missing_one_is_said(tmp_path):
    log = tmp_path / "engine.log"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(2000)) + b"\xff last\n")
    assert processes.tail(log, lines=2) == "line 1999\n\N{REPLACEMENT CHARACTER} last"
    assert processes.tail(tmp_path / "none") == "(it cannot be read: No such file or directory)"


def test_a_full_disk_in_the_log_of_postgresql_is_said_in_plain_words(tmp_path, monkeypatch):
    log = tmp_path / "postgres.log"
    monkeypatch.setattr(postgres, "LOG", log)
    log.write_text("PANIC:  could not write to file: No space left on device\n")
    assert "is full. Free some space." in str(postgres._failure("PostgreSQL did not start"))
    log.write_text("FATAL:  something else\n")
    assert "FATAL:  something else" in str(postgres._failure("PostgreSQL did not start"))


@pytest.mark.parametrize("text", ["", "no number\n", "\n"])
def test_a_pid_file_that_says_nothing_names_no_server(tmp_path, monkeypatch, text):
    monkeypatch.setattr(postgres, "DATA", tmp_path)
    assert postgres._postmaster() is None
    (tmp_path / "postmaster.pid").write_text(text)
    assert postgres._postmaster() is None


def test_engines_that_are_not_installed_are_named_with_the_remedy(monkeypatch):
    for engine, words in ((postgres, ("postgres",)), (valkey, ())):
        monkeypatch.setattr(engine, "find_spec", lambda _: None)
        with pytest.raises(EngineError, match=r"is not installed. Run scripts/up"):
            engine.program(*words)


def test_stopping_servers_that_do_not_run_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "DATA", tmp_path)
    monkeypatch.setattr(valkey, "SOCKET", tmp_path / "valkey.sock")
    postgres.stop()
    valkey.stop()
    assert not list(tmp_path.iterdir())
