"""What the admin's PnL page shows: cards, charts and rows, written for a person.

Numbers are rounded for the eye here and nowhere else; the API and the command tell every digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from django.utils.timesince import timesince

from ledgers.pages import COLOURS
from trading.core.exact import total
from trading.core.valuation import Amounts, add_up
from trading.reports import Holding, Line, PnlReport
from trading.writing import money, units

CENT = Decimal("0.01")
MONTHS = 24
POINTS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One amount at the top of the page."""

    title: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One asset of the table."""

    asset: str
    quantity: str
    cost: str
    price: str
    value: str
    unrealized: str
    is_loss: bool
    state: str
    colour: str
    note: str


def figures(report: PnlReport) -> list[Figure]:
    """Return the cards, the most asked for first."""
    totals = report.totals
    if totals is None:
        return []
    amounts = totals.amounts
    return [
        _figure("Equity", amounts.equity, "What everything held would bring at the bid."),
        _figure("Realized", amounts.realized, _realized_note(amounts)),
        _figure("Unrealized", amounts.unrealized, "Gained so far by what is still held."),
        _figure("Income", amounts.income, "Rewards, interest and airdrops, when they came."),
        _figure(
            "Net deposits",
            amounts.flows,
            f"{money(totals.implied_flows)} of it was recorded by nobody.",
        ),
        _figure(
            "Fees",
            amounts.fees,
            f"Outside the basis; {money(totals.fees_in_basis)} more is part of cost and proceeds.",
        ),
    ]


def position_rows(report: PnlReport) -> list[PositionRow]:
    """Return what is held, the most valuable first."""
    held = sorted(report.holdings, key=lambda one: (-one.value, one.asset))
    return [_row(holding) for holding in held]


def month_chart(lines: Iterable[Line]) -> str:
    """Return the chart of what was realized in each month."""
    months = [
        (month, add_up(line.amounts for line in days))
        for month, days in groupby(lines, key=lambda line: line.key[:7])
    ]
    told = months[-MONTHS:]
    if not any(_realized(amounts) for _, amounts in told):
        return ""
    return _chart(
        [month for month, _ in told],
        [_realized(amounts) for _, amounts in told],
        "Realized",
    )


def equity_chart(lines: Sequence[Line]) -> str:
    """Return the curve of the equity at the end of the days, thinned out where there are many."""
    step = len(lines) // POINTS + 1
    told = lines[::-1][::step][::-1]
    return _chart([line.key for line in told], [line.closing for line in told], "Equity")


def _realized_note(amounts: Amounts) -> str:
    note = "Gained by sales, by the lots that were sold."
    if not amounts.realized_unmatched:
        return note
    return f"{note} {money(amounts.realized_unmatched)} more came from units of unknown cost."


def _figure(title: str, value: Decimal, note: str) -> Figure:
    return Figure(title=title, value=money(value), note=note)


def _row(holding: Holding) -> PositionRow:
    state, note = _state(holding)
    is_cash = holding.asset == holding.account.currency
    return PositionRow(
        asset=holding.asset,
        quantity=(money if is_cash else units)(holding.quantity),
        cost=money(holding.cost),
        price=units(holding.price.value) if holding.price else "-",
        value=money(holding.value),
        unrealized=money(holding.unrealized),
        is_loss=holding.unrealized < 0,
        state=state,
        colour=COLOURS.get(state, "danger" if state == "no price" else ""),
        note=note,
    )


def _state(holding: Holding) -> tuple[str, str]:
    """Say how far the worth of a position is known, and why."""
    note = f"{units(holding.unmatched)} left without a known cost." if holding.unmatched else ""
    if holding.price is None:
        if not holding.needs_price:
            return "cash" if holding.quantity else "sold", note
        return "no price", f"Stands at its cost. {note}".strip()
    price = holding.price
    age = timesince(price.at, price.at + (holding.age or timedelta()))
    return price.state.name.lower(), f"{price.source}, {price.field}, {age} old. {note}".strip()


def _realized(amounts: Amounts) -> Decimal:
    return total([amounts.realized, amounts.realized_unmatched])


def _chart(labels: Sequence[str], values: Iterable[Decimal], name: str) -> str:
    return json.dumps(
        {
            "labels": list(labels),
            "datasets": [
                {
                    "label": name,
                    "data": [str(value.quantize(CENT)) for value in values],
                    "borderColor": "var(--color-primary-500)",
                    "backgroundColor": "var(--color-primary-500)",
                    "displayYAxis": True,
                    "maxTicksXLimit": 8,
                }
            ],
        }
    )
