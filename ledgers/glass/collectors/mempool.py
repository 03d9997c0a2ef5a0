"""mempool.space: what a Bitcoin transaction costs, what waits, and how mining goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ledgers.collecting.collector import Ask, Collector, Http, each
from ledgers.collecting.errors import DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import decimal_of, epoch_of
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import Ledger

HOST = "https://mempool.space"
PATHS = {
    "fees": "/api/v1/fees/recommended",
    "prices": "/api/v1/prices",
    "backlog": "/api/mempool",
    "difficulty": "/api/v1/difficulty-adjustment",
}


class Told(NamedTuple):
    """One member of an answer: its name there, what we call its metric, and its unit."""

    member: str
    metric: str
    unit: str


TOLD = {
    "fees": (
        Told("fastestFee", "fee_fastest", "sat/vB"),
        Told("halfHourFee", "fee_half_hour", "sat/vB"),
        Told("hourFee", "fee_hour", "sat/vB"),
        Told("economyFee", "fee_economy", "sat/vB"),
        Told("minimumFee", "fee_minimum", "sat/vB"),
    ),
    "prices": (Told("USD", "price_usd", "USD"), Told("AUD", "price_aud", "AUD")),
    "backlog": (
        Told("count", "backlog_transactions", "transactions"),
        Told("vsize", "backlog_size", "vB"),
        Told("total_fee", "backlog_fees", "sat"),
    ),
    "difficulty": (
        Told("difficultyChange", "difficulty_change", "%"),
        Told("remainingBlocks", "blocks_to_retarget", "blocks"),
        Told("timeAvg", "block_time", "ms"),
    ),
}


@register
class MempoolMetrics(Collector):
    """https://mempool.space/docs/api/rest

    Four scopes, one request each. Prices carry their time; all else is of the minute of the
    answer. What a member lacks is rejected by name.
    """

    slug = "mempool"
    ledger = Ledger.GLASS
    every = timedelta(minutes=5)
    hosts = ("mempool.space",)
    requests_per_minute = 20
    restates = False

    def scopes(self) -> Sequence[str]:
        return tuple(PATHS)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(HOST + PATHS[ask.scope])

    def parse(self, payload: Payload) -> Iterator[Any]:
        path = urlsplit(payload.url).path
        scope = next((name for name, known in PATHS.items() if known == path), "")
        document = payload.json()
        if not scope or not isinstance(document, dict):
            raise DriftError(f"{payload.url} has no shape that this collector reads.")
        event_at = payload.observed_at.replace(second=0, microsecond=0)
        if scope == "prices":
            event_at = _told_at(document, payload)
        yield from each(TOLD[scope], lambda told: _metric(document, told, event_at))


def _told_at(document: dict[str, Any], payload: Payload) -> datetime:
    try:
        return epoch_of(document.get("time"), "time")
    except ValueError as error:
        raise DriftError(f"{payload.url}: {error}") from error


def _metric(document: dict[str, Any], told: Told, event_at: datetime) -> ChainMetricRecord:
    return ChainMetricRecord(
        event_at=event_at,
        published_at=event_at,
        source="mempool",
        asset="BTC",
        metric=told.metric,
        value=decimal_of(document[told.member], told.member),
        unit=told.unit,
    )
