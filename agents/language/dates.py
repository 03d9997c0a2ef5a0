"""Dates as people write them, resolved to the window they mean, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from agents.language.text import vocabulary
from agents.results import Window

DAY = timedelta(days=1)
MONTHS = vocabulary(
    """
    january february march april may june july august september october november december
    """
)
DAYS = vocabulary("monday tuesday wednesday thursday friday saturday sunday")
MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
WEEKDAY = (
    "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|"
    "sat(?:urday)?|sun(?:day)?"
)
FEASTS = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "christmas": (12, 25),
    "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's": (1, 1),
    "new year": (1, 1),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
    "australia day": (1, 26),
    "halloween": (10, 31),
}
"""Days that have the same date each year."""
FEAST = "|".join(FEASTS)
NTH = r"(?:st|nd|rd|th)?"
DATE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}"
    rf"|\d{{1,2}}{NTH}(?: of)? (?:{MONTH})(?:,? \d{{4}})?"
    rf"|(?:{MONTH}) \d{{1,2}}{NTH}(?!\d)(?:,? \d{{4}})?"
    rf"|(?:{FEAST})(?:,? (?:in )?\d{{4}})?|(?:{MONTH}) \d{{4}}|(?:{MONTH})|(?:19|20)\d\d"
    rf"|(?:last |this )?(?:{WEEKDAY})|today|yesterday|the day before yesterday|now)(?!\w)"
)
ALONE = "|".join([*MONTHS, *DAYS]).replace("may|", "")
BARE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}"
    rf"|\d{{1,2}}{NTH}(?: of)? (?:{MONTH})(?:,? \d{{4}})?"
    rf"|(?:{MONTH}) \d{{1,2}}{NTH}(?!\d)(?:,? \d{{4}})?|(?:{MONTH}) \d{{4}}"
    rf"|(?:{FEAST})(?:,? (?:in )?\d{{4}})?"
    rf"|(?:last |this )?(?:{ALONE})|(?:19|20)\d\d"
    r"|today|the day before yesterday|yesterday|now)(?!\w)"
)
"""A date that stands alone: no short name that is also a word, such as may, sat or sun."""
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})$")
DAY_MONTH = re.compile(rf"(\d{{1,2}}){NTH}(?: of)? ({MONTH})(?:,? (\d{{4}}))?$")
MONTH_DAY = re.compile(rf"({MONTH}) (\d{{1,2}}){NTH}(?:,? (\d{{4}}))?$")
MONTH_ONLY = re.compile(rf"({MONTH})(?: (\d{{4}}))?$")
FEAST_ONLY = re.compile(rf"({FEAST})(?:,? (?:in )?(\d{{4}}))?$")
YEAR_ONLY = re.compile(r"((?:19|20)\d\d)$")
WEEKDAY_ONLY = re.compile(rf"(?:last |this )?({WEEKDAY})$")
LAST_MONTH = 12


class DateError(ValueError):
    """A date that cannot be meant; the message is for the person who wrote it."""


def midnight(moment: datetime) -> datetime:
    """Return the beginning of the moment's day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def month_window(year: int, month: int) -> Window:
    """Return the window of one calendar month."""
    start = datetime(year, month, 1, tzinfo=UTC)
    return Window(start=start, end=(start + 31 * DAY).replace(day=1))


def date_window(written: str, clock: datetime) -> Window:
    """Return the window that a written date means, or raise `DateError`.

    A date without a year is its last occurrence that has begun, seen from `clock`.
    """
    text = written.lower().strip()
    today = midnight(clock)
    near = {"today": 0, "now": 0, "yesterday": 1, "the day before yesterday": 2}
    if text in near:
        start = today - near[text] * DAY
        return Window(start=start, end=clock if start == today else start + DAY)
    if match := WEEKDAY_ONLY.match(text):
        return _day(_last_weekday(match[1], today, is_before="last " in text))
    return _calendar(text, clock)


def _calendar(text: str, clock: datetime) -> Window:
    if match := FEAST_ONLY.match(text):
        return _feast(match[1], match[2], clock)
    if match := ISO.match(text):
        return _date(int(match[1]), int(match[2]), int(match[3]), text)
    if match := SLASHED.match(text):
        return _slashed(match, text)
    if match := DAY_MONTH.match(text):
        return _of_month(match[2], int(match[1]), match[3], clock)
    if match := MONTH_DAY.match(text):
        return _of_month(match[1], int(match[2]), match[3], clock)
    return _longer(text, clock)


def _longer(text: str, clock: datetime) -> Window:
    """Read a month or a year."""
    if match := MONTH_ONLY.match(text):
        month = _month(match[1])
        return month_window(int(match[2]) if match[2] else _year_of(month, 1, clock), month)
    if match := YEAR_ONLY.match(text):
        first = datetime(int(match[1]), 1, 1, tzinfo=UTC)
        return Window(start=first, end=first.replace(year=first.year + 1))
    raise DateError(f"{text!r} is no date that can be read. Write it like 2026-03-01.")


def _feast(name: str, year: str | None, clock: datetime) -> Window:
    month, day = FEASTS[name]
    return _date(int(year) if year else _year_of(month, day, clock), month, day, name)


def _slashed(match: re.Match[str], text: str) -> Window:
    first, second, year = (int(part) for part in match.groups())
    if first != second and first <= LAST_MONTH and second <= LAST_MONTH:
        raise DateError(f"{text} can be two dates. Write it like {year}-{second:02}-{first:02}.")
    day, month = (first, second) if second <= LAST_MONTH else (second, first)
    return _date(year, month, day, text)


def _of_month(name: str, day: int, year: str | None, clock: datetime) -> Window:
    month = _month(name)
    chosen = int(year) if year else _year_of(month, day, clock)
    return _date(chosen, month, day, f"{day} {MONTHS[month - 1].title()} {chosen}")


def _date(year: int, month: int, day: int, text: str) -> Window:
    try:
        return _day(datetime(year, month, day, tzinfo=UTC))
    except ValueError as error:
        raise DateError(f"The date {text} does not exist. Which day do you mean?") from error


def _day(start: datetime) -> Window:
    return Window(start=start, end=start + DAY)


def _month(name: str) -> int:
    return next(i for i, known in enumerate(MONTHS, 1) if known.startswith(name[:3]))


def _year_of(month: int, day: int, clock: datetime) -> int:
    return clock.year if (month, day) <= (clock.month, clock.day) else clock.year - 1


def _last_weekday(name: str, today: datetime, *, is_before: bool) -> datetime:
    wanted = next(i for i, known in enumerate(DAYS) if known.startswith(name[:3]))
    back = (today.weekday() - wanted) % 7
    return today - (back or (7 if is_before else 0)) * DAY
