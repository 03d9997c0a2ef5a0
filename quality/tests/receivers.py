"""Receivers on loopback that keep what they are sent: a web server and a mail server."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

HOST = "127.0.0.1"


@dataclass(slots=True)
class Received:
    """What a receiver was sent; `answers` are the next statuses, then always 200."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Return host and port, as OMC_ALLOW_PRIVATE lists them."""
        return f"{HOST}:{self.port}"


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def web_server() -> Iterator[Received]:
    """Serve until the test is over."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            received.headers.append(dict(self.headers))
            status = received.answers.pop(0) if received.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://{received.place}/elsewhere")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"said.")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        received.port = server.server_address[1]
        with _serving(server):
            yield received


@contextmanager
def mail_server() -> Iterator[Received]:
    """Take mails, as far as a client without TLS needs it."""
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 loopback\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper().strip()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    received.bodies.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                if word == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer((HOST, 0), Handler) as server:
        received.port = server.server_address[1]
        with _serving(server):
            yield received
