"""News feeds of crypto outlets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from psycopg.types.range import Range

from ledgers.assets import assets_in
from ledgers.collecting.collector import Ask, Collector, Http, Looked, covered_by_list, each
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.rss import canonical, claimed, entries_of, plain, published
from ledgers.collecting.values import text_of
from ledgers.human.records import ArticleRecord
from ledgers.models import Ledger

OUTLETS = {
    "coindesk": "https://www.coindesk.com/arc/outboundfeeds/rss/",
    "cointelegraph": "https://cointelegraph.com/rss",
    "decrypt": "https://decrypt.co/feed",
    "theblock": "https://www.theblock.co/rss.xml",
    "cryptoslate": "https://cryptoslate.com/feed/",
    "newsbtc": "https://www.newsbtc.com/feed/",
    "bitcoinmagazine": "https://bitcoinmagazine.com/feed",
    "thedefiant": "https://thedefiant.io/feed",
}
SUMMARY = 200
NO_DAY = date(1970, 1, 1)


def outlets() -> dict[str, str]:
    """Return the feeds to read, by outlet: the operator's list (name=url), else ours."""
    own = dict(entry.split("=", 1) for entry in settings.OMC_RSS_FEEDS if "=" in entry)
    return own or OUTLETS


@register
class RssNews(Collector):
    """https://www.rssboard.org/rss-specification and Atom, one scope an outlet.

    A guid is no identity: an outlet reuses that of an evergreen page with a new date. An item
    without a readable date is taken for published when we saw it; one dated in the future too.
    Both are marked, and known again by the day that they claim or by its absence.
    Titles, links and short summaries are kept, never whole texts.
    """

    slug = "rss"
    ledger = Ledger.HUMAN
    every = timedelta(minutes=5)
    requests_per_minute = 12
    revalidates = True

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
        yield from each(entries_of(payload), lambda entry: _article(entry, outlet, payload))

    def covered(self, looked: Looked) -> Range[datetime] | None:
        return covered_by_list(looked)


def _article(entry: Any, outlet: str, payload: Payload) -> ArticleRecord:
    title = plain(entry.get("title", ""), "title", 500)
    url = canonical(entry.get("link") or entry.get("id") or "")
    if not title or not url:
        raise BadValueError("incomplete", "An item needs a title and a link.")
    summary = plain(entry.get("summary", ""), "summary", SUMMARY)
    own, published_at = claimed(entry), published(entry, payload)
    return ArticleRecord(
        event_at=published_at,
        published_at=published_at,
        source="rss",
        outlet=outlet,
        guid=text_of(entry.get("id") or url, "guid", limit=500),
        published_on=own.date() if own else NO_DAY,
        title=title,
        url=url,
        summary=summary,
        author=plain(entry.get("author", ""), "author", 200),
        assets=assets_in(f"{title} {summary}"),
        is_publication_exact=own == published_at,
    )
