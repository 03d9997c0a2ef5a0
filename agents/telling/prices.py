"""Prices: the newest and its age, or how a window of time went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents import compute
from agents.compute import shown, significant
from agents.evidence import Evidence, Telling, tellings
from agents.plans import Step
from agents.results import PriceData, PriceRow
from agents.telling.phrases import PLACES, between, exact, value_of, written

CASES = {0: "was unchanged at", 1: "rose", -1: "fell"}
WINDOW = (("price", "first"), ("price", "last"), ("high", "high"), ("low", "low"))


def evidence(_: int, step: Step, data: PriceData) -> Iterator[Evidence]:
    """Yield the newest price and its age, or how a window went."""
    by_role = {row.role: row for row in data.rows if row.role != "close"}
    if "latest" in by_role:
        row = by_role["latest"]
        number, unit = compute.age(row.at, data.as_of)
        yield _price(step, data, row, "price")
        yield Evidence(
            field="age", value=number, unit=unit, assets=(data.symbol,), role="latest",
            words=(data.quality.state, data.state, row.source), times=(row.at, data.as_of),
            rows=(row.id,), over=f"age at {data.as_of.isoformat()}",
        )  # fmt: skip
    if "first" in by_role:
        for field, role in WINDOW:
            yield _price(step, data, by_role[role], field)
        yield from _computed(step, data, by_role["first"], by_role["last"])


def sentences(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say the newest price and its age, or how the window went, as far as it was asked."""
    by = {one.field: one for one in reversed(own)}
    symbol = str(step.args["symbol"])
    if "age" in by:
        price, age = by["price"], by["age"]
        unit = age.unit.removesuffix("s") if age.value == 1 else age.unit
        yield (
            f"The price of {symbol} was {exact(price)} {price.unit} on {price.words[0]} "
            f"at {written(price.times[0])} [{price.key}]."
        )
        yield (
            f"That row of {symbol} is {exact(age)} {unit} old and its feed is "
            f"{age.words[0]} [{age.key}]."
        )
    if "change" in by:
        yield from _window(symbol, step, own)


def _price(step: Step, data: PriceData, row: PriceRow, field: str) -> Evidence:
    return Evidence(
        field=field, value=row.price, unit=row.currency, assets=(data.symbol,), role=row.role,
        words=(row.source, row.field), times=(row.at,), window=data.window, rows=(row.id,),
        label=step.label,
    )  # fmt: skip


def _computed(step: Step, data: PriceData, first: PriceRow, last: PriceRow) -> Iterator[Evidence]:
    """Yield what is computed over a window: change, mean, volatility, count."""
    closes = [row for row in data.rows if row.role == "close"]
    ends, days = (first.id, last.id), tuple(row.id for row in closes)
    values = (
        ("change", compute.change(first.price, last.price), "%", ends, "last / first - 1"),
        ("mean", data.mean, data.currency, ends, f"mean of {data.count} rows"),
        ("volatility", compute.volatility([row.price for row in closes]), "%", days,
         "standard deviation of daily returns"),
        ("count", Decimal(data.count), "rows", ends, "count of rows"),
    )  # fmt: skip
    for field, value, unit, rows, over in values:
        if value is not None:
            yield Evidence(
                field=field, value=value, unit=unit, assets=(data.symbol,), words=(data.source,),
                times=(first.at, last.at), window=data.window, rows=rows, over=over,
                label=step.label,
            )  # fmt: skip


def _window(symbol: str, step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    by = {one.field: one for one in own}
    wanted = set(step.measures)
    if not wanted or wanted & {"change", "compare"}:
        yield _moved(symbol, own)
    if not wanted or "high_low" in wanted:
        high, low = by["high"], by["low"]
        yield (
            f"{symbol} had its high of {exact(high)} {high.unit} at {written(high.times[0])} "
            f"[{high.key}] and its low of {exact(low)} {low.unit} at {written(low.times[0])} "
            f"[{low.key}], {between(high)} [{high.key}]."
        )
    if "mean" in wanted and "mean" in by:
        mean, count = by["mean"], by["count"]
        yield (
            f"The mean price of {symbol} was {significant(value_of(mean))} {mean.unit} "
            f"{between(mean)} [{mean.key}], over {exact(count)} rows [{count.key}]."
        )
    if "count" in wanted and "mean" not in wanted:
        count = by["count"]
        yield f"There were {exact(count)} rows of {symbol} {between(count)} [{count.key}]."
    if "volatility" in wanted and "volatility" in by:
        found = by["volatility"]
        yield (
            f"The volatility of {symbol}, the standard deviation of its daily returns, was "
            f"{shown(value_of(found), PLACES)} % {between(found)} [{found.key}]."
        )


def _moved(symbol: str, own: Sequence[Evidence]) -> str:
    first, last = [one for one in own if one.field == "price"]
    change = next(one for one in own if one.field == "change")
    value = value_of(change)
    rounded = round(value, PLACES)
    moved = CASES[(rounded > 0) - (rounded < 0)]
    return (
        f"{symbol} {moved} {shown(abs(value), PLACES)} % {between(change)} "
        f"[{change.key}], from {exact(first)} {first.unit} [{first.key}] "
        f"to {exact(last)} {last.unit} [{last.key}], on {first.words[0]}."
    )


tellings["get_price_data"] = Telling(
    evidence=evidence, draft=sentences, subject="The price", ledger="Glass"
)
