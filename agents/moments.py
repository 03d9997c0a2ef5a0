"""The dates, times and stretches of time of a sentence, and whether evidence knows them.

A date or time must be one of the evidence's, or a bound of its window; two that are joined by
from and to must be its two ends; "the last 7 days" must be as long as its window, and end now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from agents.claims import UnsupportedError, blanked
from agents.evidence import Evidence
from agents.language.dates import MONTH, MONTHS
from agents.language.text import SMALL

CLOCK = r"(?:[ T,]+(?:at )?(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?:Z| ?UTC)?)?"
YEAR = r"(?:,? (?P<year>[0-9]{4})(?![0-9]))?"
DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = (
    r"(?:(?P<weekday>Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?"
    r"|Sat(?:urday)?|Sun(?:day)?),? )?"
)
BEFORE, AFTER = r"(?<![\w:.,+\-/\u2212])", r"(?![\w:/]|[.,]\d|[+\-]\d)"
MOMENTS = (
    re.compile(rf"{BEFORE}{WEEKDAY}(?P<iso>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){CLOCK}{AFTER}"),
    re.compile(
        rf"(?i){BEFORE}{WEEKDAY}(?:the )?{DAY}(?: of)? (?P<month>{MONTH}){YEAR}{CLOCK}{AFTER}"
    ),
    re.compile(
        rf"(?i){BEFORE}{WEEKDAY}(?P<month>{MONTH}) (?:the )?{DAY}(?![0-9]){YEAR}{CLOCK}{AFTER}"
    ),
    re.compile(rf"{BEFORE}(?P<clock>[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?)(?:Z| ?UTC)?{AFTER}"),
)
JOINED = re.compile(r"(?i)^\s*(?:UTC\s*)?(?:to|and|until|till|through|-|\u2013)\s*$")
JOINING = re.compile(r"(?i)(?:from|between|since)\s*$")
LEADS = {
    "as of": re.compile(r"(?i)(?<!\w)as of\s*$"),
    "start": re.compile(r"(?i)(?<!\w)(?:since|from|starting|beginning)(?: on| at)?\s*$"),
    "end": re.compile(r"(?i)(?<!\w)(?:until|till|to|through|ending)(?: on| at)?\s*$"),
}
"""What stands before a moment says what it is of a window."""
LENGTHS = {
    "h": timedelta(hours=1), "hour": timedelta(hours=1), "d": timedelta(days=1),
    "day": timedelta(days=1), "w": timedelta(weeks=1), "week": timedelta(weeks=1),
    "fortnight": timedelta(weeks=2),
}  # fmt: skip
COUNTED = rf"(?P<count>[0-9]{{1,3}}|{'|'.join(SMALL)})"
UNIT = r"(?P<unit>hour|day|week|fortnight)s?"
SPANS = (
    re.compile(
        rf"(?i)(?<![\w.,-])(?:(?:over|in|within|during|across) )?(?:the |its )?"
        rf"(?P<back>last|past|previous) (?:{COUNTED}[ -])?{UNIT}(?!\w)"
    ),
    re.compile(
        rf"(?i)(?<![\w.,-])(?P<lead>over|in|within|during|across) (?:the |a |an )?"
        rf"(?:(?:whole|full|same) )?(?:{COUNTED}[ -])?{UNIT}(?!\w)"
    ),
    re.compile(rf"(?i)(?<![\w.,-]){COUNTED}-{UNIT}(?!\w)"),
    re.compile(r"(?<![\w.,-])(?P<count>[0-9]{1,3})(?P<unit>[hdw])(?!\w)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One date or time as it is shown; a part that is not shown is None."""

    day: date | None
    month_day: tuple[int, int] | None
    clock: str | None
    start: int
    end: int
    said: str
    lead: str = ""


def take_moments(text: str) -> tuple[list[Moment], str]:
    """Return the dates and times of a text in their order, and the text without them."""
    found: list[Moment] = []
    for pattern in MOMENTS:
        found += [_moment(match, _lead(text[: match.start()])) for match in pattern.finditer(text)]
        for one in found:
            text = blanked(text, one.start, one.end)
    return sorted(found, key=lambda one: one.start), text


