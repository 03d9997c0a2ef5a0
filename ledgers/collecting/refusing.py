"""Refuse what was erased: no source brings it back."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from ledgers.collecting.layout import Layout, Row
from ledgers.models import Erasure, Fact


def identity_text(values: Iterable[Any]) -> tuple[str, ...]:
    """Write the values of an identity as an erasure remembers them."""
    return tuple(map(str, values))


def without_erased(model: type[Fact], layout: Layout, rows: list[Row]) -> list[Row]:
    """Return the rows whose identity was not erased; call it under the feed's lock.

    Erasures are few, so all of a table's are read; tables that hold no text have none.
    """
    if not model.erasable:
        return rows
    remembered = Erasure.objects.filter(fact=layout.table).values_list("identity", flat=True)
    gone = set(map(tuple, remembered))
    if not gone:
        return rows
    take = itemgetter(*map(layout.own.index, layout.identity))
    return [row for row in rows if identity_text(take(row)) not in gone]
