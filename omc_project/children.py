"""The processes that `manage.py up` runs, each a fork of one process that has loaded Django.

Forks share what the parent has loaded: web, workers and beat together need 120 MB less than
three fresh starts, and a restarted one is back at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SET_DEATH_SIGNAL, SET_NAME = 1, 15  # prctl(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a child runs: `main` as the command line `argv`; neither carries a secret."""

    name: str
    argv: tuple[str, ...]
    main: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running child: its process, and the pipe its output comes through."""

    program: Program
    pid: int
    output: int
    started: float

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the child, or to it and all processes it has started."""
        try:
            os.killpg(self.pid, number) if group else os.kill(self.pid, number)
        except ProcessLookupError:
            return


def start(program: Program, *, now: float, leave: Callable[[], None]) -> Child:
    """Fork a child that runs the program; `leave` lets go in the child of what is the parent's."""
    reading, writing = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # wait until the child can die of one
    pid = os.fork()
    if pid == 0:
        leave()
        os.close(reading)
        _become(program, writing, parent, mask)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(writing)
    os.set_blocking(reading, False)
    return Child(program=program, pid=pid, output=reading, started=now)


def _become(program: Program, output: int, parent: int, mask: set[int]) -> NoReturn:
    code = 1
    try:
        os.setsid()  # Ctrl-C reaches the supervisor alone, which stops the children in order
        _hear_signals(mask)
        _connect(output)
        _die_with(parent, name=program.name)
        sys.argv = list(program.argv)
        program.main()
        code = 0
    except SystemExit as leaving:
        code = _exit_code(leaving)
    except BaseException:  # noqa: BLE001  # the border of a process: say it and end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _hear_signals(mask: set[int]) -> None:
    """Forget the supervisor's handlers; a signal that came since the fork counts now."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _connect(output: int) -> None:
    """Let the child speak through the pipe, line by line, and hear nothing."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nowhere)
    os.close(output)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = open(number, "w", buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)


def _die_with(parent: int, *, name: str) -> None:
    """Have the kernel end this process when its parent ends, however it ends (Linux)."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(SET_DEATH_SIGNAL, int(signal.SIGTERM))
        libc.prctl(SET_NAME, f"omc-{name}".encode())
    if os.getppid() != parent:
        raise SystemExit(1)


def _exit_code(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return 1
