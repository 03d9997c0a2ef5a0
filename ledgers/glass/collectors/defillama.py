"""DeFiLlama: value locked in chains and protocols, their fees and revenue, stablecoins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each, member
from ledgers.collecting.errors import DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import decimal_of, epoch_of
from ledgers.glass.records import ProtocolMetricRecord
from ledgers.glass.series import closed, covered_by_steps
from ledgers.models import Ledger

API = "https://api.llama.fi"
PAGES = {
    "chain": f"{API}/v2/historicalChainTvl/{{entity}}",
    "tvl": f"{API}/tvl/{{entity}}",
    "fees": f"{API}/summary/fees/{{entity}}?dataType=dailyFees",
    "revenue": f"{API}/summary/fees/{{entity}}?dataType=dailyRevenue",
    "stablecoins": "https://stablecoins.llama.fi/stablecoincharts/{entity}",
}
CHAINS = ("Ethereum", "Solana", "Bitcoin", "Tron", "BSC", "Base", "Arbitrum", "Polygon")
PROTOCOLS = ("aave", "lido", "uniswap", "curve-dex", "pendle")
EARNERS = (*PROTOCOLS, "hyperliquid")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@register
class DefiLlamaMetrics(Collector):
    """https://api-docs.defillama.com

    Scopes: `chain/<chain>` value locked each day, `tvl/<protocol>` value locked now,
    `fees/<protocol>` and `revenue/<protocol>` each day (revenue is a request of its own),
    `stablecoins/all` what all stablecoins are worth each day. Series come whole: a day that was
    restated becomes a revision. The day that is not over is left out, its value still grows.
    """

    slug = "defillama"
    ledger = Ledger.GLASS
    every = 6 * HOUR
    hosts = ("api.llama.fi", "stablecoins.llama.fi")
    lag = 36 * HOUR
    backfills = True

    def scopes(self) -> Sequence[str]:
        return (
            *(f"chain/{name}" for name in CHAINS),
            *(f"tvl/{name}" for name in PROTOCOLS),
            *(f"{kind}/{name}" for kind in ("fees", "revenue") for name in EARNERS),
            "stablecoins/all",
        )

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        kind, _, entity = ask.scope.partition("/")
        if kind == "tvl" and ask.is_backfill:
            return  # it tells the present only
        yield http.get(PAGES[kind].format(entity=entity))

    def parse(self, payload: Payload) -> Iterator[Any]:
        parts = urlsplit(payload.url)
        kind, entity = (unquote(part) for part in parts.path.split("/")[-2:])
        if kind == "tvl":
            yield from each([payload.json()], partial(_now, entity, payload))
        elif kind == "historicalChainTvl":
            days = _listed(payload.json(), payload)
            yield from _closed(days, partial(_tvl, entity), payload)
        elif kind == "fees":
            days = member(payload.json(), "totalDataChart", list, payload.url)
            metric = "revenue_24h" if "dailyRevenue" in parts.query else "fees_24h"
            yield from _closed(days, partial(_total, entity, metric), payload)
        elif kind == "stablecoincharts":
            days = _listed(payload.json(), payload)
            yield from _closed(days, partial(_circulating, entity), payload)
        else:
            raise DriftError(f"{payload.url} is no page that this collector reads.")

    def chunk(self, scope: str) -> timedelta:
        """One answer holds the whole past of a series, and only the present of a TVL."""
        return 36500 * DAY

    def covered(self, looked: Looked) -> Window | None:
        if looked.ask.scope.startswith("tvl/"):
            return super().covered(looked)
        return covered_by_steps(looked, DAY)


def _listed(document: Any, payload: Payload) -> list[Any]:
    if not isinstance(document, list):
        raise DriftError(f"{payload.url} is no list of days. Its shape has changed.")
    return document


def _closed(days: list[Any], make: Callable[[Any], Any], payload: Payload) -> Iterator[Any]:
    return closed(each(days, make), payload.observed_at, step=DAY)


def _now(entity: str, payload: Payload, value: Any) -> ProtocolMetricRecord:
    """Make a value without a time one of the minute in which the source answered."""
    minute = payload.observed_at.replace(second=0, microsecond=0)
    return _metric(entity, "tvl", minute, value)


def _tvl(entity: str, day: dict[str, Any]) -> ProtocolMetricRecord:
    return _metric(entity, "tvl", epoch_of(day["date"], "date"), day["tvl"])


def _total(entity: str, metric: str, day: list[Any]) -> ProtocolMetricRecord:
    date, value = day
    return _metric(entity, metric, epoch_of(date, "date"), value)


def _circulating(entity: str, day: dict[str, Any]) -> ProtocolMetricRecord:
    """Take the coins that follow the US dollar, which nearly all do; the date is text here."""
    value = day["totalCirculatingUSD"]["peggedUSD"]
    return _metric(entity, "stable_mcap", epoch_of(day["date"], "date"), value)


def _metric(entity: str, metric: str, event_at: datetime, value: Any) -> ProtocolMetricRecord:
    return ProtocolMetricRecord(
        event_at=event_at,
        published_at=None,
        source="defillama",
        entity=entity,
        metric=metric,
        value=decimal_of(value, metric),
        unit="USD",
    )
