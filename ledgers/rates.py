"""Never more than so many in any window: one atomic script, exact under concurrency.

A log of the admitted moments, because a counter a window lets through twice the limit at its
border, and a read followed by a write lets through whatever runs at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from ledgers.collecting.limits import connection

ADMIT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local wait = 0
for place, key in ipairs(KEYS) do
    local limit, window = tonumber(ARGV[2 * place]), tonumber(ARGV[2 * place + 1])
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    if redis.call('ZCARD', key) >= limit then
        local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        wait = math.max(wait, (tonumber(oldest[2]) or now) + window - now)
    end
end
if wait > 0 then return wait end
for place, key in ipairs(KEYS) do
    redis.call('ZADD', key, now, ARGV[1])
    redis.call('PEXPIRE', key, math.ceil(tonumber(ARGV[2 * place + 1]) / 1000) + 1000)
end
return 0
"""
Limit = tuple[int, timedelta]


def admit(name: str, *, limit: int, window: timedelta) -> timedelta:
    """Admit one more of `name`, or return how long to wait until one may be; zero: admitted."""
    return admit_within(name, [(limit, window)])


def admit_within(name: str, limits: Sequence[Limit]) -> timedelta:
    """Admit one more of `name` if every limit allows it; what one refuses counts in none."""
    widths = [int(window.total_seconds() * 1_000_000) for _, window in limits]
    keys = [f"omc:rate:{{{name}}}:{width}" for width in widths]
    numbers = [str(n) for (limit, _), width in zip(limits, widths, strict=True)
               for n in (limit, width)]  # fmt: skip
    wait = connection().eval(ADMIT, len(keys), *keys, uuid4().hex, *numbers)
    return timedelta(microseconds=int(wait))
