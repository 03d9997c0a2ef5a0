"""A simulated AWS on loopback, for plans and for the commands of the runbook."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from infra.checking.tools import clean, end, find

PATIENCE, PAUSE = 60.0, 0.1
ACCOUNT, REGION = "123456789012", "ap-southeast-2"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


class SimulationError(Exception):
    """The simulated AWS cannot be had."""


@contextmanager
def aws() -> Iterator[str]:
    """Start it, give its address, and end it."""
    program = find("moto_server")
    if program is None:
        raise SimulationError("moto_server is not installed")
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603  # our own tool
        [program, "-H", "127.0.0.1", "-p", str(port)],
        env=clean({"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield address
    finally:
        end(process)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[str], address: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SimulationError(f"moto_server ended with status {process.returncode}")
        try:
            urllib.request.urlopen(f"{address}/moto-api/data.json", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(PAUSE)
        else:
            return
    raise SimulationError(f"moto_server did not answer within {PATIENCE:.0f} s")
