"""What tests need of Redis: that it forgets what other tests left there, or that it is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import override_settings

from ledgers.collecting.limits import connection

MANY = 10_000
"""Keys looked at in one round trip; with Redis' ten, all that other tests left takes hundreds."""


def forget(pattern: str) -> None:
    """Delete the keys of a pattern, as a Redis that lost them."""
    if keys := list(connection().scan_iter(pattern, count=MANY)):
        connection().delete(*keys)


@contextmanager
def without_redis() -> Iterator[None]:
    """Have nobody answer where what is counted is kept."""
    try:
        with override_settings(REDIS_URL="unix:///nowhere/redis.sock"):
            connection.cache_clear()
            yield
    finally:
        connection.cache_clear()
