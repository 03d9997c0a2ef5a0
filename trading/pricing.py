"""Prices out of the Glass ledger: what one unit was worth at a moment, and how far to trust it.

For each asset, currency and moment the newest quote at or before it is looked up in each source
of `OMC_PRICE_SOURCES`, and the last candle that had ended, none of them older than `MAX_AGE`.

* A fresh bid of the first source that has one is the price.
* Else the newest of what was found, which is then doubted: a quote that got old, a last trade
  without a bid, the close of a candle.
* Seeded prices come after all others, however new they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from ledgers.feeds import LATE_AFTER, State, judge
from ledgers.filling import SEED
from ledgers.glass.models import Candle, Quote
from ledgers.models import Feed, Ledger
from ledgers.public_ids import id_of
from ledgers.reading import Pair
from ledgers.wire import columns_of, fetch, rows_from
from trading.core.days import Market
from trading.core.entries import PriceLookup

MAX_AGE = timedelta(days=2)
ON_DEMAND = timedelta(days=1)
"""The cadence that a feed without one is judged by: its quotes are fresh for a day and a half."""
INTERVALS = [3600, 86400]

WANTED = {"asset": "text", "currency": "text", "moment": "timestamptz"}
QUOTE = """
    (SELECT 0 AS interval, f.event_at, f.revision, f.withdrawn, f.run_id, f.quoted_at AS at,
            coalesce(f.bid, f.last) AS value,
            CASE WHEN f.bid IS NULL THEN 'last' ELSE 'bid' END AS field
     FROM glass_quote f
     WHERE f.source = source.name AND f.asset = wanted.asset AND f.currency = wanted.currency
       AND f.event_at <= wanted.moment AND f.event_at >= wanted.moment - %(limit)s
       AND f.quoted_at <= wanted.moment
       AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
     ORDER BY f.event_at DESC, f.revision DESC LIMIT 1)
"""
CANDLES = """
    SELECT candle.* FROM unnest(%(intervals)s::int[]) AS width (seconds) CROSS JOIN LATERAL (
        SELECT f.interval, f.event_at, f.revision, f.withdrawn, f.run_id,
               f.event_at + width.seconds * interval '1 second', f.close, 'close'
        FROM glass_candle f
        WHERE f.source = source.name AND f.asset = wanted.asset
          AND f.currency = wanted.currency AND f.interval = width.seconds
          AND f.event_at <= wanted.moment - width.seconds * interval '1 second'
          AND f.event_at >= wanted.moment - width.seconds * interval '1 second' - %(limit)s
          AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
        ORDER BY f.event_at DESC, f.revision DESC LIMIT 1
    ) candle
"""


def _each(found: str) -> str:
    """Write the statement that looks it up for every wanted one in every source."""
    return f"""
        SELECT wanted.place, source.rank, r.feed_id, feed.every, found.interval, found.event_at,
               found.revision, found.at, found.value, found.field
        FROM wanted CROSS JOIN source CROSS JOIN LATERAL ({found}) found
        JOIN ledgers_collectorrun r ON r.id = found.run_id
        JOIN ledgers_feed feed ON feed.name = r.feed_id
        WHERE NOT found.withdrawn AND found.value IS NOT NULL
    """  # noqa: S608  # constants of this module


FOUND = f"""
    WITH everything AS MATERIALIZED (SELECT * FROM {rows_from(WANTED, "wanted")}),
    sources AS (SELECT * FROM unnest(%(sources)s::text[]) WITH ORDINALITY AS source (name, rank)),
    settled AS MATERIALIZED (
        WITH wanted AS (SELECT * FROM everything),
        source AS (
            SELECT * FROM sources WHERE rank = 1 AND NOT starts_with(name, %(seed)s::text)
        )
        {_each(QUOTE)} AND found.field = 'bid'
        AND wanted.moment - found.at <= coalesce(feed.every, %(on_demand)s) * %(fresh)s::float8
    ), others AS (
        WITH wanted AS (
            SELECT * FROM everything WHERE place NOT IN (SELECT place FROM settled)
        ), source AS (SELECT * FROM sources)
        {_each(f"{QUOTE} UNION ALL {CANDLES}")}
    )
    TABLE settled UNION ALL TABLE others
