"""Answers of real shape, each spoilt in one way, over real HTTP on loopback."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from ledgers.collecting.replaying import Recording, Replay

DAY = timedelta(days=1)
BOMB = gzip.compress(bytes(11 * 2**20), compresslevel=9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; `skew` is how wrong the clock of the source is."""

    status: int = 200
    content_type: str
    body: bytes
    skew: timedelta = timedelta(0)
    headers: dict[str, str] = field(default_factory=dict)


Mutation = Callable[[Reply], Reply]


def whole(reply: Reply) -> Reply:
    """Leave an answer as it is."""
    return reply


def truncated(share: float) -> Mutation:
    """Keep only the first part of the body; its length is told as if that were all."""
    return lambda reply: replace(reply, body=reply.body[: int(len(reply.body) * share)])


def doubled(reply: Reply) -> Reply:
    """Say every item twice, as a page does that is served again."""
    if reply.body.lstrip()[:1] in b"[{":
        document = json.loads(reply.body, parse_float=_Verbatim)
        return replace(reply, body=json.dumps(_twice(document), default=str).encode())
    twice = re.sub(rb"(?s)(<(item|entry)[ >].*?</\2>)", rb"\1\1", reply.body)
    return replace(reply, body=twice)


def renamed(name: str) -> Mutation:
    """Give one member, or one element, another name wherever it stands."""

    def rename(reply: Reply) -> Reply:
        word = re.escape(name.encode())
        body = re.sub(rb'"%s"(\s*):' % word, rb'"%s_renamed"\1:' % name.encode(), reply.body)
        body = re.sub(rb"<(/?)%s([\s>/])" % word, rb"<\1%sRenamed\2" % name.encode(), body)
        return replace(reply, body=body)

    return rename


def names_in(body: bytes) -> list[str]:
    """Return the names of all members, or of all elements."""
    if body.lstrip()[:1] in b"[{":
        return sorted({found.decode() for found in re.findall(rb'"([\w$/.-]+)"\s*:', body)})
    return sorted({found.decode() for found in re.findall(rb"<([A-Za-z][\w:]*)[\s>/]", body)})


def says(content: bytes, content_type: str = "application/json", status: int = 200) -> Mutation:
    """Answer something else."""
    return lambda reply: replace(reply, body=content, content_type=content_type, status=status)


def skewed(skew: timedelta) -> Mutation:
    """Answer with a wrong clock."""
    return lambda reply: replace(reply, skew=skew)


def bombed(reply: Reply) -> Reply:
    """Answer a small body that unpacks to eleven megabytes."""
    return replace(reply, body=BOMB, headers={"Content-Encoding": "gzip"})


def slowed(reply: Reply) -> Reply:
    """Ask for patience."""
    return replace(reply, status=429, headers={"Retry-After": "1"})


def moved(target: str) -> Mutation:
    """Send the asker elsewhere."""
    return lambda reply: replace(reply, status=302, headers={"Location": target})


class _Verbatim(float):
    """A number that keeps its digits."""

    def __new__(cls, written: str) -> _Verbatim:
        number = super().__new__(cls, written)
        number.written = written
        return number

    written: str

    def __repr__(self) -> str:
        return self.written


def _twice(value: Any) -> Any:
    if isinstance(value, list) and not _is_row(value):
        return [_twice(one) for one in value] * 2
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return {name: _twice(part) for name, part in value.items()}
    return value


def _is_row(value: Sequence[Any]) -> bool:
    """Tell whether a list is one item, such as the fields of a candle, and not a list of items."""
    return len(value) > 1 and len({type(one) for one in value}) > 1


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host, _, rest = self.path.lstrip("/").partition("/")
        self.server.asked.append(self.path)
        now = datetime.now(UTC)  # noqa: TID251  # a server's own clock
        replay = self.server.replay
        found = replay.find(host, self.command, urlsplit(f"/{rest}"), "")
        if found is None:
            self._send(Reply(status=404, content_type="text/plain", body=b""), now)
            return
        recording, match = found
        body = recording.body(match, now=now, started_at=replay.started_at)
        reply = Reply(status=recording.status, content_type=recording.content_type, body=body)
        if self.command == "GET":  # what gives a token is not spoilt
            reply = self.server.mutation(reply)
        self._send(reply, recording.recorded_at or now)

    do_GET = do_POST = _answer  # noqa: N815  # http.server's names

    def _send(self, reply: Reply, date: datetime) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", format_datetime(date + reply.skew, usegmt=True))
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.mutation: Mutation = whole
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def spoiling(recordings: Sequence[Recording], settings: Any) -> Iterator[_Server]:
    """Send every source to a server of ours, whose `mutation` a test changes as it goes."""
    server = _Server(Replay(list(recordings)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.OMC_REPLAY_URL = f"http://127.0.0.1:{server.server_port}"
    settings.OMC_HTTP_ATTEMPTS = 1
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
