# ruff: noqa: INP001  # a script, run and never imported
"""Make `.venv`, or the folder named second, and install one lock file into it once.

Run by the shell scripts with any Python 3.11 or newer, before anything is installed: only the
standard library. Exit status 1 with one message on stderr when it cannot be done.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEEDED_MB = {
    "requirements.txt": 700,
    "requirements/dev.txt": 1000,
    "requirements/bench.txt": 900,
    "requirements/infra.txt": 1000,
}
WITHIN = {"requirements.txt": "requirements/dev.txt"}  # who has installed the second has the first


class SetupFailedError(Exception):
    """Say what is missing, and the remedy."""


def main(lock: str) -> int:
    """Have the lock file's packages in `.venv`; return the exit status."""
    try:
        if not is_ready(lock):
            VENV.mkdir(exist_ok=True)
            with (VENV / "environment.lock").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # scripts/up and scripts/test at once
                if not is_ready(lock):
                    install(lock)
    except SetupFailedError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or VENV}: {error.strerror}. {ROOT} must be writable.\n")
        return 1
    return 0


def is_ready(lock: str) -> bool:
    """Whether we run in `.venv`, so its Python works for this user, and it has the packages."""
    return Path(sys.prefix).resolve() == VENV.resolve() and is_installed(lock)


def is_installed(lock: str) -> bool:
    """Whether this lock file, or one that contains it, is what `.venv` holds."""
    return any(
        stamp(each).exists() and stamp(each).read_text() == digest(each)
        for each in (lock, WITHIN.get(lock, lock))
    )


def stamp(lock: str) -> Path:
    """Return the file that says which lock file is installed."""
    return VENV / f"installed-{lock.replace('/', '-')}"


def digest(lock: str) -> str:
    """Return the lock file's digest."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def install(lock: str) -> None:
    """Make the environment and install exactly what the lock file names, checked by hash."""
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < NEEDED_MB[lock]:
        raise SetupFailedError(
            f"Only {free} MB are free on the disk of {ROOT}; {NEEDED_MB[lock]} MB are needed for "
            "the Python packages. Free some space and start again."
        )
    if not works(PYTHON):
        run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)], f"The {VENV.name} cannot be made."
        )
    sys.stderr.write(f"Installing {lock} into {VENV.name}; this takes about half a minute.\n")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
    pip += ["--no-compile"]  # Python compiles what is used when it is used first: a third less time
    checked = ["--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    run(
        [*pip, *checked, "--requirement", str(ROOT / lock)],
        "The packages could not be installed; pip says why above. Without a network, point pip at "
        "a mirror (pip config set global.index-url URL) or a folder of wheels (PIP_FIND_LINKS).",
    )
    stamp(lock).write_text(digest(lock))


def works(python: Path) -> bool:
    """Whether there is a Python of a usable version with pip; a moved or updated one may not."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([python, "-c", probe], check=False, capture_output=True)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def run(command: list[str], failure: str) -> None:
    """Run a command, or fail with the message."""
    if subprocess.run(command, check=False, cwd=ROOT).returncode:  # noqa: S603
        raise SetupFailedError(failure)


if __name__ == "__main__":
    VENV = ROOT / (sys.argv[2] if sys.argv[2:] else ".venv")
    PYTHON = VENV / "bin" / "python"
    sys.exit(main(sys.argv[1]))
