"""How complete a day of 500 symbols is, in a short and a long history of their candles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from benchmarks.figures import Figure, Goal
from benchmarks.measuring import Cost, alternate, best, say
from benchmarks.quality.two import SMALL, Size, two_sizes
from ledgers.glass.models import Candle
from ledgers.partitions import ensure_months
from ledgers.reading import pair
from quality.checks.completeness import days_have_their_candles

SYMBOLS = [f"S{number:03}" for number in range(500)]
HOLED = len(SYMBOLS) // 10
"""Of these symbols the last day lacks every second candle."""
SOURCE, CURRENCY = "bench", "USD"
STEP = timedelta(hours=1)
DAY = timedelta(days=1)
A_DAY = DAY // STEP
END = datetime(2026, 6, 1, tzinfo=UTC)
"""The day that is counted ends here; what goes on after it are a few candles."""
NOW = END + timedelta(hours=3)
LEAST = SMALL * 4 * A_DAY * len(SYMBOLS)
"""The small one holds at least the day and three before it."""
READS, SLOW_READS = 20, 3
AT_ONCE = 500
LOAD = """
    INSERT INTO glass_candle (event_at, published_at, known_at, available_at, observed_at, run_id,
        parser, revision, withdrawn, source, asset, currency, "interval", open, high, low, close,
        volume)
    SELECT at, at, at + %(step)s, at + %(step)s, at + %(step)s, 1, 1, 0, false, 'bench',
        'S' || lpad(number::text, 3, '0'), 'USD', 3600, 100, 103, 98, 101, 5
    FROM generate_series(%(first)s, %(last)s) AS place,
        generate_series(0, %(symbols)s - 1) AS number,
        LATERAL (SELECT %(end)s - place * %(step)s AS at) AS made
    WHERE NOT (number < %(holed)s AND place %% 2 = 1 AND place <= %(day)s)
"""


def measure(rows: int) -> list[Figure]:
    """Measure at a tenth of the candles and at all of them, in turns."""
    small, large = two_sizes("omc_days", max(rows, LEAST), _fill)
    large.use()
    costs = alternate({"large": _on(large), "small": _on(small)}, times=READS)
    large.use()
    slow = alternate({"orm": _one_by_one}, times=SLOW_READS)
    _agree()
    small.use()
    return _figures(large, small, costs, best(slow["orm"]))


def _figures(large: Size, small: Size, costs: dict[str, list[Cost]], orm: Cost) -> list[Figure]:
    ours, few = best(costs["large"]).wall, best(costs["small"]).wall
    work = f"a day of {len(SYMBOLS)} symbols in {large.rows:,} candles"
    said = f"{ours * 1e3:.1f} ms"
    return [
        Figure(
            name="complete.time",
            work=work,
            ours=said,
            peer="-",
            value=ours * 1e3,
            unit="ms",
            goal=Goal(side="<=", limit=100),
        ),
        Figure(
            name="complete.flat",
            work=work,
            ours=said,
            peer=f"{few * 1e3:.1f} ms in {small.rows:,}",
            value=ours / few,
            goal=Goal(side="<=", limit=1.3),
        ),
        Figure(
            name="complete.orm",
            work=work,
            ours=said,
            peer=f"{orm.wall * 1e3:,.0f} ms ORM, symbol by symbol",
            value=orm.wall / ours,
            goal=Goal(side=">=", limit=50),
        ),
    ]


def _on(size: Size) -> Any:
    def check() -> None:
        size.use()
        found = len(_found())
        if found != HOLED:
            raise AssertionError(f"{found} symbols with holes, not {HOLED}.")

    return check


def _found() -> list[str]:
    """Return the symbols whose day is not whole, as the product's check finds them."""
    return [one.subject.split()[1].split("/")[0] for one in days_have_their_candles(NOW)]


def _one_by_one() -> list[str]:
    """Count the day of each symbol in turn, as a loop over the ORM does."""
    rows = Candle.objects.at(pair()).filter(source=SOURCE, currency=CURRENCY, interval=3600)
    day = rows.filter(event_at__gte=END - DAY, event_at__lt=END)
    return [
        symbol for symbol in SYMBOLS if day.filter(asset=symbol).count() < Decimal("0.9") * A_DAY
    ]


def _agree() -> None:
    if _found() != _one_by_one():
        raise AssertionError("The symbols with holes differ from those that the ORM finds.")


def _fill(first: int, last: int) -> None:
    """Write candles of every symbol, the newest first, and three steps after the day."""
    say(f"quality: filling a database up to {last:,} candles")
    low, high = first // len(SYMBOLS), last // len(SYMBOLS)
    start = low + 1 if first else -3
    ensure_months(
        "glass_candle", [END - place * STEP for place in (*range(start, high, A_DAY), high)]
    )
    with connection.cursor() as cursor:
        for one in range(start, high + 1, AT_ONCE):
            question: dict[str, Any] = {"end": END, "step": STEP, "symbols": len(SYMBOLS)}
            question |= {"first": one, "last": min(one + AT_ONCE - 1, high)}
            cursor.execute(LOAD, question | {"holed": HOLED, "day": A_DAY})
        for projection in Candle.projections:
            projection.rebuild()
        cursor.execute("VACUUM (ANALYZE) glass_candle, glass_rollup")
        cursor.execute("CHECKPOINT")
