"""Part the entries of a file into new ones, known ones, and those that contradict what is stored.

An entry with a known identity is known if its content is equal, else it is rejected: what was
imported is not changed by a file that says something else under the same id.

A near match is another entry of the same kind and assets, within a minute and a thousandth of
quantity and price: most likely the same trade, written by another export with other rounding. It
is rejected if one of the two is known by its content alone. Two ids of a venue are two trades,
however alike; so are two lines of one file, and what this file itself tells apart from its near
match.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgers.collecting.errors import BadValueError
from ledgers.exchange.importing.drafts import CONTENT, Draft, Entry
from ledgers.exchange.models import Fill, Transfer
from ledgers.exchange.records import FillRecord, TransferRecord

MINUTE = timedelta(minutes=1)
ROUNDING = Decimal("0.001")
Kind = tuple[str, ...]
Place = tuple[datetime, str]


@dataclass(slots=True)
class Stored:
    """The newest state of every entry of an account, by identity, and by kind in time.

    A withdrawn entry keeps its identity.
    """

    by_id: dict[str, Entry]
    by_kind: dict[Kind, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def near(self, entry: Entry) -> Iterator[Entry]:
        """Yield what could be the same entry under another identity."""
        places = self.by_kind.get(_kind(entry), [])
        for at, venue_id in places[bisect_left(places, (entry.event_at - MINUTE, "")) :]:
            if at > entry.event_at + MINUTE:
                return
            if _is_close(self.by_id[venue_id], entry):
                yield self.by_id[venue_id]


def stored_of(account_id: int) -> Stored:
    """Read what is stored of an account; call it under the lock of the feed that will write."""
    entries: dict[str, Entry] = {}
    stored = Stored(entries)
    for model, record in ((Fill, FillRecord), (Transfer, TransferRecord)):
        names = [each.name for each in fields(record)]
        rows = model.objects.for_account(account_id).order_by("revision")
        for values in rows.values_list(*names):
            entry: Entry = record(**dict(zip(names, values, strict=True)))
            entries[entry.venue_id] = entry
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


def match(drafts: Sequence[Draft], stored: Stored) -> Matched:
    """Part the drafts of one file, which have their identities."""
    matched = Matched()
    told: dict[str, Entry] = {}
    ids = {draft.entry.venue_id for draft in drafts}
    for draft in drafts:
        entry = draft.entry
        known = told.get(entry.venue_id) or stored.by_id.get(entry.venue_id)
        try:
            if known is None:
                _refuse_near(entry, stored.near(entry), ids)
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


def _refuse_near(entry: Entry, near: Iterable[Entry], ids: set[str]) -> None:
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


def _is_close(one: Any, other: Any) -> bool:
    """Tell whether quantity and price differ by no more than rounding."""
    names = ("quantity", "price") if isinstance(one, FillRecord) else ("quantity",)
    return all(
        abs(getattr(one, name) - getattr(other, name)) <= ROUNDING * getattr(one, name)
        for name in names
    )
