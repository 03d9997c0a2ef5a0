"""Part the entries of a file into new ones, known ones, and those that contradict what is stored.

An entry with a known identity is known if its content is equal, else it is rejected: what was
imported is not changed by a file that says something else under the same id. Where the content
is the identity it is equal; what else is told, such as an order's id, is as it was told first.

A near match is another entry of the same kind and assets, within a minute and a thousandth of
quantity and price: most likely the same trade, written by another export with other rounding. It
is rejected if one of the two is known by its content alone. Two ids of a venue are two trades,
however alike; so are two lines of one file, and what this file itself tells apart from its near
match. Where two feeds tell of an account, one may know days alone, or times of another zone: an
entry at the start of a day is near whatever the other feed tells of that day, and a fill of the
very same quantity and price, whole quarters of an hour away, is near too.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import EARLIEST, LATEST
from ledgers.exchange.importing.drafts import CONTENT, Draft, Entry
from ledgers.exchange.importing.formats import HOME_ZONE
from ledgers.exchange.models import Fill, Transfer
from ledgers.exchange.records import FillRecord, TransferRecord

MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
ROUNDING = Decimal("0.001")
DAY, MIDNIGHT = timedelta(days=1), time()
HOME = ZoneInfo(HOME_ZONE)
Kind = tuple[str, ...]
Place = tuple[datetime, str]


@dataclass(slots=True)
class Stored:
    """The newest state of every entry of an account, by identity, and by kind in time.

    A withdrawn entry keeps its identity. `feeds` says which feed told it.
    """

    by_id: dict[str, Entry]
    feeds: dict[str, str]
    by_kind: dict[Kind, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def near(self, entry: Entry, feed: str) -> Iterator[Entry]:
        """Yield what could be the same entry under another identity, as `feed` tells it."""
        places = self.by_kind.get(_kind(entry), [])
        for at, venue_id in places[bisect_left(places, (entry.event_at - DAY, "")) :]:
            if at > entry.event_at + DAY:
                return
            other = self.by_id[venue_id]
            is_near = abs(at - entry.event_at) <= MINUTE
            if not is_near and self.feeds[venue_id] != feed:
                is_near = _is_day_of(at, entry.event_at) or _is_shifted(other, entry)
            if is_near and _is_close(other, entry):
                yield other


def stored_of(account_id: int, *, since: datetime = EARLIEST, until: datetime = LATEST) -> Stored:
    """Read what is stored of an account; call it under the lock of the feed that will write."""
    entries: dict[str, Entry] = {}
    stored = Stored(entries, {})
    for model, record in ((Fill, FillRecord), (Transfer, TransferRecord)):
        names = [each.name for each in fields(record)]
        rows = model.objects.for_account(account_id).filter(event_at__range=(since, until))
        for feed, *values in rows.order_by("revision").values_list("run__feed_id", *names):
            entry: Entry = record(**dict(zip(names, values, strict=True)))
            entries[entry.venue_id] = entry
            stored.feeds[entry.venue_id] = feed
    for entry in entries.values():
        if not entry.withdrawn:
            insort(stored.by_kind[_kind(entry)], (entry.event_at, entry.venue_id))
    return stored


@dataclass(slots=True)
class Matched:
    """What is to be stored, how many were known, and which were refused."""

    new: list[Draft] = field(default_factory=list)
    known: list[Draft] = field(default_factory=list)
    refused: list[tuple[Draft, BadValueError]] = field(default_factory=list)


def match(drafts: Sequence[Draft], stored: Stored, feed: str) -> Matched:
    """Part the drafts of one file of `feed`, which have their identities."""
    matched = Matched()
    told: dict[str, Entry] = {}
    ids = {draft.entry.venue_id for draft in drafts}
    for draft in drafts:
        entry = draft.entry
        known = told.get(entry.venue_id) or stored.by_id.get(entry.venue_id)
        try:
            if known is None:
                refuse_near(entry, stored.near(entry, feed), ids)
                told[entry.venue_id] = entry
                matched.new.append(draft)
            else:
                _refuse_conflict(entry, known)
                matched.known.append(draft)
        except BadValueError as error:
            matched.refused.append((draft, error))
    return matched


def _refuse_conflict(entry: Entry, known: Entry) -> None:
    """Refuse an entry that says something else than the known one of its identity."""
    if type(entry) is not type(known):
        raise BadValueError("conflicting_id", f"{entry.venue_id} is of a {_name(known)} already.")
    if _origin(entry) == CONTENT:
        return
    ignored = {"published_at", "withdrawn", "match"}
    differing = [
        f"{each.name} {getattr(known, each.name)!s}, now {getattr(entry, each.name)!s}"
        for each in fields(entry)
        if each.name not in ignored and getattr(entry, each.name) != getattr(known, each.name)
    ]
    if differing:
        said = "; ".join(differing)
        raise BadValueError(
            "conflicting_id", f"{entry.venue_id} is there with another content: {said}."
        )


def refuse_near(entry: Entry, near: Iterable[Entry], ids: set[str]) -> None:
    """Refuse an entry that looks like a stored one that this file does not hold as well."""
    for other in near:
        is_told_apart = other.venue_id in ids
        if not is_told_apart and CONTENT in (_origin(entry), _origin(other)):
            raise BadValueError(
                "possible_duplicate",
                f"It looks like the {_name(other)} of {other.event_at:%F %T} UTC that is stored "
                f"as {other.venue_id}. If both are true, import a file that holds both.",
            )


def _origin(entry: Entry) -> str:
    return CONTENT if entry.venue_id.startswith(CONTENT) else ""


def _name(entry: Entry) -> str:
    return "fill" if isinstance(entry, FillRecord) else "transfer"


def _kind(entry: Entry) -> Kind:
    if isinstance(entry, FillRecord):
        return ("fill", entry.side, entry.base, entry.quote)
    return ("transfer", entry.kind, entry.asset)


def _is_day_of(one: datetime, other: datetime) -> bool:
    """Tell whether the two are of one day at the exchange's home, and one names only the day."""
    local = one.astimezone(HOME), other.astimezone(HOME)
    return local[0].date() == local[1].date() and any(at.time() == MIDNIGHT for at in local)


def _is_shifted(one: Entry, other: Entry) -> bool:
    """Tell whether the two could be one trade, told in two time zones or in a repeated hour."""
    if not isinstance(one, FillRecord) or not isinstance(other, FillRecord):
        return False
    is_same = one.quantity == other.quantity and one.price == other.price
    return is_same and (abs(one.event_at - other.event_at) + MINUTE) % QUARTER <= 2 * MINUTE


def _is_close(one: Any, other: Any) -> bool:
    """Tell whether quantity and price differ by no more than rounding."""
    names = ("quantity", "price") if isinstance(one, FillRecord) else ("quantity",)
    return all(
        abs(getattr(one, name) - getattr(other, name)) <= ROUNDING * getattr(one, name)
        for name in names
    )
