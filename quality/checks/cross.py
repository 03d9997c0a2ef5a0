"""Checks across sources and ledgers: where two that should agree do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from django.conf import settings

from ledgers.filling import SEED
from ledgers.models import Ledger
from ledgers.wire import fetch
from quality.completeness import percent
from quality.findings import Finding, Level
from quality.owning import owners_of
from quality.registry import register

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CURRENCY = "AUD"
INTERVALS = [60, 300, 900, 1800, 3600]

# Two sources that quote an asset in one currency are compared as they are, others in Australian
# dollars, by the rate that a source itself quotes, else any. Who tells only the last price has no
# spread. Two agree as long as their spreads come near enough.
PRICES = """
    WITH fresh AS (
        SELECT source, asset, currency, coalesce(bid, last) AS bid, coalesce(ask, last) AS ask
        FROM glass_latestquote
        WHERE event_at > %(now)s - %(max_age)s AND event_at <= %(now)s AND NOT withdrawn
          AND coalesce(bid, last) > 0 AND coalesce(ask, last) >= coalesce(bid, last)
          AND source NOT LIKE %(seed)s
    ),
    priced AS (
        SELECT source, source AS name, asset, currency AS told_in, currency, bid, ask FROM fresh
        UNION ALL
        SELECT coin.source, coin.source || ' by ' || coin.currency, coin.asset, coin.currency,
               rate.asset, coin.bid / rate.ask, coin.ask / rate.bid
        FROM fresh coin CROSS JOIN LATERAL (
            SELECT asset, bid, ask FROM fresh
            WHERE asset = %(currency)s AND currency = coin.currency
            ORDER BY source <> coin.source, source LIMIT 1
        ) rate
        WHERE coin.asset <> %(currency)s
    )
    SELECT one.asset, one.source, two.source, one.name, two.name, one.currency,
           one.bid, one.ask, two.bid, two.ask,
           greatest(one.bid - two.ask, two.bid - one.ask) / least(one.ask, two.ask) AS gap
    FROM priced one JOIN priced two
      ON two.asset = one.asset AND two.currency = one.currency AND one.name < two.name
     AND (one.told_in <> two.told_in OR one.told_in = one.currency)
    WHERE greatest(one.bid - two.ask, two.bid - one.ask) > %(most)s * least(one.ask, two.ask)
    ORDER BY gap DESC, one.name, two.name
"""
JUMPS = """
    SELECT now.source, now.asset, now.currency, before.event_at,
           (now.bid + now.ask) / (before.bid + before.ask)
    FROM glass_latestquote now
    CROSS JOIN LATERAL (
        SELECT event_at, bid, ask, last FROM glass_quote q
        WHERE q.source = now.source AND q.asset = now.asset AND q.currency = now.currency
          AND q.event_at <= now.event_at - %(window)s
          AND q.event_at >= now.event_at - 6 * %(window)s
        ORDER BY q.event_at DESC, q.revision DESC LIMIT 1
    ) before
    WHERE now.event_at > %(now)s - %(window)s AND now.event_at <= %(now)s
      AND now.source NOT LIKE %(seed)s AND now.last = before.last
      AND now.bid > 0 AND now.ask > 0 AND before.bid > 0 AND before.ask > 0
      AND ((now.bid + now.ask) > (1 + %(most)s) * (before.bid + before.ask)
           OR (before.bid + before.ask) > (1 + %(most)s) * (now.bid + now.ask))
    ORDER BY now.source, now.asset, now.currency
"""
FILLS = """
    SELECT f.account_id, count(*), min(f.event_at),
           (array_agg(f.base || '/' || f.quote || ' at ' || f.price ORDER BY f.event_at))[1],
           (array_agg(seen.low || ' to ' || seen.high ORDER BY f.event_at))[1]
    FROM exchange_fill f
    JOIN exchange_account own ON own.id = f.account_id AND own.venue NOT LIKE %(seed)s
    CROSS JOIN LATERAL (
        SELECT min(low) AS low, max(high) AS high FROM (
            SELECT least(q.bid, q.last) AS low, greatest(q.ask, q.last) AS high
            FROM glass_quote q
            WHERE q.source = ANY(%(sources)s) AND q.asset = f.base AND q.currency = f.quote
              AND q.event_at = date_trunc('minute', f.event_at)
            UNION ALL
            SELECT c.low, c.high
            FROM unnest(%(intervals)s::int[]) AS width (seconds) JOIN glass_candle c
              ON c.source = ANY(%(sources)s) AND c.asset = f.base AND c.currency = f.quote
             AND c."interval" = width.seconds
             AND c.event_at = date_bin(width.seconds * interval '1 second', f.event_at, 'epoch')
        ) ranges
    ) seen
    WHERE f.known_at > %(now)s - %(window)s AND NOT f.withdrawn
      AND (f.price < seen.low * (1 - %(most)s) OR f.price > seen.high * (1 + %(most)s))
      AND NOT EXISTS (
          SELECT FROM exchange_fill later
          WHERE later.account_id = f.account_id AND later.venue_id = f.venue_id
            AND later.revision > f.revision)
    GROUP BY f.account_id ORDER BY f.account_id
"""
UNKNOWN = """
    SELECT named.asset, count(*) FROM {table} f CROSS JOIN LATERAL unnest(f.assets) AS named (asset)
    WHERE f.event_at > %(now)s - %(window)s AND f.event_at <= %(now)s
      AND NOT EXISTS (SELECT FROM ledgers_asset WHERE symbol = named.asset AND is_verified)
      AND NOT EXISTS (SELECT FROM glass_latestquote q WHERE q.asset = named.asset)
    GROUP BY named.asset ORDER BY named.asset
