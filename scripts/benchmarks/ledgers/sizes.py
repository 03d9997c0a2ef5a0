"""The same quotes in two databases, one ten times as large, so that both meet the same moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection, connections

from benchmarks.engine import connect
from benchmarks.measuring import say
from ledgers.collecting.storing import store
from ledgers.glass.models import Quote
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.partitions import ensure_months

ASSETS = [f"S{number:03}" for number in range(500)]
SOURCE, CURRENCY = "bench", "AUD"
START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=3)
"""From one quote of an asset to the next: twenty thousand steps are a month and more."""
SMALL = 10
LARGE = "omc_large"
ROOM = 100
"""Steps after the stored ones, for ticks."""
AT_ONCE = 2000

LOAD = """
    INSERT INTO glass_quote (event_at, published_at, known_at, available_at, observed_at, run_id,
        parser, revision, withdrawn, source, asset, currency, quoted_at, bid, ask, last)
    SELECT at, at, at + interval '2 s', at + interval '2 s', at + interval '1 s', 1, 1, 0, false,
        'bench', 'S' || lpad(number::text, 3, '0'), 'AUD', at, price - 0.01, price + 0.01, price
    FROM generate_series(%(first)s, %(last)s) AS place,
        generate_series(0, %(assets)s - 1) AS number,
        LATERAL (SELECT %(start)s + place * %(step)s AS at,
            round((100000 + (place * 7919 + number * 104729) %% 99991)::numeric / 1000, 3) AS price
        ) AS made
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A database that holds so many steps of quotes of every asset."""

    steps: int
    database: Any
    ticks: Iterator[list[QuoteRecord]]

    @property
    def rows(self) -> int:
        """Return how many quotes were stored before the first tick."""
        return self.steps * len(ASSETS)

    def use(self) -> None:
        """Have the product work on this database from now on."""
        connections["default"] = self.database

    def tick(self) -> None:
        """Store the quotes of the next step."""
        self.use()
        tick = next(self.ticks)
        run = CollectorRun.objects.latest("pk")
        store(Quote, tick, run, observed_at=tick[0].event_at + STEP)


@cache
def make_sizes(rows: int) -> tuple[Size, Size]:
    """Fill two databases, the second with `rows` quotes; return the small one and the large one."""
    few, many = (count // len(ASSETS) for count in (rows // SMALL, rows))
    feed = Feed.objects.create(name="bench/quotes", source="bench", ledger=Ledger.GLASS, lag=STEP)
    CollectorRun.objects.create(feed=feed)
    _fill(0, few)
    small = _size(few, connections["default"])
    large = _size(many, _copy())
    large.use()
    _fill(few, many)
    return small, large


def _size(steps: int, database: Any) -> Size:
    ticks = (_tick(place) for place in range(steps, steps + ROOM))
    return Size(steps=steps, database=database, ticks=ticks)


def _copy() -> Any:
    """Copy the database of this run and return a connection to the copy."""
    wrapper = connections["default"]
    wrapper.close()
    with connect("postgres") as peer:
        peer.execute(f"CREATE DATABASE {LARGE} TEMPLATE {wrapper.settings_dict['NAME']}")
    copy = wrapper.copy("default")
    copy.settings_dict["NAME"] = LARGE
    return copy


def _fill(first: int, last: int) -> None:
    """Write the steps [first, last) of every asset, as if they had been stored live."""
    say(f"quotes: filling a database up to {last * len(ASSETS):,} rows")
    days = range(first, last + ROOM, timedelta(days=1) // STEP)
    ensure_months("glass_quote", [START + place * STEP for place in (*days, last + ROOM)])
    with connection.cursor() as cursor:
        for start in range(first, last, AT_ONCE):
            end = min(start + AT_ONCE, last) - 1
            values: dict[str, Any] = {"start": START, "step": STEP, "assets": len(ASSETS)}
            cursor.execute(LOAD, values | {"first": start, "last": end})
        for projection in Quote.projections:
            projection.rebuild()
        cursor.execute("VACUUM (ANALYZE) glass_quote")
        cursor.execute("VACUUM (ANALYZE) glass_latestquote, glass_rollup, glass_hourlyquote")
        cursor.execute("CHECKPOINT")


def _tick(place: int) -> list[QuoteRecord]:
    """Return one quote of every asset, as one poll of a venue brings them."""
    moment = START + place * STEP
    return [
        QuoteRecord(
            event_at=moment,
            published_at=moment,
            source=SOURCE,
            asset=asset,
            currency=CURRENCY,
            quoted_at=moment,
            bid=price - 1,
            ask=price + 1,
            last=price,
        )
        for number, asset in enumerate(ASSETS)
        for price in [Decimal(100_000 + (place * 7919 + number) % 99_991).scaleb(-3)]
    ]
