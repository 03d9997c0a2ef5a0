"""Random histories for the laws: what a careless person, three venues and a bad feed produce.

Fees in cash, in the traded and in a third asset; sales of what was never bought; many entries in
one moment; flows in kind with and without a value; own transfers; swaps and fees nobody knows a
price for; amounts from one part of an 18-decimal token to thousands of millions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from trading.core.entries import Entry, Flow, FlowKind, Side, Trade
from trading.core.tests.factories import START

CURRENCY = "AUD"
ASSETS = ("BTC", "ETH", "DUST")
AMOUNTS = st.one_of(
    st.sampled_from(["1", "0.5", "3", "10", "1e-18", "0.000000000000000007", "1e9"]).map(Decimal),
    st.decimals("1e-18", "1e9", places=18),
)
PRICES = st.one_of(
    st.sampled_from(["1", "100", "300", "1e-7", "0.0000000123"]).map(Decimal),
    st.decimals("1e-12", "1e7", places=12),
)
FEES = st.one_of(st.just(Decimal(0)), st.sampled_from(["0.1", "1e-18", "2"]).map(Decimal), AMOUNTS)


@dataclass(frozen=True)
class History:
    """Entries in any order, and what the market knew: a price an asset and hour, or none."""

    entries: Sequence[Entry]
    table: dict[tuple[str, int], Decimal | None]

    def prices(self, asset: str, at: datetime) -> Decimal | None:
        return self.table.get((asset, at.hour % 2))

    def bids(self, hour: int = 0) -> dict[str, Decimal]:
        found = {asset: self.table.get((asset, hour)) for asset in ASSETS}
        return {asset: bid for asset, bid in found.items() if bid is not None}


def times() -> st.SearchStrategy[datetime]:
    """Few moments, so that many entries share one."""
    return st.integers(0, 7).map(lambda hour: START + timedelta(hours=hour))


@st.composite
def trades(draw: Callable, key: str, *, assets: Sequence[str] = ASSETS) -> Trade:
    everything = [CURRENCY, *assets]
    base = draw(st.sampled_from(everything))
    others = [asset for asset in everything if asset != base]
    quote = draw(
        st.sampled_from(others) if base == CURRENCY else st.sampled_from([CURRENCY, *others])
    )
    return Trade(
        at=draw(times()),
        key=key,
        side=draw(st.sampled_from(Side)),
        base=base,
        quote=quote,
        quantity=draw(AMOUNTS),
        price=draw(PRICES),
        fee=draw(FEES),
        fee_asset=draw(st.sampled_from(everything)),
    )


@st.composite
def flows(
    draw: Callable, key: str, *, kinds: Sequence[FlowKind] = tuple(FlowKind), match: bool = True
) -> Flow:
    return Flow(
        at=draw(times()),
        key=key,
        kind=draw(st.sampled_from(kinds)),
        asset=draw(st.sampled_from([CURRENCY, *ASSETS])),
        quantity=draw(AMOUNTS),
        fee=draw(FEES),
        fee_asset=draw(st.sampled_from([CURRENCY, *ASSETS])),
        value=draw(st.none() | PRICES),
        match=draw(st.sampled_from([None, "x", "y"])) if match else None,
    )


@st.composite
def histories(draw: Callable, *, match: bool = True, max_size: int = 10) -> History:
    """Anything that can happen to an account."""
    names = draw(
        st.permutations([f"{number:02}" for number in range(draw(st.integers(1, max_size)))])
    )
    entries = [draw(st.one_of(trades(key), flows(key, match=match))) for key in names]
    prices = st.none() | PRICES
    table = {(asset, hour): draw(prices) for asset in ASSETS[:2] for hour in (0, 1)}
    return History(entries=entries, table=table)


@st.composite
def cash_histories(draw: Callable) -> History:
    """Mostly trades for cash with a fee in cash, one after the other, and little between."""
    history: History = draw(histories(max_size=14))
    return replace(history, entries=[for_cash(draw, entry) for entry in history.entries])


def for_cash(draw: Callable, entry: Entry) -> Entry:
    """Turn most trades into trades for cash."""
    if isinstance(entry, Flow) or draw(st.integers(0, 5)) == 0:
        return entry
    base = entry.quote if entry.base == CURRENCY else entry.base
    return replace(entry, base=base, quote=CURRENCY, fee_asset=CURRENCY)


@st.composite
def linked_histories(draw: Callable) -> tuple[History, History]:
    """Two accounts of one person, the first of which sends coins that it has bought to the other.

    Not all need arrive, more may than were sent, and both may be told of one moment.
    """
    one, other = draw(histories(max_size=7)), draw(histories(max_size=7))
    asset, bought, sent = draw(st.sampled_from(ASSETS)), draw(AMOUNTS), draw(AMOUNTS)
    arrived = draw(st.sampled_from([sent, sent / 2, sent / 2, sent * 2]))
    left, landed = sorted([draw(times()), draw(times())])
    buy = Trade(
        at=START,
        key="a buy",
        side=Side.BUY,
        base=asset,
        quote=CURRENCY,
        quantity=bought,
        price=draw(PRICES),
    )
    out = Flow(
        at=left,
        key="b out",
        kind=FlowKind.TRANSFER_OUT,
        asset=asset,
        quantity=sent,
        match="z",
    )
    into = Flow(
        at=landed,
        key=draw(st.sampled_from(["a in", "c in"])),
        kind=FlowKind.TRANSFER_IN,
        asset=asset,
        quantity=arrived,
        match="z",
    )
    return replace(one, entries=[*one.entries, buy, out]), replace(
        other, entries=[*[replace(e, key=f"other {e.key}") for e in other.entries], into]
    )
