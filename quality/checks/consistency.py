"""Checks of consistency within a ledger: rows that cannot be right, whoever sent them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from ledgers.filling import SEED
from ledgers.models import Ledger
from ledgers.wire import fetch
from quality.completeness import percent, source_of
from quality.findings import Finding, Level
from quality.owning import owners_of
from quality.registry import register

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAYLOAD = "Compare its raw payload with what its collector reads."

CANDLES = """
    SELECT source, asset, currency, "interval", count(*), min(event_at)
    FROM glass_candle f
    WHERE known_at >= %(since)s AND event_at <= %(now)s AND NOT withdrawn
      AND (high < greatest(open, close, low) OR low > least(open, close) OR volume < 0 OR low <= 0)
      AND NOT EXISTS (
          SELECT FROM glass_candle later
          WHERE (later.source, later.asset, later.currency, later."interval", later.event_at)
              = (f.source, f.asset, f.currency, f."interval", f.event_at)
            AND later.revision > f.revision)
    GROUP BY source, asset, currency, "interval" ORDER BY source, asset, currency, "interval"
"""
# A quote of each step of the history, by one probe of the key each.
SPREADS = """
    SELECT now.source, now.asset, now.currency, now.bid, now.ask,
           (now.ask - now.bid) * 2 / nullif(now.ask + now.bid, 0), usual.spread, usual.samples
    FROM glass_latestquote now
    CROSS JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (
                   ORDER BY (old.ask - old.bid) * 2 / (old.ask + old.bid)
               ) AS spread, count(*) AS samples
        FROM generate_series(1, %(steps)s) AS step (number)
        CROSS JOIN LATERAL (
            SELECT bid, ask FROM glass_quote q
            WHERE q.source = now.source AND q.asset = now.asset AND q.currency = now.currency
              AND q.event_at <= now.event_at - step.number * %(step)s
              AND q.event_at > now.event_at - (step.number + 1) * %(step)s
            ORDER BY q.event_at DESC, q.revision DESC LIMIT 1
        ) old
        WHERE old.bid > 0 AND old.ask >= old.bid
    ) usual
    WHERE now.event_at > %(now)s - %(window)s AND now.event_at <= %(now)s
      AND now.source NOT LIKE %(seed)s AND now.bid IS NOT NULL AND now.ask IS NOT NULL
      AND (now.bid > now.ask OR now.bid <= 0
           OR usual.samples >= %(samples)s
              AND (now.ask - now.bid) * 2 > %(floor)s * (now.ask + now.bid)
              AND (now.ask - now.bid) * 2 > %(factor)s * usual.spread * (now.ask + now.bid))
    ORDER BY now.source, now.asset, now.currency
"""
MOMENTS: dict[str, tuple[Ledger, str]] = {
    "glass_quote": (Ledger.GLASS, "event_at"),
    "glass_candle": (Ledger.GLASS, "event_at"),
    "glass_chainmetric": (Ledger.GLASS, "event_at"),
    "glass_protocolmetric": (Ledger.GLASS, "event_at"),
    "human_article": (Ledger.HUMAN, "event_at"),
    "human_post": (Ledger.HUMAN, "event_at"),
    "human_mood": (Ledger.HUMAN, "event_at"),
    "catalyst_event": (Ledger.CATALYST, "published_at"),
    "exchange_order": (Ledger.EXCHANGE, "event_at"),
    "exchange_fill": (Ledger.EXCHANGE, "event_at"),
    "exchange_transfer": (Ledger.EXCHANGE, "event_at"),
    "exchange_balance": (Ledger.EXCHANGE, "event_at"),
}
"""The moment of each table that has passed when it is told; events may be announced ahead."""
FUTURE = """
    SELECT run.feed_id, count(*), max(f.{moment})
    FROM {table} f JOIN ledgers_collectorrun run ON run.id = f.run_id
    WHERE f.{moment} > %(limit)s GROUP BY run.feed_id ORDER BY run.feed_id
"""
TWINS = """
    SELECT owner, count(*), min(example) FROM (
        SELECT {owner} AS owner, min({key}) AS example
        FROM {table} f
        WHERE f.event_at > %(now)s - %(window)s AND f.event_at <= %(now)s AND f.revision = 0 {also}
          AND NOT EXISTS (SELECT FROM {table} later WHERE later.withdrawn
                          AND later.{owner} = f.{owner} AND later.{key} = f.{key})
        GROUP BY {owner}, {content}
        HAVING count(DISTINCT {key}) > %(most)s
    ) twins GROUP BY owner ORDER BY owner
