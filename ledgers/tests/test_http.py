"""The only door to the network keeps its promises against sources that misbehave."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import (
    BlockedError,
    CollectError,
    DriftError,
    RateLimitedError,
    StatusError,
    TransportError,
)
from ledgers.collecting.http import RequestsHttp, route
from ledgers.collecting.limits import take_turn
from ledgers.tests.misbehaving import HEAD, body, say, serving

URL = "http://source.test/prices"


class Source(Collector):
    slug = "source"
    hosts = ("source.test",)
    every = timedelta(minutes=1)

    def fetch(self, http, ask):
        yield http.get(URL)

    def parse(self, payload):
        yield from payload.json()


@pytest.fixture(autouse=True)
def _quick(settings) -> None:
    settings.OMC_HTTP_DEADLINE = 1.0
    settings.OMC_HTTP_BACKOFF = 0.01
    settings.OMC_HTTP_ATTEMPTS = 3
    settings.OMC_REPLAY_URL = ""


@pytest.fixture
def ask(settings):
    """Return what asks a server of ours for the source's prices."""

    def get(base: str, url: str = URL, **params: str):
        settings.OMC_BASE_URLS = {"source": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        return RequestsHttp(Source()).get(url, **params)

    return get


def test_an_answer_comes_back_as_it_was_sent(ask) -> None:
    head = HEAD + b"Date: Wed, 18 Mar 2026 12:00:00 GMT\r\n"
    with serving(body(b'{"a": 1.10}', head)) as (base, asked):
        payload = ask(base, coin="btc")
    assert payload.body == b'{"a": 1.10}'
    assert str(payload.json()["a"]) == "1.10"
    assert payload.observed_at.isoformat() == "2026-03-18T12:00:00+00:00"
    assert asked[0].startswith(b"GET /prices?coin=btc HTTP/1.1")


def test_without_a_date_our_own_clock_counts(ask) -> None:
    with serving(body(b"{}")) as (base, _):
        payload = ask(base)
    assert payload.observed_at == payload.fetched_at


@pytest.mark.parametrize(
    ("status", "error", "times"),
    [
        ("500 Oops", TransportError, 3),
        ("503 Busy", TransportError, 3),
        ("404 Not Found", StatusError, 1),
        ("301 Moved", StatusError, 1),
        ("403 Forbidden", BlockedError, 1),
        ("451 Law", BlockedError, 1),
        ("429 Slow", RateLimitedError, 3),
    ],
)
def test_each_status_has_its_outcome_and_only_what_may_pass_is_tried_again(
    ask, status, error, times
) -> None:
    head = HEAD.replace(b"200 OK", status.encode()) + b"Location: http://127.0.0.1:1/\r\n"
    with serving(body(b"{}", head)) as (base, asked), pytest.raises(CollectError) as caught:
        ask(base)
    assert (type(caught.value), len(asked)) == (error, times)


def test_what_fails_once_and_then_works_has_worked(ask) -> None:
    busy = body(b"", HEAD.replace(b"200 OK", b"503 Busy"))
    with serving(busy, body(b"[1]")) as (base, asked):
        assert ask(base).body == b"[1]"
    assert len(asked) == 2


def test_threads_that_share_a_door_share_no_connection(settings) -> None:
    """A source that is asked to close and does not say so closes all the same, at any moment."""
    settings.OMC_HTTP_ATTEMPTS = 1
    kept = HEAD.replace(b"Connection: close\r\n", b"")
    with serving(body(b"{}", kept)) as (base, _), ThreadPoolExecutor(8) as threads:
        settings.OMC_BASE_URLS = {"source": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        settings.OMC_FETCH_THREADS = 8
        door = RequestsHttp(Source())
        answers = threads.map(lambda _: door.get(URL).body, range(300))
        assert set(answers) == {b"{}"}


def test_retry_after_is_waited_for_up_to_a_cap(ask, settings) -> None:
    settings.OMC_HTTP_MAX_PAUSE = 0.3
    slow = body(b"", HEAD.replace(b"200 OK", b"429 Slow") + b"Retry-After: 3600\r\n")
    with serving(slow, body(b"[1]")) as (base, _):
        started = time.monotonic()
        ask(base)
    assert 0.3 <= time.monotonic() - started < 1.5


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Hi", b"  <html>log in</html>"])
def test_a_page_for_people_is_a_refusal(ask, page) -> None:
    with serving(body(page)) as (base, _), pytest.raises(BlockedError, match="HTML"):
        ask(base)


def test_a_cut_body_is_no_answer(ask) -> None:
    cut = say(HEAD + b'Content-Length: 900\r\n\r\n{"a": ')
    with serving(cut) as (base, _), pytest.raises(TransportError, match="cannot be reached"):
        ask(base)


def test_cut_json_of_a_whole_body_is_drift(ask) -> None:
    with serving(body(b'{"a": ')) as (base, _):
        payload = ask(base)
    with pytest.raises(DriftError, match="no valid JSON"):
        payload.json()


@pytest.mark.parametrize("size", [11 * 2**20, 300 * 2**20])
def test_a_body_that_unpacks_to_too_much_is_dropped_on_the_way(ask, settings, size) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    settings.OMC_HTTP_DEADLINE = 20
    packed = gzip.compress(bytes(size), compresslevel=9)
    answer = body(packed, HEAD + b"Content-Encoding: gzip\r\n")
    with serving(answer) as (base, _), pytest.raises(TransportError, match="larger than"):
        ask(base)


@pytest.mark.parametrize(
    "drip",
    [
        say(HEAD + b"Content-Length: 60\r\n\r\n", *[b"x"] * 60, pause=0.2),
        say(*[b"%c" % byte for byte in HEAD + b"Content-Length: 2\r\n\r\n{}"], pause=0.2),
        say(pause=0.1),
    ],
    ids=["body", "headers", "nothing"],
)
def test_a_source_that_drips_is_left_at_the_deadline(ask, settings, drip) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    started = time.monotonic()
    with serving(drip) as (base, _):
        with pytest.raises(TransportError):
            ask(base)
        assert time.monotonic() - started < 2


def test_nothing_listens_and_the_message_names_the_host(ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransportError, match=r"source\.test cannot be reached"):
        ask(base)


def test_a_host_that_is_not_the_source_s_is_never_asked(ask) -> None:
    with serving(body(b"{}")) as (base, asked), pytest.raises(BlockedError, match=r"evil\.test"):
        ask(base, "http://evil.test/prices")
    assert not asked


def test_a_private_address_is_refused_at_connect_and_the_remedy_is_named(settings) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    with serving(body(b"{}")) as (base, asked):
        settings.OMC_BASE_URLS = {"source": base}
        with pytest.raises(TransportError, match=f"OMC_ALLOW_PRIVATE={base[7:]}"):
            RequestsHttp(Source()).get(URL)
    assert not asked


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "10.0.0.1"]
)
def test_no_form_of_a_private_address_is_connected_to(settings, host) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    settings.OMC_BASE_URLS = {"source": f"http://{host}:9"}
    with pytest.raises(TransportError, match=r"no public address|cannot be reached"):
        RequestsHttp(Source()).get(URL)


def test_an_override_and_a_replay_keep_path_and_query(settings) -> None:
    source = Source()
    assert route(f"{URL}?a=1", source) == f"{URL}?a=1"
    settings.OMC_REPLAY_URL = "http://127.0.0.1:9/"
    assert route(f"{URL}?a=1", source) == "http://127.0.0.1:9/source.test/prices?a=1"
    settings.OMC_BASE_URLS = {"source": "http://mirror.test/x/"}
    assert route(f"{URL}?a=1", source) == "http://mirror.test/x/prices?a=1"


def test_workers_share_the_budget_of_a_host() -> None:
    host, per_minute, calls = f"{time.time()}.test", 600, 20
    started = time.monotonic()
    threads = [
        threading.Thread(target=lambda: [take_turn(host, per_minute) for _ in range(calls // 4)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = (calls - per_minute / 60) / (per_minute / 60)
    assert expected * 0.9 <= time.monotonic() - started < expected + 1
