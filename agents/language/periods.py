"""The periods of a question: relative, calendar, since, between, ago; the first rule that fits.

A period is a window of time, UTC, and the timeframe a price tool calls it. A bare "last week" is
the seven days up to now, "this week" began on Monday; every answer states the window it used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.language.dates import (
    BARE,
    DATE,
    DAY,
    MONTH,
    WEEKDAY,
    date_window,
    midnight,
    month_window,
)
from agents.language.text import SMALL, masked
from agents.results import Window
from agents.timeframes import SPANS

UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": DAY,
    "week": 7 * DAY,
    "fortnight": 14 * DAY,
    "month": 30 * DAY,
    "quarter": 90 * DAY,
    "year": 365 * DAY,
}
SHORT = {"min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week", "wk": "week",
         "mo": "month", "y": "year", "yr": "year", "m": "month"}  # fmt: skip
NUMBERS = SMALL | {
    "a": 1,
    "an": 1,
    "couple of": 2,
    "few": 3,
    "fourteen": 14,
    "twenty-four": 24,
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
}
WORDS = "|".join(sorted(NUMBERS, key=len, reverse=True))
LONG = "minute|hour|day|week|fortnight|month|quarter|year"
AMOUNT = (
    rf"(?:(?P<number>\d{{1,4}})[ -]?(?P<unit>{LONG}|min|hrs?|wks?|mo|yrs?|[hdwmy])s?"
    rf"|(?P<word>{WORDS})[ -](?P<unit2>{LONG})s?)"
)
BACK = (
    r"(?:over |in |for |during |within |across )?(?:the |my )?(?:last|past|previous|trailing|prior)"
)
FUTURE = re.compile(
    r"(?<!\w)(?:tomorrow|next (?:few |couple of )?(?:\d+ )?(?:hour|day|week|month|quarter|year)s?"
    rf"|next (?:{WEEKDAY})|in (?:the )?(?:coming|next) \w+(?: \w+)?|upcoming|coming (?:days?|"
    rf"weeks?|months?)"
    r"|later (?:today|this \w+)|by (?:the )?end of \w+(?: \w+)?|end of (?:the |this )?(?:week|"
    r"month|year))(?!\w)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A window, what a price tool calls it, and how the question called it."""

    window: Window
    timeframe: str
    label: str
    is_future: bool = False


WHOLE = re.compile(rf"(?:yesterday|today|last (?:{WEEKDAY})|(?:{MONTH})(?: \d{{4}})?)$")
"""What is meant whole behind a from: news from yesterday, filings from January."""

Build = Callable[[re.Match[str], datetime], Period]


def find_periods(text: str, clock: datetime) -> tuple[list[Period], str]:
    """Return the periods of a question in lower case, and the text without them.

    Raise `DateError` for a date that does not exist or can be two.
    """
    found: list[tuple[int, Period]] = []
    for pattern, build in RULES:
        while match := pattern.search(text):
            found.append((match.start(), build(match, clock)))
            text = masked(text, match)
    return [period for _, period in sorted(found, key=lambda one: one[0])], text


