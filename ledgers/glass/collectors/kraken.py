"""Kraken: bid, ask and last of pairs in AUD, and the rate of the Australian dollar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings

from ledgers.assets import symbol_of
from ledgers.collecting.collector import Ask, Collector, Http, each, member
from ledgers.collecting.errors import (
    BadValueError,
    BlockedError,
    CollectError,
    DriftError,
    RateLimitedError,
    TransportError,
)
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import price_of
from ledgers.glass.records import QuoteRecord
from ledgers.models import Ledger

HOST = "api.kraken.com"
URL = f"https://{HOST}/0/public/Ticker"
PAIRS = (
    "XBTAUD",
    "ETHAUD",
    "SOLAUD",
    "XRPAUD",
    "ADAAUD",
    "XDGAUD",
    "LTCAUD",
    "LINKAUD",
    "BCHAUD",
    "PEPEAUD",
    "USDTAUD",
    "USDCAUD",
    "AUDUSD",
    "XBTUSD",
    "ETHUSD",
)
UNKNOWN_PAIR = b"Unknown asset pair"
OLD_NAME = re.compile(r"(?=\w{8}$)[XZ]?(\w{3,4})[XZ](AUD|CAD|EUR|GBP|JPY|USD|XBT|ETH)")
NAME = re.compile(
    r"(\w+?)(AUD|CAD|CHF|EUR|GBP|JPY|USD|USDT|USDC|DAI|PYUSD|BRL|XBT|BTC|ETH|DOT)", re.ASCII
)
ERRORS: dict[str, type[CollectError]] = {
    "EAPI:Rate limit": RateLimitedError,
    "EGeneral:Too many": RateLimitedError,
    "EGeneral:Temporary lockout": RateLimitedError,
    "EService:": TransportError,
    "EGeneral:Internal error": TransportError,
    "EGeneral:Permission denied": BlockedError,
}
"""How an error that comes with status 200 begins, and what it means; all others are drift."""


def pairs() -> tuple[str, ...]:
    """Return the pairs to ask for, as Kraken writes them: the operator's list, else ours."""
    return tuple(settings.OMC_KRAKEN_PAIRS) or PAIRS


@register
class KrakenQuotes(Collector):
    """https://docs.kraken.com/api-reference/market-data/get-ticker-information

    One request for all pairs. The answer has no time: a quote is of the moment of the answer.
    AUDUSD is one Australian dollar in US dollars. One pair that Kraken no longer knows spoils the
    answer for all, so that each is then asked for alone.
    """

    slug = "kraken"
    ledger = Ledger.GLASS
    every = timedelta(minutes=1)
    hosts = (HOST,)
    restates = False

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        payload = http.get(_url(",".join(pairs())))
        if UNKNOWN_PAIR not in payload.body:
            yield payload
            return
        alone = [http.get(_url(pair)) for pair in pairs()]
        yield from sorted(alone, key=lambda answer: UNKNOWN_PAIR in answer.body)

    def parse(self, payload: Payload) -> Iterator[Any]:
        tickers = result_of(payload)
        yield from each(tickers.items(), lambda item: _quote(*item, payload=payload))


def _url(asked: str) -> str:
    return f"{URL}?pair={asked}&assetVersion=1"


def result_of(payload: Payload) -> dict[str, Any]:
    """Return the result of an answer, or raise what its list of errors means."""
    document = payload.json()
    errors = [str(error) for error in member(document, "error", list, payload.url)]
    if fatal := [error for error in errors if not error.startswith("W")]:
        kinds = (kind for start, kind in ERRORS.items() if fatal[0].startswith(start))
        said = f"{payload.url} answered {', '.join(fatal)}."
        hint = " Take the pair out of OMC_KRAKEN_PAIRS." if UNKNOWN_PAIR in payload.body else ""
        raise next(kinds, DriftError)(said + hint)
    return member(document, "result", dict, payload.url)


def pair_of(name: str) -> tuple[str, str]:
    """Return asset and currency of `BTC/AUD`, `XBTAUD`, `XXBTZAUD` or `AUDUSD`.

    The oldest names have eight letters: an X stands before a coin's three, a Z before money's.
    """
    base, slash, quote = name.partition("/")
    if not slash:
        found = OLD_NAME.fullmatch(name) or NAME.fullmatch(name)
        base, quote = found.groups() if found else ("", "")
    if not base.isalnum() or not quote.isalnum():
        raise BadValueError("unknown_pair", f"{name!r} is no pair of an asset and a currency.")
    return symbol_of(base), symbol_of(quote)


def _quote(name: str, ticker: dict[str, Any], *, payload: Payload) -> QuoteRecord:
    asset, currency = pair_of(name)
    bid, ask = price_of(ticker["b"][0], "bid"), price_of(ticker["a"][0], "ask")
    if bid > ask:
        raise BadValueError("crossed", f"bid {bid} is above ask {ask}.")
    return QuoteRecord(
        event_at=payload.observed_at.replace(second=0, microsecond=0),
        published_at=payload.observed_at,
        source="kraken",
        asset=asset,
        currency=currency,
        quoted_at=payload.observed_at,
        bid=bid,
        ask=ask,
        last=price_of(ticker["c"][0], "last"),
    )
