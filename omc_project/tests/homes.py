"""Data folders of their own for tests that start, kill and stop engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent.parent
ENSURE = "from omc_project import embedded; embedded.ensure(); "
HOLD = ENSURE + "print('up', flush=True); input()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A data folder; every process of a test gets it as OMC_HOME."""

    path: Path

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"OMC_HOME": str(self.path), "OMC_ENV_FILE": os.devnull, "PYTHONPATH": str(ROOT)}
        return kept | own | variables

    def python(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-c", code], **variables)

    def manage(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, str(ROOT / "manage.py"), *words], **variables)

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=self.environment(**variables),
            timeout=60,
        )

    def popen(self, command: list[str], **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(**variables),
        )

    @contextmanager
    def user(self) -> Iterator[subprocess.Popen[str]]:
        """Hold the engines up by a process that uses them."""
        with self.popen([sys.executable, "-c", HOLD]) as process:
            line = process.stdout.readline()
            assert line == "up\n", line + process.stdout.read()
            yield process
            if process.poll() is None:
                process.communicate("\n", timeout=30)

    def postgres(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.path / "run"), user="omc", dbname="omc", autocommit=True
        )

    def valkey(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.path / "run" / "valkey.sock"))

    def pids(self) -> list[int]:
        """Return the processes of both engines, the postmaster and Valkey first."""
        found = [pid for pid in processes() if str(self.path) in command_of(pid)]
        engines = [pid for pid in found if command_of(pid).split()[0].endswith(SERVERS)]
        return engines + [pid for pid in processes() if parent_of(pid) in engines]

    def kill(self) -> None:
        """End both engines as a power cut would, and wait until they are gone."""
        pids = self.pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in pids))


SERVERS = ("/postgres", "/valkey-server")


@contextmanager
def new_home() -> Iterator[Home]:
    """Make a data folder that any account may pass through, and stop what runs in it at the end."""
    with TemporaryDirectory(prefix="omc-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        home = Home(path=Path(folder) / "home")
        try:
            yield home
        finally:
            home.kill()


def wait_until(condition, *, patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() or "-"
    return "-"


def status_of(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return ["X", "0"]


def parent_of(pid: int) -> int:
    return int(status_of(pid)[1])


def is_alive(pid: int) -> bool:
    return status_of(pid)[0] not in "XZ"


def family_of(pid: int) -> set[int]:
    """Return a process with all its descendants."""
    family, size = {pid}, 0
    while size != len(family):
        size = len(family)
        family |= {child for child in processes() if parent_of(child) in family}
    return family


def shared_memory_of(pids) -> int:
    """Return the proportional set size of the processes together, in MB."""
    total = 0
    for pid in pids:
        with suppress(OSError, IndexError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(text.split("\nPss:")[1].split()[0])
    return total // 1024
