"""A record of every fact whose identity and value a test chooses; the rest does not matter."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from ledgers.models import Fact, Ledger
from ledgers.tests.factories import HOUR, T0

PLAIN: dict[Any, Any] = {
    str: "x",
    int: 3600,
    Decimal: Decimal(1),
    date: T0.date(),
    datetime: T0,
    bool: True,
    list[str]: ["BTC"],
}
CHOSEN = {"side": "buy", "status": "open", "impact": "low", "kind": "market"}
OWN_KIND = {"transfer": "deposit", "event": "listing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Which fields of a fact name its series, tell its things apart, and hold a value."""

    series: str
    number: str
    value: str


EXAMPLES = {
    "quote": Example(series="source", number="event_at", value="bid"),
    "candle": Example(series="source", number="event_at", value="close"),
    "chainmetric": Example(series="source", number="event_at", value="value"),
    "protocolmetric": Example(series="source", number="event_at", value="value"),
    "article": Example(series="outlet", number="guid", value="title"),
    "post": Example(series="source", number="post_id", value="title"),
    "mood": Example(series="source", number="event_at", value="value"),
    "score": Example(series="model", number="item", value="value"),
    "event": Example(series="source", number="source_key", value="title"),
    "order": Example(series="account_id", number="order_id", value="quantity"),
    "fill": Example(series="account_id", number="venue_id", value="quantity"),
    "transfer": Example(series="account_id", number="venue_id", value="quantity"),
    "balance": Example(series="account_id", number="event_at", value="quantity"),
}
_tokens = count(1_000_000)


def example_of(model: type[Fact]) -> Example:
    """Return how to make records of a fact; a new one has to be added here."""
    return EXAMPLES[str(model._meta.model_name)]


def new_series() -> int:
    """Return a number that no other series of this test run has."""
    return next(_tokens)


def series_name(model: type[Fact], token: int) -> Any:
    """Return what the field of the series holds."""
    return token if example_of(model).series == "account_id" else f"s{token}"


def example(
    model: type[Fact], token: int, number: int, value: str, *, withdrawn: bool = False
) -> Any:
    """Make the record of thing `number` of a series, about the hour `number` after T0."""
    name, how = str(model._meta.model_name), example_of(model)
    at = T0 + number * HOUR
    made = {field.name: PLAIN.get(field.type) for field in fields(model.record)}
    made |= {field: known for field, known in CHOSEN.items() if field in made}
    made |= {"event_at": at, "published_at": at + HOUR, "withdrawn": withdrawn}
    if name in OWN_KIND:
        made["kind"] = OWN_KIND[name]
    made[how.series] = series_name(model, token)
    made[how.number] = at if how.number == "event_at" else str(number)
    made[how.value] = _value(model, how.value, value)
    return model.record(**made)


def told(model: type[Fact], token: int, rows: Any) -> Any:
    """Narrow a read to one series."""
    if model.ledger == Ledger.EXCHANGE:
        rows = rows.of_everyone()
    return rows.filter(**{example_of(model).series: series_name(model, token)})


def thing_of(model: type[Fact], row: Any) -> tuple[Any, Any]:
    """Return which thing a record or a row is about, and its value."""
    how = example_of(model)
    return getattr(row, how.number), getattr(row, how.value)


def _value(model: type[Fact], name: str, value: str) -> Any:
    if model._meta.model_name == "score":
        return Decimal(value) / 10
    kind = next(field.type for field in fields(model.record) if field.name == name)
    return value if kind is str else int(value) if kind is int else Decimal(value)