def _rule(pattern: str) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        RULES.append((re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"), build))
        return build

    return add


RULES: list[tuple[re.Pattern[str], Build]] = []


@_rule(
    rf"(?:between|from) (?P<a>{DATE}) (?:and|to|until|till|through|up to) (?P<b>{DATE})"
    rf"|(?P<c>{DATE}) (?:to|until|till|through|-) (?P<d>{DATE})"
)
def _between(match: re.Match[str], clock: datetime) -> Period:
    first, last = match["a"] or match["c"], match["b"] or match["d"]
    year = re.search(r"(?:19|20)\d\d", last)
    if year and not re.search(r"\d{4}", first) and re.search(MONTH, first):
        first = f"{first} {year[0]}"
    window = Window(start=date_window(first, clock).start, end=date_window(last, clock).end)
    return _range(window, match[0], clock)


@_rule(
    rf"(?:between |from )?(?P<a>\d{{1,2}})(?:st|nd|rd|th)? ?(?:-|to|and|until) ?"
    rf"(?P<b>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m>{MONTH})(?P<y> \d{{4}})?"
    rf"|(?P<m2>{MONTH}) (?P<a2>\d{{1,2}}) ?(?:-|to) ?(?P<b2>\d{{1,2}})(?:,? (?P<y2>\d{{4}}))?"
)
def _days_of_month(match: re.Match[str], clock: datetime) -> Period:
    month = match["m"] or match["m2"]
    year = (match["y"] or match["y2"] or "").strip()
    days = (match["a"] or match["a2"], match["b"] or match["b2"])
    ends = [f"{day} {month} {year}".strip() for day in days]
    first, last = (date_window(end, clock) for end in ends)
    return _range(Window(start=first.start, end=last.end), match[0], clock)


@_rule(rf"(?:since|after|from|starting|beginning) (?:the )?(?:start of |beginning of )?"
       rf"(?P<a>{DATE})(?: onwards?| on)?")  # fmt: skip
def _since(match: re.Match[str], clock: datetime) -> Period:
    start = date_window(match["a"], clock).start
    is_within = match[0].startswith("from ") and WHOLE.match(match["a"])
    if (is_within and match[0].endswith(match["a"])) or start >= clock:
        return _range(date_window(match["a"], clock), match[0], clock)
    return _range(Window(start=start, end=clock), match[0], clock)


@_rule(rf"(?<!day )(?:before|until|till|up to|prior to) (?P<a>{DATE})")
def _before(match: re.Match[str], clock: datetime) -> Period:
    end = date_window(match["a"], clock).start
    return _range(Window(start=end - 30 * DAY, end=end), match[0], clock)


@_rule(rf"{AMOUNT} (?:ago|earlier|back)")
def _ago(match: re.Match[str], clock: datetime) -> Period:
    number, unit = _amount(match)
    moment = clock - number * unit
    if unit < DAY:
        return _range(Window(start=moment - unit, end=moment), match[0], clock)
    return _range(Window(start=midnight(moment), end=midnight(moment) + DAY), match[0], clock)


@_rule(r"(?:in |during |over |for )?(?:the )?(?P<nth>first|second|third|fourth|last) "
       rf"(?:(?P<number>\d{{1,2}}) )?(?P<unit>days?|weeks?|half|"
       rf"fortnight) of (?P<a>{DATE})")  # fmt: skip
def _part(match: re.Match[str], clock: datetime) -> Period:
    """Read a part of a month or a year: its first week, its second half, its last ten days."""
    whole = date_window(match["a"], clock)
    length = whole.end - whole.start
    unit = match["unit"].rstrip("s")
    width = length / 2 if unit == "half" else int(match["number"] or 1) * UNITS[unit]
    nth = (
        ("first", "second", "third", "fourth").index(match["nth"]) if match["nth"] != "last" else 0
    )
    start = whole.end - width if match["nth"] == "last" else whole.start + nth * width
    start = midnight(start)
    return _range(Window(start=start, end=midnight(start + width)), match[0], clock)


@_rule(rf"(?<!since )(?<!from )(?<!since the )(?<!from the )(?:at |on |by |around |"
       rf"near )?(?:the )?(?:very )?(?P<edge>start|beginning|end) of "
       rf"(?:(?:the |this )(?P<unit>week|month|quarter|year)|last (?P<unit2>week|month|year)|"
       rf"(?P<a>{DATE}))")  # fmt: skip
def _edge(match: re.Match[str], clock: datetime) -> Period:
    """Read the first or the last day of a calendar period."""
    whole = date_window(match["a"], clock) if match["a"] else _calendar_of(match, clock)
    is_start = match["edge"] != "end"
    day = whole.start if is_start else midnight(whole.end - timedelta(microseconds=1))
    return _range(Window(start=day, end=day + DAY), match[0], clock)


@_rule(rf"(?:{BACK}|over|in|for|during|within)? ?(?:the )?half (?:a |an |the )?(?P<unit>{LONG})")
def _half(match: re.Match[str], clock: datetime) -> Period:
    return _rolling(UNITS[match["unit"]] / 2, match[0], clock)


@_rule(rf"(?:{BACK}|over|in|for|during|within)? ?(?:the )?{AMOUNT}")
def _span(match: re.Match[str], clock: datetime) -> Period:
    number, unit = _amount(match)
    return _rolling(number * unit, match[0], clock)


@_rule(rf"(?:{BACK}) (?P<unit>hour|day|week|fortnight|month|quarter|year)|"
       r"(?:over|for|in) (?:a|the|one) "
       r"(?P<unit2>hour|day|week|fortnight|month|quarter|year)(?! of )"
       r"|(?P<adverb>hourly|daily change|weekly|monthly|quarterly|yearly)"
       r"(?! (?:returns?|close|closes|average|candles?|reports?|filings?|results?|earnings|"
       r"thread))")  # fmt: skip
def _last(match: re.Match[str], clock: datetime) -> Period:
    adverbs = {"hourly": "hour", "daily change": "day", "weekly": "week", "monthly": "month",
               "quarterly": "quarter", "yearly": "year"}  # fmt: skip
    unit = match["unit"] or match["unit2"] or adverbs[match["adverb"]]
    return _rolling(UNITS[unit], match[0], clock)


@_rule(
    rf"(?:in |during |from |since )?(?P<edge>early|mid|late)[ -](?P<m>{MONTH})(?: (?P<y>\d{{4}}))?"
)
def _third(match: re.Match[str], clock: datetime) -> Period:
    """Read a third of a month: early is to the 10th, mid to the 20th, late the rest."""
    whole = date_window(f"{match['m']} {match['y'] or ''}".strip(), clock)
    ends = {"early": (0, 10), "mid": (10, 20), "late": (20, 31)}[match["edge"]]
    start = whole.start + ends[0] * DAY
    end = min(whole.start + ends[1] * DAY, whole.end)
    if match[0].startswith(("from", "since")):
        end = clock
    return _range(Window(start=start, end=end), match[0], clock)


@_rule(r"(?:in |during )?the (?P<unit>week|month) before last")
def _before_last(match: re.Match[str], clock: datetime) -> Period:
    today = midnight(clock)
    if match["unit"] == "week":
        monday = today - today.weekday() * DAY
        return _range(Window(start=monday - 14 * DAY, end=monday - 7 * DAY), match[0], clock)
    last = (today.replace(day=1) - DAY).replace(day=1)
    return _range(Window(start=(last - DAY).replace(day=1), end=last), match[0], clock)


@_rule(r"(?:having|had|have|has had) an? \w+ (?P<unit>day|week|month|year)")
def _having(match: re.Match[str], clock: datetime) -> Period:
    """Read a good day as today, a bad week as this one."""
    return find_periods({"day": "today"}.get(match["unit"], f"this {match['unit']}"), clock)[0][0]


@_rule(r"(?:up |down )?(?:on|for) the year|ytd|year[ -]to[ -]date|(?:so far )?this year|"
       r"(?:since|from) (?:the )?"
       r"(?:start|beginning) of (?:the|this) year")  # fmt: skip
def _year_to_date(match: re.Match[str], clock: datetime) -> Period:
    start = midnight(clock).replace(month=1, day=1)
    return Period(window=Window(start=start, end=clock), timeframe="ytd", label=match[0])


@_rule(r"mtd|month[ -]to[ -]date|(?:so far )?this month|(?:since|from) (?:the )?"
       r"(?:start|beginning) of (?:the|this) month")  # fmt: skip
def _month_to_date(match: re.Match[str], clock: datetime) -> Period:
    start = midnight(clock).replace(day=1)
    return Period(window=Window(start=start, end=clock), timeframe="mtd", label=match[0])


def _calendar_of(match: re.Match[str], clock: datetime) -> Window:
    """Return this or the last week, month, quarter or year."""
    unit, today = match["unit"] or match["unit2"], midnight(clock)
    starts = {
        "week": today - today.weekday() * DAY,
        "month": today.replace(day=1),
        "quarter": today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1),
        "year": today.replace(month=1, day=1),
    }
    start = starts[unit]
    if match["unit"]:
        return Window(start=start, end=clock)
    before = start - DAY
    first = {"week": start - 7 * DAY, "month": before.replace(day=1)}
    return Window(start=first.get(unit, before.replace(month=1, day=1)), end=start)


@_rule(r"(?:so far )?this week|week[ -]to[ -]date|wtd")
def _this_week(match: re.Match[str], clock: datetime) -> Period:
    start = midnight(clock) - clock.weekday() * DAY
    window = Window(start=min(start, clock - timedelta(minutes=1)), end=clock)
    return Period(window=window, timeframe="7d", label=match[0])


@_rule(r"(?:so far )?this quarter|quarter[ -]to[ -]date|qtd")
def _this_quarter(match: re.Match[str], clock: datetime) -> Period:
    start = midnight(clock).replace(month=3 * ((clock.month - 1) // 3) + 1, day=1)
    return _range(Window(start=start, end=clock), match[0], clock)


@_rule(r"(?:in |during |for )?(?:the )?(?:q(?P<q>[1-4])|(?P<nth>first|second|third|fourth) quarter)"
       r"(?: of)?(?: (?P<y>(?:19|20)\d\d))?")  # fmt: skip
def _quarter(match: re.Match[str], clock: datetime) -> Period:
    nth = int(match["q"] or 1 + ("first", "second", "third", "fourth").index(match["nth"]))
    month = 3 * nth - 2
    year = int(match["y"] or (clock.year if month <= clock.month else clock.year - 1))
    window = Window(start=month_window(year, month).start, end=month_window(year, month + 2).end)
    return _range(window, match[0], clock)


@_rule(r"(?:over |on |during |at )?(?:the |last |this )*weekend")
def _weekend(match: re.Match[str], clock: datetime) -> Period:
    saturday = midnight(clock) - ((clock.weekday() - 5) % 7) * DAY
    return _range(Window(start=saturday, end=saturday + 2 * DAY), match[0], clock)


@_rule(r"this morning|overnight|last night")
def _morning(match: re.Match[str], clock: datetime) -> Period:
    today = midnight(clock)
    if match[0] == "this morning":
        return _range(Window(start=today, end=today + DAY / 2), match[0], clock)
    return _rolling(DAY / 2, match[0], clock)


@_rule(
    rf"(?:on|for|in|during|of|at|as of|about) (?:the )?"
    rf"(?:(?:whole |entire |full )?(?:month|year|day) of )?(?P<a>{DATE})|(?P<b>{BARE})"
)
def _date(match: re.Match[str], clock: datetime) -> Period:
    written = match["a"] or match["b"]
    if written == "now":
        return Period(window=Window(start=clock, end=clock), timeframe="latest", label="now")
    return _range(date_window(written, clock), match[0], clock)


@_rule(r"all[ -]time|ever|since inception|of all time|in total|historically")
def _ever(match: re.Match[str], clock: datetime) -> Period:
    window = Window(start=datetime(2009, 1, 3, tzinfo=UTC), end=clock)
    return Period(window=window, timeframe="range", label=match[0])


def _rolling(span: timedelta, label: str, clock: datetime) -> Period:
    window = Window(start=clock - span, end=clock)
    named = (name for name, length in SPANS.items() if length == span)
    return Period(window=window, timeframe=next(named, "range"), label=label.strip())


def _range(window: Window, label: str, clock: datetime) -> Period:
    """Cut a window at now; one that has not begun is the future."""
    label = label.strip()
    if window.start >= clock:
        return Period(window=window, timeframe="range", label=label, is_future=True)
    cut = Window(start=window.start, end=min(window.end, clock))
    return Period(window=cut, timeframe="range", label=label)


def _amount(match: re.Match[str]) -> tuple[int, timedelta]:
    """Return how many of which unit were written."""
    if match["word"]:
        return NUMBERS[match["word"]], UNITS[match["unit2"]]
    written = match["unit"]
    plain = written.rstrip("s") or written
    return int(match["number"]), UNITS[SHORT.get(plain, plain)]
