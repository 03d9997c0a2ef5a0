"""What an answer may claim: each row's field and each declared computation, with a key.

A sentence cites evidence by key, [E1]. Evidence says which assets it is about, its unit, its
times, and the few further words it lets a sentence use, such as the state of a feed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from agents import compute
from agents.claims import MARKUP
from agents.plans import Step
from agents.quoting import cleaned, looks_like_command
from agents.results import (
    EventData,
    EventRow,
    OrderData,
    OrderRow,
    PriceData,
    Result,
    SentimentData,
    SentimentRow,
    Value,
    Window,
)

SHOWN = 5
NOUNS = {"mood": ("day", "index"), "article": ("article",), "post": ("post",)}
KIND_WORDS = {
    "sec_filing": ("sec", "filing", "filed"),
    "listing": ("listing", "listed"),
    "delisting": ("delisting", "delisted"),
    "maintenance": ("maintenance",),
    "announcement": ("announcement", "announced"),
    "macro": ("decision",),
    "governance": ("governance", "proposal"),
    "fork": ("fork",),
    "staking": ("staking",),
}


class Evidence(Value):
    """One number or one quotable text, bound to its rows.

    `field` is what it measures; `over` the declared computation, empty for a row's own field.
    `step` is the call it comes from; `words` are what only this evidence lets a sentence say.
    """

    key: str
    step: int
    field: str
    value: Decimal | None = None
    unit: str = ""
    assets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()
    window: Window | None = None
    rows: tuple[str, ...] = ()
    over: str = ""
    text: str = ""
    label: str = ""


def evidence_of(steps: Sequence[Step], results: Sequence[Result]) -> list[Evidence]:
    """Return everything that may be claimed from the results, in the order of the calls."""
    found: list[Evidence] = []
    for index, (step, result) in enumerate(zip(steps, results, strict=True)):
        found += _of_result(index, step, result)
    found += _differences(found)
    return [
        one.model_copy(update={"key": f"E{number}"}) for number, one in enumerate(found, start=1)
    ]


def _of_result(index: int, step: Step, result: Result) -> Iterator[Evidence]:
    if isinstance(result, PriceData):
        yield from _prices(index, step, result)
    elif isinstance(result, SentimentData):
        yield from _sentiment(index, step, result)
    elif isinstance(result, EventData):
        yield from _events(index, step, result)
    elif isinstance(result, OrderData):
        yield from _orders(index, step, result)


def _prices(index: int, step: Step, data: PriceData) -> Iterator[Evidence]:
    """Yield the newest price and its age, or how a window went."""
    by_role = {row.role: row for row in data.rows if row.role != "close"}

    def of(field: str, role: str) -> Evidence:
        row = by_role[role]
        return Evidence(
            key="", step=index, field=field, value=row.price, unit=row.currency,
            assets=(data.symbol,), words=(row.source, row.field), times=(row.at,),
            window=data.window, rows=(row.id,), label=step.label,
        )  # fmt: skip

    if "latest" in by_role:
        row = by_role["latest"]
        number, unit = compute.age(row.at, data.as_of)
        yield of("price", "latest")
        yield Evidence(
            key="", step=index, field="age", value=number, unit=unit, assets=(data.symbol,),
            words=(data.quality.state, data.state, row.source), times=(row.at, data.as_of),
            rows=(row.id,), over=f"age at {data.as_of.isoformat()}",
        )  # fmt: skip
    if "first" in by_role:
        for field, role in (
            ("price", "first"),
            ("price", "last"),
            ("high", "high"),
            ("low", "low"),
        ):
            yield of(field, role)
        yield from _computed(index, step, data)


def _computed(index: int, step: Step, data: PriceData) -> Iterator[Evidence]:
    """Yield what is computed over a window: change, mean, volatility, count."""
    by_role = {row.role: row for row in data.rows if row.role != "close"}
    first, last = by_role["first"], by_role["last"]
    closes = [row for row in data.rows if row.role == "close"]
    count = Decimal(data.count)
    ends, days = (first.id, last.id), tuple(row.id for row in closes)
    values = (
        ("change", compute.change(first.price, last.price), "%", ends, "last / first - 1"),
        ("mean", data.mean, data.currency, ends, f"mean of {data.count} rows"),
        ("volatility", compute.volatility([row.price for row in closes]), "%", days,
         "standard deviation of daily returns"),
        ("count", count, "rows", ends, "count of rows"),
    )  # fmt: skip
    for field, value, unit, rows, over in values:
        if value is not None:
            yield Evidence(
                key="", step=index, field=field, value=value, unit=unit, assets=(data.symbol,),
                words=(data.source,), times=(first.at, last.at), window=data.window, rows=rows,
                over=over, label=step.label,
            )  # fmt: skip


def _sentiment(index: int, step: Step, data: SentimentData) -> Iterator[Evidence]:
    assets = () if data.symbol == "*" else (data.symbol,)
    kinds = {row.kind for row in data.rows} or {"article", "post"}
    words = (data.source, *(word for kind in sorted(kinds) for word in NOUNS[kind]))
    rows = tuple(row.id for row in data.rows)

    def over(field: str, value: Decimal | int | None, unit: str, how: str) -> Iterator[Evidence]:
        if value is not None:
            yield Evidence(
                key="", step=index, field=field, value=Decimal(value), unit=unit, assets=assets,
                words=words, window=data.window, rows=rows, over=how, label=step.label,
            )  # fmt: skip

    yield from over("count", data.count, "items", "count of items in the window")
    if data.rows:
        yield from over("scored", data.scored, "items", "count of scored items in the window")
        unit = "index" if data.source == "fear_greed" else "score"
        yield from over("score", data.mean, unit, f"mean of {data.scored} scores")
    for row in data.rows[:SHOWN]:
        yield _item(index, row, assets)


def _item(index: int, row: SentimentRow, assets: tuple[str, ...]) -> Evidence:
    return Evidence(
        key="", step=index, field="index" if row.kind == "mood" else "item", value=row.score,
        unit="index" if row.kind == "mood" else "score", assets=assets,
        words=(row.outlet, row.source, *NOUNS[row.kind]), times=(row.at,), rows=(row.id,),
        text=quotable(row.title),
    )  # fmt: skip


def _events(index: int, step: Step, data: EventData) -> Iterator[Evidence]:
    about = () if data.symbol == "*" else (data.symbol,)
    kinds = {row.kind for row in data.rows}
    words = tuple(word for kind in sorted(kinds) for word in KIND_WORDS[kind])
    asked = tuple(data.event_type.replace("exchange_", "").split("_"))
    yield Evidence(
        key="", step=index, field="count", value=Decimal(data.count), unit="events", assets=about,
        words=(*words, *asked, data.event_type), window=data.window, label=step.label,
        rows=tuple(row.id for row in data.rows), over="count of events in the window",
    )  # fmt: skip
    for row in data.rows[:SHOWN]:
        yield _event(index, row, about)


def _event(index: int, row: EventRow, about: tuple[str, ...]) -> Evidence:
    words = (*KIND_WORDS[row.kind], row.form, row.company, row.source, *row.tickers)
    return Evidence(
        key="", step=index, field="item", assets=(*about, *row.assets), words=words,
        times=(row.at,), rows=(row.id,), text=quotable(row.title),
    )  # fmt: skip


def _orders(index: int, step: Step, data: OrderData) -> Iterator[Evidence]:
    about = () if data.symbol == "*" else (data.symbol,)
    yield Evidence(
        key="", step=index, field="count", value=Decimal(data.count), unit="orders",
        assets=about, words=tuple(map(str, step.args.values())),
        window=data.window, rows=tuple(row.id for row in data.rows), label=step.label,
        over="count of orders and fills",
    )  # fmt: skip
    for row in data.rows[:SHOWN]:
        yield from _order(index, row)


def _order(index: int, row: OrderRow) -> Iterator[Evidence]:
    fields = (
        ("quantity", row.quantity, row.base),
        ("price", row.price, row.quote),
        ("filled", row.filled, row.base),
        ("fee", row.fee, row.fee_asset),
    )
    words = (row.kind, row.side, row.status, row.account, row.source)
    for field, value, unit in fields:
        if value is not None and unit:
            yield Evidence(
                key="", step=index, field=field, value=value, unit=unit, assets=(row.base,),
                words=words, times=(row.at,), rows=(row.id,),
            )  # fmt: skip


def _differences(found: Sequence[Evidence]) -> Iterator[Evidence]:
    """Yield how far each asset's change is above the next one's, over one and the same window."""
    changes = [one for one in found if one.field == "change" and one.value is not None]
    ranked = sorted(changes, key=lambda one: one.value or Decimal(0), reverse=True)
    for better, worse in pairwise(ranked):
        if better.window == worse.window and better.assets != worse.assets:
            yield Evidence(
                key="", step=better.step, field="difference",
                value=compute.difference(better.value or Decimal(0), worse.value or Decimal(0)),
                unit="points", assets=better.assets + worse.assets, window=better.window,
                rows=better.rows + worse.rows, over="difference of the changes",
                label=better.label,
            )  # fmt: skip


def quotable(text: str) -> str:
    """Return a text as it may be quoted, or nothing when it holds markup or a command."""
    plain = cleaned(text)
    return "" if looks_like_command(plain) or MARKUP.search(plain) else plain
