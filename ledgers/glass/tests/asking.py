"""What a collector asks for, seen from a source on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Collector, Looked
from ledgers.collecting.http import RequestsHttp
from ledgers.tests.misbehaving import Answer, body, serving
from ledgers.tests.sources import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def live(scope: str, every: timedelta = HOUR) -> Ask:
    return Ask(scope=scope, window=Range(NOW, NOW + every), now=NOW)


def back(scope: str, since: datetime, until: datetime) -> Ask:
    return Ask(scope=scope, window=Range(since, until), now=NOW, is_backfill=True)


def seen(ask: Ask, *events: datetime) -> Looked:
    return Looked(ask=ask, observed_at=NOW, covered_until=None, overlaps=False, events=events)


@contextmanager
def source(collector: Collector, settings, *answers: Answer) -> Iterator[list[bytes]]:
    """Send a collector's requests to these answers, and give what it asked."""
    with serving(*answers) as (url, asked):
        settings.OMC_BASE_URLS = {collector.slug: url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        settings.OMC_HTTP_ATTEMPTS = 1
        yield asked


def requested(collector: Collector, ask: Ask, settings) -> list[str]:
    """Return the paths and queries of the requests of one look."""
    with source(collector, settings, body(b"[]")) as asked:
        list(collector.fetch(RequestsHttp(collector), ask))
    return [request.split()[1].decode() for request in asked]
