"""A budget of requests per host, shared by all workers through Redis."""

from __future__ import annotations

import time
from functools import cache

import redis
from django.conf import settings

# A bucket of one second's worth; a request takes one token or is told how long to wait.
TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local rate, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local since = now - (tonumber(kept[2]) or now)
local tokens = math.min(size, (tonumber(kept[1]) or size) + rate * since)
local wait = 0
if tokens < 1 then wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', tokens - 1, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((size + 1) / rate * 1000) + 60000)
return tostring(wait)
"""


@cache
def connection() -> redis.Redis:
    """Return this process's Redis connection for limits."""
    patience = settings.REDIS_TIMEOUT
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=patience, socket_connect_timeout=patience
    )


def take_turn(host: str, per_minute: int) -> None:
    """Wait until the budget of `host` allows one more request."""
    rate = per_minute / 60
    wait = connection().eval(TAKE, 1, f"omc:budget:{host}", str(rate), str(max(1.0, rate)))
    time.sleep(float(wait))
