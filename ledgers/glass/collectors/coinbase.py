"""Coinbase: candles of an hour in US dollars; a plug-in, off until OMC_PLUG_INS names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ledgers.assets import symbol_of
from ledgers.collecting.backfilling import ends_of
from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each, member
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of
from ledgers.glass.records import CandleRecord
from ledgers.glass.series import Market, candle_of, closed, covered_since_asked
from ledgers.models import Ledger

URL = "https://api.coinbase.com/api/v3/brokerage/market/products/{product}/candles"
PRODUCTS = (
    "BTC-USD",
    "ETH-USD",
    "SOL-USD",
    "XRP-USD",
    "ADA-USD",
    "DOGE-USD",
    "LTC-USD",
    "LINK-USD",
    "DOT-USD",
)
HOUR = timedelta(hours=1)
PAGE = 300


@register
class CoinbaseCandles(Collector):
    """https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/public/get-public-product-candles

    Newest first, at most 350 rows, times as text. An hour without a trade has no row. A page of
    the past that is empty says that the product was not traded then.
    """

    slug = "coinbase"
    ledger = Ledger.GLASS
    every = HOUR
    hosts = ("api.coinbase.com",)
    restates = False
    lag = HOUR
    backfills = True
    is_plug_in = True

    def scopes(self) -> Sequence[str]:
        return PRODUCTS

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        newest = (ask.now - PAGE * HOUR, ask.now)
        since, until = ends_of(ask.window) if ask.is_backfill else newest
        first, last = _seconds(since), _seconds(until) - 1
        url = URL.format(product=ask.scope)
        yield http.get(f"{url}?granularity=ONE_HOUR&start={first}&end={last}")

    def parse(self, payload: Payload) -> Iterator[Any]:
        rows = member(payload.json(), "candles", list, payload.url)
        product = urlsplit(payload.url).path.split("/")[-2]
        made = each(rows, lambda row: _candle(product, row))
        yield from closed(made, payload.observed_at)

    def is_empty(self, payload: Payload) -> bool:
        asked = parse_qs(urlsplit(payload.url).query)
        is_past = epoch_of(asked["end"][0], "end") < payload.observed_at - HOUR
        return is_past and payload.json()["candles"] == []

    def chunk(self, scope: str) -> timedelta:
        return PAGE * HOUR

    def covered(self, looked: Looked) -> Window | None:
        return covered_since_asked(looked, HOUR)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _candle(product: str, row: dict[str, Any]) -> CandleRecord:
    asset, _, currency = product.partition("-")
    market = Market(
        source="coinbase", asset=symbol_of(asset), currency=symbol_of(currency), step=HOUR
    )
    prices = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
    return candle_of(market, epoch_of(row["start"], "start"), **prices)
