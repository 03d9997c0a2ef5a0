"""Positions and results of the user's own: what is held, what it is worth, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from agents.compute import shown
from agents.evidence import Evidence, Telling, tellings
from agents.plans import Step
from agents.results import PnlData, PositionData
from agents.telling.phrases import PLACES, between, value_of, written

SHOWN = 12


def _tell_positions(_: int, step: Step, data: PositionData) -> Iterator[Evidence]:
    """Yield how many assets are held, each with its quantity, price and value, and their sum."""
    rows = {row.id: row for row in data.rows}
    everything = tuple(row.id for row in data.rows if row.role == "entry")
    yield _made(step, data, field="count", value=Decimal(data.count), unit="items",
                rows=everything, over="count of assets held",
                assets=_about(data.symbol))  # fmt: skip
    for one in data.positions[:SHOWN]:
        about = (one.symbol,)
        yield _made(step, data, field="quantity", value=one.quantity, unit=one.symbol,
                    assets=about, rows=one.entries, over="sum of fills and transfers")  # fmt: skip
        if one.price is not None:
            row = rows[one.price_id]
            yield _made(step, data, field="price", value=one.price, unit=data.base_currency,
                        assets=about, rows=(row.id,), words=(row.source, row.field),
                        times=(row.at,))  # fmt: skip
            yield _made(step, data, field="value", value=one.value, unit=data.base_currency,
                        assets=about, rows=(row.id, *one.entries),
                        over="quantity * price")  # fmt: skip
    if data.total is not None:
        yield _made(step, data, field="total", value=data.total, unit=data.base_currency,
                    rows=everything, over="sum of the values")  # fmt: skip


def _say_positions(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say what is held, at which price, and what it comes to."""
    count, *rest = own
    about = "" if step.args.get("symbol", "*") == "*" else f" of {step.args['symbol']}"
    if not count.value:
        yield f"Your accounts hold 0 items{about} [{count.key}]."
        return
    for place, one in enumerate(rest):
        if one.field == "quantity":
            said = f"You hold {_exact(one)} {one.unit} [{one.key}]"
            price, value = (*rest[place + 1 : place + 3], None, None)[:2]
            if price and value and price.field == "price":
                said += (
                    f", at a price of {_exact(price)} {price.unit} on "
                    f"{price.words[0]} at {written(price.times[0])} [{price.key}], "
                    f"together {_money(value)} [{value.key}]"
                )
            yield f"{said}."
    for one in rest:
        if one.field == "total":
            yield (
                f"All your holdings come to {_money(one)} at {written(one.times[0])} [{one.key}]."
            )


def _tell_pnl(_: int, step: Step, data: PnlData) -> Iterator[Evidence]:
    """Yield the amounts of the whole, or of the one asset that was asked for."""
    chosen = data.parts if data.symbol != "*" else ((data.total,) if data.total else ())
    if not chosen:
        yield _made(step, data, field="count", value=Decimal(0), unit="items",
                    assets=_about(data.symbol), over="count of assets traded")  # fmt: skip
    for one in chosen:
        assets = _about(one.symbol)
        for field, value in (
            ("realized", one.realized),
            ("unrealized", one.unrealized),
            ("income", one.income),
            ("fee", one.fees),
            ("equity", one.equity),
        ):
            yield _made(step, data, field=field, value=value, unit=data.base_currency,
                        assets=assets, rows=one.entries, words=(data.method,),
                        over=f"{field} by {data.method}")  # fmt: skip


def _say_pnl(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say what was realised and what is not, in the account's currency and by its method."""
    by = {one.field: one for one in own}
    symbol = str(step.args.get("symbol", "*"))
    if "count" in by:
        of = "" if symbol == "*" else f" of {symbol}"
        yield f"Your accounts have 0 items{of} [{by['count'].key}]."
        return
    about = "your accounts" if symbol == "*" else symbol
    realized, open_, income, fee = (
        by[name] for name in ("realized", "unrealized", "income", "fee")
    )
    window = realized.window
    when = f"until {written(realized.times[0])}" if window is None else between(realized)
    yield (
        f"The realised result of {about}, by the method {realized.words[0]}, {when}, was "
        f"{_money(realized)} [{realized.key}]."
    )
    yield f"The unrealised result of {about} was {_money(open_)} [{open_.key}]."
    if income.value:
        yield f"Income of {about} was {_money(income)} [{income.key}]."
    if fee.value:
        yield f"Further fees of {about} were {_money(fee)} [{fee.key}]."
    if symbol == "*":
        equity = by["equity"]
        until = written(equity.times[0])
        yield f"All your holdings come to {_money(equity)} at {until} [{equity.key}]."


def _about(symbol: str) -> tuple[str, ...]:
    return () if symbol == "*" else (symbol,)


def _made(
    step: Step, data: PositionData | PnlData, *, times: tuple[datetime, ...] = (), **more: object
) -> Evidence:
    """Make evidence of one number of the user's own.

    What is held and what it is worth is so at a moment, the end of the window; what was earned
    came about within it.
    """
    until = min(data.window.end, data.as_of) if data.window else data.as_of
    is_of_moment = isinstance(data, PositionData) or more["field"] == "equity"
    return Evidence.model_validate(
        {
            "label": step.label,
            "window": None if is_of_moment else data.window,
            "times": times or (until,),
            **more,
        }
    )


def _money(one: Evidence) -> str:
    return f"{shown(value_of(one), PLACES)} {one.unit}"


def _exact(one: Evidence) -> str:
    """Write a quantity without the zeros that adding up leaves behind."""
    text = shown(value_of(one))
    return text.rstrip("0").rstrip(".") if "." in text else text


tellings["get_positions"] = Telling(
    evidence=_tell_positions, draft=_say_positions, subject="Your positions", ledger="Exchange"
)
tellings["get_pnl"] = Telling(
    evidence=_tell_pnl, draft=_say_pnl, subject="Your result", ledger="Exchange"
)
