"""Read RSS and Atom: the entries of any dialect, and their text, links and dates made safe."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from time import struct_time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import feedparser

from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.values import plausible, text_of

TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")
MAX_AHEAD = timedelta(minutes=10)


def entries_of(payload: Payload) -> list[Any]:
    """Return the entries of a feed, however sloppy its XML; what is no feed is drift."""
    if b"<!ENTITY" in payload.body:
        raise DriftError(f"{payload.url} declares XML entities, which no feed needs.")
    feed = feedparser.parse(payload.body, sanitize_html=False, resolve_relative_uris=False)
    if not feed.get("version"):
        raise DriftError(f"{payload.url} is no feed: {feed.get('bozo_exception', 'no root')}.")
    return list(feed.entries)


def plain(value: str, name: str, limit: int) -> str:
    """Return HTML as text: without tags, entities resolved, one space between words."""
    text = html.unescape(TAG.sub(" ", html.unescape(value)))
    return SPACE.sub(" ", text_of(text, name, limit=10 * limit)).strip()[:limit]


def canonical(url: str) -> str:
    """Return a link without tracking parameters and fragment, its host in lower case."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadValueError("no_link", f"{url!r} is no link.")
    query = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not key.startswith("utm_")
    ]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, urlencode(query), ""))


def claimed(entry: Any) -> datetime | None:
    """Return when an entry says it was published; None if it does not, or if that cannot be."""
    has_date = "published_parsed" in entry  # feedparser warns of asking for another in its place
    stamp: struct_time | None = entry.get("published_parsed" if has_date else "updated_parsed")
    try:
        return stamp and plausible(datetime(*stamp[:6], tzinfo=UTC), "pubDate")
    except ValueError:
        return None


def published(entry: Any, payload: Payload) -> datetime:
    """Return when an entry says it was published, if that can be; else when we saw it."""
    moment = claimed(entry)
    if moment is None or moment > payload.seen_at + MAX_AHEAD:
        return payload.observed_at
    return moment