"""  # noqa: S608  # constants of this module
"""A fresh bid of the first source settles which price it is; the others are asked for the rest."""
FRESH = 1 + LATE_AFTER
"""For how many cadences `judge` takes a bid for fresh."""


class Wanted(NamedTuple):
    """Which price is wanted: of one unit of the asset, in the currency, at the moment."""

    asset: str
    currency: str
    moment: datetime


class Row(NamedTuple):
    """What a source has for the wanted one at a place: a quote, or a candle if of an interval."""

    place: int
    rank: int
    feed: str
    every: timedelta | None
    interval: int
    event_at: datetime
    revision: int
    at: datetime
    value: Decimal
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One stored price that answers a `Wanted`; `id` is its fact's public id.

    `field` says what it is: the bid or the last trade of a quote, or the close of a candle, whose
    `at` is its end. `state` is what its age makes of a bid; all else is stale.
    """

    id: str
    asset: str
    currency: str
    at: datetime
    value: Decimal
    field: str
    source: str
    feed: str
    state: State
    reason: str

    @property
    def is_fresh(self) -> bool:
        """Tell whether it is a bid that was made just then."""
        return self.state == State.FRESH


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices found, and those of them that a booking has asked for.

    `unknown` are those that it asked for and nobody had.
    """

    found: Mapping[Wanted, Price]
    asked: dict[Wanted, Price] = field(default_factory=dict)
    unknown: set[Wanted] = field(default_factory=set)

    def lookup(self, currency: str) -> PriceLookup:
        """Return the lookup of a book in this currency; it remembers what was asked for."""

        def price(asset: str, at: datetime) -> Decimal | None:
            wanted = Wanted(asset, currency, at)
            known = self.found.get(wanted)
            if known is None:
                self.unknown.add(wanted)
                return None
            self.asked[wanted] = known
            return known.value

        return price

    def market(self, assets: Iterable[str], currency: str, at: datetime) -> Market:
        """Return what these assets could be sold for at a moment."""
        wanted = (Wanted(asset, currency, at) for asset in assets)
        known = [self.found[one] for one in wanted if one in self.found]
        return Market(
            bids={price.asset: price.value for price in known},
            doubted=frozenset(price.asset for price in known if not price.is_fresh),
        )


def find_prices(wanted: Iterable[Wanted], pair: Pair) -> PriceTable:
    """Return the best price of each wanted one that has any; one query, however many."""
    asked = sorted({one for one in wanted if one.asset != one.currency})
    if not asked:
        return PriceTable({})
    candidates: dict[int, list[tuple[int, Price]]] = defaultdict(list)
    for place, rank, price in _candidates(asked, pair):
        candidates[place].append((rank, price))
    return PriceTable({asked[place]: _best(found) for place, found in candidates.items()})


def _candidates(asked: list[Wanted], pair: Pair) -> Iterator[tuple[int, int, Price]]:
    """Yield what each source has, with the place of the wanted one and the rank of the source."""
    sources = list(settings.OMC_PRICE_SOURCES)
    question: dict[str, Any] = {
        **columns_of(WANTED, asked),
        "sources": sources,
        "seed": SEED,
        "intervals": INTERVALS,
        "limit": MAX_AGE,
        "on_demand": ON_DEMAND,
        "fresh": FRESH,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
    }
    feeds: dict[str, Feed] = {}
    judged = cache(_judged)  # most quotes of a source were made at one moment
    for row in map(Row._make, fetch(FOUND, question)):
        wanted, name = asked[row.place - 1], row.feed
        if name not in feeds:
            told = {"name": name, "source": sources[row.rank - 1], "every": row.every or ON_DEMAND}
            feeds[name] = Feed(ledger=Ledger.GLASS, **told)
        state, reason = judged(feeds[name], row.field, row.at, wanted.moment)
        price = _price(wanted, feeds[name].source, row, state, reason)
        yield row.place - 1, row.rank, price


def _price(wanted: Wanted, source: str, row: Row, state: State, reason: str) -> Price:
    key = {
        "source": source,
        "asset": wanted.asset,
        "currency": wanted.currency,
        "event_at": row.event_at,
        "revision": row.revision,
    }
    interval = row.interval
    return Price(
        id=id_of(Candle, key | {"interval": interval}) if interval else id_of(Quote, key),
        asset=wanted.asset,
        currency=wanted.currency,
        at=row.at,
        value=row.value,
        field=row.field,
        source=source,
        feed=row.feed,
        state=state,
        reason=reason,
    )


def _judged(feed: Feed, field_name: str, at: datetime, moment: datetime) -> tuple[State, str]:
    """Judge a bid as its feed would be, had nobody looked since; what is no bid is stale."""
    judged = judge(feed, at + (feed.every or ON_DEMAND), moment)
    if field_name == "bid":
        return judged.state, judged.reason
    kind = "close of a candle" if field_name == "close" else "last trade"
    return State.STALE, f"{feed.name} has no bid; it is the {kind} of {at:%F %T} UTC."


def _best(found: list[tuple[int, Price]]) -> Price:
    """Return the first fresh bid in the order of the sources, else the newest price."""
    if len(found) == 1:
        return found[0][1]

    def order(candidate: tuple[int, Price]) -> tuple[bool, bool, float, int]:
        rank, price = candidate
        age = 0.0 if price.is_fresh else -price.at.timestamp()
        return price.source.startswith(SEED), not price.is_fresh, age, rank

    return min(found, key=order)[1]
