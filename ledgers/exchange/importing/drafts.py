"""What a format makes of a line, and how it gets its identity."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from ledgers.exchange.importing.reading import Line
from ledgers.exchange.records import FillRecord, TransferRecord

CONTENT = "content:"
Entry = FillRecord | TransferRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the parsing of a file depends on beside its lines."""

    account_id: int
    currency: str
    zone: tzinfo
    has_semicolons: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One line as an entry; `content` tells it from others if the venue gives no id."""

    line: Line
    entry: Entry
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file: its columns, where it comes from, and what makes an entry of a line.

    `parse` gets the named cells and raises `BadValueError` for a line that cannot be used; it
    leaves `venue_id` empty where the file has no id.
    """

    name: str
    columns: Sequence[str]
    venue: str
    account: str
    parse: Callable[[dict[str, str], Setting], tuple[Entry, tuple[str, ...]]]


def identified(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Give every entry without an id of its venue a content key.

    Lines that are equal are told apart by their number among equals. Two files with the same
    line once each therefore tell of one entry, a file that has it twice tells of two.
    """
    met: Counter[tuple[str, ...]] = Counter()
    for draft in drafts:
        if draft.entry.venue_id:
            yield draft
        else:
            key = content_key(draft.content, met[draft.content])
            met[draft.content] += 1
            yield replace(draft, entry=_named(draft.entry, key))


def content_key(content: Sequence[str], ordinal: int) -> str:
    """Return the identity of the so-and-so-manieth of equal lines."""
    written = "\n".join((*content, str(ordinal)))
    return f"{CONTENT}{hashlib.sha256(written.encode()).hexdigest()[:40]}"


def _named(entry: Entry, key: str) -> Entry:
    if isinstance(entry, FillRecord):
        return replace(entry, venue_id=key, order_id=key)
    return replace(entry, venue_id=key)
