"""From which day on a read, or the next keeping, has to book.

Everything before that day stands as it was kept: no fact, no link between own transfers and no
price of it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from ledgers.exchange.models import Account
from ledgers.feeds import State
from ledgers.reading import TICK, Pair
from ledgers.wire import fetch
from trading.keeping.changes import EVER, Noted
from trading.keeping.facts import Links, Span, read_links, read_span
from trading.keeping.heads import Head, names_of
from trading.pricing import Price, Wanted, find_prices

ASKED = """
    SELECT asset, currency, moment, price FROM trading_bookasked
    WHERE user_id = %(user)s AND moment >= %(since)s AND (moment < %(until)s OR %(until)s IS NULL)
    ORDER BY moment
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What has to be booked on top of the kept books as they were at the end of the day before.

    No day: as they are now. `links` are there if own transfers were looked at again, and
    `has_new_prices` says whether prices were.
    """

    day: date | None
    span: Span
    links: Links | None
    has_new_prices: bool = False


NOTHING = Span(entries=(), available_at=None, known_at=None)


def plan(
    head: Head, accounts: Sequence[Account], pair: Pair, noted: Noted, *, until: datetime | None
) -> Plan | None:
    """Work out what has to be booked up to `until`; None: the books cannot tell of it.

    A past moment may lie between the halves of an own transfer, which then were no halves.
    """
    user_id = accounts[0].user_id
    links = read_links(user_id, pair) if noted.has_transfers else None
    last_own = links.last if links else head.last_own_at
    if until is not None and last_own is not None and until < last_own:
        return None
    asked = asked_prices(user_id, since=noted.prices) if noted.prices and head.priced_at else []
    changed = [
        noted.facts if _is_late(noted.facts, head) else None,
        until if until is not None and _is_past(until, head) else None,
        _renamed(links, names_of(user_id)) if links else None,
        _repriced(asked, pair),
    ]
    first = min((at for at in changed if at is not None), default=None)
    day = None if first is None or not _is_late(first, head) else first.astimezone(UTC).date()
    if day is None and noted.facts is None:
        return Plan(day=None, span=NOTHING, links=links, has_new_prices=bool(asked))
    since = start_of(day) if day else head.last_at + TICK if head.last_at else EVER
    names = links.names if links else names_of(user_id) if head.last_own_at else {}
    has_transfers = day is not None or noted.has_transfers
    span = read_span(
        accounts, pair, since=since, until=until, names=names, has_transfers=has_transfers
    )
    return Plan(day=day, span=span, links=links, has_new_prices=bool(asked))


def asked_prices(
    user_id: int, *, since: datetime = EVER, day: date | None = None
) -> list[tuple[Wanted, Price | None]]:
    """Return what bookings from a moment on asked for before a day, and what they got."""
    question = {"user": user_id, "since": since, "until": start_of(day) if day else None}
    return [
        (Wanted(asset, currency, moment), _price(asset, currency, price))
        for asset, currency, moment, price in fetch(ASKED, question)
    ]


def written_price(price: Price | None) -> dict[str, Any] | None:
    """Return a price as it is kept."""
    if price is None:
        return None
    return {
        "id": price.id,
        "at": price.at.isoformat(),
        "value": str(price.value),
        "field": price.field,
        "source": price.source,
        "feed": price.feed,
        "state": int(price.state),
        "reason": price.reason,
    }


def start_of(day: date) -> datetime:
    """Return the first moment of a day, UTC."""
    return datetime.combine(day, time.min, UTC)


def _is_late(at: datetime | None, head: Head) -> bool:
    """Tell whether something happened before, or with, the last entry that is booked."""
    return at is not None and head.last_at is not None and at <= head.last_at


def _is_past(until: datetime, head: Head) -> bool:
    """Tell whether the books go further than what is asked for."""
    return head.last_at is not None and until < head.last_at


def _renamed(links: Links, old: Mapping[str, str]) -> datetime | None:
    """Return the first own transfer that has another name now, or none."""
    other = (at for half, at in links.moments.items() if links.names.get(half) != old.get(half))
    return min(other, default=None)


def _repriced(asked: Sequence[tuple[Wanted, Price | None]], pair: Pair) -> datetime | None:
    """Return the first moment whose price is another now than the one that was booked."""
    table = find_prices((wanted for wanted, _ in asked), pair)
    other = (wanted.moment for wanted, price in asked if table.found.get(wanted) != price)
    return min(other, default=None)


def _price(asset: str, currency: str, kept: Mapping[str, Any] | None) -> Price | None:
    """Read a kept price."""
    if kept is None:
        return None
    return Price(
        id=kept["id"],
        asset=asset,
        currency=currency,
        at=datetime.fromisoformat(kept["at"]),
        value=Decimal(kept["value"]),
        field=kept["field"],
        source=kept["source"],
        feed=kept["feed"],
        state=State(kept["state"]),
        reason=kept["reason"],
    )
