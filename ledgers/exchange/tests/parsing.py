"""Parse single lines without a database."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledgers.collecting.errors import BadValueError
from ledgers.exchange.importing import coinspot
from ledgers.exchange.importing.drafts import Setting


def setting(**options: Any) -> Setting:
    """Make the setting of a file in Melbourne."""
    return Setting(
        account_id=1,
        currency="AUD",
        zone=ZoneInfo(options.get("zone", "Australia/Melbourne")),
        has_semicolons=options.get("has_semicolons", False),
        now=datetime(2026, 4, 1, tzinfo=UTC),
    )


def cells_of(line: str, columns: tuple[str, ...] = coinspot.COLUMNS) -> dict[str, str]:
    """Part a line into its named cells."""
    return dict(zip(columns, next(csv.reader([line])), strict=True))


def reason_of(
    parse: Callable[..., Any],
    line: str,
    columns: tuple[str, ...] = coinspot.COLUMNS,
    **options: Any,
) -> str:
    """Return why a line is rejected."""
    with pytest.raises(BadValueError) as error:
        parse(cells_of(line, columns), setting(**options))
    assert error.value.detail.endswith(".")
    return error.value.reason
