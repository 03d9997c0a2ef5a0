"""How many rows travel between Python and PostgreSQL at little cost.

Five hundred series as PostgreSQL arrays cost psycopg as long as storing their quotes; as one JSON
array a column, a tenth of it. Django's connections load moments in Python, 4 microseconds each;
psycopg's own loader is C. Text is read faster than the binary format: a number is written in it as
Python reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.json import JsonbLoader

LOADERS: Mapping[str, Any] = {"timestamptz": TimestamptzLoader, "jsonb": JsonbLoader}
"""psycopg's own, in the place of Django's."""


def columns_of(names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """Return one parameter a column."""
    return {
        name: json.dumps(column, default=str)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def rows_from(types: Mapping[str, str], alias: str) -> str:
    """Return the FROM item that makes rows of those parameters again, with their `place` from 1."""
    taken = ", ".join(f"{name}::{kind}" for name, kind in types.items())
    sent = ", ".join(f"json_array_elements_text(%({name})s::json)" for name in types)
    names = ", ".join(types)
    return (
        f"(SELECT {taken}, place FROM ROWS FROM ({sent}) WITH ORDINALITY "
        f"AS sent ({names}, place)) AS {alias}"
    )


def fetch(statement: str, question: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a SELECT, on Django's connection, in its transaction and in its log."""
    connection.ensure_connection()
    cursor: Any = psycopg.Cursor(connection.connection)
    for name, loader in LOADERS.items():
        cursor.adapters.register_loader(name, loader)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with connection.wrap_database_errors, wrap(cursor) as logged:
        logged.execute(statement, question)
        rows: list[tuple[Any, ...]] = logged.fetchall()
    return rows


@contextmanager
def unanswered() -> Iterator[None]:
    """Send the statements of the block without waiting for any; an error is raised at its end."""
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
