"""The claims of a sentence: its quotes, citations, numbers and telling words, where they stand.

Only plain characters are read. A digit of another script, a full-width or superscript one, an
invisible character: a sentence that holds one is withheld, because a person and this program
could read two different numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from agents.language.text import SMALL, any_of

MARK = r"\[\s*E[0-9]+(?:\s*[,;]?\s*E[0-9]+)*\s*\]"
MARKS = re.compile(rf"{MARK}(?:\s*{MARK})*")
KEY = re.compile(r"E[0-9]+")
QUOTE = re.compile(r"“([^“”\"]*)”|\"([^“”\"]*)\"")
MARKUP = re.compile(r"(?i)https?:|www\.|://|!\[|\]\(|[<>`{}|\\]|\bdata:|javascript")
PLAIN = re.compile(r"[ -~\u2013\u2014\u2212\u2018\u2019\u201c\u201d\u2026\u20ac\u00a3]*")
"""ASCII, and what people's keyboards make of dashes, apostrophes, quotes and currencies."""
LEFT = re.compile(r"[A-Za-z .,;:!?'\u2018\u2019()&/\u2013\u2014\u2026-]*")
"""What may remain of a sentence once its numbers, dates, quotes and citations are taken out."""
HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "percentage points": "points", "points": "points",
    "point": "points", "percentage point": "points", "minutes": "minutes", "minute": "minutes",
    "hours": "hours", "hour": "hours", "days": "days", "day": "days", "rows": "rows", "row": "rows",
    "quotes": "rows", "articles": "items", "article": "items", "posts": "items", "post": "items",
    "items": "items", "item": "items", "stories": "items", "headlines": "items", "events": "events",
    "event": "events", "filings": "events", "filing": "events", "listings": "events",
    "listing": "events", "delistings": "events", "delisting": "events",
    "announcements": "events", "announcement": "events", "orders": "orders", "order": "orders",
    "fills": "orders", "fill": "orders", "feeds": "feeds", "feed": "feeds",
}  # fmt: skip
SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
MONEY = {"$": "USD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "€": "EUR", "£": "GBP"}
NONE = "no"
"""Means zero before what it counts, and is a denial before anything else."""
NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[-+\u2212\u2013])?(?P<money>A\$|AU\$|US\$|\$|€|£)?"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)(?![.,]?\d)"
    r"(?P<tail>[^\W\d_]\w*)?(?:\s?(?P<scale>thousand|million|billion|trillion)(?!\w))?"
)
SPELLED = re.compile(
    rf"(?i)(?<![\w-])(?P<digits>{NONE}|{'|'.join(SMALL)})(?![\w-])"
    r"(?:\s(?P<scale>thousand|million|billion|trillion)(?!\w))?"
)
UNIT = re.compile(r"\s*(%|(?:percentage points?|per cent|[A-Za-z][A-Za-z0-9]*)(?!\w))")
MOST_BETWEEN = 4
FAR_SIGN = re.compile(r"[-+\u2212\u2013\u2014]\s+[A-Z]*[$€£]?\d")
BARE = re.compile(r"\(\s*[0-9][0-9.,]*\s*%?\s*\)")
"""A number alone in parentheses is a negative one to an accountant."""
OPERATORS = re.compile(r"[*^=~#@_+$€£%]|\d\s*/|/\s*\d")


class UnsupportedError(ValueError):
    """A claim that the evidence does not bear out; `kind` is of our words alone."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else f"{kind}.")
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number as it is shown: its value, the worth of its last shown place, unit and place.

    `noun` is how the unit is written: articles and posts are both counted as items.
    """

    value: Decimal
    step: Decimal
    unit: str
    sign: str
    start: int
    end: int
    said: str
    noun: str = ""


def check_characters(sentence: str) -> None:
    """Raise `UnsupportedError` for a character that a person cannot see, also in a quote."""
    if any(unicodedata.category(one) in HIDDEN for one in sentence):
        raise UnsupportedError("A hidden character stands in it")


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


def blanked(text: str, start: int, end: int) -> str:
    """Return the text with one stretch made spaces, so that places stay what they are."""
    return text[:start] + " " * (end - start) + text[end:]


def take_numbers(text: str, adjectives: Collection[str]) -> tuple[list[Number], str]:
    """Return the numbers of a text, also no and zero to twelve in words, and the text without.

    Between a number and its unit may stand `adjectives`: two sec filing events.
    """
    if FAR_SIGN.search(text) or BARE.search(text):
        raise UnsupportedError("The sign of a number is not clear")
    found = [_digits(match, text, adjectives) for match in NUMBER.finditer(text)]
    for match in SPELLED.finditer(text):
        number = _spelled(match, text, adjectives)
        if match["digits"].lower() != NONE or number.unit:
            found.append(number)
    rest = text
    for number in found:
        rest = blanked(rest, number.start, number.start + len(number.said))
        rest = blanked(rest, number.end - len(number.noun), number.end)
    return sorted(found, key=lambda one: one.start), rest


def _digits(match: re.Match[str], text: str, adjectives: Collection[str]) -> Number:
    plain = match["digits"].replace(",", "")
    sign = {"\u2212": "-", "\u2013": "-"}.get(match["sign"] or "", match["sign"] or "")
    unit, noun, end = _unit_behind(text, match.end(), adjectives)
    if match["tail"]:
        unit, noun, end = f"?{match['tail']}", "", match.end()
    elif match["money"]:
        shown = MONEY[match["money"]]
        unit = shown if unit in {"", shown} else f"?{unit}"
    exponent = SCALES.get(match["scale"] or "", 0)
    places = len(plain.partition(".")[2])
    return Number(
        value=Decimal(("-" if sign == "-" else "") + plain).scaleb(exponent),
        step=Decimal(1).scaleb(exponent - places),
        unit=unit,
        sign=sign,
        start=match.start(),
        end=end,
        said=match[0],
        noun=noun,
    )


def _spelled(match: re.Match[str], text: str, adjectives: Collection[str]) -> Number:
    unit, noun, end = _unit_behind(text, match.end(), adjectives)
    exponent = SCALES.get((match["scale"] or "").lower(), 0)
    return Number(
        value=Decimal(SMALL.get(match["digits"].lower(), 0)).scaleb(exponent),
        step=Decimal(1).scaleb(exponent),
        unit=unit,
        sign="",
        start=match.start(),
        end=end,
        said=match[0],
        noun=noun,
    )


def _unit_behind(text: str, at: int, adjectives: Collection[str]) -> tuple[str, str, int]:
    """Return the unit that follows a number, as it is written, and where it ends."""
    place = at
    for _ in range(MOST_BETWEEN):
        match = UNIT.match(text, place)
        if match is None:
            break
        word = match[1]
        unit = UNITS.get(" ".join(word.lower().split()), word if word.isupper() else "")
        if unit:
            return unit, word, match.end()
        if word.lower() not in adjectives:
            break
        place = match.end()
    return "", "", at


NEGATED = re.compile(
    r"(?i)(?<!\w)(?:no|not|never|neither|nor|without|none|nothing|cannot)(?!\w)|n['\u2019]t(?!\w)"
)
VAGUE = any_of(
    "half|dozen|dozens|hundred|hundreds|thousand|thousands|million|millions|billion|billions|"
    "trillion|twice|thrice|triple|tripled|quadrupled|several|many|most|majority|few|couple|"
    "double|quarter|all-time|ever|always|roughly|nearly|almost|much|once|both|pair|single|"
    "dozens|score of|about half|minus|plus"
)
