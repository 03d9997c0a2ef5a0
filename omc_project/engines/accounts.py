"""Whom the engines run as: PostgreSQL refuses root, and neither engine needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from omc_project.errors import EngineError

NAMES = ("postgres", "omc", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user to run as; `prefix` is a command that hides root from the engine."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def run(
        self, command: Sequence[str | Path], *, log: IO[bytes], stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command of an engine to its end, with a small environment, away from Ctrl-C."""
        return subprocess.run(  # noqa: S603  # our own command, no shell
            [*self.prefix, *map(str, command)],
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            input=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **self._switch(),
        )

    def own(self, path: Path) -> None:
        """Give a file or folder to the account, where we are root and it is not."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def make_folder(self, path: Path) -> None:
        """Make a private folder of the account."""
        path.mkdir(mode=0o700, exist_ok=True)
        self.own(path)

    def _switch(self) -> dict[str, Any]:
        if os.geteuid() != 0 or self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose(*, home: Path, data: Path, program: Path) -> Account:
    """Return the account for the engines of a data folder.

    Not root: oneself. Root: the owner of the data that is there, else the owner of the folder,
    else the first unprivileged account of the system that can reach both the folder and the
    program (it cannot below /root), else root hidden in a user namespace of its own.
    """
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    owner = (data if data.exists() else home).stat()
    if owner.st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    if not data.exists():
        for account in _unprivileged():
            if _can_reach(account, home, program):
                return account
    return _hidden_root(home)


def _unprivileged() -> list[Account]:
    accounts = []
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        accounts.append(Account(uid=entry.pw_uid, gid=entry.pw_gid))
    return accounts


def _can_reach(account: Account, home: Path, program: Path) -> bool:
    with Path(os.devnull).open("wb") as nowhere:
        script = 'cd "$1" && test -x "$2"'
        return account.run(["sh", "-c", script, "sh", home, program], log=nowhere).returncode == 0


def _hidden_root(home: Path) -> Account:
    account = Account(uid=0, gid=0, prefix=("unshare", "--user"))
    with Path(os.devnull).open("wb") as nowhere:
        if shutil.which("unshare") and account.run(["true"], log=nowhere).returncode == 0:
            return account
    raise EngineError(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(NAMES)} can "
        f"reach {home} and the Python environment. Start as an ordinary user, or move the "
        "checkout to a folder that others may pass through, for example /srv."
    )
