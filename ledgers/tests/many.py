"""A source of as many scopes as a test wants, each with one number, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from ledgers.collecting.collector import Ask, Collector, Http, each
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.payload import Payload
from ledgers.collecting.runner import run_collector
from ledgers.collecting.values import decimal_of
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import CollectorRun, Ledger, Schedule, Slot
from ledgers.slots import Claim, claim
from ledgers.tests.misbehaving import Answer, body, serving

URL = "http://many.test/numbers"
MINUTE = timedelta(minutes=1)
JOB = "collect:many"


class Many(Collector):
    """A number a scope; it pages as long as the answer says so."""

    slug = "many"
    ledger = Ledger.GLASS
    every = MINUTE
    hosts = ("many.test",)

    def __init__(self, *scopes: str) -> None:
        self._scopes = scopes or ("0",)

    def scopes(self) -> Sequence[str]:
        return self._scopes

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        for page in range(3):
            answer = http.get(URL, scope=ask.scope, page=str(page))
            yield answer
            if ask.known() or answer.json()["last"]:
                return

    def parse(self, payload: Payload) -> Iterator[Any]:
        yield from each(
            payload.json()["numbers"].items(),
            lambda item: ChainMetricRecord(
                event_at=payload.observed_at,
                published_at=None,
                source="many",
                asset="BTC",
                metric=item[0],
                value=decimal_of(item[1], "number"),
                unit="",
            ),
        )


def numbers(*, last: bool = True, **values: int) -> Answer:
    """Answer a page of numbers."""
    return body(json.dumps({"numbers": values, "last": last}).encode())


def scope_of(request: bytes) -> str:
    """Return which scope was asked for."""
    return request.split(b"scope=")[1].split(b"&")[0].decode()


@contextmanager
def asked(settings, *answers: Answer) -> Iterator[list[bytes]]:
    """Serve the source, and give what it was asked."""
    settings.OMC_HTTP_ATTEMPTS, settings.OMC_HTTP_BACKOFF = 1, 0.01
    with serving(*answers) as (url, requests):
        settings.OMC_BASE_URLS = {"many": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        yield requests


def run(collector: Collector, now, claim: Claim | None = None) -> list[CollectorRun]:
    """Do one round."""
    return run_collector(collector, RequestsHttp(collector), now=now, claim=claim)


def claimed(now, *, number: int = 0) -> Claim:
    """Give the job a slot, and take it."""
    schedule, _ = Schedule.objects.get_or_create(job=JOB, defaults={"every": MINUTE})
    slot = Slot.objects.create(schedule=schedule, number=number, sent_at=now)
    held = claim(slot.pk, now)
    assert held is not None
    return held
