"""Zero-service default: a real PostgreSQL and a real Valkey from wheels, on Unix sockets.

Nothing here runs when DATABASE_URL and REDIS_URL are set. Every process of a checkout shares the
two servers, whose data lives in `.omc/` or OMC_HOME:

- `ensure()` takes an exclusive lock, starts what does not answer, and lets go (1 ms when all is
  up). Locks are the kernel's: `kill -9` leaves none behind.
- Each process that uses the servers holds a *shared* lock on `users.lock`. The last one out, the
  one that can turn it into an exclusive lock, stops the servers.

Importing this module starts nothing and needs only the standard library.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from typing import IO

from omc_project.engines import places, postgres, valkey

HOME = places.HOME
DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": postgres.NAME,
    "USER": postgres.USER,
    "HOST": str(places.SOCKETS),
    "PORT": postgres.PORT,
}
REDIS_URL = f"unix://{valkey.SOCKET}"
BROKER_URL = f"redis+socket://{valkey.SOCKET}"


class _Membership:
    """This process's place among the users of the servers."""

    file: IO[str] | None = None
    childs: IO[str] | None = None

    @classmethod
    def join(cls) -> None:
        """Count this process as a user until it ends, however it ends."""
        if cls.file is None:
            cls.file = _shared_lock()
            atexit.register(_leave, os.getpid())
            os.register_at_fork(
                before=cls.join_for_child,
                after_in_parent=lambda: cls.keep(cls.file),
                after_in_child=lambda: cls.keep(cls.childs),
            )

    @classmethod
    def join_for_child(cls) -> None:
        """Take a lock for a child before it is forked: an inherited one would be its parent's."""
        cls.childs = _shared_lock()

    @classmethod
    def keep(cls, own: IO[str] | None) -> None:
        """Let go of the lock of the other side of a fork."""
        for lock in (cls.file, cls.childs):
            if lock is not None and lock is not own:
                lock.close()
        cls.file, cls.childs = own, None

    @classmethod
    def is_last(cls) -> bool:
        """Whether nobody else uses the servers; the caller holds the start lock."""
        if cls.file is None:
            return False
        try:
            fcntl.flock(cls.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _shared_lock() -> IO[str]:
    file = places.open_lock(HOME, "users.lock")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def ensure(*, pg: bool = True, redis: bool = True) -> None:
    """Have the wanted servers run, and count this process as a user of them."""
    places.prepare(HOME)
    with places.locked(HOME, "start.lock"):
        _Membership.join()
        _require_private_sockets()
        if pg:
            postgres.ensure()
        if redis:
            valkey.ensure()


def stop() -> None:
    """Stop both servers, whoever uses them."""
    valkey.stop()
    postgres.stop()


def _require_private_sockets() -> None:
    if places.SOCKETS.is_dir() or places.SOCKETS.is_symlink():
        ours = (HOME, postgres.DATA, valkey.DATA)
        owners = {folder.stat().st_uid for folder in ours if folder.exists()}
        places.require_private(places.SOCKETS, owners=owners | {os.geteuid()})


def _leave(pid: int) -> None:
    if os.getpid() != pid or not HOME.exists():
        return
    with places.locked(HOME, "start.lock"):
        if _Membership.is_last():
            stop()
