"""What an accountant needs: each disposal with its purchase, as comma-separated values.

Numbers have all their digits. Text that a spreadsheet would take for a formula is quoted with an
apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from trading.explaining import DisposalLine, Explanation
from trading.writing import plain

COLUMNS = (
    "asset",
    "quantity",
    "acquired_at",
    "disposed_at",
    "held_days",
    "proceeds",
    "cost",
    "gain",
    "currency",
    "kind",
    "method",
    "acquired_by",
    "disposed_by",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(explained: Explanation) -> str:
    """Write the disposals of an account; one whose purchase is unknown has no date and no cost."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    ids = {lot.number: lot.id for lot in explained.lots}
    for one in explained.disposals:
        writer.writerow(_row(one, explained, ids.get(one.lot) if one.lot is not None else None))
    return out.getvalue()


def _row(one: DisposalLine, explained: Explanation, acquired_by: str | None) -> Iterator[str]:
    is_known = one.acquired_at is not None
    yield _text(one.asset)
    yield plain(one.quantity)
    yield _moment(one.acquired_at) if one.acquired_at else ""
    yield _moment(one.at)
    yield str((one.at - one.acquired_at).days) if one.acquired_at else ""
    yield plain(one.proceeds)
    yield plain(one.cost) if is_known else ""
    yield plain(one.gain) if is_known else ""
    yield _text(explained.currency)
    yield "fee" if one.is_fee else "disposal" if is_known else "unknown_basis"
    yield explained.method
    yield _text(acquired_by or "")
    yield _text(one.id)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value
