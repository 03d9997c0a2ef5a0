"""Look at the processes and log files of the engines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import IO

LARGEST_LOG = 10 * 2**20  # bytes


def is_running(pid: int, *, naming: Path) -> bool:
    """Whether this process lives, is no zombie, and names the path in its command line.

    A number in a pid file may belong to a stranger by now; the path tells ours from others.
    """
    if not Path("/proc/self").exists():
        return _is_running_by_ps(pid, naming)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError):
        return False
    return state != "Z" and os.fsencode(naming) in command


def _is_running_by_ps(pid: int, naming: Path) -> bool:
    """Ask ps, where there is no /proc (macOS)."""
    shown = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "stat=", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        check=False,
        text=True,
    ).stdout
    return not shown.startswith("Z") and str(naming) in shown


def rotate(log: Path) -> IO[bytes]:
    """Open a log for appending; one that has grown large becomes `<name>.1` first."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.rename(log.with_name(log.name + ".1"))
    return log.open("ab")


def tail(log: Path, *, lines: int = 8) -> str:
    """Return the last lines of a log, to be shown under a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(it cannot be read: {error.strerror})"
