"""A source on loopback that does one thing wrong, over real HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
Answer = Callable[[socket.socket, bytes], None]
"""Takes the connection and what was asked."""


def say(*parts: bytes, pause: float = 0) -> Answer:
    """Answer these bytes, with a pause after each part."""

    def answer(connection: socket.socket, request: bytes) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return answer


def body(content: bytes, head: bytes = HEAD) -> Answer:
    """Answer a whole body."""
    return say(head + b"Content-Length: %d\r\n\r\n" % len(content) + content)


@contextmanager
def serving(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """Serve the answers one after another, the last for ever; give the URL and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, answers, asked, ended), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            ended.set()
            thread.join()


def _serve(server, answers, asked: list[bytes], ended: threading.Event) -> None:
    threads: list[threading.Thread] = []
    while not ended.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        answer = answers[min(len(threads), len(answers) - 1)]
        threads.append(threading.Thread(target=_talk, args=(connection, answer, asked)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _talk(connection: socket.socket, answer: Answer, asked: list[bytes]) -> None:
    with connection:
        try:
            connection.settimeout(5)
            request = connection.recv(65536)
            if request:  # else the client was killed before it could ask
                asked.append(request)
                answer(connection, request)
        except OSError:
            pass  # the client has had enough, which is what some tests are about
