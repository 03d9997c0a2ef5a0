"""The programs that check: where they are, and how one is run within bounds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"
TOOLS = ROOT / ".venv-infra" / "bin"
NOT_INSTALLED = "is not installed: pip could not install requirements/infra.txt"
PATIENCE = 300
LEAKING = ("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE", "AWS_", "CHECKOV_", "BC_")
"""What a developer has set for their own account must not reach a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A program that ended: its exit status, and everything it printed."""

    status: int
    text: str

    @property
    def is_good(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0


def find(name: str) -> str | None:
    """Return the path of a program: our own, or the machine's."""
    own = TOOLS / name
    return str(own) if own.exists() else shutil.which(name)


def clean(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what leaks into a check, and with what it needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}
    return kept | dict(extra)


def run(
    command: Sequence[str],
    *,
    folder: Path = ROOT,
    variables: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Done:
    """Run a program; end it with all it started if it takes too long."""
    process = subprocess.Popen(  # noqa: S603  # commands of our own
        command,
        cwd=folder,
        env=clean(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        end(process)
        text, _ = process.communicate()
        return Done(status=124, text=f"{text}\nended after {patience:.0f} s")
    except BaseException:
        end(process)
        raise
    return Done(status=process.returncode, text=text)


def end(process: subprocess.Popen[str]) -> None:
    """End a program and what it started: Terraform leaves its providers behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
