"""Answers that are not the usual ones, in the shape of the recorded ones, and their outcomes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ledgers.models import CollectorRun

Outcome = CollectorRun.Outcome
JSON, HTML, XML = "application/json", "text/html", "application/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One answer that is not the usual one, and what the look at it comes to."""

    slug: str
    body: bytes
    outcome: str
    says: str = ""
    status: int = 200
    kind: str = JSON
    scope: str | None = None
    recorded: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def told(**document: Any) -> bytes:
    return json.dumps(document).encode()


LISTING = told(kind="Listing", data={"children": [], "after": None, "before": None})
SUBMISSIONS = told(
    cik="1679788",
    name="ODD  & CO /DE/",
    filings={
        "recent": {"accessionNumber": [], "form": [], "acceptanceDateTime": [], "items": []},
        "files": [],
    },
)
DESK = {"next_page": None, "page": 1, "page_count": 0, "per_page": 30, "previous_page": None}
ARTICLE = {
    "id": 7,
    "title": "Listing of Something (SMT)",
    "body": None,
    "created_at": "2026-03-18T10:00:00Z",
    "edited_at": "2026-03-18T10:00:00Z",
    "updated_at": "2026-03-18T10:00:00Z",
    "draft": False,
    "html_url": "https://coinspot.zendesk.com/hc/en-us/articles/7",
    "label_names": [],
}
PRICE = {"bid": "1", "ask": "2", "last": "1.5"}
BUSY = told(status={"error_code": 429, "error_message": "You've exceeded the Rate Limit."})
PAGE = b"<!DOCTYPE html><html><body>whoa there, pardner!</body></html>"

EDGES = {
    "200 with an error: the v1 way": Edge(
        slug="coinspot",
        body=told(status="invalid"),
        outcome=Outcome.DRIFT,
        says="invalid",
        recorded="coinspot/private_v1_error_*",
    ),
    "200 with an error: the v2 way": Edge(
        slug="coinspot",
        body=told(status="error", message="Coin not found"),
        outcome=Outcome.DRIFT,
        says="error",
        recorded="coinspot/error_v2_*",
    ),
    "400 with an error": Edge(
        slug="coinspot",
        body=told(status="error", message="Coin not found"),
        status=400,
        outcome=Outcome.TRANSPORT,
        says="400",
    ),
    "200 with a list of errors": Edge(
        slug="kraken_ohlc",
        body=told(error=["EGeneral:Temporary lockout"]),
        outcome=Outcome.RATE_LIMITED,
        says="lockout",
    ),
    "200 with another list of errors": Edge(
        slug="kraken_ohlc",
        body=told(error=["EQuery:Unknown asset pair"]),
        outcome=Outcome.DRIFT,
        says="Unknown asset pair",
    ),
    "200 with a rate limit in it": Edge(
        slug="coingecko", body=BUSY, outcome=Outcome.RATE_LIMITED, says="429"
    ),
    "200 with a coin that is not found": Edge(
        slug="coingecko",
        body=told(error="coin not found"),
        outcome=Outcome.DRIFT,
        says="not found",
        recorded="coingecko/error_404_*",
    ),
    "a block page of Reddit": Edge(
        slug="reddit",
        body=PAGE,
        status=403,
        kind=HTML,
        outcome=Outcome.BLOCKED,
        says="403",
        recorded="reddit/error_403_*.html",
    ),
    "a refusal of Reddit as JSON": Edge(
        slug="reddit",
        body=told(message="Forbidden", error=403),
        status=403,
        outcome=Outcome.BLOCKED,
        says="403",
        recorded="reddit/error_403.json",
    ),
    "a token of Reddit that has gone": Edge(
        slug="reddit",
        body=told(message="Unauthorized", error=401),
        status=401,
        outcome=Outcome.BLOCKED,
        says="401",
        recorded="reddit/error_401.json",
    ),
    "a subreddit that is not there": Edge(
        slug="reddit",
        body=told(message="Not Found", error=404),
        status=404,
        outcome=Outcome.TRANSPORT,
        says="404",
        recorded="reddit/error_404.json",
    ),
    "an undeclared tool": Edge(
        slug="sec",
        scope="current/8-K",
        body=PAGE,
        status=403,
        kind=HTML,
        outcome=Outcome.BLOCKED,
        says="403",
        recorded="edgar/error_403_*",
    ),
    "a threshold that was exceeded": Edge(
        slug="sec",
        scope="current/8-K",
        body=PAGE,
        status=429,
        kind=HTML,
        outcome=Outcome.RATE_LIMITED,
        says="slow down",
        recorded="edgar/error_429_*",
    ),
    "a list past its end": Edge(
        slug="sec",
        scope="current/8-K",
        body=PAGE,
        status=503,
        kind=HTML,
        outcome=Outcome.TRANSPORT,
        says="503",
        recorded="edgar/error_503_*",
    ),
    "a company that is not there": Edge(
        slug="sec",
        scope="submissions/0001679788",
        body=b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
        status=404,
        kind=XML,
        outcome=Outcome.TRANSPORT,
        says="404",
        recorded="edgar/error_404_*",
    ),
    "429 as JSON": Edge(
        slug="coingecko",
        body=BUSY,
        status=429,
        outcome=Outcome.RATE_LIMITED,
        says="slow down",
        recorded="coingecko/error_429*",
    ),
    "a restricted location": Edge(
        slug="binance",
        body=told(code=0, msg="Service unavailable from a restricted location"),
        status=451,
        outcome=Outcome.BLOCKED,
        says="451",
        recorded="binance/error_451*",
    ),
    "an empty listing": Edge(
        slug="reddit", body=LISTING, outcome=Outcome.EMPTY, recorded="reddit/listing_empty*"
    ),
    "a desk without articles": Edge(
        slug="coinspot_announcements",
        body=told(count=0, articles=[], **DESK),
        outcome=Outcome.EMPTY,
        recorded="zendesk/articles_empty*",
    ),
    "a page without the articles that are counted": Edge(
        slug="coinspot_announcements",
        body=told(count=3, articles=[], **DESK),
        outcome=Outcome.DRIFT,
        says="holds no items",
    ),
    "a company without filings": Edge(
        slug="sec",
        scope="submissions/0001679788",
        body=SUBMISSIONS,
        outcome=Outcome.EMPTY,
        recorded="edgar/submissions_empty_*",
    ),
    "a price that is no number": Edge(
        slug="coinspot",
        body=told(status="ok", message="ok", prices={"btc": PRICE, "ltc": {**PRICE, "bid": "NaN"}}),
        outcome=Outcome.PARTIAL,
        counts={"new": 1, "rejected": 1},
    ),
    "an announcement without a text": Edge(
        slug="coinspot_announcements",
        body=told(count=1, articles=[ARTICLE], **DESK),
        outcome=Outcome.OK,
        counts={"new": 1},
    ),
    "an item twice on a page": Edge(
        slug="coinspot_announcements",
        body=told(count=2, articles=[ARTICLE, ARTICLE], **DESK),
        outcome=Outcome.OK,
        counts={"new": 1, "duplicate": 1},
    ),
}
