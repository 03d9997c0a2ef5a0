"""Each edge case of the sources, and its outcome by name.

The bodies are ours, in the shape of the recorded ones; the recordings of the same cases are read
too, where they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ledgers.catalyst.models import Event
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.needs import variable_of
from ledgers.collecting.registry import collectors
from ledgers.collecting.reporting import COMPLETE
from ledgers.collecting.runner import run_collector
from ledgers.coverage import Presence, look
from ledgers.glass.models import Candle, Quote
from ledgers.human.models import Article, Post
from ledgers.models import CollectorRun, RejectedRecord
from ledgers.reading import pair
from ledgers.tests.edges import EDGES, Edge, told
from ledgers.tests.misbehaving import serving
from ledgers.tests.sources import NOW, SAMPLES

pytestmark = pytest.mark.usefixtures("ledger")
Outcome = CollectorRun.Outcome


def collect(settings: Any, edge: Edge, *bodies: bytes) -> list[CollectorRun]:
    """Let the source of an edge case answer it, once for each body."""
    collector = collectors[edge.slug]
    settings.OMC_HTTP_ATTEMPTS = 1
    settings.OMC_SOURCE_KEYS = {variable_of(collector, need.name): "k" for need in collector.needs}
    scope = collector.scopes()[0] if edge.scope is None else edge.scope
    head = (
        f"HTTP/1.1 {edge.status} X\r\nContent-Type: {edge.kind}\r\nConnection: close\r\n".encode()
    )

    def answer(content: bytes) -> Any:
        def say(connection: Any, request: bytes) -> None:
            said = TOKEN if b"access_token" in request else content
            start = HEAD if b"access_token" in request else head
            connection.sendall(start + b"Content-Length: %d\r\n\r\n" % len(said) + said)

        return say

    runs: list[CollectorRun] = []
    scopes = pytest.MonkeyPatch()
    scopes.setattr(collector, "scopes", lambda: (scope,))
    try:
        for content in bodies:
            with serving(answer(content)) as (url, _):
                settings.OMC_BASE_URLS = {edge.slug: url}
                settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
                runs += run_collector(collector, RequestsHttp(collector), now=NOW)
    finally:
        scopes.undo()
    return runs


TOKEN = b'{"access_token": "t", "token_type": "bearer", "expires_in": 3600}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def cases() -> Iterator[Any]:
    """Yield each edge case with our body, and with each recording of it that is here."""
    for name, edge in EDGES.items():
        yield pytest.param(edge, edge.body, id=name)
        for path in sorted(SAMPLES.glob(edge.recorded)) if edge.recorded else ():
            yield pytest.param(edge, path.read_bytes(), id=f"{name}: {path.name}")


@pytest.mark.parametrize(("edge", "body"), list(cases()))
def test_the_edge_case_comes_to_its_outcome(settings, edge: Edge, body: bytes) -> None:
    (run,) = collect(settings, edge, body)
    assert (run.outcome, edge.says in run.error) == (edge.outcome, True), run.error
    assert {name: getattr(run, name) for name in edge.counts} == edge.counts
    assert run.window is None or run.outcome in COMPLETE


def test_what_was_no_number_is_kept_with_its_reason(settings) -> None:
    collect(settings, EDGES["a price that is no number"], EDGES["a price that is no number"].body)
    assert (RejectedRecord.objects.get().reason, Quote.objects.get().asset) == ("not_finite", "BTC")


def filings(*accepted: str) -> bytes:
    numbers = [f"0001679788-26-00000{number}" for number in range(len(accepted))]
    recent = {
        "accessionNumber": numbers,
        "form": ["8-K"] * len(accepted),
        "acceptanceDateTime": list(accepted),
        "items": ["2.02"] * len(accepted),
    }
    return told(cik="1679788", name="COINBASE", filings={"recent": recent, "files": []})


def test_acceptance_times_that_moved_by_hours_are_no_events_and_no_revisions(settings) -> None:
    edge = EDGES["a company without filings"]
    first = filings("2026-03-17T20:00:00.000Z", "2026-03-16T20:00:00.000Z")
    moved = filings("2026-03-18T00:00:00.000Z", "2026-03-17T00:00:00.000Z")
    runs = collect(settings, edge, first, moved)
    assert [(run.new, run.revised, run.late) for run in runs] == [(2, 0, 0), (0, 0, 0)]
    assert Event.objects.count() == 2


def feed(date: str, *, title: str = "What happened today") -> bytes:
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><item>'
        f"<title>{title}</title><link>https://www.coindesk.com/evergreen</link>"
        f"<guid>evergreen</guid><pubDate>{date}</pubDate></item></channel></rss>"
    ).encode()


NEWS = Edge(slug="rss", body=b"", kind="application/rss+xml", outcome=Outcome.OK)


def test_an_evergreen_guid_with_a_new_date_is_a_new_article(settings) -> None:
    days = ("Tue, 17 Mar 2026 09:00:00 GMT", "Wed, 18 Mar 2026 09:00:00 GMT")
    runs = collect(settings, NEWS, *map(feed, days), feed(days[1]))
    assert [(run.new, run.revised) for run in runs] == [(1, 0), (1, 0), (0, 0)]
    assert len(set(Article.objects.values_list("published_on", flat=True))) == 2


@pytest.mark.parametrize(
    ("prolog", "encoding", "title"),
    [
        ('encoding="ISO-8859-1"', "iso-8859-1", "Zürich kauft Bitcoin"),
        ('encoding="gb2312"', "gb2312", "比特币 Bitcoin"),
        ("", "utf-8", "Zürich kauft Bitcoin"),
        ("", "utf-8-sig", "بٹ کوائن Bitcoin"),
    ],
)
def test_a_title_is_read_whatever_its_encoding(settings, prolog, encoding, title) -> None:
    text = feed("Wed, 18 Mar 2026 09:00:00 GMT", title=title).decode()
    body = text.replace('version="1.0"', f'version="1.0" {prolog}', 1).encode(encoding)
    (run,) = collect(settings, NEWS, body)
    assert (run.outcome, Article.objects.get().title) == (Outcome.OK, title)


def test_bytes_of_no_encoding_cost_no_more_than_their_letters(settings) -> None:
    body = feed("Wed, 18 Mar 2026 09:00:00 GMT", title="Bitcoin XX rises")
    (run,) = collect(settings, NEWS, body.replace(b"XX", b"\xc3\x28\xff"))
    assert run.outcome == Outcome.OK
    assert Article.objects.get().title.startswith("Bitcoin")


def test_a_post_in_two_listings_is_one_post(settings) -> None:
    post = {
        "name": "t3_abc",
        "id": "abc",
        "title": "Bitcoin",
        "subreddit": "Bitcoin",
        "author": "somebody",
        "score": 1,
        "num_comments": 0,
        "created_utc": 1773828000.0,
        "permalink": "/r/Bitcoin/comments/abc/",
        "url": "https://www.reddit.com/r/Bitcoin/comments/abc/",
        "stickied": False,
        "edited": False,
    }
    listing = told(kind="Listing", data={"children": [{"kind": "t3", "data": post}], "after": None})
    hot = Edge(slug="reddit", body=listing, outcome=Outcome.OK, scope="CryptoCurrency")
    new = Edge(slug="reddit", body=listing, outcome=Outcome.OK, scope="Bitcoin")
    (one,), (other,) = collect(settings, hot, listing), collect(settings, new, listing)
    assert (one.new, other.new, other.duplicate) == (1, 0, 1)
    assert Post.objects.count() == 1


def test_a_last_price_outside_the_book_is_kept_as_said_and_the_book_stands(settings) -> None:
    ticker = {"a": ["275.36", "1", "1"], "b": ["272.68", "1", "1"], "c": ["282.32", "1"]}
    edge = Edge(slug="kraken", body=told(error=[], result={"BCH/AUD": ticker}), outcome=Outcome.OK)
    collect(settings, edge, edge.body)
    quote = Quote.objects.get()
    assert (f"{quote.bid:f}", f"{quote.ask:f}", f"{quote.last:f}") == ("272.68", "275.36", "282.32")


def test_hours_that_a_venue_left_out_are_observed_and_hold_nothing(settings) -> None:
    hour, start = 3_600_000, 1773828000_000
    rows = [
        [
            start + n * hour,
            "1",
            "1",
            "1",
            "1",
            "5",
            start + (n + 1) * hour - 1,
            "1",
            1,
            "1",
            "1",
            "0",
        ]
        for n in (0, 1, 3)
    ]
    edge = Edge(slug="binance", body=json.dumps(rows).encode(), outcome=Outcome.OK)
    (run,) = collect(settings, edge, edge.body)
    first, second, fourth = Candle.objects.order_by("event_at")
    hole = type(run.window)(second.event_at + (second.event_at - first.event_at), fourth.event_at)
    seen = look([run.feed_id], hole, pair(), found=False)
    assert (run.new, seen.presence) == (3, Presence.NONE_IN_COVERED_WINDOW)
