"""Look at TCP ports before somebody needs them, and at servers after they were started."""

from __future__ import annotations

import errno
import http.client
import socket

from omc_project.errors import SetupError

LOWEST_FREE = 1024  # below, only root may listen


def require_free(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, with the reason and another choice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
            server.listen(1)
        except (OSError, OverflowError) as error:
            raise SetupError(_refusal(host, port, error)) from None


def _refusal(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return f"{port} is no port. Choose one from {LOWEST_FREE} to 65535: --port 8000."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. "
            f"Stop that one, or choose another port: scripts/up --port {port + 1}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs root. Choose one from {LOWEST_FREE} up: scripts/up --port 8000."
    return f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --bind."


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def answers(host: str, port: int, path: str, *, name: str) -> bool:
    """Whether GET of the path gets status 200 from the server, called by one of its names."""
    client = http.client.HTTPConnection(host, port, timeout=2)
    try:
        client.request("GET", path, headers={"Host": name})
        return client.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def listens(port: int) -> bool:
    """Whether somebody listens on a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
