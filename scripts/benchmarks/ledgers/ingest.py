"""Ingest of candles: new, the same again, and one corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Figure, Goal
from benchmarks.ledgers import peers
from benchmarks.ledgers.data import INGESTED, LATER, candles, corrected, ingest, wipe
from benchmarks.measuring import Cost, best, cost_of, frozen_heap, often, say, wal_of
from ledgers.collecting.storing import Stored

TIMES = 3
UPSERTED = 5
"""Django's upsert is given a fifth of the rows: it takes long, and its rate only falls."""


@dataclass(slots=True, kw_only=True)
class Passes:
    """What the passes over the same candles took, in the order in which they were made."""

    copy: list[Cost] = field(default_factory=list)
    new: list[Cost] = field(default_factory=list)
    again: list[Cost] = field(default_factory=list)
    wal_shares: list[float] = field(default_factory=list)
    repeated: list[Stored] = field(default_factory=list)
    upsert: list[Cost] = field(default_factory=list)
    correction: Stored | None = None


def measure(rows: int) -> list[Figure]:
    """Store a tenth of the rows as candles, in every way."""
    rows //= INGESTED
    say(f"ingest: making {rows:,} candles")
    given = list(candles(rows))
    ready = peers.complete(given)
    some = ready[: rows // UPSERTED]
    peers.make_table(given)
    passes = Passes()
    with frozen_heap():
        ingest(given[: rows // 10])  # make partitions, warm up
        for turn in range(often(TIMES)):
            say(f"ingest: turn {turn + 1}")
            wipe(peers.TABLE)
            passes.copy.append(cost_of(lambda: peers.raw_copy(ready)))
            wipe(peers.TABLE)
            passes.upsert.append(cost_of(lambda: peers.upsert(some)))
            wipe(peers.TABLE)
            _pass(passes, given)
        passes.correction = ingest([*given[:-1], corrected(given[-1])], LATER)
    wipe(peers.TABLE)
    return _figures(passes, rows)


def _pass(passes: Passes, given: Sequence[Any]) -> None:
    """Store candles, and the same again."""
    first = wal_of(lambda: passes.new.append(cost_of(lambda: ingest(given))))
    again = wal_of(lambda: passes.again.append(cost_of(lambda: _repeat(passes, given))))
    passes.wal_shares.append(100 * again / first)


def _repeat(passes: Passes, given: Sequence[Any]) -> None:
    passes.repeated.append(ingest(given, LATER))


def _figures(passes: Passes, rows: int) -> list[Figure]:
    changed = sum(each.added + each.revised + each.late for each in passes.repeated)
    some = rows // UPSERTED
    correction = passes.correction
    assert correction  # noqa: S101  # `measure` made it
    return [
        _rate("ingest.copy", passes.new, passes.copy, (rows, rows), 0.55),
        _rate("ingest.upsert", passes.new, passes.upsert, (rows, some), 6),
        Figure(
            name="again.rows",
            work=f"the same {rows:,} again: rows changed",
            ours=f"{changed} rows",
            peer="none",
            value=changed,
            unit="rows",
            goal=Goal(side="<=", limit=0),
        ),
        Figure(
            name="again.wal",
            work="the same again: share of the first pass's WAL",
            ours=f"{max(passes.wal_shares):.2g} %",
            peer="100 %",
            value=max(passes.wal_shares),
            unit="%",
            goal=Goal(side="<=", limit=1),
            details={"shares": passes.wal_shares},
        ),
        _rate("again.copy", passes.again, passes.copy, (rows, rows), 0.45),
        Figure(
            name="corrected",
            work="one of them corrected: revisions beyond one",
            ours=f"{correction.revised} revised, {correction.added} added",
            peer="1 revised",
            value=abs(correction.revised - 1) + correction.added + correction.late,
            unit="rows",
            goal=Goal(side="<=", limit=0),
        ),
    ]


WORKS = {
    "ingest.copy": ("ingest of new candles", "raw binary COPY"),
    "ingest.upsert": ("ingest of new candles", "bulk_create(update_conflicts)"),
    "again.copy": ("the same again", "raw binary COPY"),
}


def _rate(
    name: str, ours: list[Cost], peers: list[Cost], rows: tuple[int, int], limit: float
) -> Figure:
    """Compare rows a second; the CPU's opinion goes along, for a busy machine."""
    mine, other = best(ours), best(peers)
    work, peer = WORKS[name]
    return Figure(
        name=name,
        work=work,
        ours=f"{rows[0] / mine.wall:,.0f} rows/s",
        peer=f"{rows[1] / other.wall:,.0f} rows/s {peer}",
        value=rows[0] / mine.wall / (rows[1] / other.wall),
        goal=Goal(side=">=", limit=limit),
        details={
            "rows": rows,
            "by_cpu": rows[0] / mine.cpu / (rows[1] / other.cpu),
            "ours": [(cost.wall, cost.cpu) for cost in ours],
            "peer": [(cost.wall, cost.cpu) for cost in peers],
        },
    )
