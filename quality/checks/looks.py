"""Checks of what looks at sources say of themselves: clocks, corrections, rejected items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from ledgers.wire import fetch
from quality.completeness import source_of
from quality.findings import Finding, Level
from quality.registry import register
from quality.thresholds import Share

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TWENTIETH, HALF = Share("0.05"), Share("0.5")
NEW_CODE = "If the collector changed, replay the payloads with a parser that reads them right."

CLOCKS = """
    SELECT run.feed_id, feed.ledger, count(*),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY seen.at - run.finished_at),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY run.started_at - seen.at)
    FROM ledgers_collectorrun run JOIN ledgers_feed feed ON feed.name = run.feed_id
    CROSS JOIN LATERAL unnest(run.observed) AS seen (at)
    WHERE run.kind = 'live' AND run.finished_at > %(now)s - %(window)s
      AND run.finished_at <= %(now)s
      AND run.started_at > %(now)s - 2 * %(window)s
    GROUP BY run.feed_id, feed.ledger
    HAVING percentile_disc(0.5) WITHIN GROUP (ORDER BY seen.at - run.finished_at) > %(ahead)s
        OR percentile_disc(0.5) WITHIN GROUP (ORDER BY run.started_at - seen.at) > %(behind)s
    ORDER BY run.feed_id
"""
# What drifted was not stored, and freshness tells of it.
RATES = """
    SELECT run.feed_id, feed.source, feed.ledger, sum(run.fetched), sum(run.{counted})
    FROM ledgers_collectorrun run JOIN ledgers_feed feed ON feed.name = run.feed_id
    WHERE run.started_at > %(now)s - %(window)s AND run.started_at <= %(now)s
      AND run.kind IN ('live', 'backfill', 'import') AND run.outcome <> 'drift'
    GROUP BY run.feed_id, feed.source, feed.ledger
    HAVING sum(run.fetched) >= %(least)s AND sum(run.{counted}) > %(most)s * sum(run.fetched)
    ORDER BY run.feed_id
"""


@register("consistency.clocks", ledger=None, every=5 * MINUTE)
def clocks_agree(
    now: datetime,
    *,
    ahead: Annotated[timedelta, "Half of what is believed at all."] = timedelta(minutes=2),
    behind: Annotated[timedelta, "What a cache on the way may hold back."] = timedelta(minutes=15),
    window: Annotated[timedelta, "Some looks, of which the median counts."] = HOUR,
) -> Iterator[Finding]:
    """No source says it answered long before we asked, or after we had stored its answer.

    Which of two observations is newer is decided by that time.
    """
    question = {"now": now, "ahead": ahead, "behind": behind, "window": window}
    bad = fetch(CLOCKS, question)
    sources = {source_of(feed) for feed, *_ in bad}
    for feed, ledger, looks, lead, lag in bad:
        said = f"ahead of ours by {lead}" if lead > ahead else f"behind ours by {lag}"
        yield Finding(
            ledger=ledger,
            subject=feed,
            level=Level.WARNING,
            message=f"The clock of {feed} is {said}, the median of {looks} answers.",
            hint="Compare this machine's clock with NTP. If it is right, the source is wrong.",
            cause="our clock" if len(sources) > 1 else source_of(feed) if len(bad) > 1 else "",
        )


@register("consistency.revisions", ledger=None, every=15 * MINUTE)
def sources_rarely_correct_themselves(
    now: datetime,
    *,
    most: Annotated[Decimal, "Posts that are voted on change at every look."] = HALF,
    least: Annotated[int, "Fewer items make no rate."] = 50,
    window: Annotated[timedelta, "A day and a night."] = DAY,
) -> Iterator[Finding]:
    """No feed corrects more than this part of what it tells within `window`."""
    bad = _rates("revised", now, window, least, most)
    many = Counter(source for _, source, *_ in bad)
    for feed, source, ledger, fetched, revised in bad:
        yield Finding(
            ledger=ledger,
            subject=feed,
            level=Level.WARNING,
            message=f"{feed} corrected {revised} of {fetched} items since {now - window:%F %T}.",
            hint=f"Look at two revisions of one row: what changes may be noise. {NEW_CODE}",
            cause=source if many[source] > 1 else "",
        )


@register("consistency.rejects", ledger=None)
def few_items_are_rejected(
    now: datetime,
    *,
    most: Annotated[Decimal, "Above it the source has most likely changed its shape."] = TWENTIETH,
    least: Annotated[int, "One bad item of three is no rate."] = 20,
    window: Annotated[timedelta, "So that it is over an hour after it is mended."] = HOUR,
) -> Iterator[Finding]:
    """Of no feed was more than this part of the items rejected within `window`."""
    bad = _rates("rejected", now, window, least, most)
    many = Counter(source for _, source, *_ in bad)
    for feed, source, ledger, fetched, rejected in bad:
        yield Finding(
            ledger=ledger,
            subject=feed,
            level=Level.ERROR,
            message=f"{rejected} of {fetched} items of {feed} were rejected.",
            hint=f"Rejected records in the admin say why. {NEW_CODE}",
            cause=source if many[source] > 1 else "",
        )


def _rates(
    counted: str, now: datetime, window: timedelta, least: int, most: Decimal
) -> list[tuple[Any, ...]]:
    question = {"now": now, "window": window, "least": least, "most": most}
    return fetch(RATES.format(counted=counted), question)
