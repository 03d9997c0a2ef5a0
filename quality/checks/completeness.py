"""Checks of completeness: what was looked at, and whether what should be in it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from ledgers.collecting.registry import expected_feeds
from ledgers.filling import SEED
from ledgers.models import Ledger
from ledgers.reading import pair
from ledgers.wire import fetch
from quality.completeness import by_source, feeds_are_complete, living, percent, spelled
from quality.findings import Finding, Level
from quality.registry import register
from quality.thresholds import Share

QUARTER = timedelta(minutes=15)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
LeastDay = Annotated[Decimal, "A restart costs minutes; an hour without a look is 4 % of a day."]
LeastWeek = Annotated[Decimal, "An evening without a look is what a person should know of."]
NINETY, NINETY_FIVE = Share("0.9"), Share("0.95")
TENTH, FIFTH = Share("0.1"), Share("0.2")
SERIES = 2
"""Bad series of one source from which on the source is the cause."""

# Kept bars of a day know how many candles they hold. A series that did not go on past the day has
# no such bar: its candles are counted.
CANDLES = """
    WITH series AS (
        SELECT source, asset, currency, base, max(count) FILTER (WHERE event_at = %(day)s) AS kept
        FROM glass_rollup
        WHERE width = 86400 AND base > 0 AND source NOT LIKE %(seed)s
          AND event_at = ANY(%(days)s)
        GROUP BY source, asset, currency, base
    )
    SELECT source, asset, currency, base, coalesce(kept, counted.here)
    FROM series CROSS JOIN LATERAL (
        SELECT count(DISTINCT event_at) FILTER (WHERE event_at >= %(day)s) AS here,
               count(*) AS recent
        FROM glass_candle f
        WHERE kept IS NULL AND f.source = series.source AND f.asset = series.asset
          AND f.currency = series.currency AND f."interval" = series.base
          AND f.event_at >= %(before)s AND f.event_at < %(after)s
    ) counted
    WHERE (kept IS NOT NULL OR counted.recent > 0)
      AND coalesce(kept, counted.here) < %(least)s * 86400 / base
    ORDER BY source, asset, currency, base
"""
FIELDS: dict[str, tuple[Ledger, timedelta, timedelta, dict[str, str]]] = {
    "glass_quote": (
        Ledger.GLASS,
        HOUR,
        DAY,
        {name: f"{name} IS NOT NULL" for name in ("bid", "ask", "last")},
    ),
    "human_article": (
        Ledger.HUMAN,
        DAY,
        WEEK,
        {name: f"{name} <> ''" for name in ("title", "url", "summary")}
        | {"published_at": "is_publication_exact"},
    ),
    "human_post": (
        Ledger.HUMAN,
        DAY,
        WEEK,
        {name: f"{name} <> ''" for name in ("title", "url", "author")},
    ),
    "catalyst_event": (
        Ledger.CATALYST,
        DAY,
        WEEK,
        {name: f"{name} <> ''" for name in ("title", "url", "company")},
    ),
}
"""Of each table: its ledger, how long the present is, how far back the past begins, the fields.

Fields that the database demands are left out, and so is the Exchange ledger, whose imports differ
in what they tell.
"""
FILLED = """
    SELECT source, count(*) FILTER (WHERE event_at >= %(present)s),
           count(*) FILTER (WHERE event_at < %(present)s), {parts}
    FROM {table}
    WHERE event_at < %(now)s AND (event_at >= %(present)s
          OR event_at >= %(past)s AND event_at < %(past)s + %(width)s)
    GROUP BY source ORDER BY source
"""
BREADTH = """
    WITH newest AS (
        SELECT source, currency, asset, event_at,
               max(event_at) OVER (PARTITION BY source, currency) AS newest
        FROM glass_latestquote WHERE event_at <= %(now)s AND source NOT LIKE %(seed)s
    )
    SELECT source, currency, count(*),
           array_agg(asset ORDER BY asset) FILTER (WHERE event_at < newest - %(stopped)s)
    FROM newest WHERE event_at >= newest - %(history)s
    GROUP BY source, currency
    HAVING bool_or(event_at < newest - %(stopped)s)
    ORDER BY source, currency
