"""One at a time, across processes: a lock of the database's that ends with whoever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Turn(IntEnum):
    """What is done by one at a time; the first of the lock's two keys."""

    SWEEP = 7011
    LOOK = 7012


@contextmanager
def turn(kind: Turn, number: int = 0, *, waits: bool = True) -> Iterator[bool]:
    """Take a turn for the length of a block; yield False if another has it and nobody waits.

    It belongs to the connection, not to a transaction: a process that is killed leaves none.
    """
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT true FROM pg_advisory_lock(%s, %s)", [kind, number])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, number])
        has_turn: bool = cursor.fetchone()[0]
    try:
        yield has_turn
    finally:
        if has_turn:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, number])
