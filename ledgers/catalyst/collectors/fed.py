"""Releases of the Federal Reserve on monetary policy: statements, projections, minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.range import Range

from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.collector import Ask, Collector, Http, Looked, covered_by_list, each
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.rss import canonical, entries_of, plain, published
from ledgers.collecting.values import text_of
from ledgers.models import Ledger

RELEASES = "https://www.federalreserve.gov/feeds/press_monetary.xml"
Impact = Event.Impact
FORMS = (
    (re.compile(r"\bminutes\b.*\bdiscount rate\b", re.IGNORECASE), "discount rate minutes"),
    (re.compile(r"\bminutes\b", re.IGNORECASE), "minutes"),
    (re.compile(r"\bprojections\b", re.IGNORECASE), "projections"),
    (re.compile(r"\b(FOMC|Open Market Committee)\b.*\bstatement\b", re.IGNORECASE), "statement"),
)
"""How titles name each form of release; the first that matches decides."""
IMPACTS = {
    "statement": Impact.HIGH,
    "projections": Impact.HIGH,
    "minutes": Impact.MEDIUM,
    "discount rate minutes": Impact.LOW,
}


@register
class FedReleases(Collector):
    """https://www.federalreserve.gov/feeds/feeds.htm, the feed on monetary policy.

    Statements and projections of the committee are high, minutes (three weeks old) medium, those
    on the discount rate low, and what no form is known of medium. No asset is named: such a
    decision is about all of them.
    """

    slug = "fed"
    ledger = Ledger.CATALYST
    every = timedelta(minutes=5)
    hosts = ("www.federalreserve.gov",)
    requests_per_minute = 12

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(RELEASES)

    def parse(self, payload: Payload) -> Iterator[Any]:
        yield from each(entries_of(payload), lambda entry: _release(entry, payload))

    def covered(self, looked: Looked) -> Range[datetime] | None:
        return covered_by_list(looked)


def _release(entry: Any, payload: Payload) -> EventRecord:
    title = plain(entry.get("title", ""), "title", 500)
    url = canonical(entry.get("link") or entry.get("id") or "")
    if not title:
        raise BadValueError("incomplete", "A release needs a title.")
    published_at = published(entry, payload)
    form = form_of(title)
    return EventRecord(
        event_at=published_at,
        published_at=published_at,
        source="fed",
        source_key=text_of(entry.get("id") or url, "guid", limit=200),
        kind=Event.Kind.MACRO,
        title=title,
        assets=[],
        company="Federal Reserve",
        tickers=[],
        form=form,
        codes=[plain(tag.get("term") or "", "category", 30) for tag in entry.get("tags", ())],
        impact=IMPACTS.get(form, Impact.MEDIUM),
        url=url,
        confidence=Decimal(1),
    )


def form_of(title: str) -> str:
    """Return which form of release a title names, or nothing."""
    return next((form for pattern, form in FORMS if pattern.search(title)), "")
