"""The random histories really hold what the laws are about; else a law would say nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import settings as law

from trading.core.book import Book, book_accounts
from trading.core.entries import Entry, Flow, FlowKind, Trade
from trading.core.journal import Parcel
from trading.core.tests.histories import CURRENCY, History, linked_histories

EXAMPLES, LEAST = (400, 8) if law.default.max_examples > 400 else (150, 1)
WANTED = (
    "fee in cash",
    "fee in what was bought",
    "fee in what was given",
    "fee in a third asset",
    "fee above what was bought",
    "oversell",
    "tie in time",
    "deposit in kind with a value",
    "deposit in kind without a value",
    "withdrawal in kind of known lots",
    "income",
    "own transfer that carried lots",
    "own transfer of which a part arrived",
    "own transfer in the moment it left",
    "swap with a price",
    "swap without a price",
    "quote missing for what is held",
    "deposit that nobody recorded",
    "cash bought with coins",
)


def test_the_histories_hold_everything_that_the_laws_speak_of() -> None:
    """Each thing in at least one of fifty pairs of histories; in the quick tier, at all."""
    met: Counter[str] = Counter()

    @law(max_examples=EXAMPLES)
    @given(linked_histories())
    def collect(linked: tuple[History, History]) -> None:
        met.update(set(features(*linked)))

    collect()
    assert {name: met[name] for name in WANTED if met[name] < LEAST} == {}
    assert set(met) <= set(WANTED)


def features(one: History, other: History) -> Iterator[str]:
    """Name what two accounts of one person went through."""
    transit: dict[tuple[str, str], Parcel] = {}
    histories = {"one": one, "other": other}
    books = {
        name: Book(currency=CURRENCY, prices=history.prices, transit=transit)
        for name, history in histories.items()
    }
    book_accounts(books, {name: history.entries for name, history in histories.items()})
    for name, history in histories.items():
        entries = {(entry.at, entry.key): entry for entry in history.entries}
        if len({entry.at for entry in history.entries}) < len(history.entries):
            yield "tie in time"
        for entry in history.entries:
            yield from of_entry(entry, history)
        yield from of_book(books[name], entries, history)
    sent = {(e.match, e.at) for e in one.entries if is_own(e, FlowKind.TRANSFER_OUT)}
    if sent & {(e.match, e.at) for e in other.entries if is_own(e, FlowKind.TRANSFER_IN)}:
        yield "own transfer in the moment it left"


def is_own(entry: Entry, kind: FlowKind) -> bool:
    """Tell whether it is one half of a transfer between own accounts."""
    return isinstance(entry, Flow) and entry.kind is kind and bool(entry.match)


def of_entry(entry: Entry, history: History) -> Iterator[str]:
    """Name what an entry is by itself."""
    if isinstance(entry, Flow):
        if entry.kind is FlowKind.INCOME:
            yield "income"
        if entry.kind is FlowKind.DEPOSIT and entry.asset != CURRENCY:
            told = "without a value" if entry.value is None else "with a value"
            yield f"deposit in kind {told}"
        return
    yield from of_fee(entry)
    if entry.base == CURRENCY:
        yield "cash bought with coins"
    if CURRENCY not in (entry.base, entry.quote):
        known = [history.prices(asset, entry.at) for asset in (entry.base, entry.quote)]
        yield "swap without a price" if known == [None, None] else "swap with a price"


def of_fee(trade: Trade) -> Iterator[str]:
    """Name what a fee was paid in."""
    is_buy = trade.side.value == "buy"
    got = trade.base if is_buy else trade.quote
    given = trade.quote if is_buy else trade.base
    if not trade.fee:
        return
    if trade.fee_asset == CURRENCY:
        yield "fee in cash"
    if trade.fee_asset == got:
        yield "fee in what was bought"
        if trade.fee > trade.quantity and is_buy:
            yield "fee above what was bought"
    elif trade.fee_asset == given:
        yield "fee in what was given"
    elif trade.fee_asset != CURRENCY:
        yield "fee in a third asset"


def of_book(book: Book, entries: dict[object, Entry], history: History) -> Iterator[str]:
    """Name what came of the entries."""
    if any(position.unmatched for position in book.positions.values()):
        yield "oversell"
    bids = {CURRENCY, *history.bids()}
    if any(one.quantity and name not in bids for name, one in book.positions.items()):
        yield "quote missing for what is held"
    yield from of_flows(book)
    for lot in book.acquisitions:
        if (lot.at, lot.key) not in entries:
            yield "own transfer that carried lots"
            if any(parcel.lots for parcel in book.transit.values()):
                yield "own transfer of which a part arrived"


def of_flows(book: Book) -> Iterator[str]:
    """Name what came and went without a trade."""
    for flow in book.flow_postings:
        if flow.is_implied:
            yield "deposit that nobody recorded"
        if flow.kind is FlowKind.WITHDRAWAL and flow.asset != CURRENCY and flow.value:
            yield "withdrawal in kind of known lots"
