"""Rows that travel past Django's own cursor: whole, and seen by whoever watches its statements."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, connection

from ledgers.wire import columns_of, fetch, rows_from

pytestmark = pytest.mark.usefixtures("ledger")
AT = datetime(2026, 3, 18, 12, 30, 1, 2, UTC)
TYPES = {"name": "text", "at": "timestamptz", "amount": "numeric"}


def test_columns_become_the_same_rows_again() -> None:
    rows = [
        ("a,~'\"", AT, Decimal("1e-18")),
        ("ü", AT, Decimal("12345678901234567890.1")),
        ("", AT, None),
    ]
    found = fetch(f"SELECT * FROM {rows_from(TYPES, 'sent')}", columns_of(TYPES, rows))
    assert found == [(*row, place) for place, row in enumerate(rows, 1)]
    assert all(row[1].tzinfo is not None for row in found)


def test_what_is_fetched_is_in_the_log_of_statements(django_assert_num_queries) -> None:
    with django_assert_num_queries(1) as seen:
        assert fetch("SELECT %(one)s::int", {"one": 1}) == [(1,)]
    assert "SELECT $1" in seen.captured_queries[0]["sql"]


def test_who_wraps_statements_meets_what_is_fetched() -> None:
    met: list[str] = []

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        met.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        fetch("SELECT 1", {})
    assert met == ["SELECT 1"]


def test_an_error_of_the_server_is_one_of_django() -> None:
    with pytest.raises(ProgrammingError, match="nothing_like_it"):
        fetch("SELECT nothing_like_it", {})
