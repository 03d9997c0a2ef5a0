"""A source of hourly candles that answers for the past, over real HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each, member
from ledgers.collecting.payload import Payload
from ledgers.collecting.values import epoch_of, price_of
from ledgers.glass.records import CandleRecord
from ledgers.models import Ledger
from ledgers.tests.misbehaving import HEAD, Answer, body, serving

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
URL = "http://hourly.test/candles"
PAGE = 12


class Hourly(Collector):
    """http://hourly.test: a page holds twelve hours, and says how far back the source reaches."""

    slug = "hourly"
    ledger = Ledger.GLASS
    every = HOUR
    hosts = ("hourly.test",)
    restates = False
    lag = HOUR
    backfills = True

    def scopes(self) -> Sequence[str]:
        return ("BTC", "ETH")

    def chunk(self, scope: str) -> timedelta:
        return PAGE * HOUR

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        since, until = (f"{moment.timestamp():.0f}" for moment in ends(ask.window))
        yield http.get(f"{URL}?coin={ask.scope}&since={since}&until={until}")

    def parse(self, payload: Payload) -> Iterator[Any]:
        coin = parse_qs(urlsplit(payload.url).query)["coin"][0]
        rows = member(payload.json(), "candles", list, payload.url)
        yield from each(rows, lambda row: _candle(coin, row))

    def is_empty(self, payload: Payload) -> bool:
        return "reaches" in payload.json()

    def covered(self, looked: Looked) -> Window | None:
        if not looked.events:
            return None
        return Range(min(looked.events), max(looked.events) + HOUR)


def ends(window: Window) -> tuple[datetime, datetime]:
    """Return the ends of a window that has them."""
    assert window.lower
    assert window.upper
    return window.lower, window.upper


def _candle(coin: str, row: list[Any]) -> CandleRecord:
    at, price = epoch_of(row[0], "time"), price_of(row[1], "price")
    return CandleRecord(
        event_at=at,
        published_at=at + HOUR,
        source="hourly",
        asset=coin,
        currency="USD",
        interval=3600,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), price),
    )


def asked_for(request: bytes) -> tuple[str, int, int]:
    """Return the coin of a request, and its window in hours since START."""
    query = parse_qs(urlsplit(request.split()[1].decode()).query)
    hours = [(int(query[end][0]) - START.timestamp()) / 3600 for end in ("since", "until")]
    return query["coin"][0], int(hours[0]), int(hours[1])


def candles(*, reaches: int = 0, page: int = PAGE) -> Answer:
    """Answer the asked hours from `reaches` on, at most a page of them, the oldest first."""

    def answer(connection: socket.socket, request: bytes) -> None:
        _, since, until = asked_for(request)
        hours = range(max(since, reaches), until)[:page]
        rows = [[int((START + hour * HOUR).timestamp()), f"{100 + hour}"] for hour in hours]
        content = json.dumps({"reaches": reaches, "candles": rows}).encode()
        body(content, HEAD)(connection, request)

    return answer


@contextmanager
def source(settings, *answers: Answer) -> Iterator[list[bytes]]:
    """Serve the source, and give what it was asked."""
    settings.OMC_HTTP_ATTEMPTS, settings.OMC_HTTP_BACKOFF = 1, 0.01
    with serving(*answers) as (url, requests):
        settings.OMC_BASE_URLS = {"hourly": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        yield requests
