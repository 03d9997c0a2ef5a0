"""Open a row by the id under which it is cited: a fact, or what stands behind the data's quality.

Looks, feeds and alerts are no facts, but their ids are `<app>.<table>.<key>` as well. What belongs
to one user opens to that user alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from ledgers.exchange.models import Account
from ledgers.models import Coverage, Fact, Feed, Ledger
from ledgers.public_ids import UnknownIdError, find
from quality.models import Alert

FIELDS: Mapping[type[models.Model], tuple[str, ...]] = {
    Coverage: ("feed_id", "known_at", "available_at", "run_id"),
    Feed: ("name", "source", "scope", "ledger", "every"),
    Alert: ("check_id", "subject", "ledger", "message", "opened_at", "resolved_at"),
}
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
RECORDS = frozenset(model._meta.label_lower for model in FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One such row: a line to read, and its fields as text; what is empty is left out."""

    id: str
    table: str
    summary: str
    fields: Mapping[str, str]


def record_id(model: type[models.Model], key: object) -> str:
    """Return the id under which a row of a table is cited."""
    return f"{model._meta.label_lower}.{key}"


def fact_of(written: str, *, user_id: int | None) -> Fact | None:
    """Return the fact of an id, or None; another user's is as good as absent."""
    try:
        return find(written, user_id=user_id)
    except UnknownIdError:
        return None


def record_of(written: str, *, user_id: int | None) -> Record | None:
    """Return the row of an id, or None; another user's is as good as absent."""
    for model, seen_by in SEEN.items():
        prefix = record_id(model, "")
        if written.startswith(prefix):
            rows: Any = model._default_manager.filter(seen_by(user_id))
            found = rows.filter(pk=_key(model, written.removeprefix(prefix))).first()
            return _record(written, found) if found else None
    return None


def _key(model: type[models.Model], written: str) -> object:
    """Return a key as its table has it; what is none finds nothing."""
    if isinstance(model._meta.pk, models.CharField):
        return written
    return int(written) if NUMBER.fullmatch(written) else None


def _record(written: str, row: models.Model) -> Record:
    return Record(
        id=written,
        table=str(row._meta.model_name),
        summary=str(row),
        fields=dict(_fields(row)),
    )


def _fields(row: models.Model) -> Iterator[tuple[str, str]]:
    for name in FIELDS[type(row)]:
        value = getattr(row, name)
        if value not in (None, ""):
            is_moment = isinstance(value, datetime)
            yield name.removesuffix("_id"), value.isoformat() if is_moment else str(value)
    if isinstance(row, Coverage):
        yield "start", row.window.lower.isoformat()
        yield "end", row.window.upper.isoformat()


def _of_feeds(user_id: int | None, *, prefix: str = "") -> Q:
    """Select what is of everybody's feeds, or of one of the user's own accounts."""
    own = [str(pk) for pk in Account.objects.filter(user=user_id).values_list("pk", flat=True)]
    is_everybodys = ~Q(**{f"{prefix}ledger": Ledger.EXCHANGE})
    return is_everybodys | Q(**{f"{prefix}scope__in": own if user_id is not None else []})


def _of_looks(user_id: int | None) -> Q:
    return _of_feeds(user_id, prefix="feed__")


def _of_alerts(user_id: int | None) -> Q:
    return Q(user=None) if user_id is None else Q(user=None) | Q(user=user_id)


SEEN: Mapping[type[models.Model], Callable[[int | None], Q]] = {
    Coverage: _of_looks,
    Feed: _of_feeds,
    Alert: _of_alerts,
}
"""What of each table a user may see."""
