"""Sockets that go only where they may, and only as long as they may."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_open_sockets: ContextVar[list[socket.socket] | None] = ContextVar("sockets", default=None)


@contextmanager
def cut_off(seconds: float) -> Iterator[None]:
    """Shut down whatever is connected meanwhile when the time is over.

    A library's timeout starts anew with each byte, so a source that drips its headers would be
    waited for without end. What is shut down is a duplicate, since TLS takes the socket over.
    """
    sockets: list[socket.socket] = []
    token = _open_sockets.set(sockets)
    timer = Timer(seconds, _shut, [sockets])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _open_sockets.reset(token)
        for one in sockets:
            one.close()


def _shut(sockets: list[socket.socket]) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class PrivateAddressError(OSError):
    """The name leads to an address that is not public."""


def _allowed(host: str, port: int, address: str) -> bool:
    return ipaddress.ip_address(address).is_global or f"{host}:{port}" in allowed_private()


def allowed_private() -> set[str]:
    """Return the host:port pairs that may be private: the operator's list and the replay server."""
    replay: SplitResult = urlsplit(settings.OMC_REPLAY_URL)
    return {*settings.OMC_ALLOW_PRIVATE, replay.netloc}


def _connect(connection: Any) -> socket.socket:
    """Resolve once, check each address, and connect to a checked one, so no name can rebind."""
    host, port = connection.host, connection.port
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused: list[str] = []
    for *_, (address, *_rest) in found:
        if not _allowed(host, port, str(address)):
            refused.append(str(address))
            continue
        return _watched(socket.create_connection((str(address), port), timeout=connection.timeout))
    raise PrivateAddressError(
        f"{host}:{port} leads to {', '.join(refused)}, which is no public address. If you mean it, "
        f"set OMC_ALLOW_PRIVATE={host}:{port}."
    )


def _watched(connected: socket.socket) -> socket.socket:
    """Give the socket to whoever ends what takes too long."""
    if (sockets := _open_sockets.get()) is not None:
        sockets.append(connected.dup())
    return connected


class _CheckedHttp(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _CheckedHttps(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _CheckedPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHttp


class _CheckedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHttps


POOLS = {"http": _CheckedPool, "https": _CheckedTlsPool}
"""Connection pools whose sockets go only to checked addresses, by scheme."""
