"""DeFiLlama's prices: what coins cost in USD across venues, to compare our venues with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ledgers.collecting.collector import Ask, Collector, Http, each, member
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of, price_of
from ledgers.glass.collectors.coingecko import COINS
from ledgers.glass.records import QuoteRecord
from ledgers.models import Ledger

URL = "https://coins.llama.fi/prices/current"
NAMED = "coingecko:"


@register
class DefiLlamaPrices(Collector):
    """https://api-docs.defillama.com

    A mean over venues: no bid and no ask, only a last price, of the time that stands with it. No
    mark is taken of it. A coin that DeFiLlama does not know is missing without a word.
    """

    slug = "defillama_prices"
    ledger = Ledger.GLASS
    every = timedelta(minutes=5)
    hosts = ("coins.llama.fi",)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(f"{URL}/{','.join(NAMED + coin for coin in COINS)}")

    def parse(self, payload: Payload) -> Iterator[Any]:
        coins = member(payload.json(), "coins", dict, payload.url)
        yield from each(coins.items(), _quote)


def _quote(item: tuple[str, dict[str, Any]]) -> QuoteRecord:
    coin, told = item
    asset = COINS.get(coin.removeprefix(NAMED))
    if asset is None:
        raise BadValueError("unknown_coin", f"{coin!r} is no coin that was asked for.")
    at = epoch_of(told["timestamp"], "timestamp")
    return QuoteRecord(
        event_at=at.replace(second=0, microsecond=0),
        published_at=at,
        source="defillama_prices",
        asset=asset,
        currency="USD",
        quoted_at=at,
        bid=None,
        ask=None,
        last=price_of(told["price"], "price"),
    )
