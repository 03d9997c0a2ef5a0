"""A source of a hundred pages of a hundred numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ledgers.collecting.collector import Ask, Collector, Http, each
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import decimal_of
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import Ledger
from omc_project.tests.pages import PAGES

URL = "https://pages.test/numbers"
START = datetime(2026, 1, 1, tzinfo=UTC)


@register
class Pages(Collector):
    """Numbers of consecutive seconds."""

    slug = "pages"
    ledger = Ledger.GLASS
    every = timedelta(seconds=2)
    hosts = ("pages.test",)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        for page in range(PAGES):
            yield http.get(URL, page=str(page))

    def parse(self, payload: Payload) -> Iterator[Any]:
        yield from each(payload.json(), _number)


def _number(number: int) -> ChainMetricRecord:
    return ChainMetricRecord(
        event_at=START + timedelta(seconds=number),
        published_at=None,
        source="pages",
        asset="BTC",
        metric="number",
        value=decimal_of(number, "number"),
        unit="",
    )
