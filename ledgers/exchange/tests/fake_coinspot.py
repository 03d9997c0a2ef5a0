"""A CoinSpot on loopback that checks keys, signatures and nonces, and can misbehave."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledgers.tests.mutating import Mutation, Reply, whole

KEY, SECRET = "k3y0000000000000000000000000abcd", "SECRETSECRETSECRETSECRETSECRET-wxyz"
RO, FULL = "/api/v2/ro", "/api/v2"
LISTS: dict[str, tuple[str, ...]] = {
    "/my/balances": ("balances",),
    "/my/orders/completed": ("buyorders", "sellorders"),
    "/my/orders/market/completed": ("buyorders", "sellorders"),
    "/my/orders/market/open": ("buyorders", "sellorders"),
    "/my/orders/limit/open": ("buyorders", "sellorders"),
    "/my/sendreceive": ("sendtransactions", "receivetransactions"),
    "/my/deposits": ("deposits",),
    "/my/withdrawals": ("withdrawals",),
    "/my/affiliatepayments": ("payments",),
    "/my/referralpayments": ("payments",),
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """What the next answer to a path is instead: a status and body, or none at all."""

    status: int = 200
    body: bytes | None = b""
    content_type: str = "application/json"

    def reply(self) -> Reply:
        """Return it as an answer."""
        return Reply(status=self.status, content_type=self.content_type, body=self.body or b"")


@dataclass(slots=True, kw_only=True)
class FakeCoinSpot:
    """Accounts by key, what they hold, and everything that was asked; `asked` counts paths."""

    secrets: dict[str, str] = field(default_factory=lambda: {KEY: SECRET})
    full: set[str] = field(default_factory=set)
    rows: dict[tuple[str, str], dict[str, list[Any]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    mutation: Mutation = whole
    delay: float = 0
    now: datetime | None = None
    is_dated: bool = True
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    nonces: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def tell(self, path: str, *, key: str = KEY, **lists: list[Any]) -> None:
        """Say what the answer to a path and key holds from now on."""
        self.rows[key, path].update(lists)

    def dated(self, skew: timedelta) -> dict[str, str]:
        """Return the header that says when it is, if this venue sends one."""
        date = self.now or datetime.now(UTC)  # noqa: TID251  # a server's own clock
        return {"Date": format_datetime(date + skew, usegmt=True)} if self.is_dated else {}

    def paths(self) -> list[str]:
        """Return what was asked, in order."""
        return [path for path, _ in self.asked]

    def judge(self, path: str, key: str, sign: str, body: bytes) -> tuple[int, Any]:
        """Answer one request as the venue would."""
        if problem := self._problem(path, key, sign, body):
            return problem
        if path == f"{FULL}/status" and key not in self.full:
            return 401, {"status": "error", "message": "Invalid API key permissions"}
        if path in (f"{FULL}/status", f"{RO}/status"):
            return 200, {"status": "ok", "message": "ok"}
        own, asked = path.removeprefix(RO), json.loads(body)
        told = self.rows[key, own]
        found = {name: self._within(told.get(name, []), asked) for name in LISTS[own]}
        return 200, {"status": "ok", "message": "ok", **found}

    def _problem(self, path: str, key: str, sign: str, body: bytes) -> tuple[int, Any] | None:
        """Say what is wrong with key, signature or nonce; note the question if nothing is."""
        secret = self.secrets.get(key)
        if secret is None:
            return self._refuse(401, "Invalid key")
        right = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        if not hmac.compare_digest(right, sign):
            return self._refuse(401, "Invalid signature")
        asked = json.loads(body)
        with self.lock:
            if self.nonces[key] and asked["nonce"] <= self.nonces[key][-1]:
                return self._refuse(400, "Invalid nonce")
            self.nonces[key].append(asked["nonce"])
            self.asked.append((path, asked))
        return None

    def _refuse(self, status: int, message: str) -> tuple[int, Any]:
        self.refused.append(message)
        return status, {"status": "error", "message": message}

    def _within(self, rows: list[Any], asked: dict[str, Any]) -> list[Any]:
        """Keep what lies in the days that were asked for, the newest if there are too many."""
        since, until = asked.get("startdate", ""), asked.get("enddate", "9")
        kept = [row for row in rows if not _day(row) or since <= _day(row) <= until]
        return kept[-int(asked.get("limit", 200)) :]


def _day(row: Any) -> str:
    names = ("solddate", "created", "timestamp")
    return next((row[name][:10] for name in names if isinstance(row, dict) and name in row), "")


@contextmanager
def coinspot(settings: Any, fake: FakeCoinSpot | None = None) -> Iterator[FakeCoinSpot]:
    """Serve a CoinSpot, and have the collector ask it instead of the real one."""
    fake = fake or FakeCoinSpot()
    server = _server(fake)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    settings.OMC_BASE_URLS = {"coinspot_ro": fake.url}
    settings.OMC_ALLOW_PRIVATE = [fake.url.removeprefix("http://")]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _reply(status: int, answer: Any) -> Reply:
    body = json.dumps(answer).encode()
    return Reply(status=status, content_type="application/json", body=body)


def _server(fake: FakeCoinSpot) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with fake.lock:
                fake.under_way += 1
                fake.most_under_way = max(fake.most_under_way, fake.under_way)
            try:
                time.sleep(fake.delay)
                self._answer(body)
            finally:
                with fake.lock:
                    fake.under_way -= 1

        def _answer(self, body: bytes) -> None:
            faults = fake.faults[self.path.removeprefix(RO)]
            key, sign = self.headers.get("key", ""), self.headers.get("sign", "")
            status, answer = fake.judge(self.path, key, sign, body)
            fault = faults.pop(0) if faults else None
            if fault and fault.body is None:
                self.close_connection = True
                return
            reply = fault.reply() if fault else _reply(status, answer)
            self._send(fake.mutation(reply))

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in {**fake.dated(reply.skew), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
