"""How the rows of a fact lie in a tuple and in their table, worked out once a table.

Ingest works on tuples: taking a record's fields, telling rows apart and finding the end of their
series are then calls into C, and a batch costs little more than the COPY that carries it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

from django.db import connection
from django.db.models import CompositePrimaryKey

from ledgers.models import Fact
from ledgers.projecting import Series

Row = tuple[Any, ...]

STAMPS = ("known_at", "observed_at", "run_id", "parser", "revision", "available_at")
"""Columns that the store transaction fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a fact's columns are: `own` is the order of a row, stamps follow them in the table.

    `key_of` takes the identity of a row, `series_of` all of it but the event time. `ends` is a
    cache that holds the newest event of each series.
    """

    table: str
    identity: tuple[str, ...]
    compared: tuple[str, ...]
    own: tuple[str, ...]
    types: dict[str, str]
    ends: str | None
    is_series: bool
    is_partitioned: bool
    row_of: Callable[[Any], Row]
    key_of: Callable[[Row], Hashable]
    series_of: Callable[[Row], Series]
    event_of: Callable[[Row], Any]
    published_of: Callable[[Row], Any]

    @property
    def columns(self) -> tuple[str, ...]:
        """Name all columns of the table in the order in which COPY writes them."""
        return (*self.own, *STAMPS)


@cache
def layout_of(model: type[Fact]) -> Layout:
    """Work out the layout of a fact's rows."""
    fields = {field.column: field for field in model._meta.concrete_fields if field.column}
    own = tuple(name for name in fields if name not in {*STAMPS, "id"})
    place = {name: index for index, name in enumerate(own)}
    key = [place[name] for name in model.identity]
    return Layout(
        table=model._meta.db_table,
        identity=model.identity,
        compared=model.compared,
        own=own,
        types={name: _plain(field.db_type(connection)) for name, field in fields.items()},
        ends=model.ends,
        is_series=model.identity[-1] == "event_at",
        is_partitioned=isinstance(model._meta.pk, CompositePrimaryKey),
        row_of=attrgetter(*own),
        key_of=itemgetter(*key),
        series_of=_tuple_of(key[:-1]),
        event_of=itemgetter(place["event_at"]),
        published_of=itemgetter(place["published_at"]),
    )


def _plain(kind: str | None) -> str:
    """Return a type without its length, as binary COPY must be told it."""
    return re.sub(r"\(.*?\)", "", kind or "text")


def _tuple_of(places: Sequence[int]) -> Callable[[Row], Series]:
    """Return what takes these places of a row as a tuple; of one, itemgetter takes it bare."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)
