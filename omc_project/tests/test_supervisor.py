"""The supervisor: prefixed lines, restarts, an orderly end, and nobody left behind.

Each test gives a fresh Python process some programs to keep, because a supervisor forks and
takes over the signals of its process.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from omc_project import supervisor
from omc_project.children import Child, Program, _exit_code
from omc_project.supervisor import Supervisor, Watch
from omc_project.tests.homes import ROOT, family_of, is_alive, wait_until

SCRIPT = """
import os, signal, subprocess, sys, time
from omc_project import supervisor
from omc_project.children import Program
from omc_project.supervisor import Supervisor, Watch

def program(main, name="one"):
    return Program(name=name, argv=("one", "--word"), main=main)

def run(*programs, is_up=lambda: True, on_up=lambda: print("READY", flush=True), looks=None):
    watch = Watch(
        is_up=is_up, on_up=on_up, keep_engines=looks or (lambda: None), every=0.2
    )
    sys.exit(Supervisor(programs=programs, watch=watch, pause=0.01).run())

def wait():
    print("waiting", flush=True)
    time.sleep(60)
"""


@contextmanager
def supervised(code: str):
    """Run the script in a process group of its own, as a terminal does."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + code],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in family_of(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()


def read_until(process, wanted: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if wanted in line:
            return lines
    raise AssertionError(f"{wanted!r} was never said, but: {lines}")


def test_every_line_carries_the_name_of_who_said_it_and_blank_ones_are_left_out():
    with supervised(
        "def talk():\n"
        "    print('out'); print(); print('err', file=sys.stderr); os.write(1, b'half a line')\n"
        "    os.write(1, b' and its rest\\nraw \\xff byte\\nno end'); time.sleep(60)\n"
        "run(program(talk), program(wait, name='two'))"
    ) as process:
        lines = read_until(process, "raw")
        assert "one     | out" in lines
        assert "one     | err" in lines
        assert "one     | half a line and its rest" in lines
        assert "one     | raw \N{REPLACEMENT CHARACTER} byte" in lines
        assert not [line for line in lines if line.strip() == "one     |"]
        process.send_signal(signal.SIGTERM)
        assert "one     | no end" in process.communicate(timeout=20)[0]


def test_a_program_gets_its_command_line_and_hears_nothing():
    with supervised(
        "def look(): print(sys.argv, repr(sys.stdin.read())); time.sleep(60)\nrun(program(look))"
    ) as process:
        assert read_until(process, "word")[-1] == "one     | ['one', '--word'] ''"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_in_order_with_status_zero(number):
    with supervised("run(program(wait), program(wait, name='two'))") as process:
        read_until(process, "waiting")
        family = family_of(process.pid)
        process.send_signal(number)
        rest = process.communicate(timeout=20)[0]
        assert process.returncode == 0, rest
        assert "Ctrl-C once more" in rest
        assert "starting it again" not in rest
        assert not any(is_alive(pid) for pid in family)


def test_ready_is_said_once_when_the_first_look_succeeds():
    with supervised(
        "looks = iter([False, False, True])\nrun(program(wait), is_up=lambda: next(looks),"
        " looks=lambda: print('looked at the engines', flush=True))"
    ) as process:
        read_until(process, "READY")
        lines = read_until(process, "looked at the engines")
        assert not [line for line in lines if "READY" in line]


def test_a_child_that_dies_is_started_again_and_its_status_is_told():
    with supervised(
        "def once():\n"
        "    if os.path.exists(flag): wait()\n"
        "    open(flag, 'w').close(); sys.exit(7)\n"
        "import tempfile; flag = tempfile.mkdtemp() + '/flag'\n"
        "run(program(once))"
    ) as process:
        lines = read_until(process, "waiting")
        assert "up      | one ended with status 7; starting it again." in lines


def test_a_killed_child_is_replaced_and_so_are_the_processes_it_had_started():
    with supervised(
        "def parent():\n"
        "    other = subprocess.Popen(['sleep', '60'])\n"
        "    print('pids', os.getpid(), other.pid, flush=True); time.sleep(60)\n"
        "run(program(parent))"
    ) as process:
        first = re.findall(r"\d+", read_until(process, "pids")[-1].partition("pids")[2])
        os.kill(int(first[0]), signal.SIGKILL)
        second = re.findall(r"\d+", read_until(process, "pids")[-1].partition("pids")[2])
        assert set(first).isdisjoint(second)
        wait_until(lambda: not any(is_alive(int(pid)) for pid in first))
        assert all(is_alive(int(pid)) for pid in second)


def test_one_that_dies_at_once_five_times_ends_the_whole_with_status_one():
    with supervised(
        "def fail(): raise ValueError('the reason')\nrun(program(wait, name='two'), program(fail))"
    ) as process:
        output = process.communicate(timeout=30)[0]
        assert process.returncode == 1
        assert output.count("one     | ValueError: the reason") == supervisor.MAX_FAST_DEATHS
        assert "up      | one died 5 times at once; see its lines." in output


def test_a_house_that_never_answers_is_given_up():
    with supervised(
        "supervisor.START_PATIENCE = 0.3\nrun(program(wait), is_up=lambda: False)"
    ) as process:
        assert "does not answer" in process.communicate(timeout=20)[0]
        assert process.returncode == 1


STUBBORN = (
    "def stubborn():\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN); wait()\n"
    "run(program(stubborn))"
)


def test_a_child_that_does_not_end_is_killed_after_a_while():
    with supervised("supervisor.PATIENCE = 0.3\n" + STUBBORN) as process:
        read_until(process, "waiting")
        family = family_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert "one does not end by itself; it is killed." in process.communicate(timeout=20)[0]
        assert process.returncode == 0
        assert not any(is_alive(pid) for pid in family)


def test_a_second_ctrl_c_does_not_wait():
    with supervised(STUBBORN) as process:
        read_until(process, "waiting")
        process.send_signal(signal.SIGINT)
        read_until(process, "Stopping")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=supervisor.PATIENCE / 2)
        assert process.returncode == 0


