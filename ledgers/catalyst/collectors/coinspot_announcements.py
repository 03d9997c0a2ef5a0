"""CoinSpot's announcements: listings, delistings, maintenance, as its help desk publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.range import Range

from ledgers.catalyst.classifying import announcement
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.collector import (
    Ask,
    Collector,
    Http,
    Looked,
    covered_by_list,
    each,
    member,
)
from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.rss import canonical, plain
from ledgers.collecting.values import iso_of
from ledgers.models import Ledger

ARTICLES = (
    "https://coinspot.zendesk.com/api/v2/help_center/en-us/categories/115000579994/articles.json"
)
PAGE = "100"
MAX_PAGES = 50
MAX_BODY = 20_000


@register
class CoinspotAnnouncements(Collector):
    """https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/

    An article is known by its id. A change by its author (`edited_at`, or the title) is a
    revision; `updated_at` also moves with votes and is no sign of change. Newest first, page by
    page until one holds an article of an earlier look; a new article that shifts the pages
    meanwhile only shows one twice.
    """

    slug = "coinspot_announcements"
    ledger = Ledger.CATALYST
    every = timedelta(minutes=5)
    hosts = ("coinspot.zendesk.com",)
    requests_per_minute = 30
    backfills = True

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        """Read page by page, newest first; a backfill reads the whole list from its old end."""
        order = "asc" if ask.is_backfill else "desc"
        for page in range(1, MAX_PAGES + 1):
            payload = http.get(
                ARTICLES, sort_by="created_at", sort_order=order, per_page=PAGE, page=str(page)
            )
            yield payload
            if (ask.known() and not ask.is_backfill) or not payload.json()["next_page"]:
                return
        raise DriftError(f"{ARTICLES} has no end within {MAX_PAGES} pages.")

    def parse(self, payload: Payload) -> Iterator[Any]:
        document = payload.json()
        articles = member(document, "articles", list, payload.url)
        if "next_page" not in document:
            raise DriftError(f"{payload.url} does not say whether another page follows.")
        yield from each(articles, _article)

    def is_empty(self, payload: Payload) -> bool:
        """A desk without articles counts none; an empty page of a list that counts some is not."""
        return bool(payload.json().get("count") == 0)

    def chunk(self, scope: str) -> timedelta:
        """Fill every gap at once, for the list cannot be asked for a part of it."""
        return timedelta(days=36_500)

    def covered(self, looked: Looked) -> Range[datetime] | None:
        """A look that met nothing of an earlier one came to the end and proves the whole list."""
        if looked.ask.is_backfill:
            return looked.ask.window
        if looked.overlaps:
            return covered_by_list(looked)
        known_since = looked.covered_until or looked.observed_at - self.every
        start = min([*looked.events, known_since])
        return Range(start, looked.observed_at) if start < looked.observed_at else None


def _article(article: dict[str, Any]) -> EventRecord:
    if article.get("draft"):
        raise BadValueError("draft", "It is a draft, which nobody was told of.")
    title = plain(article["title"], "title", 500)
    if not title:
        raise BadValueError("incomplete", "An announcement needs a title.")
    told = announcement(title, plain(article.get("body") or "", "body", MAX_BODY))
    created_at = iso_of(article["created_at"], "created_at")
    edited = article.get("edited_at")
    return EventRecord(
        event_at=created_at,
        published_at=created_at,
        edited_at=iso_of(edited, "edited_at") if edited else None,
        source="coinspot_announcements",
        source_key=_id(article["id"]),
        kind=told.kind,
        title=title,
        assets=told.assets,
        company="CoinSpot",
        tickers=[],
        form="",
        codes=_labels(article),
        impact=told.impact,
        url=canonical(article["html_url"]),
        confidence=told.confidence,
    )


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValueError("no_id", f"{value!r} is no article's id.")
    return str(value)


def _labels(article: dict[str, Any]) -> list[str]:
    """Return the desk's own labels of an article."""
    return [plain(label, "label_names", 30) for label in article.get("label_names") or []]
