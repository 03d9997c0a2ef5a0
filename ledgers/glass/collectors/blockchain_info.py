"""blockchain.info: daily numbers of the Bitcoin chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from ledgers.collecting.backfilling import ends_of
from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each, member
from ledgers.collecting.errors import DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import decimal_of, epoch_of, text_of
from ledgers.glass.records import ChainMetricRecord
from ledgers.glass.series import closed, covered_by_steps
from ledgers.models import Ledger

URL = "https://api.blockchain.info/charts/{chart}?format=json&sampled=false&timespan={days}days"
CHARTS = {
    "market-price": "market_price",
    "n-transactions": "transactions",
    "n-unique-addresses": "active_addresses",
    "hash-rate": "hash_rate",
    "transaction-fees": "transaction_fees",
    "miners-revenue": "miners_revenue",
}
"""The charts to read, and what we call their metrics."""
DAY = timedelta(days=1)
LOOK_BACK = 30


@register
class BlockchainInfoCharts(Collector):
    """https://www.blockchain.com/explorer/api/charts_api

    A scope is a chart. A look reads thirty days again, so that restated days become revisions;
    the day that is not over is left out. The unit is the chart's own word.
    """

    slug = "blockchain_info"
    ledger = Ledger.GLASS
    every = timedelta(hours=6)
    hosts = ("api.blockchain.info",)
    requests_per_minute = 20
    lag = 2 * DAY
    backfills = True

    def scopes(self) -> Sequence[str]:
        return tuple(CHARTS)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        if not ask.is_backfill:
            yield http.get(URL.format(chart=ask.scope, days=LOOK_BACK))
            return
        since, until = ends_of(ask.window)
        days = -((since - until) // DAY)
        yield http.get(f"{URL.format(chart=ask.scope, days=days)}&start={since:%F}")

    def parse(self, payload: Payload) -> Iterator[Any]:
        document = payload.json()
        if member(document, "status", str, payload.url) != "ok":
            raise DriftError(f"{payload.url} answered status {document['status']!r}.")
        if member(document, "period", str, payload.url) != "day":
            raise DriftError(f"{payload.url} is a chart by {document['period']}, not by day.")
        metric = CHARTS.get(urlsplit(payload.url).path.rpartition("/")[2])
        if metric is None:
            raise DriftError(f"{payload.url} is no chart that this collector reads.")
        unit = text_of(member(document, "unit", str, payload.url), "unit", limit=30)
        points = member(document, "values", list, payload.url)
        made = each(points, lambda point: _metric(metric, unit, point))
        yield from closed(made, payload.observed_at, step=DAY)

    def chunk(self, scope: str) -> timedelta:
        return 365 * DAY

    def covered(self, looked: Looked) -> Window | None:
        return covered_by_steps(looked, DAY)


def _metric(metric: str, unit: str, point: dict[str, Any]) -> ChainMetricRecord:
    return ChainMetricRecord(
        event_at=epoch_of(point["x"], "x"),
        published_at=None,
        source="blockchain_info",
        asset="BTC",
        metric=metric,
        value=decimal_of(point["y"], "y"),
        unit=unit,
    )
