"""Lots matched with sales: the core's books, and the plain loop that one would write instead."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

from benchmarks.figures import Figure, Goal
from benchmarks.measuring import alternate, best, frozen_heap, say
from benchmarks.trading.data import CURRENCY, trades
from trading.core.book import book_entries
from trading.core.entries import Side, Trade, booking_order
from trading.core.exact import CONTEXT, ZERO, share
from trading.core.journal import Book
from trading.core.lots import Disposal, Lot, OpenLot

ROWS_A_TRADE, ASSETS, TIMES = 50, 20, 5


def measure(rows: int) -> list[Figure]:
    """Match a long history both ways in turns, and weigh what ours keeps of it."""
    say("matches: both ways")
    history = list(trades(rows // ROWS_A_TRADE, assets=ASSETS))
    with frozen_heap():
        _require_the_same(history)
        ways = {"ours": lambda: _books(history), "loop": lambda: _loop(history)}
        costs = alternate(ways, times=TIMES)
        held = _memory(history) / len(history)
    ours, loop = best(costs["ours"]).cpu, best(costs["loop"]).cpu
    return [
        Figure(
            name="matches.loop",
            work=f"{len(history):,} trades booked, every lot match emitted",
            ours=f"{ours:.2f} s CPU",
            peer=f"{loop:.2f} s CPU plain Decimal loop",
            value=ours / loop,
            goal=Goal(side="<=", limit=1.3),
        ),
        Figure(
            name="matches.memory",
            work=f"{len(history):,} trades booked: memory of the book and its journals",
            ours=f"{held:.0f} bytes a trade",
            peer="-",
            value=held / 1024,
            unit="KB",
            goal=Goal(side="<=", limit=1),
        ),
    ]


def _books(history: Sequence[Trade]) -> Book:
    return book_entries(history, currency=CURRENCY)


def _loop(history: Iterable[Trade]) -> list[Disposal]:
    """Match the oldest purchase first: queues, exact Decimals, and nothing but the matches."""
    queues: dict[str, deque[OpenLot]] = defaultdict(deque)
    found: list[Disposal] = []
    with localcontext(CONTEXT):
        for number, trade in enumerate(sorted(history, key=booking_order)):
            if (trade.quote, trade.fee_asset) != (CURRENCY, CURRENCY):
                raise ValueError(f"{trade.key} is not for {CURRENCY}, or its fee is not.")
            worth = trade.quantity * trade.price
            if trade.side is Side.BUY:
                cost = worth + trade.fee
                lot = Lot(trade.base, trade.at, trade.key, number, trade.quantity, cost)
                queues[trade.base].append(OpenLot(lot, trade.quantity, cost))
            else:
                found += _sold(queues[trade.base], trade, worth - trade.fee)
    return found


def _sold(queue: deque[OpenLot], sale: Trade, worth: Decimal) -> Iterator[Disposal]:
    left = sale.quantity
    while left and queue:
        rest = queue[0]
        lot, quantity, cost = rest.lot, rest.quantity, rest.cost
        if quantity <= left:
            queue.popleft()
        else:
            quantity, cost = left, share(cost, left, quantity)
            rest.quantity -= quantity
            rest.cost -= cost
        part = worth if quantity == left else share(worth, quantity, left)
        yield Disposal(sale.at, sale.key, sale.base, lot, quantity, cost, part, is_fee=False)
        left -= quantity
        worth -= part
    if left:
        yield Disposal(sale.at, sale.key, sale.base, None, left, ZERO, worth, is_fee=False)


def _require_the_same(history: Sequence[Trade]) -> None:
    """Raise unless both ways emit the same matches, to the last digit."""
    if list(map(_content, _books(history).disposals)) != list(map(_content, _loop(history))):
        raise AssertionError("The book and the plain loop do not emit the same matches.")


def _content(match: Disposal) -> tuple[Any, ...]:
    """Return all that a match tells but the number of its lot in the book."""
    return match._replace(lot=None), match.lot and match.lot.key, match.lot and match.lot.cost


def _memory(history: Sequence[Trade]) -> int:
    """Return how many bytes were in use at most while the history was booked, beside it."""
    tracemalloc.start()
    try:
        book = _books(history)
        if not book.disposals:
            raise AssertionError("Nothing was sold.")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
