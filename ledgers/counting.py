"""How many rows a page speaks of: exact while they are few, else the planner's estimate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator

EXACT = 10_000
MAX_PAGES = 200
"""A page is an OFFSET; who wants older rows narrows the window."""


def planned_rows(rows: QuerySet[Any]) -> int:
    """Return how many rows the planner expects of a query, without running it.

    Its statistics are those of `reltuples`, summed over the partitions that the query needs.
    """
    try:
        plan = json.loads(rows.order_by().explain(format="json"))
    except EmptyResultSet:
        return 0
    return int(plan[0]["Plan"]["Plan Rows"])


def rows_about(rows: QuerySet[Any]) -> tuple[int, bool]:
    """Return how many rows a query has, and whether that is exact: up to ten thousand it is."""
    few = int(rows.order_by()[: EXACT + 1].count())
    return (few, True) if few <= EXACT else (max(few, planned_rows(rows)), False)


class EstimatedPaginator(_Paginator):
    """Pages of a table that may be too big to count."""

    @cached_property
    def count(self) -> int:
        """Count up to ten thousand rows; beyond, ask the planner."""
        rows: Any = self.object_list
        return rows_about(rows)[0]

    @cached_property
    def num_pages(self) -> int:
        """Offer no page whose OFFSET would take long."""
        return min(int(super().num_pages), MAX_PAGES)
