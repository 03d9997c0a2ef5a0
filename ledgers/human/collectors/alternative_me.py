"""The Fear & Greed index of alternative.me."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.range import Range

from ledgers.collecting.collector import (
    Ask,
    Collector,
    Http,
    Looked,
    each,
    member,
    slot_of,
)
from ledgers.collecting.errors import BadValueError, RateLimitedError, StatusError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of, text_of, whole_of
from ledgers.human.records import MoodRecord
from ledgers.models import Ledger

URL = "https://api.alternative.me/fng/"
DAY = timedelta(days=1)
DAYS = 10
ONE_ANSWER = timedelta(days=10_000)
HIGHEST = 100


@register
class FearAndGreed(Collector):
    """https://alternative.me/crypto/fear-and-greed-index/#api

    One value a day, newest first, everything as text: `{"data": [{"value": "40",
    "value_classification": "Fear", "timestamp": "1551157200", ...}], "metadata": {"error": null}}`.
    The timestamp lies within the day that the value is for. Each look asks for the last ten days,
    so that a few missed looks leave no gap; a backfill asks for as many days as it needs.
    """

    slug = "alternative_me"
    ledger = Ledger.HUMAN
    every = timedelta(hours=1)
    hosts = ("api.alternative.me",)
    requests_per_minute = 10
    backfills = True

    def chunk(self, scope: str) -> timedelta:
        return ONE_ANSWER

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        days = DAYS
        if ask.is_backfill and ask.window.lower:
            days = (ask.now - ask.window.lower) // DAY + 2
        yield http.get(URL, limit=str(days))

    def parse(self, payload: Payload) -> Iterator[Any]:
        document = payload.json()
        metadata = document.get("metadata") if isinstance(document, dict) else None
        if problem := isinstance(metadata, dict) and metadata.get("error"):
            raise _refusal(str(problem))
        yield from each(member(document, "data", list, payload.url), _mood)

    def is_empty(self, payload: Payload) -> bool:
        return bool(payload.json()["data"] == [])

    def covered(self, looked: Looked) -> Range[datetime] | None:
        """Return the listed days; today counts only once its value is there."""
        if not looked.events:
            return None
        now = slot_of(looked.observed_at, self.every).upper or looked.observed_at
        start, end = min(looked.events), min(max(looked.events) + DAY, now)
        asked = looked.ask.window
        if looked.ask.is_backfill and asked.lower and asked.upper:
            start, end = max(start, asked.lower), min(end, asked.upper)
        return Range(start, end) if start < end else None


def _refusal(problem: str) -> Exception:
    message = f"{URL} answered an error: {problem[:200]}"
    is_limit = "limit" in problem.lower() or "too many" in problem.lower()
    return RateLimitedError(message) if is_limit else StatusError(message)


def _mood(item: Any) -> MoodRecord:
    value = whole_of(item["value"], "value")
    if not 0 <= value <= HIGHEST:
        raise BadValueError("out_of_range", f"value is {value}. The index goes from 0 to 100.")
    published_at = epoch_of(item["timestamp"], "timestamp")
    label = text_of(item["value_classification"], "value_classification", limit=40)
    return MoodRecord(
        event_at=published_at.replace(hour=0, minute=0, second=0, microsecond=0),
        published_at=published_at,
        source="alternative_me",
        value=value,
        label=" ".join(word.capitalize() for word in label.split()),
    )
