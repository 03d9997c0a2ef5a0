"""What can go wrong with a source, over real HTTP: one alert a cause, in time, over by itself.

The names are the rows of the catalogue of upstream faults. What only delays or repeats rows (late
and doubled ones, odd characters, tombstones) is no fault of which anybody is told.
"""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from ledgers.collecting.collector import Collector, each
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import feed_of
from ledgers.collecting.rss import entries_of
from ledgers.collecting.runner import run_collector
from ledgers.collecting.values import epoch_of, price_of
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Ledger
from ledgers.tests.misbehaving import HEAD, Answer, body, say, serving
from quality.models import Alert, AlertEvent
from quality.services import run_check
from quality.tests.factories import DAY, MINUTE, covered, make_collector

pytestmark = pytest.mark.usefixtures("ledger")
WATCHING = (
    "freshness.glass",
    "completeness.glass",
    "completeness.silent",
    "consistency.clocks",
    "consistency.future",
    "consistency.rejects",
)
"""The checks that hear of a source; the others are quiet in the test of a healthy hour."""
ITEMS = 40


class Prices(Collector):
    """https://prices.test/docs"""

    slug = "prices"
    ledger = Ledger.GLASS
    every = 5 * MINUTE
    hosts = ("prices.test",)
    requests_per_minute = 1_000_000

    def fetch(self, http, ask):
        yield http.get("https://prices.test/all")

    def parse(self, payload):
        if payload.body.lstrip().startswith(b"<"):
            entries_of(payload)
        yield from each(payload.json(), _quote)


def _quote(item: dict[str, Any]) -> QuoteRecord:
    at = epoch_of(item["at"], "at")
    return QuoteRecord(
        event_at=at.replace(second=0, microsecond=0),
        published_at=at,
        source="prices",
        asset=item["asset"],
        currency="AUD",
        quoted_at=at,
        bid=None,
        ask=None,
        last=price_of(item["price"], "price"),
    )


def items(*, bad: int = 0, **wrong: Any) -> list[dict[str, Any]]:
    """Return what a healthy source tells now, with values that are wrong in the first items."""
    at = int(timezone.now().timestamp())
    told = [{"asset": f"C{n}", "price": "100.5", "at": at} for n in range(ITEMS)]
    return [item | (wrong if n < bad else {}) for n, item in enumerate(told)]


def status(line: str, *, more: bytes = b"", content: bytes = b"{}") -> Answer:
    return body(content, HEAD.replace(b"200 OK", line.encode()) + more)


def told(**wrong: Any) -> Answer:
    return body(json.dumps(items(**wrong)).encode())


def renamed() -> Answer:
    return body(json.dumps([{"symbol": one["asset"]} for one in items()]).encode())


def bomb() -> Answer:
    packed = gzip.compress(b"0" * 3_000_000)
    return body(packed, HEAD + b"Content-Encoding: gzip\r\n")


