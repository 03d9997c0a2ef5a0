"""What changed from one revision of a fact to the next, when it was known, and from which run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledgers.models import CollectorRun, Fact, Ledger
from ledgers.public_ids import public_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that a revision tells differently; the first revision has nothing before it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision, and what it changed."""

    id: str
    number: int
    known_at: datetime
    available_at: datetime
    observed_at: datetime
    run: CollectorRun
    withdrawn: bool
    changes: Sequence[Change]


def history_of(fact: Fact) -> list[Revision]:
    """Return every revision of a fact's identity, newest first; two queries.

    Who asks has to be allowed to see the fact: of the Exchange ledger nothing is held back here.
    """
    same: dict[str, Any] = {name: getattr(fact, name) for name in fact.identity}
    rows: Any = type(fact).objects.filter(**same)
    if fact.ledger == Ledger.EXCHANGE:
        rows = rows.for_account(fact.account_id)  # type: ignore[attr-defined]  # an owned fact
    ordered: list[Fact] = list(rows.order_by("revision"))
    runs = CollectorRun.objects.in_bulk({row.run_id for row in ordered})
    pairs = zip([None, *ordered], ordered, strict=False)
    return [_revision(before, row, runs[row.run_id]) for before, row in pairs][::-1]


def _revision(before: Fact | None, row: Fact, run: CollectorRun) -> Revision:
    return Revision(
        id=public_id(row),
        number=row.revision,
        known_at=row.known_at,
        available_at=row.available_at,
        observed_at=row.observed_at,
        run=run,
        withdrawn=row.withdrawn,
        changes=tuple(_first(row) if before is None else _changes(before, row)),
    )


def _first(row: Fact) -> Iterator[Change]:
    """Yield what the source told first: the fields in which a revision may differ."""
    for name in row.compared:
        yield Change(field=name, before=None, after=readable(getattr(row, name)))


def _changes(before: Fact, row: Fact) -> Iterator[Change]:
    """Yield every field of the source's that differs, also one that alone makes no revision."""
    for field in fields(row.record):
        was, now = getattr(before, field.name), getattr(row, field.name)
        if was != now:
            yield Change(field=field.name, before=readable(was), after=readable(now))


def readable(value: Any) -> Any:
    """Return a value as a page shows it: numbers with all digits, lists in one line."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value
