"""Every recorded answer of a source that we collect: each item is a record or a reject.

The recordings are not part of this repository; without them these tests are skipped. How many
items an answer holds is counted here by its format, not by the parser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledgers.collecting.errors import CollectError
from ledgers.collecting.looks import parsed as read
from ledgers.collecting.registry import collectors
from ledgers.tests.sources import SAMPLES, parsed, payload, samples_needed

AT = datetime(2026, 11, 1, tzinfo=UTC)
Count = Callable[[bytes], int]


def under(*path: str) -> Count:
    """Count what lies under a path of members."""

    def count(body: bytes) -> int:
        document = json.loads(body)
        for name in path:
            document = document[name]
        return len(document)

    return count


def elements(*names: bytes) -> Count:
    """Count elements of XML by their opening tags."""

    def count(body: bytes) -> int:
        text = body.lower()
        return sum(text.count(b"<%s%s" % (name, end)) for name in names for end in (b" ", b">"))

    return count


def priced(body: bytes) -> int:
    """Count the currencies of each coin."""
    told = json.loads(body).values()
    return sum(name != "last_updated_at" for coin in told for name in coin)


def committed(body: bytes) -> int:
    """Count the candles up to the last one that Kraken calls committed."""
    result = json.loads(body)["result"]
    (rows,) = (rows for name, rows in result.items() if name != "last")
    return sum(row[0] <= result["last"] for row in rows)


@dataclass(frozen=True, slots=True)
class Format:
    """Answers to one URL of a source, and how many items one holds."""

    files: str
    slug: str
    url: str
    count: Count


CANDLES = "https://api.coinbase.com/api/v3/brokerage/market/products/BTC-USD/candles"
DESK = "https://coinspot.zendesk.com/api/v2/help_center/en-us/categories/115000579994"
FORMATS = [
    Format(
        "alternative_me/fng_*", "alternative_me", "https://api.alternative.me/fng/", under("data")
    ),
    Format(
        "binance/klines_*",
        "binance",
        "https://data-api.binance.vision/api/v3/klines?symbol=BTCUSDT&interval=1h",
        under(),
    ),
    Format(
        "blockchain_info/charts_*",
        "blockchain_info",
        "https://api.blockchain.info/charts/market-price",
        under("values"),
    ),
    Format(
        "coinbase/candles_*",
        "coinbase",
        f"{CANDLES}?granularity=ONE_HOUR&start=1&end=1",
        under("candles"),
    ),
    Format(
        "coingecko/simple_price_*",
        "coingecko",
        "https://api.coingecko.com/api/v3/simple/price",
        priced,
    ),
    Format(
        "coinspot/*pub_v2_latest_*",
        "coinspot",
        "https://www.coinspot.com.au/pubapi/v2/latest",
        under("prices"),
    ),
    Format(
        "defillama/historicalChainTvl_*",
        "defillama",
        "https://api.llama.fi/v2/historicalChainTvl/Solana",
        under(),
    ),
    Format(
        "defillama/coins_prices_current_*",
        "defillama_prices",
        "https://coins.llama.fi/prices/current/coingecko:bitcoin",
        under("coins"),
    ),
    Format(
        "edgar/getcurrent_*",
        "sec",
        "https://www.sec.gov/cgi-bin/browse-edgar?action=getcurrent",
        elements(b"entry"),
    ),
    Format(
        "edgar/submissions_*[!0]_2*",
        "sec",
        "https://data.sec.gov/submissions/CIK0001318605.json",
        under("filings", "recent", "accessionNumber"),
    ),
    Format(
        "edgar/submissions_single_*",
        "sec",
        "https://data.sec.gov/submissions/CIK0001800903.json",
        under("filings", "recent", "accessionNumber"),
    ),
    Format("kraken/ticker_*", "kraken", "https://api.kraken.com/0/public/Ticker", under("result")),
    Format(
        "kraken/ohlc_*",
        "kraken_ohlc",
        "https://api.kraken.com/0/public/OHLC?pair=XBTUSDT&interval=60",
        committed,
    ),
    *(
        Format(
            f"reddit/{name}",
            "reddit",
            "https://oauth.reddit.com/r/CryptoCurrency/new",
            under("data", "children"),
        )
        for name in ("*_new_*", "*_hot_*", "subreddit_listing_*", "listing_*")
    ),
    Format(
        "rss/*",
        "rss",
        "https://www.coindesk.com/arc/outboundfeeds/rss/",
        elements(b"item", b"entry"),
    ),
    Format(
        "rss/fed_*",
        "fed",
        "https://www.federalreserve.gov/feeds/press_monetary.xml",
        elements(b"item"),
    ),
    Format(
        "zendesk/*articles_*",
        "coinspot_announcements",
        f"{DESK}/articles.json",
        under("articles"),
    ),
    Format(
        "zendesk/constructed_*",
        "coinspot_announcements",
        f"{DESK}/articles.json",
        under("articles"),
    ),
]
ELSEWHERE = {
    "coinspot": "answers to a user's key: ledgers/exchange/tests/test_coinspot_ro.py",
    "coinmetrics": "no collector: its licence forbids commercial use",
    "cryptocompare": "no collector: it wants a key",
    "cryptopanic": "no collector: it wants a paid plan",
    "hackernews": "no collector yet",
    "history": "files for seeds and checks",
    "independent_reserve": "no collector yet",
    "pnl_cases": "of trading",
}
"""Folders of samples that no format above reads, or not all of it."""


def items() -> Iterator[Any]:
    """Yield every format with each of its files."""
    for one in FORMATS:
        for path in sorted(SAMPLES.glob(one.files)):
            yield pytest.param(one, path, id=f"{one.slug} {path.name}")


def rest() -> Iterator[Any]:
    """Yield every other file of a source that we collect, with the source's formats."""
    read_ones = {path for one in FORMATS for path in SAMPLES.glob(one.files)}
    for folder in sorted({one.files.partition("/")[0] for one in FORMATS}):
        own = [one for one in FORMATS if one.files.startswith(f"{folder}/")]
        for path in sorted(set((SAMPLES / folder).glob("*.*")) - read_ones):
            if path.suffix in (".json", ".xml", ".html"):
                yield pytest.param(own[0], path, id=f"{own[0].slug} {path.name}")


