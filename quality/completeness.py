"""How complete a ledger is: what was looked at of what should have been, and what came of it.

A feed is told here only while it lives: of one that nobody can trust the freshness checks tell.
What was expected begins with the first look that anybody took, so that a new installation has
missed nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import State, states
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair, pair
from ledgers.wire import fetch
from quality.findings import Finding, Level

MICROSECOND = timedelta(microseconds=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HALF = Decimal("0.5")
WHERE = "Look at the runs of this feed in the admin. A source that can be asked for its past is "
BACKFILL = f"{WHERE}filled by manage.py backfill."

# A look is known after its window began, so that older knowledge need not be read.
SHARES = """
    SELECT asked.feed, asked.until - asked.since, coalesce((
        SELECT sum(upper(part) - lower(part)) FROM (
            SELECT unnest(range_agg(seen."window" * tstzrange(asked.since, asked.until))) AS part
            FROM ledgers_coverage seen
            WHERE seen.feed_id = asked.feed
              AND seen."window" && tstzrange(asked.since, asked.until)
              AND seen.known_at >= asked.since - asked.every
              AND seen.available_at <= %(as_of)s AND seen.known_at <= %(horizon)s
        ) parts), interval '0')
    FROM (
        SELECT wanted.feed, wanted.every, wanted.place,
               greatest(%(since)s, lower(first."window")) AS since,
               %(until)s - wanted.every - wanted.lag AS until
        FROM unnest(%(feeds)s::text[], %(every)s::interval[], %(lags)s::interval[])
            WITH ORDINALITY AS wanted (feed, every, lag, place)
        CROSS JOIN LATERAL (
            SELECT "window" FROM ledgers_coverage
            WHERE feed_id = wanted.feed AND known_at <= %(horizon)s
            ORDER BY known_at LIMIT 1
        ) first
    ) asked
    WHERE asked.since < asked.until
    ORDER BY asked.place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a window was looked at, of what could have been looked at by then."""

    feed: str
    expected: timedelta
    covered: timedelta

    @property
    def share(self) -> Decimal:
        """Return the part that was looked at, from 0 to 1."""
        return Decimal(self.covered // MICROSECOND) / Decimal(self.expected // MICROSECOND)


def shares(feeds: Iterable[Feed], cuts: Pair, *, width: timedelta) -> list[Share]:
    """Return how completely each feed was looked at in the `width` up to the pair's moment.

    One query. The last cadence and the source's lag are left out: nobody is late there yet. A
    feed that is filled on demand, or whose first look is not that old, is left out too.
    """
    polled = [feed for feed in feeds if feed.every]
    question = {
        "feeds": [feed.name for feed in polled],
        "every": [feed.every for feed in polled],
        "lags": [feed.lag for feed in polled],
        "since": cuts.as_of - width,
        "until": cuts.as_of,
        "as_of": cuts.as_of,
        "horizon": cuts.horizon,
    }
    return [
        Share(feed=name, expected=expected, covered=covered)
        for name, expected, covered in fetch(SHARES, question)
    ]


def feeds_are_complete(
    ledger: Ledger, now: datetime, *, day: Decimal, week: Decimal
) -> Iterator[Finding]:
    """Yield the living feeds that were looked at for less than these parts of a day and a week."""
    cuts = pair(now)
    alive = living(expected_feeds(ledger), cuts)
    found: dict[str, Finding] = {}
    for width, least, name in ((WEEK, week, "week"), (DAY, day, "day")):
        for one in shares(alive, cuts, width=width):
            if one.share < least:
                found[one.feed] = _incomplete(ledger, one, least, name)
    yield from by_source(found.values(), {feed.name: feed.source for feed in alive})


def living(feeds: Iterable[Feed], cuts: Pair) -> list[Feed]:
    """Return the feeds that can be trusted now."""
    wanted = list(feeds)
    judged = states(wanted, cuts)
    return [feed for feed, one in zip(wanted, judged, strict=True) if one.state < State.STALE]


def by_source(findings: Iterable[Finding], sources: dict[str, str]) -> Iterator[Finding]:
    """Give the findings of one source a common cause, where there are several."""
    told = list(findings)
    many = Counter(sources[finding.subject] for finding in told)
    for finding in told:
        source = sources[finding.subject]
        yield replace(finding, cause=source) if many[source] > 1 else finding


def source_of(feed: str) -> str:
    """Return the source of a feed, by its name: what stands before its scope."""
    return feed.partition("/")[0]


def _incomplete(ledger: Ledger, one: Share, least: Decimal, width: str) -> Finding:
    missing = one.expected - one.covered
    return Finding(
        ledger=ledger,
        subject=one.feed,
        level=Level.ERROR if one.share < HALF else Level.WARNING,
        message=(
            f"{one.feed} was looked at for {percent(one.share)} of the last {width}, less than "
            f"{percent(least)}. Nobody looked for {missing - missing % timedelta(seconds=1)}."
        ),
        hint=BACKFILL,
    )


def percent(share: Decimal) -> str:
    """Write a share as a person reads it, never rounded up to what it is not."""
    return f"{(share * 100).quantize(Decimal('0.1'), rounding='ROUND_DOWN').normalize():f} %"


def spelled(names: Sequence[str], most: int = 10) -> str:
    """Write the first of many names, and how many more there are."""
    more = len(names) - most
    told = ", ".join(names[:most])
    return f"{told} and {more} more" if more > 0 else told
