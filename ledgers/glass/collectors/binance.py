"""Binance: candles of an hour against USDT; a plug-in, off until OMC_PLUG_INS names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ledgers.assets import symbol_of
from ledgers.collecting.backfilling import ends_of
from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each
from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import decimal_of, epoch_of
from ledgers.glass.records import CandleRecord
from ledgers.glass.series import Market, candle_of, closed, covered_since_asked
from ledgers.models import Ledger

URL = "https://data-api.binance.vision/api/v3/klines"
SYMBOLS = (
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "XRPUSDT",
    "ADAUSDT",
    "DOGEUSDT",
    "LTCUSDT",
    "LINKUSDT",
    "DOTUSDT",
)
CURRENCY = "USDT"
HOUR = timedelta(hours=1)
PAGE = 1000


@register
class BinanceCandles(Collector):
    """https://developers.binance.com/docs/binance-spot-api-docs/faqs/market_data_only

    The market-data host, which answers without a key also where the exchange itself refuses
    (451). A row carries its first and last millisecond, which tell its width. A backfill begins
    at the asked moment; an empty page of it says that the pair was not traded yet.
    """

    slug = "binance"
    ledger = Ledger.GLASS
    every = HOUR
    hosts = ("data-api.binance.vision",)
    restates = False
    lag = HOUR
    backfills = True
    is_plug_in = True

    def scopes(self) -> Sequence[str]:
        return SYMBOLS

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        url = f"{URL}?symbol={ask.scope}&interval=1h&limit={PAGE}"
        if ask.is_backfill:
            first, end = map(_milliseconds, ends_of(ask.window))
            url += f"&startTime={first}&endTime={end - 1}"
        yield http.get(url)

    def parse(self, payload: Payload) -> Iterator[Any]:
        rows = payload.json()
        if not isinstance(rows, list):
            raise DriftError(f"{payload.url} is no list of candles. Its shape has changed.")
        symbol = parse_qs(urlsplit(payload.url).query)["symbol"][0]
        made = each(rows, lambda row: _candle(symbol, row))
        yield from closed(made, payload.observed_at)

    def is_empty(self, payload: Payload) -> bool:
        return "endTime" in payload.url and payload.json() == []

    def chunk(self, scope: str) -> timedelta:
        return PAGE * HOUR

    def covered(self, looked: Looked) -> Window | None:
        return covered_since_asked(looked, HOUR)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def _candle(symbol: str, row: list[Any]) -> CandleRecord:
    if not symbol.endswith(CURRENCY):
        raise BadValueError("unknown_pair", f"{symbol!r} is not traded against {CURRENCY}.")
    first, opened, high, low, close, volume, last, *_ = row
    market = Market(
        source="binance",
        asset=symbol_of(symbol.removesuffix(CURRENCY)),
        currency=CURRENCY,
        step=timedelta(milliseconds=last - first + 1),
    )
    start = epoch_of(decimal_of(first, "open time") / 1000, "open time")
    prices = {"open": opened, "high": high, "low": low, "close": close}
    return candle_of(market, start, **prices, volume=volume)