"""


@register("consistency.candles", ledger=Ledger.GLASS, every=5 * MINUTE)
def candles_hold_together(
    now: datetime,
    *,
    window: Annotated[timedelta, "Known since then: a backfill brings old ones too."] = DAY,
) -> Iterator[Finding]:
    """In no candle that got known within `window` is high below open, close or low, or low above.

    Nor is its volume negative, or a price zero or less.
    """
    bad = fetch(CANDLES, {"since": now - window, "now": now})
    many = Counter(source for source, *_ in bad)
    for source, asset, currency, interval, count, first in bad:
        name = f"{source} {asset}/{currency} {interval} s"
        yield Finding(
            ledger=Ledger.GLASS,
            subject=name,
            level=Level.ERROR,
            message=f"{name}: {count} candles contradict themselves, the first of {first:%F %T}.",
            hint=PAYLOAD,
            cause=f"{source} candles" if many[source] > 1 else "",
        )


@register("consistency.spreads", ledger=Ledger.GLASS, every=5 * MINUTE)
def spreads_are_sane(
    now: datetime,
    *,
    factor: Annotated[Decimal, "Times the asset's own usual spread."] = Decimal(5),
    floor: Annotated[
        Decimal, "A spread that CoinSpot asks of large coins on any day: 2.6 %."
    ] = Decimal("0.03"),
    window: Annotated[timedelta, "Older quotes are told by freshness and breadth."] = HOUR,
    samples: Annotated[int, "Quotes of the history; fewer make no habit."] = 8,
) -> Iterator[Finding]:
    """No newest quote has a bid above its ask, or a spread far above the asset's own of a week.

    The spread is compared with the median of 28 quotes, six hours apart: 1 % is usual for
    Bitcoin at CoinSpot, 3 % for the median coin, more than 50 % for the least traded.
    """
    question = {
        "now": now,
        "factor": factor,
        "floor": floor,
        "window": window,
        "samples": samples,
        "steps": 28,
        "step": 6 * HOUR,
        "seed": f"{SEED}%",
    }
    bad = fetch(SPREADS, question)
    for source, asset, currency, bid, ask, spread, usual, _ in bad:
        yield _spread(f"{source} {asset}/{currency}", bid, ask, spread, usual, _cause(bad, source))


def _cause(bad: Sequence[tuple[Any, ...]], source: str) -> str:
    """Return the common cause of what is wrong with many assets of one source."""
    many = [one[0] for one in bad].count(source)
    return f"{source} spreads" if many > 1 else ""


def _spread(
    name: str, bid: Decimal, ask: Decimal, spread: Decimal | None, usual: Decimal | None, cause: str
) -> Finding:
    is_crossed = bid > ask or bid <= 0
    said = f"bid {bid:f}, ask {ask:f}"
    wide = f"{percent(spread or Decimal())} instead of {percent(usual or Decimal())}"
    return Finding(
        ledger=Ledger.GLASS,
        subject=name,
        level=Level.ERROR if is_crossed else Level.WARNING,
        message=f"{name} is crossed: {said}." if is_crossed else f"{name} is wide: {wide}, {said}.",
        hint=(
            "What you sell gets the bid. Look whether bid and ask are swapped."
            if is_crossed
            else "Nobody trades it just now, or a source is wrong: compare with another venue."
        ),
        cause=cause,
    )


@register("consistency.future", ledger=None, every=5 * MINUTE)
def nothing_is_of_the_future(
    now: datetime,
    *,
    tolerance: Annotated[timedelta, "Clocks differ by minutes at most."] = 5 * MINUTE,
) -> Iterator[Finding]:
    """No row tells of a moment later than `tolerance` from now.

    It would look fresh until then. Of events only the publication counts: some are announced.
    """
    for table, (ledger, moment) in MOMENTS.items():
        bad = fetch(FUTURE.format(table=table, moment=moment), {"limit": now + tolerance})
        many = Counter(source_of(feed) for feed, *_ in bad)
        for feed, count, last in bad:
            source = source_of(feed)
            yield Finding(
                ledger=ledger,
                subject=f"{feed} {table}",
                level=Level.ERROR,
                message=f"{feed} has {count} rows of the future in {table}, up to {last:%F %T}.",
                hint=f"Look whether its unit or time zone changed. {PAYLOAD}",
                cause=f"{source} {table}" if many[source] > 1 else "",
            )


@register("consistency.duplicates", ledger=None, every=15 * MINUTE)
def nothing_is_told_twice(
    now: datetime,
    *,
    most: Annotated[int, "Keys that the same content may have."] = 1,
    window: Annotated[timedelta, "An import of a month, and some days."] = timedelta(days=35),
) -> Iterator[Finding]:
    """No article, event, fill or transfer is stored under more than `most` keys.

    What is booked twice is owned twice: of fills and transfers each account is told by itself.
    """
    question = {"now": now, "window": window, "most": most}
    for ledger, table, owner, key, content, also in (
        (Ledger.HUMAN, "human_article", "outlet", "guid", "title, url", "AND title <> ''"),
        (
            Ledger.CATALYST,
            "catalyst_event",
            "source",
            "source_key",
            "kind, title, url, event_at",
            "AND title <> ''",
        ),
    ):
        parts = {"table": table, "owner": owner, "key": key, "content": content, "also": also}
        for name, count, example in fetch(TWINS.format(**parts), question):
            yield Finding(
                ledger=ledger,
                subject=f"{name} {table}",
                level=Level.WARNING,
                message=f"{name} told {count} things under several keys, such as {example[:80]!r}.",
                hint="Look whether the source gives a new key to what it only edits.",
            )
    yield from _booked_twice(question)


def _booked_twice(question: dict[str, Any]) -> Iterator[Finding]:
    for table, content in (
        ("exchange_fill", "side, base, quote, quantity, price, event_at"),
        ("exchange_transfer", "kind, asset, quantity, event_at"),
    ):
        parts = {
            "table": table,
            "owner": "account_id",
            "key": "venue_id",
            "content": content,
            "also": "",
        }
        rows = fetch(TWINS.format(**parts), question)
        owners = owners_of([account for account, *_ in rows])
        for account, count, example in rows:
            user_id, name, _ = owners[account]
            yield Finding(
                ledger=Ledger.EXCHANGE,
                subject=f"account {account} {table}",
                level=Level.WARNING,
                message=f"{name} has {count} rows of equal content in {table}, such as {example}.",
                hint="Most likely two imports of one thing: it counts twice in every position.",
                user_id=user_id,
            )