"""
SILENT = """
    SELECT asked.feed, told.last, told.longest, quiet.looks
    FROM unnest(%(feeds)s::text[]) WITH ORDINALITY AS asked (feed, place)
    CROSS JOIN LATERAL (
        SELECT max(at) AS last, max(at - before) AS longest, count(*) AS times FROM (
            SELECT started_at AS at, lag(started_at) OVER (ORDER BY started_at) AS before
            FROM ledgers_collectorrun
            WHERE feed_id = asked.feed AND fetched > 0
              AND started_at >= %(now)s - %(history)s AND started_at <= %(now)s
        ) spoke
    ) told
    CROSS JOIN LATERAL (
        SELECT count(*) AS looks FROM ledgers_collectorrun
        WHERE feed_id = asked.feed AND outcome IN ('ok', 'empty') AND fetched = 0
          AND started_at > told.last AND started_at <= %(now)s
    ) quiet
    WHERE told.times >= %(times)s AND quiet.looks >= %(looks)s
      AND %(now)s - told.last > %(factor)s * told.longest
    ORDER BY asked.place
"""


@register("completeness.glass", ledger=Ledger.GLASS, every=QUARTER)
def glass_is_complete(
    now: datetime, *, day: LeastDay = NINETY_FIVE, week: LeastWeek = NINETY
) -> Iterator[Finding]:
    """Every living feed of Glass was looked at for these parts of the last day and week."""
    return feeds_are_complete(Ledger.GLASS, now, day=day, week=week)


@register("completeness.human", ledger=Ledger.HUMAN, every=QUARTER)
def human_is_complete(
    now: datetime, *, day: LeastDay = NINETY_FIVE, week: LeastWeek = NINETY
) -> Iterator[Finding]:
    """Every living feed of Human was looked at for these parts of the last day and week."""
    return feeds_are_complete(Ledger.HUMAN, now, day=day, week=week)


@register("completeness.catalyst", ledger=Ledger.CATALYST, every=QUARTER)
def catalyst_is_complete(
    now: datetime, *, day: LeastDay = NINETY_FIVE, week: LeastWeek = NINETY
) -> Iterator[Finding]:
    """Every living feed of Catalyst was looked at for these parts of the last day and week."""
    return feeds_are_complete(Ledger.CATALYST, now, day=day, week=week)


@register("completeness.exchange", ledger=Ledger.EXCHANGE, every=QUARTER)
def exchange_is_complete(
    now: datetime, *, day: LeastDay = NINETY_FIVE, week: LeastWeek = NINETY
) -> Iterator[Finding]:
    """Every venue that is asked by a cadence was looked at for these parts of a day and a week."""
    return feeds_are_complete(Ledger.EXCHANGE, now, day=day, week=week)


@register("completeness.candles", ledger=Ledger.GLASS, every=HOUR)
def days_have_their_candles(
    now: datetime,
    *,
    least: Annotated[Decimal, "Some venues leave out a minute without a trade."] = NINETY,
    settles: Annotated[timedelta, "Until then the last candles of a day may come."] = 2 * HOUR,
) -> Iterator[Finding]:
    """Every series of candles has at least this part of the candles of its last whole day (UTC).

    A series is one that goes on since two days before, or ended on that day or the day before: a
    new one has missed nothing. Candles of a day and longer are not counted.
    """
    ended = (now - settles).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = ended - DAY
    question = {
        "day": day,
        "days": [day, day - DAY, day - 2 * DAY],
        "before": day - DAY,
        "after": ended,
        "least": least,
        "seed": f"{SEED}%",
    }
    bad = fetch(CANDLES, question)
    sources = [source for source, *_ in bad]
    for source, asset, currency, interval, count in bad:
        name = f"{source} {asset}/{currency} {interval} s"
        yield Finding(
            ledger=Ledger.GLASS,
            subject=name,
            level=Level.WARNING,
            message=(
                f"{name} has {count} of {86400 // interval} candles on {day:%F}, less than "
                f"{percent(least)}."
            ),
            hint=f"Fill it: manage.py backfill {source}.",
            cause=f"{source} candles" if sources.count(source) >= SERIES else "",
        )


@register("completeness.fields", ledger=None, every=QUARTER)
def rows_have_their_fields(
    now: datetime,
    *,
    drop: Annotated[Decimal, "A field that one row in five lost."] = FIFTH,
    rows: Annotated[int, "Fewer rows prove nothing."] = 20,
) -> Iterator[Finding]:
    """No field of a source is filled in a part of its rows that fell by more than `drop`.

    The last hour of quotes is compared with the same hour a day ago, the last day of news, posts
    and events with the days of a week before. What a source never fills is no fault.
    """
    for table, (ledger, width, back, fields) in FIELDS.items():
        for source, present, past, *counts in _filled(table, now, width, back, fields):
            if min(present, past) < rows:
                continue
            for number, field in enumerate(fields):
                here, before = counts[2 * number : 2 * number + 2]
                fell = Decimal(before) / past - Decimal(here) / present
                if fell > drop:
                    yield _emptied(ledger, f"{source} {field}", here, present, fell)


def _filled(
    table: str, now: datetime, width: timedelta, back: timedelta, fields: dict[str, str]
) -> list[tuple[Any, ...]]:
    """Return of each source: rows now and before, and of each field how many of them have it."""
    parts = ", ".join(
        f"count(*) FILTER (WHERE event_at >= %(present)s AND {is_filled}), "
        f"count(*) FILTER (WHERE event_at < %(present)s AND {is_filled})"
        for is_filled in fields.values()
    )
    past = now - width - back
    question = {
        "now": now,
        "present": now - width,
        "past": past,
        "width": width if table == "glass_quote" else back,
    }
    return fetch(FILLED.format(table=table, parts=parts), question)


def _emptied(ledger: Ledger, name: str, here: int, present: int, fell: Decimal) -> Finding:
    return Finding(
        ledger=ledger,
        subject=name,
        level=Level.WARNING,
        message=(
            f"{name} is filled in {here} of {present} new rows, a part that fell by "
            f"{percent(fell)}."
        ),
        hint="Compare a raw payload of now with one of before: the source may have renamed it.",
    )


@register("completeness.breadth", ledger=Ledger.GLASS)
def no_asset_stopped(
    now: datetime,
    *,
    stopped: Annotated[timedelta, "Far above any cadence of quotes."] = HOUR,
    history: Annotated[timedelta, "Whatever stopped before is known by now."] = WEEK,
    most: Annotated[Decimal, "From this part on it is no longer single coins."] = TENTH,
) -> Iterator[Finding]:
    """Every asset that a source quoted within `history` is quoted as long as the source lives.

    A source that stopped altogether is told by its freshness.
    """
    question = {"now": now, "stopped": stopped, "history": history, "seed": f"{SEED}%"}
    for source, currency, count, names in fetch(BREADTH, question):
        share = Decimal(len(names)) / count
        yield Finding(
            ledger=Ledger.GLASS,
            subject=f"{source} {currency}",
            level=Level.ERROR if share > most else Level.WARNING,
            message=(
                f"{source} quotes {count - len(names)} of {count} assets in {currency}. "
                f"It stopped with {spelled(names)}."
            ),
            hint="They may be delisted or halted: look at the source, and at what you hold.",
        )


@register("completeness.silent", ledger=None, every=timedelta(minutes=5))
def no_source_falls_silent(
    now: datetime,
    *,
    factor: Annotated[int, "Twice as long as it ever was silent."] = 2,
    history: Annotated[timedelta, "Weekends are in it."] = WEEK,
    times: Annotated[int, "Who spoke less often has no habit yet."] = 10,
    looks: Annotated[int, "One empty answer is no silence."] = 3,
) -> Iterator[Finding]:
    """No feed that had something to say answers with nothing, much longer than it ever did."""
    feeds = {feed.name: feed for feed in living(expected_feeds(), pair(now))}
    question = {
        "feeds": list(feeds),
        "now": now,
        "factor": factor,
        "history": history,
        "times": times,
        "looks": looks,
    }
    found = [_silent(feeds[name].ledger, name, *row) for name, *row in fetch(SILENT, question)]
    yield from by_source(found, {feed.name: feed.source for feed in feeds.values()})


def _silent(ledger: str, name: str, last: datetime, longest: timedelta, looks: int) -> Finding:
    return Finding(
        ledger=ledger,
        subject=name,
        level=Level.ERROR,
        message=(
            f"{name} answers, and says nothing since {last:%F %T} UTC ({looks} looks). "
            f"Before, it was silent for {longest} at most."
        ),
        hint="Look at a raw payload of its last run: the list may have moved or be a stub.",
    )
