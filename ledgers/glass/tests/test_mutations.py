"""Whatever becomes of an answer, no collector of this ledger takes it for "nothing new"."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import CollectError, DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED, Recording, load
from ledgers.collecting.templates import Moment, render
from ledgers.glass.collectors.mempool import TOLD
from ledgers.glass.tests.asking import source
from ledgers.models import CollectorRun, Ledger
from ledgers.tests.misbehaving import HEAD, body, say
from ledgers.tests.sources import NOW, collect, parsed, payload

GLASS = {
    slug: collector for slug, collector in collectors.items() if collector.ledger == Ledger.GLASS
}
NEEDED = {
    "binance": set(),
    "blockchain_info": {"status", "unit", "period", "values", "x", "y"},
    "coinbase": {"candles", "start", "open", "high", "low", "close", "volume"},
    "coingecko": {"bitcoin", "ethereum"},
    "coinspot": {"status", "prices", "bid", "ask"},
    "defillama": {"date", "tvl", "totalDataChart", "totalCirculatingUSD", "peggedUSD"},
    "defillama_prices": {"coins", "price", "timestamp"},
    "kraken": {"error", "result", "a", "b", "c"},
    "kraken_ohlc": {"error", "result", "last"},
    "mempool": {"time", *(told.member for telling in TOLD.values() for told in telling)},
}
"""What an answer cannot lose: a member without which something would be missing or wrong."""


def answers() -> Iterator[tuple[str, str, str]]:
    """Yield collector, URL and body of every shipped answer of this ledger, one a file."""
    by_file = {}
    for recording in load(SHIPPED):
        by_file.setdefault(recording.file, recording)
    for file, recording in by_file.items():
        query = "&".join(f"{name}={value}" for name, value in sorted(recording.query))
        url = f"https://{recording.host}{recording.path}?{query}&interval=60&end=1"
        moment = Moment(now=NOW, started_at=NOW, values=recording.values)
        for slug, collector in GLASS.items():
            if recording.host in collector.hosts and reads(slug, recording):
                yield slug, url, render(file.read_text(), moment)


def reads(slug: str, recording: Recording) -> bool:
    """Tell whether it is a page of this collector, and not of another one of the same host."""
    own = {"kraken": "/Ticker", "kraken_ohlc": "/OHLC", "coinspot": "/latest"}
    return recording.method == "GET" and recording.path.endswith(own.get(slug, ""))


ANSWERS = list(answers())
BY_ANSWER = pytest.mark.parametrize(
    ("slug", "url", "text"),
    ANSWERS,
    ids=[f"{slug} {url.split('?')[0]}" for slug, url, _ in ANSWERS],
)


def outcome(collector: Collector, url: str, text: str) -> str:
    """Return what the runner makes of a body: records, or an error; never neither."""
    answer = payload(url, text)
    try:
        records, rejects = parsed(collector, answer)
    except CollectError as error:
        return error.outcome
    if records:
        return "partial" if rejects else "ok"
    return "drift" if rejects or not collector.is_empty(answer) else "empty"


def keys(document: object) -> Iterator[str]:
    children = document.values() if isinstance(document, dict) else document
    if isinstance(document, dict):
        yield from document
    if isinstance(document, dict | list):
        for child in children:
            yield from keys(child)


def test_every_collector_of_the_ledger_is_mutated() -> None:
    assert {slug for slug, _, _ in ANSWERS} == set(GLASS)


@BY_ANSWER
def test_the_shipped_answer_itself_is_read_whole(slug, url, text) -> None:
    assert outcome(GLASS[slug], url, text) == "ok"


@BY_ANSWER
def test_a_member_that_got_another_name_is_noticed(slug, url, text) -> None:
    for name in sorted(set(keys(json.loads(text)))):
        renamed = text.replace(f'"{name}":', f'"{name}_renamed":')
        result = outcome(GLASS[slug], url, renamed)
        assert renamed != text
        assert result != "empty"
        assert result != "ok" or name not in NEEDED[slug], name


def test_every_needed_member_is_in_an_answer() -> None:
    for slug, needed in NEEDED.items():
        texts = [text for owner, _, text in ANSWERS if owner == slug]
        assert needed <= {name for text in texts for name in keys(json.loads(text))}


@pytest.mark.parametrize(
    ("slug", "url", "text"), [answer for answer in ANSWERS if answer[2].lstrip()[0] in "[{"]
)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_document_is_drift(slug, url, text, share) -> None:
    whole = text.rstrip()
    with pytest.raises(DriftError):
        parsed(GLASS[slug], payload(url, whole[: int(len(whole) * share)]))


@BY_ANSWER
@pytest.mark.parametrize("text_instead", ["{}", "[]", "null", '"busy"', "", "{", "[[]]", "[{}]"])
def test_another_document_is_never_success(slug, url, text, text_instead) -> None:
    assert outcome(GLASS[slug], url, text_instead) not in ("ok", "partial", "empty")


FAULTS = {
    "rate_limited": say(b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
    "blocked": body(
        b"<!DOCTYPE html><title>Checking your browser</title>",
        head=HEAD.replace(b"application/json", b"text/html"),
    ),
    "transport": say(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    "drift": body(b'{"message": "welcome"}'),
}


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("slug", sorted(GLASS))
def test_a_source_that_fails_covers_nothing_and_says_why(slug, fault, settings) -> None:
    settings.OMC_SOURCE_KEYS = {"OMC_COINGECKO_API_KEY": "k"}
    settings.OMC_KRAKEN_PAIRS = ["XBTAUD", "ETHAUD"]
    with source(GLASS[slug], settings, FAULTS[fault]):
        runs = collect(slug)
    assert {run.outcome for run in runs} == {fault}
    assert [run.window for run in runs] == [None] * len(runs)
    assert not CollectorRun.objects.filter(new__gt=0).exists()
    assert all(run.error for run in runs)