XML = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>
<rss version="2.0"><channel><item><title>&b;</title></item></channel></rss>"""
AWAY = b"Location: http://127.0.0.1:1/\r\n"
AT_ONCE, TWICE = 1, 2
"""Looks after which it is told: what asking again does not mend, and what may pass."""
HANGS = say(HEAD + b"Content-Length: 9\r\n\r\n", b"[", pause=0.4)
FAULTS: dict[str, tuple[Answer, int]] = {
    "U1 it asks us to slow down": (status("429 Slow", more=b"Retry-After: 1\r\n"), TWICE),
    "U2 it refuses us": (status("403 Forbidden", content=b"<html>Threshold</html>"), AT_ONCE),
    "U3 it is broken": (status("502 Bad"), TWICE),
    "U3 it ends in the middle": (say(HEAD + b"Content-Length: 900\r\n\r\n["), TWICE),
    "U4 it hangs": (HANGS, TWICE),
    "U5 it shows a page for people": (body(b"<!doctype html><p>Log in"), AT_ONCE),
    "U6 it is empty": (body(b"[]"), AT_ONCE),
    "U7 it renamed its fields": (renamed(), AT_ONCE),
    "U15 it unpacks to too much": (bomb(), TWICE),
    "U16 it is an XML bomb": (body(XML, HEAD.replace(b"json", b"xml")), AT_ONCE),
    "U17 it leads to an internal address": (status("302 Found", more=AWAY), TWICE),
}
BAD: dict[str, dict[str, Any]] = {
    "U7 a field changed its type": {"price": {"aud": "1"}},
    "U11 moments are far in the future": {"at": 99_999_999_999},
    "U11 moments are in milliseconds": {"at": 1_790_000_000_000},
    "U12 prices are no numbers": {"price": "NaN"},
    "U12 prices are negative": {"price": "-1"},
}
FAULTS |= {name: (told(bad=5, **wrong), AT_ONCE) for name, wrong in BAD.items()}


class House:
    """An installation of one source that lives and one that may fail, at a minute of its life."""

    def __init__(self, settings, clock) -> None:
        self.settings, self.clock = settings, clock

    def look(self, answer: Answer) -> CollectorRun:
        """Let a minute pass, and look at the source; one that hangs is not waited for."""
        self.clock.tick(MINUTE)
        self.settings.OMC_HTTP_DEADLINE = 0.3 if answer is HANGS else 20
        with serving(answer) as (url, _):
            return self.look_at(url)

    def look_at(self, url: str) -> CollectorRun:
        self.settings.OMC_REPLAY_URL = url
        collector = Prices()
        (run,) = run_collector(collector, RequestsHttp(collector), now=self.clock.now)
        return run

    def check(self) -> list[tuple[str, str]]:
        """Run the checks, and return what stands."""
        for name in WATCHING:
            run_check(name, self.clock.now)
        return [(one.subject, one.get_level_display()) for one in Alert.objects.standing()]


@pytest.fixture
def house(sources, settings, clock):
    settings.OMC_HTTP_ATTEMPTS, settings.OMC_HTTP_MAX_BYTES = 1, 1_000_000
    living = make_collector("living", Ledger.GLASS, every=DAY)
    sources(Prices(), living)
    made = House(settings, clock)
    for one in (living, Prices()):
        covered(feed_of(one, ""), clock.now, width=DAY)
    assert made.look(told()).outcome == "ok"
    assert made.check() == []
    return made


@pytest.mark.parametrize(("answer", "looks"), FAULTS.values(), ids=FAULTS)
def test_a_source_that_fails_is_one_alert_from_its_first_minutes_to_its_end(
    house, answer, looks
) -> None:
    for _ in range(looks - 1):
        assert house.look(answer).outcome not in ("ok", "empty", "partial")
        assert house.check() == []
    assert house.look(answer).outcome not in ("ok", "empty", "partial")
    assert house.check() == [("prices", "warning")]
    house.clock.tick(20 * MINUTE)
    assert house.check() == [("prices", "error")]
    assert house.look(told()).outcome == "ok"
    assert house.check() == []
    kinds = [event.kind for event in AlertEvent.objects.order_by("pk")]
    assert kinds == ["opened", "escalated", "resolved"]


@pytest.mark.parametrize("wrong", BAD.values(), ids=BAD)
def test_one_item_of_forty_that_cannot_be_used_is_kept_apart_and_wakes_nobody(house, wrong) -> None:
    run = house.look(told(bad=1, **wrong))
    assert (run.outcome, run.rejected) == ("partial", 1)
    assert house.check() == []


def test_u18_a_certificate_that_nobody_vouches_for_is_one_alert(house, tmp_path) -> None:
    with secure(tmp_path) as url:
        for standing in ([], [("prices", "warning")]):
            house.clock.tick(MINUTE)
            run = house.look_at(url)
            assert run.outcome == "transport"
            assert house.check() == standing
    assert house.look(told()).outcome == "ok"
    assert house.check() == []
    assert Alert.objects.count() == 1


@contextmanager
def secure(folder) -> Iterator[str]:
    """Serve over TLS, with a certificate of our own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "own.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.handle_error = lambda *_: None  # a client that left
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_told_twice_or_late_or_oddly_written_is_no_fault(house) -> None:
    """U8, U9, U14: rows again, rows of yesterday, and characters that do not show."""
    for wrong in ({}, {"at": int((timezone.now() - DAY).timestamp())}, {"asset": "\u202eC\ufe0f"}):
        assert house.look(told(bad=ITEMS, **wrong)).outcome == "ok"
        assert house.check() == []
