"""Memory of an ingest: a process of its own stores candles that nobody holds in memory."""

from __future__ import annotations

from pathlib import Path

from benchmarks import child
from benchmarks.figures import Figure, Goal
from benchmarks.ledgers.data import INGESTED, candles, ingest, wipe
from benchmarks.measuring import say

LIMIT = 64
WARM_UP = 1000


def measure(rows: int) -> list[Figure]:
    """Store a tenth of the rows as candles and four times as many, each in its own process."""
    return [_figure(count) for count in (rows // INGESTED, 4 * rows // INGESTED)]


def _figure(rows: int) -> Figure:
    say(f"memory: {rows:,} candles in a process of their own")
    baseline, peak = child.call(__name__, "marks", rows)
    return Figure(
        name="memory",
        work=f"ingest of {rows:,} candles: memory over the baseline",
        ours=f"{(peak - baseline) / 1024:.1f} MB",
        peer=f"{baseline / 1024:.0f} MB before",
        value=(peak - baseline) / 1024,
        unit="MB",
        goal=Goal(side="<=", limit=LIMIT),
    )


def marks(rows: int) -> tuple[int, int]:
    """Return this process's memory before an ingest, and the most it had in it, in kB."""
    wipe()
    ingest(candles(WARM_UP))
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest mark so far
    baseline = _status("VmRSS")
    ingest(candles(rows))
    peak = _status("VmHWM")
    wipe()
    return baseline, peak


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
