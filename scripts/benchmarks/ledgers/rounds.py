"""One round of a source with many scopes: a server on loopback that takes its time to answer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone

from benchmarks.figures import Figure, Goal
from benchmarks.measuring import cost_of, often, say
from ledgers import slots
from ledgers.collecting.collector import Ask, Collector, Http
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import collectors, register
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Ledger
from ledgers.tasks import collect

REQUESTS = 30
LATENCY = 0.2
ROUNDS = 3
EVERY = timedelta(minutes=1)
HOST = "slow.example"
FAILING = "P07"


class Slow(Collector):
    """A source that is asked once a scope."""

    slug = "bench"
    ledger = Ledger.GLASS
    every = EVERY
    hosts = (HOST,)

    def scopes(self) -> Sequence[str]:
        """Name thirty feeds."""
        return [f"P{number:02}" for number in range(REQUESTS)]

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        """Ask for one page."""
        yield http.get(f"https://{HOST}/{ask.scope}")

    def parse(self, payload: Payload) -> Iterator[QuoteRecord]:
        """Read one quote."""
        price = payload.json()["price"]
        minute = payload.observed_at.replace(second=0, microsecond=0)
        yield QuoteRecord(
            event_at=minute,
            published_at=payload.observed_at,
            source=self.slug,
            asset=payload.url.rpartition("/")[2],
            currency="AUD",
            quoted_at=payload.observed_at,
            bid=price,
            ask=price,
            last=price,
        )


class SlowHandler(BaseHTTPRequestHandler):
    """Answers after a while; one path may fail."""

    failing = ""

    def do_GET(self) -> None:  # http.server's name
        """Wait, then answer with a price, or with an error."""
        time.sleep(LATENCY)
        body = b'{"price": 1.5}'
        self.send_response(500 if self.path == f"/{self.failing}" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep stderr for people."""


@contextmanager
def slow_source() -> Iterator[None]:
    """Have the source registered, and its requests led to loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowHandler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    register(Slow)
    address = f"127.0.0.1:{server.server_port}"
    try:
        with override_settings(
            OMC_BASE_URLS={Slow.slug: f"http://{address}"}, OMC_ALLOW_PRIVATE=[address]
        ):
            yield
    finally:
        del collectors[Slow.slug]
        server.shutdown()
        server.server_close()
        thread.join()


def measure(_rows: int) -> list[Figure]:
    """Run rounds as the worker does, then one with a failing request."""
    say("round: thirty slow requests, with and without a failure")
    now = timezone.now()
    with slow_source():
        rounds = [_round(now + number * EVERY) for number in range(often(ROUNDS))]
        SlowHandler.failing = FAILING
        failed = _round(now + ROUNDS * EVERY)
        SlowHandler.failing = ""
    ideal = math.ceil(REQUESTS / settings.OMC_FETCH_THREADS) * LATENCY
    return [
        _tasks(max(len(each.slots) for each in [*rounds, failed])),
        _time(min(each.wall for each in rounds), ideal),
        _failure(failed),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The slots whose messages one dispatch sent, and how long the first one's task ran."""

    slots: list[int]
    wall: float

    @property
    def lost(self) -> int:
        """Return how many of the round's looks did not end with a stored quote."""
        runs = CollectorRun.objects.filter(slot=self.slots[0])
        return REQUESTS - runs.filter(outcome=CollectorRun.Outcome.OK, fetched=1).count()


def _round(now: datetime) -> Round:
    """Dispatch what is due, and do the source's task as a worker does."""
    sent: list[tuple[str, int]] = []
    slots.dispatch(now, lambda job, slot: sent.append((job, slot)))
    own = [slot for job, slot in sent if job == f"collect:{Slow.slug}"]
    return Round(slots=own, wall=cost_of(lambda: collect(own[0])).wall)


def _tasks(messages: int) -> Figure:
    return Figure(
        name="round.tasks",
        work=f"a round of {REQUESTS} requests to one source",
        ours=f"{messages} Celery task(s)",
        peer="1",
        value=messages,
        unit="tasks",
        goal=Goal(side="<=", limit=1),
    )


def _time(wall: float, ideal: float) -> Figure:
    return Figure(
        name="round.time",
        work=f"a round of {REQUESTS} requests of {LATENCY * 1e3:.0f} ms",
        ours=f"{wall:.2f} s",
        peer=f"{ideal:.2f} s ideal in {settings.OMC_FETCH_THREADS} threads",
        value=wall / ideal,
        goal=Goal(side="<=", limit=2),
    )


def _failure(failed: Round) -> Figure:
    return Figure(
        name="round.failing",
        work="a round in which one request fails: looks lost",
        ours=f"{failed.lost} of {REQUESTS}",
        peer="1",
        value=failed.lost,
        unit="looks",
        goal=Goal(side="<=", limit=1),
        details={"seconds": failed.wall, "attempts": settings.OMC_HTTP_ATTEMPTS},
    )
