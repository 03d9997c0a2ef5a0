"""News feeds of crypto outlets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from time import struct_time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import feedparser
from django.conf import settings
from psycopg.types.range import Range

from ledgers.assets import assets_in
from ledgers.collecting.collector import Ask, Collector, Http, Looked, covered_by_list, each
from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import plausible, text_of
from ledgers.human.records import ArticleRecord
from ledgers.models import Ledger

OUTLETS = {
    "coindesk": "https://www.coindesk.com/arc/outboundfeeds/rss/",
    "cointelegraph": "https://cointelegraph.com/rss",
    "decrypt": "https://decrypt.co/feed",
    "theblock": "https://www.theblock.co/rss.xml",
    "cryptoslate": "https://cryptoslate.com/feed/",
}
TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")
SUMMARY = 200
MAX_AHEAD = timedelta(minutes=10)


def outlets() -> dict[str, str]:
    """Return the feeds to read, by outlet: the operator's list (name=url), else ours."""
    own = dict(entry.split("=", 1) for entry in settings.OMC_RSS_FEEDS if "=" in entry)
    return own or OUTLETS


@register
class RssNews(Collector):
    """https://www.rssboard.org/rss-specification and Atom, one scope an outlet.

    A guid is no identity: an outlet reuses that of an evergreen page with a new date. An item
    without a readable date is taken for published when we saw it; one dated in the future too.
    Titles, links and short summaries are kept, never whole texts.
    """

    slug = "rss"
    ledger = Ledger.HUMAN
    every = timedelta(minutes=5)
    requests_per_minute = 12

    @property
    def hosts(self) -> tuple[str, ...]:  # type: ignore[override]  # follows the operator's list
        """Return the hosts of the outlets."""
        return tuple(urlsplit(url).hostname or "" for url in outlets().values())

    def scopes(self) -> Sequence[str]:
        return tuple(outlets())

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(outlets()[ask.scope])

    def parse(self, payload: Payload) -> Iterator[Any]:
        outlet = next((name for name, url in outlets().items() if url == payload.url), payload.url)
        if b"<!ENTITY" in payload.body:
            raise DriftError(f"{payload.url} declares XML entities, which no feed needs.")
        feed = feedparser.parse(payload.body, sanitize_html=False, resolve_relative_uris=False)
        if not feed.get("version"):
            raise DriftError(f"{payload.url} is no feed: {feed.get('bozo_exception', 'no root')}.")
        yield from each(feed.entries, lambda entry: _article(entry, outlet, payload))

    def covered(self, looked: Looked) -> Range[datetime] | None:
        return covered_by_list(looked)


def _article(entry: Any, outlet: str, payload: Payload) -> ArticleRecord:
    title = _plain(entry.get("title", ""), "title", 500)
    url = _canonical(entry.get("link") or entry.get("id") or "")
    if not title or not url:
        raise BadValueError("incomplete", "An item needs a title and a link.")
    summary = _plain(entry.get("summary", ""), "summary", SUMMARY)
    published_at = _published(entry, payload)
    return ArticleRecord(
        event_at=published_at,
        published_at=published_at,
        source="rss",
        outlet=outlet,
        guid=text_of(entry.get("id") or url, "guid", limit=500),
        published_on=published_at.date(),
        title=title,
        url=url,
        summary=summary,
        author=_plain(entry.get("author", ""), "author", 200),
        assets=assets_in(f"{title} {summary}"),
    )


def _plain(value: str, name: str, limit: int) -> str:
    """Return HTML as text: without tags, entities resolved, one space between words."""
    text = html.unescape(TAG.sub(" ", html.unescape(value)))
    return SPACE.sub(" ", text_of(text, name, limit=10 * limit)).strip()[:limit]


def _canonical(url: str) -> str:
    """Return a link without tracking parameters and fragment, its host in lower case."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadValueError("no_link", f"{url!r} is no link.")
    query = [(key, value) for key, value in parse_qsl(parts.query) if not key.startswith("utm_")]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, urlencode(query), ""))


def _published(entry: Any, payload: Payload) -> datetime:
    """Return when the item says it was published, if that can be."""
    has_date = "published_parsed" in entry  # feedparser warns of asking for another in its place
    stamp: struct_time | None = entry.get("published_parsed" if has_date else "updated_parsed")
    if stamp is None:
        return payload.observed_at
    try:
        moment = plausible(datetime(*stamp[:6], tzinfo=UTC), "pubDate")
    except ValueError:
        return payload.observed_at
    return payload.observed_at if moment > payload.seen_at + MAX_AHEAD else moment
