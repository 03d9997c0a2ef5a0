"""What each topic of a clause asks the tools: slots and a period in, calls out.

What a clause leaves open takes a default here, which the answer states with its window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from agents.language import lexicon
from agents.language.names import Names
from agents.language.periods import Period
from agents.language.slots import Slots
from agents.plans import Step
from agents.results import Window

DAY = timedelta(days=1)
PERIODIC = ("10-K", "10-Q", "20-F", "10-K/A", "10-Q/A", "DEF14A")
"""Forms that come once a quarter or a year."""
OWN = {"orders", "positions", "pnl"}
EVERYWHERE = {*OWN, "catalyst", "quality"}
"""Topics that need no coin."""
MINED = {"hash_rate", "difficulty", "miners_revenue", "backlog", "block_time"}
"""Metrics that only Bitcoin's chain has here."""


def _price(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    measures = slots.measures or (("change",) if period else ())
    wants_now = not period or period.label in {"now", "today"}
    only_level = slots.is_level and not set(slots.measures) - {"compare"}
    says_now = period is not None and period.label == "now"
    if says_now or (wants_now and (only_level or not (slots.measures or period))):
        period, measures = None, ()
    elif period is None:
        period = _default(clock, DAY, "24h")
    for symbol in slots.names.assets:
        yield Step(
            tool="get_price_data",
            args={"symbol": symbol, "timeframe": period.timeframe if period else "latest"},
            window=period.window if period else None,
            label=period.label if period else "",
            measures=measures,
        )


def _sentiment(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    period = _plain(period) or _default(clock, 7 * DAY, "7d")
    for symbol in slots.names.assets or ("*",):
        for source in slots.sources or ("all",):
            yield Step(
                tool="get_sentiment_data",
                args={"symbol": "*" if source == "fear_greed" else symbol, "source": source},
                window=period.window,
                label=period.label,
                measures=slots.measures,
            )


def _catalyst(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    names: Names = slots.names
    is_rare = set(slots.event_types) & set(PERIODIC) or lexicon.REPORTS.search(slots.text.lower())
    span = 365 * DAY if is_rare else 30 * DAY
    default = _default(clock, span, "30d")
    if slots.is_planned and set(slots.event_types) & {"exchange_maintenance", "all", "fork"}:
        ahead = Window(start=clock, end=clock + 30 * DAY)
        default = Period(window=ahead, timeframe="range", label="ahead")
    period = _plain(period) or default
    for kind in slots.event_types or ("all",):
        for symbol in _subjects(names, kind, is_only=len(slots.event_types) < 2) or ("*",):  # noqa: PLR2004
            yield Step(
                tool="get_catalyst_events",
                args={"symbol": symbol, "event_type": kind},
                window=period.window,
                label=period.label,
            )


def _subjects(names: Names, kind: str, *, is_only: bool) -> tuple[str, ...]:
    """Return whom events of a kind are about: companies file, coins are listed."""
    is_filing = kind in {"sec_filing", *PERIODIC} or kind[0].isdigit() or kind.startswith("S-")
    if names.companies and (is_filing or (is_only and not names.assets)):
        return names.companies
    return () if kind == "macro" else names.assets


def _own_orders(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    for symbol in slots.names.assets or ("*",):
        yield Step(
            tool="get_order_history",
            args={"symbol": symbol, **dict(slots.orders)},
            window=period.window if period and period.label != "now" else None,
            label=period.label if period else "",
            measures=slots.measures,
        )


def _of_symbols(tool: str, slots: Slots, period: Period | None, **more: str) -> Iterator[Step]:
    """Ask a tool about each asset, or about everything, in a period if there is one."""
    period = _plain(period)
    for symbol in slots.names.assets or ("*",):
        yield Step(
            tool=tool,
            args={"symbol": symbol, **more},
            window=period.window if period else None,
            label=period.label if period else "",
            measures=slots.measures,
        )


def _positions(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    yield from _of_symbols("get_positions", slots, period)


def _pnl(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    yield from _of_symbols("get_pnl", slots, period)


def _protocol(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    for metric in slots.protocol:
        named = {} if metric == "all" else {"metric": metric}
        yield from _of_symbols("get_protocol_fundamentals", slots, period, **named)


def _chain(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    if is_mining(slots):
        slots = replace(slots, names=replace(slots.names, assets=("BTC",)))
    for metric in slots.chain:
        named = {} if metric == "all" else {"metric": metric}
        yield from _of_symbols("get_chain_metrics", slots, period, **named)


def is_mining(slots: Slots) -> bool:
    """Tell whether a question without a coin can only mean the one chain that is mined here."""
    return not slots.names.assets and bool(MINED & set(slots.chain))


def _quality(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    period = _plain(period)
    yield Step(
        tool="get_data_quality",
        args={"ledger": slots.ledger},
        window=period.window if period else None,
        label=period.label if period else "",
    )


def _timeline(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    yield from _of_symbols("get_timeline", slots, _plain(period) or _default(clock, 7 * DAY, "7d"))


TOPICS: dict[str, Callable[[Slots, Period | None, datetime], Iterator[Step]]] = {
    "price": _price,
    "sentiment": _sentiment,
    "catalyst": _catalyst,
    "orders": _own_orders,
    "positions": _positions,
    "pnl": _pnl,
    "protocol": _protocol,
    "chain": _chain,
    "quality": _quality,
    "timeline": _timeline,
}


def _default(clock: datetime, span: timedelta, timeframe: str) -> Period:
    return Period(window=Window(start=clock - span, end=clock), timeframe=timeframe, label="")


def _plain(period: Period | None) -> Period | None:
    return None if period is None or period.label == "now" else period
