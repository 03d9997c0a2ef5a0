"""A small server that speaks the chat completions API over real HTTP on loopback, well or badly.

A script is a list of replies, served in order, the last one for ever: a `Reply` answers with
text or tool calls; the faults are ways in which endpoints are known to fail. In place of a script
a `mind` may make each reply from the request: truthful, lying, obedient.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One reply: text, or calls as (tool, arguments); or raw bytes with a status."""

    text: str | None = None
    calls: Sequence[tuple[str, Any]] = ()
    status: int = 200
    raw: bytes | None = None
    content_type: str = JSON
    encoding: str = ""
    location: str = ""
    cut: bool = False
    reset: bool = False
    drip: float = 0
    hang: float = 0
    tokens: tuple[int, int] = (100, 20)

    def body(self) -> bytes:
        """Return the bytes of the reply."""
        if self.raw is not None:
            return self.raw
        calls = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": args if isinstance(args, str) else json.dumps(args),
                },
            }
            for number, (name, args) in enumerate(self.calls)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if calls:
            message["tool_calls"] = calls
        prompt, completion = self.tokens
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        document = {"id": "1", "object": "chat.completion", "created": 1, "model": "fake"}
        return json.dumps({**document, "choices": [choice], "usage": usage}).encode()


Mind = Callable[[dict[str, Any]], Reply]


@dataclass
class FakeModel:
    """A running server: its URL, its script or mind, and the requests and keys it got."""

    url: str
    script: list[Reply] = field(default_factory=list)
    mind: Mind | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def next(self, request: dict[str, Any]) -> Reply:
        """Return the reply to a request: the mind's, or the next of the script."""
        if self.mind is not None:
            return self.mind(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def fake_model() -> Iterator[FakeModel]:
    """Serve on a free port of loopback until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    model = FakeModel(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.model = model
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model
    finally:
        model.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        """List the models to any key but a revoked one."""
        is_revoked = "revoked" in self.headers.get("Authorization", "")
        self._send(Reply(raw=b'{"data": []}', status=401 if is_revoked else 200))

    def do_POST(self) -> None:
        """Answer with the next reply of the script."""
        model: FakeModel = self.server.model
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.requests.append(asked)
        model.keys.append(self.headers.get("Authorization", ""))
        reply = model.next(asked)
        model.is_over.wait(reply.hang)
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True

    def _send(self, reply: Reply) -> None:
        if reply.reset:
            self.close_connection = True
            return
        body = reply.body()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        if reply.encoding:
            self.send_header("Content-Encoding", reply.encoding)
        if reply.location:
            self.send_header("Location", reply.location)
        self.end_headers()
        if reply.cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif reply.drip:
            self._drip(body, reply.drip)
        else:
            self.wfile.write(body)
        self.wfile.flush()

    def _drip(self, body: bytes, pause: float) -> None:
        model: FakeModel = self.server.model
        end = time.monotonic() + 30
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if model.is_over.wait(pause) or time.monotonic() > end:
                return
