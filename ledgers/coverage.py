"""Where we looked: absence is evidence only inside a covered window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from psycopg.types.range import Range

from ledgers.models import CollectorRun, Coverage
from ledgers.reading import Pair

Window = Range[datetime]
Missing = tuple[str, datetime | None, datetime | None]
"""A feed, and the part of the window that it lacks; None: without end."""

GAPS = """
    SELECT asked.feed, part.gap, part.is_dropped
    FROM unnest(%(feeds)s::text[]) WITH ORDINALITY AS asked (feed, place)
    CROSS JOIN LATERAL (SELECT coalesce((
        SELECT range_agg("window") FROM ledgers_coverage
        WHERE feed_id = asked.feed AND "window" && %(asked)s::tstzrange
          AND available_at <= %(as_of)s AND known_at <= %(horizon)s
    ), '{}') AS looked, coalesce((
        SELECT range_agg("window" * %(asked)s::tstzrange) FROM ledgers_dropped
        WHERE feed_id = asked.feed AND "window" && %(asked)s::tstzrange
    ), '{}') AS dropped) seen
    CROSS JOIN LATERAL (
        SELECT unnest(tstzmultirange(%(asked)s::tstzrange) - (looked - dropped)), false
        UNION ALL SELECT unnest(dropped), true
    ) part (gap, is_dropped)
    ORDER BY asked.place, part.gap
"""


class Presence(StrEnum):
    """What a read may say of a window."""

    VALUE = "value"
    NONE_IN_COVERED_WINDOW = "none_in_covered_window"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The answer of a read about its own window: rows, none, or nobody looked; with the gaps.

    What retention dropped is a gap, however often somebody had looked; `dropped` names it.
    """

    presence: Presence
    gaps: tuple[Missing, ...]
    dropped: tuple[Missing, ...] = ()


def cover(run: CollectorRun, window: Window, *, known_at: datetime) -> Coverage:
    """Record that a complete run has looked at `window`; call it in the last store transaction.

    A backfilled window counts as of the moment its last row was published, so that no past
    moment takes "not yet published" for "none". A seed's window counts from its own end.
    """
    end = _all_published(window, run.feed.lag)
    is_old = run.kind == run.Kind.SEED or (run.kind == run.Kind.BACKFILL and not run.feed.restates)
    return Coverage.objects.create(
        feed=run.feed,
        window=window,
        known_at=min(known_at, end) if run.kind == run.Kind.SEED else known_at,
        available_at=min(known_at, end) if is_old else known_at,
        run=run,
    )


def gaps(feed: str, asked: Window, pair: Pair) -> list[Window]:
    """Return the parts of `asked` where the pair knows of no complete look."""
    return [gap for _, gap, dropped in _parts([feed], asked, pair) if not dropped]


def look(feeds: Sequence[str], asked: Window, pair: Pair, *, found: bool) -> Look:
    """Say what the absence or presence of rows in `asked` means, given where these feeds looked.

    Without rows, every feed must have covered the whole window for "none" to be an answer.
    One query, however many feeds.
    """
    parts = _parts(feeds, asked, pair)
    missing = tuple((feed, gap.lower, gap.upper) for feed, gap, dropped in parts if not dropped)
    blind = bool(missing) or not feeds
    absence = Presence.NOT_OBSERVED if blind else Presence.NONE_IN_COVERED_WINDOW
    return Look(
        presence=Presence.VALUE if found else absence,
        gaps=missing,
        dropped=tuple((feed, gap.lower, gap.upper) for feed, gap, dropped in parts if dropped),
    )


def _parts(feeds: Sequence[str], asked: Window, pair: Pair) -> list[tuple[str, Window, bool]]:
    """Return the gaps of each feed, and of what was dropped once more."""
    cuts = {"as_of": pair.as_of, "horizon": pair.horizon}
    question: dict[str, Any] = {"asked": asked, "feeds": list(feeds), **cuts}
    with connection.cursor() as cursor:
        cursor.execute(GAPS, question)
        found: list[tuple[str, Window, bool]] = cursor.fetchall()
    return found


def _all_published(window: Window, lag: timedelta) -> datetime:
    if window.upper is None:
        raise ValueError(f"{window} has no end. Nobody has looked at the future.")
    return window.upper + lag
