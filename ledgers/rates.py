"""Never more than so many in any window: one atomic script, exact under concurrency.

A log of the admitted moments, because a counter a window lets through twice the limit at its
border, and a read followed by a write lets through whatever runs at once.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from ledgers.collecting.limits import connection

ADMIT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < limit then
    redis.call('ZADD', KEYS[1], now, ARGV[3])
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
    return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return tonumber(oldest[2]) + window - now
"""


def admit(name: str, *, limit: int, window: timedelta) -> timedelta:
    """Admit one more of `name`, or return how long to wait until one may be; zero: admitted."""
    width = int(window.total_seconds() * 1_000_000)
    wait = connection().eval(ADMIT, 1, f"omc:rate:{name}", str(limit), str(width), uuid4().hex)
    return timedelta(microseconds=int(wait))
