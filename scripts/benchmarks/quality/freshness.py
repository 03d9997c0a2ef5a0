"""The state of every feed of the installation, after a short and a long history of looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from benchmarks.figures import Figure, Goal
from benchmarks.measuring import alternate, best, often, say
from benchmarks.quality.two import server_time, two_sizes
from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import NEWEST, states
from ledgers.models import CollectorRun, Coverage, Feed
from ledgers.reading import Pair, pair

READS, SLOW_READS = 40, 5
LOOKS = """
    INSERT INTO ledgers_coverage (feed_id, "window", known_at, available_at, run_id)
    SELECT feed.name, tstzrange(at, at + feed.every), at, at, run.id
    FROM generate_series(%(first)s, %(last)s) AS place
    CROSS JOIN ledgers_collectorrun run JOIN ledgers_feed feed ON feed.name = run.feed_id,
    LATERAL (SELECT %(now)s - place * feed.every AS at) AS made
"""


def measure(rows: int) -> list[Figure]:
    """Measure at a tenth of the looks and at all of them, in turns."""
    say("quality: looks at every feed")
    feeds = [feed for feed in expected_feeds() if feed.every]
    for feed in feeds:
        feed.save()
        CollectorRun.objects.create(feed=feed)
    end = timezone.now()
    small, large = two_sizes("omc_looks", rows, lambda first, last: _fill(feeds, first, last, end))
    little = _server(feeds)
    small.use()
    few = _server(feeds)
    large.use()
    now = pair()
    costs = alternate({"ours": lambda: states(feeds, now)}, times=READS)
    slow = alternate({"orm": lambda: _one_by_one(feeds, now)}, times=SLOW_READS)
    _agree(feeds, now)
    ours, orm = best(costs["ours"]).wall, best(slow["orm"]).wall
    work = f"state of {len(feeds)} feeds after {large.rows:,} looks"
    small.use()
    return [
        Figure(
            name="freshness.sql",
            work=work,
            ours=f"{little:.2f} ms in SQL",
            peer="-",
            value=little,
            unit="ms",
            goal=Goal(side="<=", limit=1),
            details={"whole": ours, "one by one": orm},
        ),
        Figure(
            name="freshness.flat",
            work=work,
            ours=f"{little:.2f} ms in SQL",
            peer=f"{few:.2f} ms after {small.rows:,}",
            value=little / few,
            goal=Goal(side="<=", limit=1.3),
        ),
    ]


def _fill(feeds: list[Feed], first: int, last: int, now: datetime) -> None:
    """Write looks at every feed by its cadence, the newest first, as if they had ended well."""
    question: dict[str, Any] = {"now": now}
    question |= {"first": first // len(feeds), "last": last // len(feeds) - 1}
    with connection.cursor() as cursor:
        cursor.execute(LOOKS, question)
        cursor.execute("VACUUM (ANALYZE) ledgers_coverage")
        cursor.execute("CHECKPOINT")


def _server(feeds: list[Feed]) -> float:
    """Return the least time in milliseconds that the server needs for the newest looks."""
    now = pair()
    names = [feed.name for feed in feeds]
    question = {"feeds": names, "as_of": now.as_of, "horizon": now.horizon}
    return min(server_time(NEWEST, question) for _ in range(often(READS)))


def _one_by_one(feeds: list[Feed], now: Pair) -> dict[str, datetime | None]:
    """Ask for the end of each feed's coverage in turn, as a loop over the ORM does."""
    seen = Coverage.objects.filter(available_at__lte=now.as_of, known_at__lte=now.horizon)
    return {
        feed.name: seen.filter(feed=feed).aggregate(end=Max("window__endswith"))["end"]
        for feed in feeds
    }


def _agree(feeds: list[Feed], now: Pair) -> None:
    ours = {state.feed: state.covered_until for state in states(feeds, now)}
    if ours != _one_by_one(feeds, now):
        raise AssertionError("The ends of coverage differ from those that the ORM finds.")
