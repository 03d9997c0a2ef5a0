"""A replay server: recorded answers of real sources, served unchanged over real HTTP.

A folder holds a `ROUTES.tsv` (host, method, path, status, content_type, recorded_at, file, note)
and the files it names. A request for `/<host>/<path>?<query>` is answered by the most specific
route whose query is part of the request's, with the recording time as `Date`: a source without
timestamps takes its event time from there, so the same recording gives the same facts.

Per route the newest recording is served, or with `in_sequence` the oldest first, one a request.
Rows whose path is in parentheses are faults, served for the header `X-OMC-Fault: <status>`. Rows
noted `template`, perhaps with values for it (`template price=100.0`), are written anew for each
request: see `ledgers.collecting.templates`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from fnmatch import translate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ledgers.collecting.templates import Moment, render

SHIPPED = Path(__file__).resolve().parent.parent / "payloads"
NOT_FOUND = 404
FAULT_HEADER = "X-OMC-Fault"
Query = frozenset[tuple[str, str]]


class ReplayError(Exception):
    """The payloads cannot be served; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded answer, and the requests it answers."""

    host: str
    method: str
    path: str
    query: Query
    status: int
    content_type: str
    recorded_at: datetime | None
    file: Path
    note: str

    @property
    def route(self) -> tuple[str, str, str, Query]:
        """Return what recordings of the same request share."""
        return self.host, self.method, self.path, self.query

    @property
    def rank(self) -> tuple[bool, datetime]:
        """Return what orders recordings of one route: edge cases first, then by time."""
        return self.note != "edge", self.recorded_at or datetime.min.replace(tzinfo=UTC)

    @property
    def is_template(self) -> bool:
        """Tell whether the file is written anew for each request."""
        return self.note.partition(" ")[0] == "template"

    @property
    def values(self) -> dict[str, str]:
        """Return the values that the route gives to its template."""
        return dict(word.split("=", 1) for word in self.note.split()[1:] if "=" in word)

    def body(self, match: str, *, now: datetime, started_at: datetime) -> bytes:
        """Return the answer's body, written for this moment if it is a template."""
        body = self.file.read_bytes()
        if not self.is_template:
            return body
        moment = Moment(now=now, started_at=started_at, match=match, values=self.values)
        return render(body.decode(), moment).encode()

    def answers(self, method: str, url: SplitResult) -> str | None:
        """Return what the path's `*` stands for if the request is answered, else None."""
        asked = frozenset(parse_qsl(url.query, keep_blank_values=True))
        if self.method != method or not self.query <= asked:
            return None
        found = re.fullmatch(translate(self.path).replace(".*", "(.*)"), url.path)
        return None if found is None else (found.group(1) if found.groups() else "")


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # a server's own clock


@dataclass(slots=True)
class Replay:
    """The recordings of one folder, and how far each route has got."""

    recordings: list[Recording]
    in_sequence: bool = False
    clock: Callable[[], datetime] = _clock
    started_at: datetime = field(init=False)
    _next: dict[Any, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.started_at = self.clock()

    def find(
        self, host: str, method: str, url: SplitResult, fault: str
    ) -> tuple[Recording, str] | None:
        """Return the recording that answers a request, with what its `*` stands for."""
        own = [recording for recording in self.recordings if recording.host == host]
        if fault:
            faults = [r for r in own if r.path.startswith("(") and str(r.status) == fault]
            return (faults[0], "") if faults else None
        matches = [(r, found) for r in own if (found := r.answers(method, url)) is not None]
        if not matches:
            return None
        best = max((len(r.query), "*" not in r.path) for r, _ in matches)
        same = [m for m in matches if (len(m[0].query), "*" not in m[0].path) == best]
        return self._turn([m for m in same if m[0].route == same[0][0].route])

    def _turn(self, matches: list[tuple[Recording, str]]) -> tuple[Recording, str]:
        """Choose among the recordings of one route."""
        usual = [match for match in matches if match[0].note != "edge"] or matches
        ordered = sorted(usual, key=lambda match: match[0].rank)
        if not self.in_sequence:
            return ordered[-1]
        with self._lock:
            place = self._next.get(ordered[0][0].route, 0)
            self._next[ordered[0][0].route] = place + 1
        return ordered[min(place, len(ordered) - 1)]


def load(folder: Path) -> list[Recording]:
    """Read a folder's ROUTES.tsv, or raise `ReplayError`."""
    routes = folder / "ROUTES.tsv"
    try:
        with routes.open(newline="") as lines:
            return [_recording(folder, row) for row in csv.DictReader(lines, delimiter="\t")]
    except OSError as error:
        raise ReplayError(f"{routes} cannot be read: {error.strerror}.") from error
    except (KeyError, ValueError, TypeError) as error:
        raise ReplayError(f"{routes} is not a table of routes: {error!r}.") from error


def _recording(folder: Path, row: dict[str, str]) -> Recording:
    path, _, query = row["path"].partition("?")
    when = row["recorded_at"]
    return Recording(
        host=row["host"],
        method=row["method"],
        path=path,
        query=frozenset(parse_qsl(query, keep_blank_values=True)),
        status=int(row["status"]),
        content_type=row["content_type"],
        recorded_at=datetime.fromisoformat(when) if when else None,
        file=folder / row["file"],
        note=row["note"] or "",
    )


class _Handler(BaseHTTPRequestHandler):
    """Answer one request from the server's replay."""

    server: ReplayServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def _answer(self) -> None:
        """Find, render and send."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host, _, rest = self.path.lstrip("/").partition("/")
        url = urlsplit(f"/{rest}")
        fault = self.headers.get(FAULT_HEADER, "")
        found = self.server.replay.find(host, self.command, url, fault)
        now = self.server.replay.clock()
        if found is None:
            problem = {"error": "no recording", "host": host, "path": url.path, "query": url.query}
            self._send(NOT_FOUND, "application/json", json.dumps(problem).encode(), now)
            return
        recording, match = found
        body = recording.body(match, now=now, started_at=self.server.replay.started_at)
        self._send(recording.status, recording.content_type, body, recording.recorded_at or now)

    do_GET = do_POST = _answer  # noqa: N815  # http.server's names

    def _send(self, status: int, content_type: str, body: bytes, date: datetime) -> None:
        self.send_response_only(status)
        self.send_header("Date", format_datetime(date.astimezone(UTC), usegmt=True))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a replay server's log would drown the others."""


class ReplayServer(ThreadingHTTPServer):
    """The replay server, on loopback only; port 0 takes any free one."""

    daemon_threads = True

    def __init__(self, replay: Replay, port: int = 0) -> None:
        self.replay = replay
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Return the address to put into OMC_REPLAY_URL."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def replaying(
    recordings: Iterable[Recording],
    *,
    in_sequence: bool = False,
    clock: Callable[[], datetime] = _clock,
) -> Iterator[str]:
    """Serve recordings while the block runs, and give their address; `clock` tells its time."""
    server = ReplayServer(Replay(list(recordings), in_sequence=in_sequence, clock=clock))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