"""


@register("cross.prices", ledger=Ledger.GLASS)
def sources_agree_on_prices(
    now: datetime,
    *,
    most: Annotated[
        Decimal, "Beyond both spreads, which hold 1 % for Bitcoin and 3 % for most coins."
    ] = Decimal("0.03"),
    grave: Annotated[Decimal, "No market of ours is this far from another."] = Decimal("0.2"),
    max_age: Annotated[timedelta, "Older quotes are of another moment."] = 5 * MINUTE,
) -> Iterator[Finding]:
    """Every two sources agree on what an asset costs, but for their spreads.

    Compared are the newest quotes: CoinSpot's with Kraken's, both with DeFiLlama's, those in USD
    by AUD/USD. What many assets have in common is the source that disagrees with the others.
    """
    bad = fetch(
        PRICES,
        {"now": now, "max_age": max_age, "most": most, "seed": f"{SEED}%", "currency": CURRENCY},
    )
    widest = {asset: row for asset, *row in reversed(bad)}
    cause = _odd([(one, two) for _, one, two, *_ in bad]) if len(widest) > 1 else ""
    for asset, row in sorted(widest.items()):
        _, _, one, two, currency, bid, ask, other_bid, other_ask, gap = row
        yield Finding(
            ledger=Ledger.GLASS,
            subject=f"price of {asset}",
            level=Level.ERROR if gap > grave else Level.WARNING,
            message=(
                f"{asset} costs {bid:.6g} to {ask:.6g} {currency} at {one} and {other_bid:.6g} to "
                f"{other_ask:.6g} at {two}: {percent(gap)} apart."
            ),
            hint="Compare with a third venue. The symbol may mean two coins, or a price is wrong.",
            cause=cause,
        )


def _odd(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the source that is in most of the pairs that disagree; of two alone, both."""
    counted = Counter(name for pair in pairs for name in set(pair))
    most = max(counted.values())
    return f"prices of {', '.join(sorted(name for name in counted if counted[name] == most))}"


@register("cross.jumps", ledger=Ledger.GLASS)
def no_price_jumps_without_a_trade(
    now: datetime,
    *,
    most: Annotated[Decimal, "What a thin book may do in minutes."] = Decimal("0.3"),
    window: Annotated[timedelta, "So long is a jump told."] = 10 * MINUTE,
) -> Iterator[Finding]:
    """No quote moved by more than this part within `window` while nothing was traded.

    The last trade is what it was, so that only orders were taken away or put in.
    """
    bad = fetch(JUMPS, {"now": now, "most": most, "window": window, "seed": f"{SEED}%"})
    many = Counter(source for source, *_ in bad)
    for source, asset, currency, since, times in bad:
        yield Finding(
            ledger=Ledger.GLASS,
            subject=f"{source} {asset}/{currency}",
            level=Level.WARNING,
            message=(
                f"{asset}/{currency} at {source} is {times:.3g} times what it was at "
                f"{since:%F %T} UTC, and nothing was traded since."
            ),
            hint="Do not value or trade by it before another venue says the same.",
            cause=f"{source} jumps" if many[source] > 1 else "",
        )


@register("cross.fills", ledger=Ledger.EXCHANGE, every=15 * MINUTE)
def fills_are_in_the_range_of_their_minute(
    now: datetime,
    *,
    most: Annotated[
        Decimal, "Of the range: CoinSpot's price for large coins holds 2.6 % of spread."
    ] = Decimal("0.05"),
    window: Annotated[timedelta, "Known since then; an import brings old ones too."] = 7 * DAY,
) -> Iterator[Finding]:
    """The price of every fill lies in what quotes and candles saw in its minute, within `most`.

    Where nobody looked, nothing is said.
    """
    sources = [name for name in settings.OMC_PRICE_SOURCES if not name.startswith(SEED)]
    question = {
        "now": now,
        "window": window,
        "most": most,
        "seed": f"{SEED}%",
        "sources": sources,
        "intervals": INTERVALS,
    }
    rows = fetch(FILLS, question)
    owners = owners_of([account for account, *_ in rows])
    for account, count, first, fill, seen in rows:
        user_id, name, _ = owners[account]
        yield Finding(
            ledger=Ledger.EXCHANGE,
            subject=f"account {account} prices",
            level=Level.WARNING,
            message=(
                f"{name} has {count} fills that nobody quoted like that, such as {fill} at "
                f"{first:%F %T} UTC, where {seen} was seen."
            ),
            hint="Look at time zone, currency and unit of the import; compare with the venue.",
            user_id=user_id,
        )


@register("cross.assets", ledger=None, every=15 * MINUTE)
def every_named_asset_is_known(
    now: datetime,
    *,
    window: Annotated[timedelta, "Long enough for a person to see it."] = 7 * DAY,
    most: Annotated[int, "Of one asset; a first mention may be a listing to come."] = 0,
) -> Iterator[Finding]:
    """Every asset that news, posts and events name more than `most` times is known or quoted."""
    for ledger, table in (
        (Ledger.HUMAN, "human_article"),
        (Ledger.HUMAN, "human_post"),
        (Ledger.CATALYST, "catalyst_event"),
    ):
        for asset, count in fetch(UNKNOWN.format(table=table), {"now": now, "window": window}):
            if count > most:
                yield Finding(
                    ledger=ledger,
                    subject=f"{asset} {table}",
                    level=Level.WARNING,
                    message=f"{count} rows of {table} name {asset}, which is no asset we know.",
                    hint="Describe it in the admin under Assets, or make it an alias of one.",
                    cause=f"unknown assets {table}",
                )
