"""Where a house is: a server that this machine reaches, or the containers of compose.yaml."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from infra.backup.errors import BackupError

ROOT = Path(__file__).resolve().parents[2]


class House(Protocol):
    """A database and a file of secrets."""

    @property
    def database(self) -> str:
        """The name of the database."""

    def postgres(
        self, words: Sequence[str], *, stdin: IO[bytes] | None, stdout: IO[bytes] | None
    ) -> bytes:
        """Run one of PostgreSQL's programs; return what it wrote, unless that goes to stdout."""

    def read_secrets(self) -> bytes:
        """Return the file of secrets; empty if there is none."""

    def write_secrets(self, content: bytes) -> None:
        """Put the file of secrets in its place; keep one that was there under another name."""

    def manage(self, *words: str) -> None:
        """Run a management command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """The database of DATABASE_URL or the embedded one, and the secrets in OMC_HOME."""

    database: str
    connection: Mapping[str, str]
    """PGHOST and the like; the password is not on a command line."""
    programs: str
    home: Path

    def postgres(
        self,
        words: Sequence[str],
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        """Run one of PostgreSQL's programs."""
        program, *rest = words
        command = [str(Path(self.programs) / program) if self.programs else program, *rest]
        return _run(command, stdin=stdin, stdout=stdout, extra=self.connection)

    def read_secrets(self) -> bytes:
        """Return the file of secrets."""
        file = self.home / SECRETS
        return file.read_bytes() if file.exists() else b""

    def write_secrets(self, content: bytes) -> None:
        """Put the file of secrets in its place."""
        file = self.home / SECRETS
        owner = (file if file.exists() else self.home).stat()
        if file.exists() and file.read_bytes() != content:
            os.replace(file, _before(file))  # noqa: PTH105  # the same folder
        new = file.with_name(f"{SECRETS}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123  # a descriptor, not a path
            stream.write(content)
            if os.geteuid() == 0:
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        new.replace(file)

    def manage(self, *words: str) -> None:
        """Run a management command in a process of its own, which reads the secrets anew."""
        _run([sys.executable, str(ROOT / "manage.py"), *words])


SECRETS = "secrets"
IN_CONTAINER = f"/var/lib/omc/{SECRETS}"
PUT = (
    f"umask 077; cat >{IN_CONTAINER}.new && mv --backup=numbered {IN_CONTAINER}.new {IN_CONTAINER}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """The containers of compose.yaml; the database must be up, the rest need not."""

    command: tuple[str, ...] = ("docker", "compose")
    database: str = "omc"
    user: str = "omc"

    def postgres(
        self,
        words: Sequence[str],
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        """Run one of PostgreSQL's programs where the server is."""
        program, *rest = words
        inside = (
            "exec",
            "-T",
            "db",
            "sh",
            "-c",
            'PGPASSWORD=$POSTGRES_PASSWORD exec "$@"',
            "sh",
            program,
        )
        where = ("--host=127.0.0.1", f"--username={self.user}")
        return _run([*self.command, *inside, *where, *rest], stdin=stdin, stdout=stdout)

    def read_secrets(self) -> bytes:
        """Return the file of secrets."""
        return self._once("sh", "-c", f"test ! -e {IN_CONTAINER} || cat {IN_CONTAINER}")

    def write_secrets(self, content: bytes) -> None:
        """Put the file of secrets in its place."""
        self._once("sh", "-c", PUT, content=content)

    def manage(self, *words: str) -> None:
        """Run a management command."""
        self._once("python", "manage.py", *words)

    def _once(self, *words: str, content: bytes = b"") -> bytes:
        done = [*self.command, "run", "--rm", "--no-deps", "-T", "prestart", *words]
        return _run(done, content=content)


def compose(variables: Mapping[str, str]) -> Compose:
    """Return the containers; OMC_COMPOSE is another command than `docker compose`."""
    return Compose(command=tuple(shlex.split(variables.get("OMC_COMPOSE", "docker compose"))))


def _run(
    command: Sequence[str],
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    content: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> bytes:
    given: dict[str, Any] = {"stdin": stdin} if stdin else {"input": content}
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(  # noqa: S603  # no shell
            command,
            check=False,
            cwd=ROOT,
            env={**os.environ, **(extra or {})},
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            **given,
        )
    except FileNotFoundError:
        raise BackupError(
            f"{command[0]} is not installed. Install PostgreSQL's client programs, or Docker "
            "with its compose plug-in for --compose."
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise BackupError(f"{Path(command[0]).name} failed: {said or done.returncode}")
    return done.stdout or b""


def _before(file: Path) -> Path:
    number = 1
    while (other := file.with_name(f"{file.name}.before-{number}")).exists():
        number += 1
    return other
