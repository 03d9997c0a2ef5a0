"""Keep a few processes running in one terminal, their lines prefixed, until Ctrl-C.

A child that dies is started again, later and later; one that keeps dying at once ends the whole.
The supervisor has one thread, so that a fork is a whole copy.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from omc_project.children import SIGNALS, Child, Program, start

TICK = 0.1  # seconds between two looks at the children
FAST = 10.0  # seconds; a child that dies younger has failed to start
MAX_FAST_DEATHS = 5
PATIENCE = 20.0  # seconds to end cleanly; a task may be in the middle of a batch
START_PATIENCE = 120.0  # seconds to answer


@dataclass(kw_only=True)
class Watch:
    """What the supervisor asks while it waits: is it up, and is what it needs still there."""

    is_up: Callable[[], bool]
    on_up: Callable[[], None]
    keep_engines: Callable[[], None]
    leave: Callable[[], None] = lambda: None
    every: float = 3.0  # seconds between two looks at the engines


@dataclass(kw_only=True)
class Supervisor:
    """Run the programs until a signal, or until one of them cannot be kept running."""

    programs: Sequence[Program]
    watch: Watch
    pause: float = 0.25  # seconds before the first restart; doubled after each fast death
    children: dict[str, Child] = field(default_factory=dict)
    fast_deaths: dict[str, int] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    is_stopping: bool = False
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> int:
        """Return the exit status: 0 after a signal, 1 if a child could not be kept running."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        self.due = {program.name: 0.0 for program in self.programs}
        try:
            return self._loop()
        finally:
            self._stop()

    def say(self, name: str, line: str) -> None:
        """Print one line with the name of who said it."""
        try:
            sys.stdout.write(f"{name:<8}| {line}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  # nobody listens any more
            self.is_stopping = True

    def _loop(self) -> int:
        began = time.monotonic()
        is_up, next_look = False, began + self.watch.every
        while not self.is_stopping:
            self._start_due()
            self._read(TICK)
            self._bury()
            if tired := [n for n, deaths in self.fast_deaths.items() if deaths >= MAX_FAST_DEATHS]:
                self.say("up", f"{tired[0]} died {MAX_FAST_DEATHS} times at once; see its lines.")
                return 1
            if not is_up and (is_up := self.watch.is_up()):
                self.watch.on_up()
            if not is_up and time.monotonic() - began > START_PATIENCE:
                self.say("up", f"The web process does not answer after {START_PATIENCE:.0f} s.")
                return 1
            if time.monotonic() >= next_look:
                self.watch.keep_engines()
                next_look = time.monotonic() + self.watch.every
        return 0

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_stopping:
            for child in self.children.values():
                child.signal(signal.SIGKILL, group=True)
        self.is_stopping = True

    def _start_due(self) -> None:
        now = time.monotonic()
        for program in self.programs:
            if program.name in self.due and self.due[program.name] <= now:
                del self.due[program.name]
                child = start(program, now=now, leave=self._leave)
                self.children[program.name] = child
                self.selector.register(child.output, selectors.EVENT_READ, [program.name, b""])

    def _leave(self) -> None:
        for key in list(self.selector.get_map().values()):
            os.close(key.fd)
        self.selector.close()
        self.watch.leave()

    def _read(self, timeout: float) -> None:
        for key, _ in self.selector.select(timeout):
            name, rest = key.data
            data = os.read(key.fd, 65536)
            *lines, key.data[1] = (rest + data).split(b"\n")
            if not data:
                self.selector.unregister(key.fd)
                os.close(key.fd)
                lines.append(key.data[1])
            for line in lines:
                if line.strip():
                    self.say(name, line.decode(errors="replace"))

    def _bury(self) -> None:
        """Notice the dead, end what they left behind, and set the time of their return."""
        for name, child in list(self.children.items()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            del self.children[name]
            child.signal(signal.SIGKILL, group=True)
            age = time.monotonic() - child.started
            deaths = self.fast_deaths.get(name, 0) + 1 if age < FAST else 0
            self.fast_deaths[name] = deaths
            self.due[name] = time.monotonic() + min(8.0, self.pause * 2**deaths)
            if not self.is_stopping:
                code = os.waitstatus_to_exitcode(status)
                self.say("up", f"{name} ended with status {code}; starting it again.")

    def _stop(self) -> None:
        """Ask all children to end, and end the stubborn ones by force."""
        self.is_stopping = True
        self.say("up", "Stopping; a task may finish first. Ctrl-C once more ends it at once.")
        for child in self.children.values():
            child.signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while self.children and time.monotonic() < end:
            self._read(TICK)
            self._bury()
        for name, child in self.children.items():
            self.say("up", f"{name} does not end by itself; it is killed.")
            child.signal(signal.SIGKILL, group=True)
            os.waitpid(child.pid, 0)
        self._read(0)
