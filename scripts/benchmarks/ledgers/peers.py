"""What ingest is compared with: a table of the same layout, raw COPY, and Django's upsert."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, models, transaction

from benchmarks.ledgers.data import OBSERVED
from ledgers.collecting.layout import layout_of
from ledgers.glass.models import Candle
from ledgers.partitions import ensure_months

TABLE = "peer_candle"
UPSERT_BATCH = 2000
STAMPS = {
    "known_at": OBSERVED,
    "available_at": OBSERVED,
    "observed_at": OBSERVED,
    "run_id": 1,
    "parser": 1,
    "revision": 0,
}
"""What every row of one ingest shares."""


def columns() -> list[str]:
    """Name the columns in the order of the ready rows."""
    return [*layout_of(Candle).own, *STAMPS]


def complete(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows ready to be copied; making them is not timed."""
    stamps = tuple(STAMPS.values())
    return [row + stamps for row in rows]


def make_table(rows: Sequence[tuple[Any, ...]]) -> None:
    """Make the peer's table: same columns, same partitions, same indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TABLE "{TABLE}" (LIKE "{Candle._meta.db_table}" INCLUDING ALL) '
            "PARTITION BY RANGE (event_at)"
        )
    ensure_months(TABLE, map(layout_of(Candle).event_of, rows))


def raw_copy(rows: Sequence[tuple[Any, ...]]) -> None:
    """Copy ready tuples in binary, in one transaction: the limit of what the table can take."""
    types = {field.column: field.db_type(connection) for field in _fields()}
    names = ", ".join(f'"{name}"' for name in columns())
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{TABLE}" ({names}) FROM STDIN (FORMAT BINARY)') as copy,
    ):
        copy.set_types([(types[name] or "").partition("(")[0] for name in columns()])
        for row in rows:
            copy.write_row(row)


def upsert(rows: Sequence[tuple[Any, ...]]) -> None:
    """Upsert tuples as Django does it: a model instance a row."""
    model, names = _model(), columns()
    model._default_manager.bulk_create(
        [model(**dict(zip(names, row, strict=True))) for row in rows],
        batch_size=UPSERT_BATCH,
        update_conflicts=True,
        unique_fields=[*Candle.identity, "revision"],
        update_fields=list(Candle.compared),
    )


def _fields() -> list[Any]:
    return [field for field in Candle._meta.concrete_fields if field.column]


@cache
def _model() -> type[models.Model]:
    """Return a model of the peer's table: Django's upsert of a fact itself is refused."""
    members: dict[str, Any] = {f.name: f.clone() for f in _fields() if not f.is_relation}
    members["run_id"] = models.BigIntegerField()
    members["pk"] = models.CompositePrimaryKey(*Candle.identity, "revision")
    members["Meta"] = type("Meta", (), {"app_label": "glass", "db_table": TABLE, "managed": False})
    return type("PeerCandle", (models.Model,), members | {"__module__": __name__})
