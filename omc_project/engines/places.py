"""Where the embedded engines live: one data folder a checkout, and a folder for the sockets.

Only the standard library is imported here, because the supervisor wants to stay small.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from omc_project.errors import EngineError

CHECKOUT = Path(__file__).resolve().parent.parent.parent
HOME = Path(os.environ.get("OMC_HOME") or CHECKOUT / ".omc").absolute()
LONGEST_SOCKET = 100  # bytes; the kernel takes 107, and PostgreSQL appends ".lock"


def socket_folder(home: Path) -> Path:
    """Return the folder of the sockets: inside the data folder, or a short one if that is long."""
    inside = home / "run"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET:
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"omc-{digest}"  # noqa: S108  # require_private checks whose it is


SOCKETS = socket_folder(HOME)
PG_DATA = HOME / "pg"  # its owner is whom both engines run as


def prepare(home: Path) -> None:
    """Make the data folder, or say why it cannot be used."""
    if not home.is_dir():
        _make(home)
    if not os.access(home, os.W_OK | os.X_OK):
        raise EngineError(_refusal(home))


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)  # root's engines run as somebody else
    except OSError as error:
        raise EngineError(
            f"The data folder {home} cannot be made: {error.strerror}. "
            "Set OMC_HOME to a folder that you may write."
        ) from error


def _refusal(home: Path) -> str:
    me, owner = os.geteuid(), home.stat().st_uid
    if me == owner:
        return (
            f"The data folder {home} cannot be written, though it is yours. Run "
            f"chmod -R u+rwX '{home}', or set OMC_HOME to a folder on a writable disk."
        )
    return (
        f"The data folder {home} belongs to {_name(owner)} and {_name(me)} may not write it. "
        f"Start as {_name(owner)}, give it away (sudo chown -R {_name(me)} '{home}'), "
        "or set OMC_HOME to a folder of your own."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def require_owned(folder: Path) -> None:
    """Refuse an engine's folder that belongs to another user: the engine would refuse it too."""
    if os.geteuid() not in {0, folder.stat().st_uid}:
        raise EngineError(_refusal(folder))


def require_space(folder: Path, megabytes: int) -> None:
    """Refuse to start an engine on a full disk; it would stop half-way with less to say."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise EngineError(
            f"Only {free} MB are free on the disk of {folder}, and {megabytes} MB are needed. "
            "Free some space, or set OMC_HOME to a folder on another disk."
        )


def require_private(folder: Path, *, owners: set[int]) -> None:
    """Refuse a socket folder that somebody else made: whoever owns it could pose as an engine."""
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid in owners
    if not is_ours or found.st_mode & 0o077:
        raise EngineError(
            f"The socket folder {folder} is not a private folder of ours "
            f"(owner {_name(found.st_uid)}, mode {stat.S_IMODE(found.st_mode):o}). "
            "Remove it, or set OMC_HOME to a shorter path."
        )


@contextmanager
def locked(home: Path, name: str) -> Iterator[None]:
    """Hold an exclusive lock that the kernel drops also when the process is killed."""
    with open_lock(home, name) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def open_lock(home: Path, name: str) -> IO[str]:
    """Open a lock file; what root makes in another user's data folder is that user's."""
    try:
        file = open(home / name, "a", opener=_open_no_link)  # noqa: SIM115  # the caller closes it
    except OSError as error:
        raise EngineError(f"{home / name}: {error.strerror}. {_refusal(home)}") from error
    give_to_owner(file.fileno(), home)
    return file


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode=0o600)


def give_to_owner(descriptor: int, home: Path) -> None:
    """Hand a file that root has just made to the owner of the data folder."""
    owner = home.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
