"""Refuse what was erased: no source brings it back."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from ledgers.collecting.layout import Layout
from ledgers.collecting.series import Batch, batch_of
from ledgers.models import Erasure, Fact


def identity_text(values: Iterable[Any]) -> tuple[str, ...]:
    """Write the values of an identity as an erasure remembers them."""
    return tuple(map(str, values))


def without_erased(model: type[Fact], layout: Layout, batch: Batch) -> Batch:
    """Return the batch without the rows whose identity was erased; call it under the feed's lock.

    Erasures are few, so all of a table's are read; tables that hold no text have none.
    """
    if not model.erasable:
        return batch
    remembered = Erasure.objects.filter(fact=layout.table).values_list("identity", flat=True)
    gone = set(map(tuple, remembered))
    if not gone:
        return batch
    take = itemgetter(*map(layout.own.index, layout.identity))
    return batch_of(layout, [row for row in batch.rows if identity_text(take(row)) not in gone])