def test_children_end_when_their_supervisor_is_killed():
    with supervised("run(program(wait), program(wait, name='two'))") as process:
        read_until(process, "one     | waiting")
        offspring = family_of(process.pid) - {process.pid}
        assert offspring
        process.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in offspring))


def test_it_stops_when_nobody_reads_its_lines_any_more():
    with supervised(
        "def talk():\n    while True: print('line', flush=True); time.sleep(0.02)\n"
        "run(program(talk))"
    ) as process:
        read_until(process, "line")
        family = family_of(process.pid)
        process.stdout.close()
        process.wait(20)
        assert not any(is_alive(pid) for pid in family)


def test_a_child_holds_none_of_the_pipes_of_the_others():
    """A pipe that a sibling holds open would never report the death of its own child."""
    with supervised(
        "def count():\n"
        "    print('pipes', sum(os.readlink(f'/proc/self/fd/{n}').startswith('pipe:')\n"
        "          for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')))\n"
        "    wait()\n"
        "run(program(wait, name='two'), program(count))"
    ) as process:
        if sys.platform != "linux":
            pytest.skip("needs /proc, which only Linux has")
        assert read_until(process, "pipes")[-1] == "one     | pipes 2"  # stdout and stderr


def test_the_pause_before_a_restart_doubles_up_to_eight_seconds(monkeypatch):
    keeper = kept("one")
    monkeypatch.setattr(os, "waitpid", lambda pid, _: (pid, 0))
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: 100.0)
    pauses = []
    for _ in range(7):
        keeper.children["one"] = gone(started=100.0)
        keeper._bury()
        pauses.append(keeper.due["one"] - 100.0)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_long_life_forgives_the_early_deaths(monkeypatch):
    keeper = kept("one")
    keeper.fast_deaths["one"] = 4
    monkeypatch.setattr(os, "waitpid", lambda pid, _: (pid, 0))
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: 100.0)
    keeper.children["one"] = gone(started=0.0)
    keeper._bury()
    assert keeper.fast_deaths["one"] == 0
    assert keeper.due["one"] == 100.25


def gone(*, started: float) -> Child:
    """Return a child whose process has ended and is buried."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(10)
    program = Program(name="one", argv=(), main=lambda: None)
    return Child(program=program, pid=process.pid, output=0, started=started)


def kept(name: str) -> Supervisor:
    watch = Watch(is_up=lambda: True, on_up=lambda: None, keep_engines=lambda: None)
    return Supervisor(programs=[Program(name=name, argv=(name,), main=lambda: None)], watch=watch)


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (3, 3), ("a reason", 1)])
def test_the_exit_status_of_a_program_is_what_python_would_make_of_it(code, status, capsys):
    assert _exit_code(SystemExit(code)) == status
    assert capsys.readouterr().err == ("a reason\n" if status == 1 else "")


def test_a_signal_to_a_child_that_is_gone_is_no_error():
    gone(started=0.0).signal(signal.SIGTERM)
    gone(started=0.0).signal(signal.SIGTERM, group=True)