def test_every_source_has_a_format_or_a_reason() -> None:
    """What is not read from recordings is only shipped, or is asked with a user's key."""
    unread = set(collectors) - {one.slug for one in FORMATS}
    assert unread == {"mempool", "coinspot_ro"}


@samples_needed
def test_every_folder_of_samples_is_read_or_has_a_reason() -> None:
    folders = {path.name for path in SAMPLES.iterdir() if path.is_dir()}
    known = {one.files.partition("/")[0] for one in FORMATS} | {"mempool"}
    assert folders <= known | set(ELSEWHERE)
    assert all(any(SAMPLES.glob(one.files)) for one in FORMATS)


@samples_needed
@pytest.mark.parametrize(("one", "path"), list(items()))
def test_every_item_is_a_record_or_a_reject(one: Format, path: Path) -> None:
    body = path.read_bytes()
    try:
        records, rejects = parsed(collectors[one.slug], payload(one.url, body, at=AT))
    except CollectError:
        assert one.count(body) == 0, "an answer with items was refused as a whole"
        return
    assert len(records) + len(rejects) == one.count(body)
    for reject in rejects:
        assert reject.reason
        assert reject.detail
        assert reject.item


@samples_needed
@pytest.mark.parametrize(("one", "path"), list(rest()))
def test_what_is_no_answer_to_us_is_never_success_with_nothing(one: Format, path: Path) -> None:
    """Answers to other questions, and errors: refused, rejected, or empty in so many words."""
    answer = payload(one.url, path.read_bytes(), at=AT)
    try:
        records, rejects = read(collectors[one.slug], answer)
    except CollectError:
        return
    assert records or rejects or collectors[one.slug].is_empty(answer)
