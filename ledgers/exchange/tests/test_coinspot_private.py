"""Signed questions: one at a time per key, each with a larger nonce, and no secret anywhere."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings as configured

from ledgers.collecting.errors import (
    BlockedError,
    CollectError,
    DriftError,
    RateLimitedError,
    TransportError,
)
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.limits import connection
from ledgers.collecting.registry import collectors
from ledgers.exchange import coinspot_private
from ledgers.exchange.coinspot_private import (
    READ_ONLY,
    KeyPair,
    KeyRejectedError,
    RequestRejectedError,
    call,
)
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET, Fault, coinspot
from ledgers.exchange.tests.private import forget_redis, rises

KEYS = KeyPair(key=KEY, secret=SECRET)
STATUS = f"{READ_ONLY}/status"
ROOT = Path(__file__).resolve().parents[3]
ASK_MANY = """
import sys
import django
django.setup()
from ledgers.exchange.tests.test_coinspot_private import ask
for _ in range(int(sys.argv[1])):
    ask()
"""


@pytest.fixture(autouse=True)
def free_key():
    """Let no test find the lock or the nonce of another."""
    forget_redis()
    yield
    forget_redis()


@pytest.fixture
def venue(settings):
    with coinspot(settings) as fake:
        yield fake


def ask(url: str = STATUS, keys: KeyPair = KEYS, **values: str):
    return call(RequestsHttp(collectors["coinspot_ro"]), keys, url, **values)


def test_the_signature_is_of_the_very_bytes_and_the_body_holds_what_was_asked(venue) -> None:
    ask(f"{READ_ONLY}/my/deposits", startdate="2026-03-01")
    ((path, asked),) = venue.asked
    assert path == "/api/v2/ro/my/deposits"
    assert set(asked) == {"nonce", "startdate"}
    assert asked["startdate"] == "2026-03-01"
    assert venue.refused == []


def test_another_secret_is_refused_by_the_venue(venue) -> None:
    with pytest.raises(KeyRejectedError, match="Invalid signature"):
        ask(keys=KeyPair(key=KEY, secret="another"))


def test_twenty_threads_with_one_key_are_never_refused(venue) -> None:
    venue.delay = 0.005
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: ask(), range(60)))
    assert venue.refused == []
    assert len(venue.nonces[KEY]) == 60
    assert rises(venue.nonces[KEY])
    assert venue.most_under_way == 1


def test_two_processes_with_one_key_are_never_refused(venue, settings) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "omc_project.settings",
        "REDIS_URL": configured.REDIS_URL,
        "OMC_COINSPOT_RO_BASE_URL": venue.url,
        "OMC_ALLOW_PRIVATE": ",".join(settings.OMC_ALLOW_PRIVATE),
    }
    command = [sys.executable, "-c", ASK_MANY, "25"]
    both = [subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert venue.refused == []
    assert len(venue.nonces[KEY]) == 50
    assert rises(venue.nonces[KEY])
    assert venue.most_under_way == 1


def test_two_keys_do_not_wait_for_each_other(venue) -> None:
    venue.secrets["other"] = SECRET
    venue.delay = 0.3
    with ThreadPoolExecutor(2) as pool:
        other = KeyPair(key="other", secret=SECRET)
        list(pool.map(lambda keys: ask(keys=keys), [KEYS, other]))
    assert venue.most_under_way == 2


def test_a_nonce_is_the_time_and_goes_on_when_redis_forgets(venue) -> None:
    ask()
    forget_redis()
    ask()
    first, second = venue.nonces[KEY]
    assert 0 < second - first < 60_000
    assert len(str(first)) == 13


def test_a_nonce_in_the_future_is_still_followed_by_a_larger_one(venue) -> None:
    ask()
    (name,) = connection().scan_iter("omc:coinspot:*:nonce")
    ahead = int(connection().get(name)) + 10**9
    connection().set(name, ahead)
    ask()
    assert venue.nonces[KEY][-1] == ahead + 1


def test_a_key_that_hangs_elsewhere_is_told(venue, settings, monkeypatch) -> None:
    settings.OMC_HTTP_DEADLINE = settings.OMC_HTTP_CONNECT_TIMEOUT = 0.05
    monkeypatch.setattr(coinspot_private, "TURN", 0.05)
    lock = connection().lock(f"omc:coinspot:{KEYS.fingerprint}:lock", timeout=30)
    with lock, pytest.raises(TransportError, match="key was in use"):
        ask()
    assert venue.asked == []


def test_an_answer_that_outlives_its_lock_is_used_and_told(venue, caplog) -> None:
    class Slow(RequestsHttp):
        def post(self, url, body, headers):
            connection().delete(f"omc:coinspot:{KEYS.fingerprint}:lock")
            return super().post(url, body, headers)

    assert call(Slow(collectors["coinspot_ro"]), KEYS, STATUS).json()["status"] == "ok"
    assert "outlived its lock" in caplog.text


def error(message: str, status: str = "error") -> bytes:
    return json.dumps({"status": status, "message": message}).encode()


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (Fault(body=error("Invalid key")), KeyRejectedError, "Invalid key"),
        (Fault(body=b'{"status":"invalid"}'), KeyRejectedError, "invalid: no reason"),
        (Fault(body=b'{"status":"no nonce"}'), BlockedError, "key of its own|one of its own"),
        (Fault(body=error("Too many requests")), RateLimitedError, "Too many"),
        (Fault(body=error("Out for lunch")), TransportError, "Out for lunch"),
        (Fault(body=b'{"balances": []}'), TransportError, "neither data nor an error"),
        (Fault(body=b"[1]"), TransportError, "neither data nor an error"),
        (Fault(body=b'{"status"'), DriftError, "no valid JSON"),
        (Fault(status=400, body=error("Invalid nonce")), BlockedError, "Another program"),
        (Fault(status=400, body=error("Bad date")), RequestRejectedError, "Bad date"),
        (Fault(status=401, body=error("No")), KeyRejectedError, "No"),
        (Fault(status=403, body=error("IP not listed")), KeyRejectedError, "IP not listed"),
        (Fault(status=403, body=b"<html>", content_type="text/html"), BlockedError, "403"),
        (Fault(status=401, body=b""), BlockedError, "401"),
        (Fault(body=b"<!DOCTYPE html>", content_type="text/html"), BlockedError, "HTML"),
        (Fault(status=404, body=b"gone"), CollectError, "404"),
        (Fault(status=429, body=error("slow")), RateLimitedError, "429"),
        (Fault(status=500, body=error("oops")), TransportError, "500"),
        (Fault(body=None), TransportError, "cannot be reached"),
    ],
)
def test_every_refusal_is_told_apart_and_asked_once(venue, fault, kind, says) -> None:
    venue.faults["/status"] = [fault]
    with pytest.raises(kind, match=says) as caught:
        ask()
    is_of_the_key = isinstance(caught.value, KeyRejectedError)
    assert is_of_the_key == (kind is KeyRejectedError)
    assert len(venue.asked) == 1
    ask()
    assert rises(venue.nonces[KEY])


def test_a_reused_nonce_is_told(venue) -> None:
    venue.nonces[KEY].append(10**15)
    with pytest.raises(BlockedError, match="Another program uses the same key"):
        ask()


@pytest.mark.parametrize("status", [200, 400, 401])
def test_what_the_venue_repeats_of_the_key_is_taken_out(venue, status) -> None:
    venue.faults["/status"] = [Fault(status=status, body=error(f"bad {KEY} and {SECRET}" * 9))]
    with pytest.raises(CollectError) as caught:
        ask()
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_no_secret_in_logs_reprs_and_redis(venue, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    ask()
    with pytest.raises(CollectError) as caught:
        ask(keys=KeyPair(key=KEY, secret="another-secret-of-mine"))
    kept = b" ".join(
        name + (connection().get(name) or b"") for name in connection().scan_iter("omc:*nonce")
    ).decode()
    assert kept
    nonces = [str(nonce) for nonce in venue.nonces[KEY]]
    for text in (caplog.text, repr(KEYS), str(caught.value), repr(caught.value), kept):
        for secret in (KEY, SECRET, "another-secret-of-mine"):
            assert secret not in text
    assert not any(nonce in caplog.text for nonce in nonces)
