"""What tests need of Redis: that it forgets what other tests left there."""

from __future__ import annotations

from ledgers.collecting.limits import connection

MANY = 10_000
"""Keys looked at in one round trip; with Redis' ten, all that other tests left takes hundreds."""


def forget(pattern: str) -> None:
    """Delete the keys of a pattern, as a Redis that lost them."""
    if keys := list(connection().scan_iter(pattern, count=MANY)):
        connection().delete(*keys)
