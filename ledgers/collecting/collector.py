"""The shape of every collector: fetch bytes, parse them into records.

A source is one file with one subclass. `fetch` is its only method that touches the network,
`parse` is pure, so that a saved payload is its whole test. Storing, counting, coverage and
what happens when it fails are the runner's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from xml.etree.ElementTree import Element, tostring

from psycopg.types.range import Range

from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.payload import Payload
from ledgers.models import Ledger

T = TypeVar("T")
Window = Range[datetime]
MAX_ITEM = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One item that is no record: a code, a sentence, and the item as it came."""

    reason: str
    detail: str
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one look is about.

    `known` tells whether a page stored so far in this look held something stored before it: the
    sign that a newest-first list has met what we have. `window` is the slot of a live look, or
    the part of the past that a backfill asks for; `covered_until` is the end of the coverage.
    """

    scope: str
    window: Window
    now: datetime
    is_backfill: bool = False
    covered_until: datetime | None = None
    known: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one complete look found; `events` are the event times of its records."""

    ask: Ask
    observed_at: datetime
    covered_until: datetime | None
    overlaps: bool
    events: Sequence[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One value that a plug-in cannot work without, such as a key; its operator sets it.

    It comes from the environment (`OMC_<SLUG>_<NAME>`) or from the admin, where it is write-only.
    """

    name: str
    help: str
    is_secret: bool = True


class Http(Protocol):
    """What a collector may do with the network."""

    def get(self, url: str, headers: dict[str, str] | None = None, **params: str) -> Payload:
        """Ask for `url` and return the answer, or raise a `CollectError`."""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Payload:
        """Send exactly `body`, once: what a POST did is not known when it fails."""


class Collector(ABC):
    """One source of one ledger. `@register` on a subclass is its only wiring."""

    slug: ClassVar[str]
    ledger: ClassVar[Ledger]
    every: ClassVar[timedelta]
    hosts: ClassVar[tuple[str, ...]]
    """The only hosts that its requests may go to."""
    requests_per_minute: ClassVar[int] = 60
    """The budget per host, shared by all workers."""
    revalidates: ClassVar[bool] = False
    """Whether to ask only for what has changed (ETag, Last-Modified), as feeds and files want."""
    restates: ClassVar[bool] = True
    """Whether the source may change what it said; True until documents and recordings differ."""
    lag: ClassVar[timedelta] = timedelta(0)
    """From event_at to the moment the source publishes."""
    backfills: ClassVar[bool] = False
    """Whether it answers for the past, so that `manage.py backfill` may fill its gaps.

    A backfill hands `fetch` one Ask a chunk, with `is_backfill` set and a `window` that has ended.
    `fetch` yields the pages of that window, oldest first, and asks for nothing outside it;
    `covered` says what those pages prove of it. A page that the source cut short proves the
    window up to its last item: what is left of the chunk is asked for next. None proves nothing,
    and the gap stays."""
    is_plug_in: ClassVar[bool] = False
    """Whether it is off until OMC_PLUG_INS names it or, if it has needs, all of them are set."""
    needs: ClassVar[tuple[Need, ...]] = ()
    parser: ClassVar[int] = 1
    """Raise it when `parse` makes other records of the same bytes."""

    def scopes(self) -> Sequence[str]:
        """Name the feeds of this source; one look each, and one failing costs only itself."""
        return ("",)

    @abstractmethod
    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        """Ask the source for one scope, page by page.

        Each step runs in one of several threads, not always the same, at the same time as the
        steps of other scopes: hold nothing across a `yield`, and change nothing of `self`.
        """

    @abstractmethod
    def parse(self, payload: Payload) -> Iterator[Any]:
        """Turn one payload into records and rejects; raise `DriftError` if its shape is new."""

    def settle(self, payload: Payload, records: list[Any]) -> Iterator[Any]:
        """Fit the records of a payload to what is stored, in the transaction that stores them.

        What is there under another identity comes out as a `Reject`, what only the stored facts
        tell is added. Most sources need nothing of it.
        """
        yield from records

    def is_empty(self, payload: Payload) -> bool:
        """Tell whether the source itself says that there is nothing; else nothing is drift."""
        return False

    def cadence(self, scope: str) -> timedelta:
        """Return how often one scope is looked at: `every`, or a multiple of it."""
        return self.every

    def chunk(self, scope: str) -> timedelta:
        """Return how much of the past one Ask of a backfill holds: best what fills one page."""
        return timedelta(days=1)

    def covered(self, looked: Looked) -> Window | None:
        """Return the window of event time that a complete look proves; here a live one's slot."""
        if looked.ask.is_backfill:
            return None
        window = looked.ask.window
        return slot_of(looked.observed_at, window.upper - window.lower)  # type: ignore[operator]  # a slot has ends

    def feed_name(self, scope: str) -> str:
        """Return the name of the feed of one scope."""
        return f"{self.slug}/{scope}" if scope else self.slug


def covered_by_list(looked: Looked) -> Window | None:
    """Return what a newest-first list proves.

    If it holds something stored before and reaches back to the last look, nothing was missed
    since. If not, only the time after its newest item is certain; pinned and evergreen items
    tell nothing.
    """
    start = max(looked.events, default=None)
    before = looked.covered_until
    if looked.overlaps and before and min(looked.events) <= before:
        start = before
    return Range(start, looked.observed_at) if start and start < looked.observed_at else None


def slot_of(moment: datetime, every: timedelta) -> Window:
    """Return the slot [n * every, (n + 1) * every) since 1970 that holds the moment."""
    number = int(moment.timestamp() // every.total_seconds())
    start = datetime.fromtimestamp(number * every.total_seconds(), tz=UTC)
    return Range(start, start + every)


def each(items: Iterable[T], make: Callable[[T], Any]) -> Iterator[Any]:
    """Make a record of each item; one that is not usable becomes a reject, the others go on."""
    for item in items:
        try:
            yield make(item)
        except BadValueError as error:
            yield Reject(reason=error.reason, detail=error.detail, item=_as_it_came(item))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            detail = f"{type(error).__name__}: {error}"
            yield Reject(reason="unknown_shape", detail=detail, item=_as_it_came(item))


def _as_it_came(item: object) -> str:
    """Write an item as its source did; an element of XML would else be no more than an address."""
    told = tostring(item, encoding="unicode") if isinstance(item, Element) else str(item)
    return told[:MAX_ITEM]


def member(document: Any, name: str, kind: type[T], url: str) -> T:
    """Return one member of a decoded document, or raise `DriftError` naming it."""
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise DriftError(f"{url} has no {kind.__name__} {name!r}. Its shape has changed.")
    return value
