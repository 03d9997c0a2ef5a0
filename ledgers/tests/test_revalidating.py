"""A source that revalidates is asked only for what has changed, and misses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledgers.collecting import revalidating
from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import BlockedError, StatusError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.limits import connection
from ledgers.human.models import Article
from ledgers.tests.misbehaving import say, serving
from ledgers.tests.redis_keys import forget
from ledgers.tests.sources import collect, only

URL = "http://source.test/feed"
FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><item><title>Bitcoin rises</title>'
    b"<link>https://example.org/1</link><guid>1</guid>"
    b"<pubDate>Wed, 18 Mar 2026 09:00:00 GMT</pubDate></item></channel></rss>"
)


class Source(Collector):
    slug = "source"
    hosts = ("source.test",)
    every = timedelta(minutes=1)
    revalidates = True

    def fetch(self, http, ask):
        yield http.get(URL)

    def parse(self, payload):
        yield from payload.json()


def whole(content: bytes, *validators: bytes, kind: bytes = b"application/xml"):
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: " + kind, *validators]
    lines += [b"Content-Length: %d" % len(content), b"Connection: close", b"", content]
    return say(b"\r\n".join(lines))


def unchanged(date: bytes = b"Wed, 18 Mar 2026 10:00:00 GMT"):
    return say(b"HTTP/1.1 304 Not Modified\r\nDate: " + date + b"\r\nConnection: close\r\n\r\n")


ETAG = b'ETag: "v1"'
SINCE = b"Last-Modified: Wed, 18 Mar 2026 08:00:00 GMT"


@pytest.fixture(autouse=True)
def _forget(settings) -> None:
    settings.OMC_HTTP_ATTEMPTS = 1
    forget("omc:answer:*")


@pytest.fixture
def ask(settings):
    def get(base: str, source: Collector | None = None, **params: str):
        settings.OMC_BASE_URLS = {"source": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        return RequestsHttp(source or Source()).get(URL, **params)

    return get


def test_the_second_time_it_is_asked_whether_the_first_answer_still_holds(ask) -> None:
    with serving(whole(b"first", ETAG, SINCE), unchanged()) as (base, asked):
        first, again = ask(base), ask(base)
    assert b"If-None-Match" not in asked[0]
    assert b'If-None-Match: "v1"' in asked[1]
    assert b"If-Modified-Since: Wed, 18 Mar 2026 08:00:00 GMT" in asked[1]
    assert (again.body, again.status, again.content_type) == (b"first", 200, "application/xml")
    assert again.sha256 == first.sha256
    assert again.observed_at.hour == 10


def test_a_changed_answer_takes_the_place_of_the_first(ask) -> None:
    with serving(whole(b"1", ETAG), whole(b"2", b'ETag: "v2"'), unchanged()) as (base, asked):
        bodies = [ask(base).body for _ in range(3)]
    assert bodies == [b"1", b"2", b"2"]
    assert b'"v2"' in asked[2]


def test_an_answer_without_validators_is_asked_for_whole(ask) -> None:
    with serving(whole(b"1", ETAG), whole(b"2"), whole(b"3")) as (base, asked):
        bodies = [ask(base).body for _ in range(3)]
    assert bodies == [b"1", b"2", b"3"]
    assert b"If-None-Match" not in asked[2]


def test_other_parameters_are_another_request(ask) -> None:
    with serving(whole(b"1", ETAG), whole(b"2", ETAG)) as (base, asked):
        ask(base, page="1")
        ask(base, page="2")
    assert b"If-None-Match" not in asked[1]


def test_what_redis_forgets_is_asked_for_whole(ask) -> None:
    with serving(whole(b"1", ETAG), whole(b"1", ETAG)) as (base, asked):
        ask(base)
        connection().flushdb()
        ask(base)
    assert b"If-None-Match" not in asked[1]


def test_an_unasked_for_304_is_no_answer(ask) -> None:
    with serving(unchanged()) as (base, _), pytest.raises(StatusError, match="304"):
        ask(base)


def test_a_page_for_people_is_not_remembered(ask) -> None:
    page = whole(b"<html>wait</html>", ETAG, kind=b"text/html")
    with serving(page, whole(b"1", ETAG)) as (base, asked):
        with pytest.raises(BlockedError):
            ask(base)
        ask(base)
    assert b"If-None-Match" not in asked[1]


def test_what_is_too_large_is_not_remembered(ask, monkeypatch) -> None:
    monkeypatch.setattr(revalidating, "MAX_BYTES", 3)
    with serving(whole(b"four", ETAG), whole(b"four", ETAG)) as (base, asked):
        ask(base)
        ask(base)
    assert b"If-None-Match" not in asked[1]


def test_a_source_that_does_not_revalidate_is_asked_for_everything(ask) -> None:
    class Plain(Source):
        slug = "source"
        revalidates = False

    with serving(whole(b"1", ETAG), whole(b"1", ETAG)) as (base, asked):
        ask(base, Plain())
        ask(base, Plain())
    assert b"If-None-Match" not in asked[1]


@pytest.mark.usefixtures("ledger")
def test_an_unchanged_feed_is_fresh_and_brings_no_row(settings) -> None:
    settings.OMC_RSS_FEEDS = ["gazette=https://example.org/feed"]
    with serving(whole(FEED, ETAG), unchanged()) as (base, _):
        settings.OMC_BASE_URLS = {"rss": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        first, again = only(collect("rss")), only(collect("rss"))
    assert (first.outcome, first.new) == ("ok", 1)
    assert (again.outcome, again.new, again.duplicate) == ("ok", 0, 1)
    assert Article.objects.count() == 1
