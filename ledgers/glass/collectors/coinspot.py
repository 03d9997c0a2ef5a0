"""CoinSpot: bid, ask and last of its order-book coins, in AUD."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ledgers.assets import symbol_of
from ledgers.collecting.collector import Ask, Collector, Http, each, member
from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import price_of
from ledgers.glass.records import QuoteRecord
from ledgers.models import Ledger

URL = "https://www.coinspot.com.au/pubapi/v2/latest"


@register
class CoinSpotQuotes(Collector):
    """https://www.coinspot.com.au/v2/api

    The answer has no time: a quote is of the moment of the answer. Prices are text and may be
    "NaN". Keys are a coin in AUD (`btc`) or a pair (`btc_usdt`).
    """

    slug = "coinspot"
    ledger = Ledger.GLASS
    every = timedelta(minutes=1)
    hosts = ("www.coinspot.com.au",)
    restates = False

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        yield http.get(URL)

    def parse(self, payload: Payload) -> Iterator[Any]:
        document = payload.json()
        if member(document, "status", str, payload.url) != "ok":
            raise DriftError(f"{payload.url} answered status {document['status']!r}.")
        prices = member(document, "prices", dict, payload.url)
        yield from each(prices.items(), lambda item: _quote(*item, payload=payload))


def _quote(pair: str, prices: dict[str, str], *, payload: Payload) -> QuoteRecord:
    coin, _, currency = pair.partition("_")
    bid, ask = price_of(prices["bid"], "bid"), price_of(prices["ask"], "ask")
    if bid > ask:
        raise BadValueError("crossed", f"bid {bid} is above ask {ask}.")
    return QuoteRecord(
        event_at=payload.observed_at.replace(second=0, microsecond=0),
        published_at=payload.observed_at,
        source="coinspot",
        asset=symbol_of(coin),
        currency=symbol_of(currency or "aud"),
        quoted_at=payload.observed_at,
        bid=bid,
        ask=ask,
        last=_last(prices.get("last")),
    )


def _last(value: str | None) -> Decimal | None:
    """Return the last trade's price; a coin that never traded has none."""
    return price_of(value, "last") if value else None
