"""How well an account did: equity by day, returns, drawdown, Sharpe ratio, win rate.

Ratios are no money: they are quotients, rounded to 50 digits, and nothing is booked from them.
The returns value flows in kind at the market, unlike the book, which values them at their cost:
what came in must not look like a gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext

from trading.core.book import apply
from trading.core.entries import Entry, FlowKind, PriceLookup, booking_order
from trading.core.exact import CONTEXT, ONE, ZERO, total
from trading.core.journal import Book, FlowPosting
from trading.core.lots import Disposal
from trading.core.valuation import NOTHING, Amounts, Valuation, change, value_book

RATIOS = Context(prec=50)
DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The end of one day: the valuation, the day's change, and the day's flows at the market."""

    at: datetime
    valuation: Valuation
    change: Amounts
    inflow: Decimal
    outflow: Decimal


def daily_closes(
    book: Book, entries: Iterable[Entry], closes: Iterable[datetime], bids: PriceLookup
) -> list[Close]:
    """Book `entries` into a new book day by day, and value it at each of the moments `closes`.

    A day is what lies after the close before, up to its own close; the caller's closes say in
    which time zone the days end. Equity is cash + sum of quantity * bid at the close (cost where
    there is no bid). The changes of all days add up to the last valuation.
    """
    pending = sorted(entries, key=booking_order, reverse=True)
    days: list[Close] = []
    last = NOTHING
    for at in sorted(closes):
        posted = len(book.flow_postings)
        while pending and pending[-1].at <= at:
            apply(book, pending.pop())
        valuation = value_book(book, _bids_at(book, at, bids))
        flows = [_at_market(book, flow, bids) for flow in book.flow_postings[posted:]]
        days.append(
            Close(
                at=at,
                valuation=valuation,
                change=change(last, valuation),
                inflow=total(flow for flow in flows if flow > 0),
                outflow=total(-flow for flow in flows if flow < 0),
            )
        )
        last = valuation
    return days


def _bids_at(book: Book, at: datetime, bids: PriceLookup) -> dict[str, Decimal]:
    found = {asset: bids(asset, at) for asset in book.positions if asset != book.currency}
    return {asset: bid for asset, bid in found.items() if bid is not None}


def _at_market(book: Book, flow: FlowPosting, bids: PriceLookup) -> Decimal:
    """Value a flow at the bid of its moment, without one at its cost; income is no flow."""
    if flow.kind is FlowKind.INCOME:
        return ZERO
    bid = None if flow.asset == book.currency else bids(flow.asset, flow.at)
    return flow.value if bid is None else CONTEXT.multiply(flow.quantity, bid)


def daily_returns(closes: Iterable[Close]) -> list[Decimal]:
    """Return each day's return: r = (equity + outflow) / (equity before + inflow) - 1.

    What comes in is taken to come at the start of the day and what goes out at its end, so that
    flows earn nothing. A day that begins with nothing returns 0.
    """
    returns = []
    before = ZERO
    with localcontext(RATIOS):
        for close in closes:
            invested, equity = before + close.inflow, close.valuation.equity
            returns.append((equity + close.outflow) / invested - 1 if invested > 0 else ZERO)
            before = equity
    return returns


def time_weighted_return(returns: Iterable[Decimal]) -> Decimal:
    """Link the daily returns: product of (1 + r), less 1.

    The size and the time of flows have no influence.
    """
    return wealth_index(returns)[-1] - ONE


def wealth_index(returns: Iterable[Decimal]) -> list[Decimal]:
    """Return what 1 invested at the start had become by each day: product of (1 + r)."""
    index = [ONE]
    with localcontext(RATIOS):
        for period in returns:
            index.append(index[-1] * (1 + period))
    return index


def drawdowns(values: Iterable[Decimal]) -> list[Decimal]:
    """Return for each value how far it is below the highest so far: (peak - value) / peak.

    Give it the wealth index, not the equity: a withdrawal is no loss.
    """
    result = []
    peak = ZERO
    with localcontext(RATIOS):
        for value in values:
            peak = max(peak, value)
            result.append((peak - value) / peak if peak > 0 else ZERO)
    return result


def max_drawdown(values: Iterable[Decimal]) -> Decimal:
    """Return the deepest drawdown: max over t of (peak up to t - value at t) / peak up to t."""
    return max(drawdowns(values), default=ZERO)


def sharpe_ratio(
    returns: Sequence[Decimal], *, risk_free: Decimal = ZERO, periods_a_year: int = DAYS_A_YEAR
) -> Decimal | None:
    """Return the annualised Sharpe ratio: mean(r - f) / s * sqrt(365).

    `risk_free` f is the return of a riskless day; s is the sample standard deviation (n - 1) of
    r - f. Crypto markets know no weekend, so a year has 365 returns. None with fewer than two
    returns, or if they do not vary.
    """
    if not returns[1:]:
        return None
    with localcontext(RATIOS):
        excess = [period - risk_free for period in returns]
        mean = sum(excess, ZERO) / len(excess)
        variance = sum(((value - mean) ** 2 for value in excess), ZERO) / (len(excess) - 1)
        if not variance:
            return None
        return mean / variance.sqrt() * Decimal(periods_a_year).sqrt()


def closed_gains(disposals: Iterable[Disposal]) -> list[Decimal]:
    """Return the gain of each sale: of all the pieces, the fee's too, that one entry sold.

    A sale with a piece of unknown basis is left out, since its gain is unknown.
    """
    gains: dict[tuple[datetime, str], Decimal] = {}
    unknown = set()
    for disposal in disposals:
        sale = (disposal.at, disposal.key)
        gains[sale] = CONTEXT.add(gains.get(sale, ZERO), disposal.gain)
        if disposal.lot is None:
            unknown.add(sale)
    return [gain for sale, gain in gains.items() if sale not in unknown]


def win_rate(gains: Iterable[Decimal]) -> Decimal | None:
    """Return the share of sales with a gain: wins / (wins + losses); None without either.

    A sale at cost is neither.
    """
    results = [gain > 0 for gain in gains if gain]
    return RATIOS.divide(Decimal(sum(results)), Decimal(len(results))) if results else None


def profit_factor(gains: Iterable[Decimal]) -> Decimal | None:
    """Return what was won for each unit lost: sum of gains / |sum of losses|.

    None without a loss.
    """
    results = list(gains)
    lost = total(-gain for gain in results if gain < 0)
    return RATIOS.divide(total(gain for gain in results if gain > 0), lost) if lost else None
