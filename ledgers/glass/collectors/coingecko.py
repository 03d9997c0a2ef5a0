"""CoinGecko: what coins cost in AUD and USD across venues; a plug-in that needs a key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ledgers.assets import symbol_of
from ledgers.collecting.collector import Ask, Collector, Http, Need, each
from ledgers.collecting.errors import BadValueError, BlockedError, DriftError, RateLimitedError
from ledgers.collecting.needs import value_of
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of, price_of
from ledgers.glass.records import QuoteRecord
from ledgers.models import Ledger

URL = "https://api.coingecko.com/api/v3/simple/price"
COINS = {
    "bitcoin": "BTC",
    "ethereum": "ETH",
    "solana": "SOL",
    "ripple": "XRP",
    "cardano": "ADA",
    "dogecoin": "DOGE",
    "litecoin": "LTC",
    "chainlink": "LINK",
    "polkadot": "DOT",
    "binancecoin": "BNB",
    "tether": "USDT",
    "usd-coin": "USDC",
    "dai": "DAI",
}
"""Pinned, for a symbol is no name here: several coins share one."""
CURRENCIES = "aud,usd"
TIME = "last_updated_at"
TOO_MANY = 429


@register
class CoinGeckoQuotes(Collector):
    """https://docs.coingecko.com/v3.0.1/reference/simple-price

    A mean over venues: no bid and no ask, only a last price, of the time that stands with it. A
    coin that CoinGecko does not know is missing from the answer without a word.
    """

    slug = "coingecko"
    ledger = Ledger.GLASS
    every = timedelta(minutes=5)
    hosts = ("api.coingecko.com",)
    requests_per_minute = 20
    is_plug_in = True
    needs = (Need(name="api_key", help="The key of a free demo account at coingecko.com."),)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        headers = {"x-cg-demo-api-key": value_of(self, "api_key")}
        asked = {"ids": ",".join(COINS), "vs_currencies": CURRENCIES}
        yield http.get(URL, headers, **asked, include_last_updated_at="true")

    def parse(self, payload: Payload) -> Iterator[Any]:
        document = payload.json()
        _raise_refusals(document, payload)
        yield from each(_prices(document), lambda item: _quote(*item, payload=payload))


def _raise_refusals(document: Any, payload: Payload) -> None:
    """Raise what an answer says that holds no prices; it may come with status 200."""
    if not isinstance(document, dict):
        raise DriftError(f"{payload.url} is no table of coins. Its shape has changed.")
    status = document.get("status")
    if isinstance(status, dict):
        said = f"{payload.url} answered {status.get('error_code')}: {status.get('error_message')}."
        raise (RateLimitedError if status.get("error_code") == TOO_MANY else BlockedError)(said)
    if "error" in document:
        raise DriftError(f"{payload.url} answered {document['error']!r}.")


def _prices(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each coin with each currency and all that is told of it."""
    for coin, told in document.items():
        for currency in told if isinstance(told, dict) else ("",):
            if currency != TIME:
                yield coin, currency, told


def _quote(coin: str, currency: str, told: dict[str, Any], *, payload: Payload) -> QuoteRecord:
    if coin not in COINS:
        raise BadValueError("unknown_coin", f"{coin!r} is no coin that was asked for.")
    at = _told_at(told, payload)
    return QuoteRecord(
        event_at=at.replace(second=0, microsecond=0),
        published_at=at,
        source="coingecko",
        asset=COINS[coin],
        currency=symbol_of(currency),
        quoted_at=at,
        bid=None,
        ask=None,
        last=price_of(told[currency], currency),
    )


def _told_at(told: dict[str, Any], payload: Payload) -> datetime:
    """Return when the price was made; where nobody says, when the source answered."""
    return epoch_of(told[TIME], TIME) if TIME in told else payload.observed_at