def take_pairs(text: str, moments: Sequence[Moment], own: Sequence[Evidence]) -> tuple[Moment, ...]:
    """Check moments joined by from and to against the ends of one window, and return them."""
    joined: list[Moment] = []
    for first, second in pairwise(moments):
        lead = JOINING.search(text[: first.start])
        if lead and JOINED.match(text[first.end : second.start]):
            joined += [first, second]
            if not any(_spans(first, second, one) for one in own):
                raise UnsupportedError("Two dates are not the ends of the cited window")
    return tuple(joined)


def take_spans(text: str, own: Sequence[Evidence]) -> tuple[str, bool]:
    """Check stretches such as the last 7 days against the windows, and blank them out."""
    seen = False
    for pattern in SPANS:
        for match in pattern.finditer(text):
            length = _length(match)
            is_back = bool(match.groupdict().get("back"))
            if not any(_is_as_long(length, one, is_back=is_back) for one in own):
                raise UnsupportedError("A stretch of time is not the cited window's")
            seen = True
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text, seen


def is_time_of(moment: Moment, one: Evidence) -> bool:
    """Tell whether a moment is one of the evidence's times, or a bound of what was computed.

    What was computed over a window did not happen at a moment: only since one, or until one.
    """
    if moment.lead == "as of" and one.as_of and _is_at(moment, one.as_of.astimezone(UTC)):
        return True
    return any(_is_at(moment, time.astimezone(UTC)) for time in _times(moment.lead, one))


def _spans(first: Moment, second: Moment, one: Evidence) -> bool:
    """Tell whether two moments are the bounds of a window, or the first and last time."""
    ends = []
    if one.window:
        ends += [
            (one.window.start, one.window.end),
            (one.window.start, one.window.end - timedelta(microseconds=1)),
        ]
    if len(one.times) > 1:
        ends.append((one.times[0], one.times[-1]))
    return any(
        _is_at(first, start.astimezone(UTC)) and _is_at(second, end.astimezone(UTC))
        for start, end in ends
    )


def _times(lead: str, one: Evidence) -> Iterator[datetime]:
    if one.window is None or not (one.over or not one.times):
        yield from one.times
    elif lead == "start":
        yield from (one.window.start, *one.times[:1])
    elif lead == "end":
        yield from (one.window.end, one.window.end - timedelta(microseconds=1), *one.times[-1:])


def _is_at(moment: Moment, time: datetime) -> bool:
    if moment.day is not None and moment.day != time.date():
        return False
    if moment.month_day is not None and moment.month_day != (time.month, time.day):
        return False
    return moment.clock is None or f"{time:%H:%M:%S}".startswith(moment.clock)


def _lead(before: str) -> str:
    return next((lead for lead, pattern in LEADS.items() if pattern.search(before)), "")


def _moment(match: re.Match[str], lead: str) -> Moment:
    parts = match.groupdict()
    clock = parts.get("clock")
    clock = clock if not clock or clock[2] == ":" else f"0{clock}"
    day, month_day = _day(parts)
    if parts.get("weekday") and (
        day is None or WEEKDAYS[day.weekday()] != str(parts["weekday"])[:3].lower()
    ):
        raise UnsupportedError("A weekday is not that of the date")
    return Moment(
        day=day, month_day=month_day, clock=clock, start=match.start(), end=match.end(),
        said=match[0], lead=lead,
    )  # fmt: skip


def _day(parts: dict[str, str | None]) -> tuple[date | None, tuple[int, int] | None]:
    """Return the date, or month and day when no year is shown; a date must exist."""
    iso, month, day, year = (parts.get(name) for name in ("iso", "month", "day", "year"))
    try:
        if iso:
            return date.fromisoformat(iso), None
        if not month or not day:
            return None, None
        number = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(month[:3].lower()))
        if year:
            return date(int(year), number, int(day)), None
    except ValueError:
        raise UnsupportedError("A date does not exist") from None
    return None, (number, int(day))


def _length(match: re.Match[str]) -> timedelta:
    parts = match.groupdict()
    count = str(parts.get("count") or "one").lower()
    number = int(count) if count.isdigit() else SMALL[count]
    return number * LENGTHS[parts["unit"].lower()]


def _is_as_long(length: timedelta, one: Evidence, *, is_back: bool) -> bool:
    """Tell whether a window has this length; what is called the last must reach to now."""
    if one.window is None or one.window.end - one.window.start != length:
        return False
    return not is_back or (one.as_of is not None and one.window.end >= one.as_of)
