"""Ask a server on a Unix socket whether it is there, without its client library."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

ANSWER_TIMEOUT = 2.0  # seconds


class Pulse(Enum):
    """How a server answers."""

    ABSENT = "nobody listens"
    BUSY = "somebody listens but does not serve yet"
    READY = "it serves"


def feel(path: Path, *, hello: bytes, ready: bytes, goodbye: bytes) -> Pulse:
    """Say hello on the socket, compare the start of the answer with `ready`, and say goodbye.

    Leaving without goodbye, or before the server has closed, puts a line into its log each time.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_TIMEOUT)
        try:
            client.connect(str(path))
        except TimeoutError:
            return Pulse.BUSY
        except OSError:
            return Pulse.ABSENT
        try:
            client.sendall(hello)
            is_ready = client.recv(4096).startswith(ready)
            client.sendall(goodbye)
            while client.recv(4096):
                pass
        except OSError:
            return Pulse.BUSY
    return Pulse.READY if is_ready else Pulse.BUSY


def settle(check: Callable[[], Pulse], *, until: frozenset[Pulse], patience: float) -> Pulse:
    """Ask again until the pulse is one of `until` or `patience` seconds have passed."""
    end = time.monotonic() + patience
    while (pulse := check()) not in until and time.monotonic() < end:
        time.sleep(0.02)
    return pulse
