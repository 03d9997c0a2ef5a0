"""The claims of a sentence: its quotes, citations, moments, numbers and telling words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agents.language.dates import MONTH, MONTHS
from agents.language.text import SMALL, any_of

MARKS = re.compile(r"\[\s*E\d+(?:\s*[,;]?\s*E\d+)*\s*\](?:\s*\[\s*E\d+(?:\s*[,;]?\s*E\d+)*\s*\])*")
KEY = re.compile(r"E\d+")
QUOTE = re.compile(r"“([^“”]*)”|\"([^\"]*)\"")
MARKUP = re.compile(r"(?i)https?:|www\.|://|!\[|\]\(|[<>`{}|\\]|\bdata:|javascript")
CLOCK = r"(?:[ T,]+(?:at )?(?P<clock>\d{1,2}:\d{2})(?::\d{2})?(?:Z| ?UTC)?)?"
MOMENTS = (
    re.compile(rf"(?<!\w)(?P<iso>\d{{4}}-\d{{2}}-\d{{2}}){CLOCK}(?!\w)"),
    re.compile(
        rf"(?i)(?<!\w)(?P<day>\d{{1,2}})(?:st|nd|rd|"
        rf"th)? (?P<month>{MONTH})(?:,? (?P<year>\d{{4}}))?{CLOCK}(?!\w)"
    ),
    re.compile(
        rf"(?i)(?<!\w)(?P<month>{MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|"
        rf"th)?(?!\d)(?:,? (?P<year>\d{{4}}))?{CLOCK}(?!\w)"
    ),
    re.compile(r"(?<![\w:])(?P<clock>\d{1,2}:\d{2})(?::\d{2})?(?:Z| ?UTC)?(?!\w)"),
)
UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "percentage points": "points", "points": "points",
    "point": "points", "percentage point": "points", "minutes": "minutes", "minute": "minutes",
    "hours": "hours", "hour": "hours", "days": "days", "day": "days", "rows": "rows", "row": "rows",
    "quotes": "rows", "articles": "items", "article": "items", "posts": "items", "post": "items",
    "items": "items", "item": "items", "stories": "items", "headlines": "items", "events": "events",
    "event": "events", "filings": "events", "filing": "events", "listings": "events",
    "announcements": "events", "orders": "orders", "order": "orders", "fills": "orders",
    "fill": "orders",
}  # fmt: skip
NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[-+\u2212])?(?P<money>A\$|AU\$|US\$|\$|€|"
    r"£)?(?P<digits>\d[\d,]*(?:\.\d+)?)"
    r"(?!\d)(?P<tail>[^\W\d_]+(?!\w)|(?<=\d)\w+)?"
    r"(?:\s?(?P<unit>%|(?:percentage points?|per cent|[A-Za-z]+)(?!\w)))?"
)
SPELLED = re.compile(
    rf"(?i)(?<![\w-])(?P<digits>{'|'.join(SMALL)})(?![\w-])(?:\s(?P<unit>[A-Za-z]+))?"
)
UP = any_of(
    "rose|rise|rises|risen|gained|gain|gains|up|climbed|increased|grew|rallied|advanced|"
    "higher|added"
)
DOWN = any_of(
    "fell|fall|falls|fallen|lost|lose|loss|down|dropped|drop|declined|decreased|slid|sank|"
    "lower|shed"
)
FLAT = any_of("unchanged|flat")
BETTER = any_of("better|outperformed|beat|stronger|more than|ahead of|above|higher than|best")
WORSE = any_of("worse|underperformed|weaker|less than|behind|below|lower than|worst")
SAME = any_of("same|equal|equally|alike")
NEGATED = re.compile(
    r"(?i)(?<!\w)(?:not|no|never|neither|nor|without|none|nothing)(?!\w)|n't(?!\w)"
)
VAGUE = any_of(
    "half|dozen|dozens|hundred|hundreds|thousand|thousands|million|millions|billion|billions|"
    "trillion|twice|thrice|triple|tripled|quadrupled|several|many|most|majority|few|couple|"
    "double|quarter|record|all-time|ever|always|roughly|nearly|almost|much"
)
FIELDS = {
    "high": any_of("high|highest|peak|maximum|max"),
    "low": any_of("low|lowest|minimum|min|bottom"),
    "mean": any_of("mean|average|averaged"),
    "volatility": any_of("volatility|deviation|volatile"),
    "change": any_of(
        "rose|fell|gained|lost|change|changed|climbed|dropped|declined|unchanged|return"
    ),
    "age": any_of("old|age"),
    "fee": any_of("fee|fees"),
    "filled": any_of("filled"),
    "quantity": any_of("quantity|amount"),
    "scored": any_of("scored"),
    "score": any_of("score|sentiment"),
    "index": any_of("index"),
    "difference": any_of("better|worse|difference|outperformed|points"),
    "price": any_of("price|quoted|traded|worth|closed|cost"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number as it is shown: its value, its last shown place, its unit and where it stands."""

    value: Decimal
    places: int
    unit: str
    is_signed: bool
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One date or time as it is shown; a part that is not shown is None."""

    day: date | None
    month_day: tuple[int, int] | None
    clock: str | None


def keys_in(text: str) -> list[str]:
    """Return the keys that a text cites."""
    return [key for mark in MARKS.findall(text) for key in KEY.findall(mark)]


def segments(sentence: str) -> list[tuple[str, list[str]]]:
    """Part a sentence at its citations: each piece of text with the keys that follow it."""
    parts: list[tuple[str, list[str]]] = []
    start = 0
    for mark in MARKS.finditer(sentence):
        parts.append((sentence[start : mark.start()], KEY.findall(mark[0])))
        start = mark.end()
    rest = sentence[start:]
    return [*parts, (rest, [])] if rest.strip(" .,;:!?") else parts


def take_moments(text: str) -> tuple[list[Moment], str]:
    """Return the dates and times of a text, and the text without them."""
    found: list[Moment] = []
    for pattern in MOMENTS:
        found += [_moment(match.groupdict()) for match in pattern.finditer(text)]
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return found, text


def _moment(parts: dict[str, str | None]) -> Moment:
    clock = parts.get("clock")
    clock = clock.rjust(5, "0") if clock else None
    iso, month, day, year = (parts.get(name) for name in ("iso", "month", "day", "year"))
    if iso:
        return Moment(day=date.fromisoformat(iso), month_day=None, clock=clock)
    if not month or not day:
        return Moment(day=None, month_day=None, clock=clock)
    number = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(month[:3].lower()))
    if year:
        return Moment(day=date(int(year), number, int(day)), month_day=None, clock=clock)
    return Moment(day=None, month_day=(number, int(day)), clock=clock)


def numbers_in(text: str) -> list[Number]:
    """Return the numbers of a text, also zero to twelve in words."""
    found = [_digits(match) for match in NUMBER.finditer(text)]
    for match in SPELLED.finditer(text):
        unit = UNITS.get((match["unit"] or "").lower(), "")
        value = Decimal(SMALL[match["digits"].lower()])
        found.append(Number(value=value, places=0, unit=unit, is_signed=False, start=match.start()))
    return found


def _digits(match: re.Match[str]) -> Number:
    plain = match["digits"].replace(",", "")
    sign = "-" if match["sign"] in {"-", "\u2212"} else ""
    return Number(
        value=Decimal(sign + plain),
        places=len(plain.partition(".")[2]),
        unit=_unit(match),
        is_signed=match["sign"] is not None,
        start=match.start(),
    )


def _unit(match: re.Match[str]) -> str:
    """Return the unit a number is shown with; a tail glued to it makes the unit unknown."""
    if match["tail"]:
        return f"?{match['tail']}"
    written = match["unit"] or ""
    money = {"$": "USD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "€": "EUR", "£": "GBP"}
    if match["money"]:
        return money[match["money"]]
    return UNITS.get(written.lower(), written if written.isupper() else "")


def nearest_field(text: str, at: int) -> str | None:
    """Return the field whose word stands nearest to a number; one before it wins a tie.

    Price says least: the mean price is a mean.
    """
    found = [
        (at - match.end() if match.end() <= at else match.start() - at, match.end() > at, field)
        for field, pattern in FIELDS.items()
        for match in pattern.finditer(text.lower())
    ]
    telling = [one for one in found if one[2] != "price"] or found
    return min(telling)[2] if telling else None
