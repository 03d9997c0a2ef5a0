"""Time and compare: wall clock, and the CPU time of this process and of its server backend."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")
Work = Callable[[], Any]

_most = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some work took, in seconds; `cpu` is ours and our backend's together."""

    wall: float
    cpu: float


def hurry(most: int) -> None:
    """Repeat nothing more often than this: for trying the benchmarks, not for judging."""
    global _most  # noqa: PLW0603  # one process, one run
    _most = most


def often(times: int) -> int:
    """Return how often to repeat what should be done so many times."""
    return min(times, _most)


def say(message: str) -> None:
    """Tell a person what goes on, on stderr."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def cost_of(work: Work) -> Cost:
    """Do the work once and return what it took."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    gc.collect()
    cpu, began = time.process_time() + _server_cpu(pid), time.perf_counter()
    work()
    wall = time.perf_counter() - began
    return Cost(wall=wall, cpu=time.process_time() + _server_cpu(pid) - cpu)


def _server_cpu(pid: int) -> float:
    """Return the CPU time of a process of this machine; clock ticks are 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def alternate(ways: Mapping[str, Work], *, times: int) -> dict[str, list[Cost]]:
    """Do every way in turn, several times: what else the machine does then meets them all."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(often(times)):
        for name, work in ways.items():
            costs[name].append(cost_of(work))
    return costs


def best(costs: list[Cost]) -> Cost:
    """Return the least of each: noise of a shared machine only adds."""
    return Cost(wall=min(c.wall for c in costs), cpu=min(c.cpu for c in costs))


def middle(costs: list[Cost]) -> Cost:
    """Return the median of each."""
    return Cost(wall=median(c.wall for c in costs), cpu=median(c.cpu for c in costs))


def wal_of(work: Work) -> int:
    """Do the work and return how many bytes of WAL the server wrote meanwhile."""
    before = _wal()
    work()
    return _wal() - before


def _wal() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


def buffers_of(read: Work) -> float:
    """Return how many pages one read touches, cached or not, catalogue included.

    Counted by the server backend itself, over a hundred warm reads, so that it does not matter
    which way a read asks.
    """
    read()
    start = _touched()
    before = _touched()
    for _ in range(100):
        read()
    return (_touched() - before - (before - start)) / 100


def _touched() -> int:
    """Return how many pages this backend touched so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(hits + reads) FROM pg_stat_get_backend_io(pg_backend_pid()) "
            "WHERE object = 'relation'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Keep the collector of garbage off the prepared data, for ours and peers alike."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
