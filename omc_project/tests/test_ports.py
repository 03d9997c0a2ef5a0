"""Ports: taken, forbidden and impossible ones are named before anything is started."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from omc_project import ports
from omc_project.errors import SetupError


def test_a_free_port_passes_and_stays_free():
    port = ports.free_port()
    ports.require_free("127.0.0.1", port)
    ports.require_free("127.0.0.1", port)
    assert not ports.listens(port)


def test_a_taken_port_is_refused_with_another_choice():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.listens(port)
        with pytest.raises(SetupError, match=f"Port {port} on 127.0.0.1 is taken") as refused:
            ports.require_free("127.0.0.1", port)
        assert f"--port {port + 1}" in str(refused.value)
    ports.require_free("127.0.0.1", port)


def test_a_taken_port_of_all_addresses_is_taken_on_each():
    server = socket.create_server(("0.0.0.0", 0))  # noqa: S104
    with server, pytest.raises(SetupError, match="is taken"):
        ports.require_free("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65536, 10**12])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(SetupError, match=f"{port} is no port. Choose one from 1024 to 65535"):
        ports.require_free("127.0.0.1", port)


def test_a_port_that_needs_root_is_refused_with_a_higher_one():
    refusal = ports._refusal("127.0.0.1", 80, OSError(errno.EACCES, "Permission denied"))
    assert refusal == "Port 80 needs root. Choose one from 1024 up: scripts/up --port 8000."


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_of_this_machine_is_refused(host):
    with pytest.raises(SetupError, match=r"cannot be listened on: .*Choose another --bind"):
        ports.require_free(host, ports.free_port())


class Answers(BaseHTTPRequestHandler):
    """Answers 200 to those who ask for /good by the right name."""

    def do_GET(self):
        is_good = self.path == "/good" and self.headers["Host"] == "coins.example"
        self.send_response(200 if is_good else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_server_is_up_when_it_answers_200_to_one_of_its_names():
    with web() as port:
        assert ports.answers("127.0.0.1", port, "/good", name="coins.example")
        assert not ports.answers("127.0.0.1", port, "/bad", name="coins.example")
        assert not ports.answers("127.0.0.1", port, "/good", name="other.example")
    assert not ports.answers("127.0.0.1", port, "/good", name="coins.example")


def test_a_server_that_speaks_no_http_is_not_up():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk():
            client, _ = server.accept()
            client.sendall(b"SSH-2.0-server\r\n")
            client.close()

        thread = threading.Thread(target=talk)
        thread.start()
        assert not ports.answers("127.0.0.1", server.getsockname()[1], "/", name="x")
        thread.join()
