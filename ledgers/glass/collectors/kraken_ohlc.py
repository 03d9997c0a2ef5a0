"""Kraken: candles of an hour of the pairs it quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, each, member
from ledgers.collecting.errors import DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of
from ledgers.glass.collectors.kraken import HOST, pair_of, pairs, result_of
from ledgers.glass.records import CandleRecord
from ledgers.glass.series import Market, candle_of, covered_by_steps
from ledgers.models import Ledger

URL = f"https://{HOST}/0/public/OHLC"
HOUR = timedelta(hours=1)


@register
class KrakenCandles(Collector):
    """https://docs.kraken.com/api-reference/market-data/get-ohlc-data

    An answer always holds the newest 720 candles, whatever is asked: a look closes every gap of
    thirty days, and a backfill reaches no further. Rows after `last` are not committed and left
    out; committed ones do not change. Hours without a trade are listed with volume 0.
    """

    slug = "kraken_ohlc"
    ledger = Ledger.GLASS
    every = HOUR
    hosts = (HOST,)
    restates = False
    lag = HOUR
    backfills = True

    def scopes(self) -> Sequence[str]:
        return pairs()

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(f"{URL}?pair={ask.scope}&interval=60&assetVersion=1")

    def parse(self, payload: Payload) -> Iterator[Any]:
        result = result_of(payload)
        last = result.pop("last", None)
        if not isinstance(last, int) or len(result) != 1:
            raise DriftError(f"{payload.url} does not hold one pair and the time of its last row.")
        (name,) = result
        rows = member(result, name, list, payload.url)
        committed = [row for row in rows if not _is_after(row, last)]
        step = timedelta(minutes=_width(payload))
        yield from each(committed, lambda row: _candle(name, row, step))

    def chunk(self, scope: str) -> timedelta:
        return 720 * HOUR

    def covered(self, looked: Looked) -> Window | None:
        return covered_by_steps(looked, HOUR)


def _is_after(row: Any, last: int) -> bool:
    return isinstance(row, list) and bool(row) and isinstance(row[0], int) and row[0] > last


def _width(payload: Payload) -> int:
    """Return the minutes that were asked for; Kraken's own default is one."""
    asked = parse_qs(urlsplit(payload.url).query)
    return int(asked.get("interval", ["1"])[0])


def _candle(name: str, row: list[Any], step: timedelta) -> CandleRecord:
    asset, currency = pair_of(name)
    market = Market(source="kraken_ohlc", asset=asset, currency=currency, step=step)
    start, opened, high, low, close, _, volume, _ = row
    prices = {"open": opened, "high": high, "low": low, "close": close}
    return candle_of(market, epoch_of(start, "time"), **prices, volume=volume)
