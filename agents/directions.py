"""Words that are computations: rose, fell, unchanged, doubled, halved, better, worse, record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.claims import Number, UnsupportedError
from agents.evidence import Evidence
from agents.fields import FIELDS, NOW
from agents.language.text import any_of
from agents.stretches import Stretch

UP = any_of(
    "rose|rise|rises|risen|gained|gain|gains|up|climbed|increased|grew|rallied|advanced|"
    "higher|added|doubled"
)
DOWN = any_of(
    "fell|fall|falls|fallen|lost|lose|loss|down|dropped|drop|declined|decreased|slid|sank|"
    "lower|shed|halved"
)
FLAT = any_of("unchanged|flat")
BETTER = any_of("better|outperformed|beat|stronger|ahead of")
WORSE = any_of("worse|underperformed|weaker|behind")
THAN = any_of("more than|less than|above|below|higher than|lower than|over than|best|worst")
SAME = any_of("same|equal|equally|alike")
RECORD = any_of("record|records")
DOUBLED, TRIPLED, HALVED, THIRD = Decimal(100), Decimal(200), Decimal(-50), Decimal("-66.6")
UNCHANGED = Decimal("0.005")
"""What a change in per cent must at least be, or stay below, to be called so."""
OTHERS = tuple(
    pattern
    for field, pattern in FIELDS.items()
    if field not in {"change", "price", "difference", "age"}
)
NOUNS = any_of(
    "article|articles|post|posts|item|items|event|events|order|orders|fill|fills|filing|"
    "filings|row|rows|headline|headlines|feed|feeds"
)


def check_directions(stretch: Stretch, *, has_window: bool) -> None:
    """Raise `UnsupportedError` unless every telling word is what the computations say."""
    lower = stretch.text.lower()
    if THAN.search(lower):
        raise UnsupportedError("That one is above or below another was not computed")
    if NOW.search(lower) and not any(one.role == "latest" for one in stretch.own):
        raise UnsupportedError("What is cited is not the newest")
    if RECORD.search(lower):
        _check_record(stretch.cited, has_window=has_window)
    _check_comparison(lower, stretch)
    moves = tuple(_moves(lower))
    if moves and _speaks_of_other(lower):
        raise UnsupportedError("The direction is of something that was not computed")
    for place, sign, word in moves:
        _check_move(sign, word, _changes(stretch, place))


def signs_at(number: Number, stretch: Stretch) -> set[int]:
    """Return the directions that the words give to a number's subject: 1, -1 or 0."""
    about = stretch.subject_at(number.start)
    lower = stretch.text.lower()
    return {sign for place, sign, _ in _moves(lower) if stretch.subject_at(place) == about}


def moved(number: Number, stretch: Stretch) -> Decimal:
    """Return a change with the sign its words give it: fell 3 % is -3; one sign is enough."""
    signs = signs_at(number, stretch)
    if len(signs) > 1 or (number.sign == "-" and signs) or (number.sign == "+" and -1 in signs):
        raise UnsupportedError("The sign of a number is not clear")
    return -number.value if signs == {-1} else number.value


def _moves(lower: str) -> Iterator[tuple[int, int, str]]:
    for pattern, sign in ((UP, 1), (DOWN, -1), (FLAT, 0)):
        for match in pattern.finditer(lower):
            yield match.start(), sign, match[0]


def _speaks_of_other(lower: str) -> bool:
    return bool(NOUNS.search(lower)) or any(pattern.search(lower) for pattern in OTHERS)


def _changes(stretch: Stretch, place: int) -> list[Decimal]:
    """Return the cited changes of what the words at a place are about."""
    subject = set(stretch.subject_at(place))
    found = [one for one in stretch.cited if one.field == "change" and one.value is not None]
    if not subject and len(found) > 1:
        return []
    return [
        one.value
        for one in found
        if one.value is not None and (subject <= set(one.assets) or not one.assets)
    ]


def _check_move(sign: int, word: str, values: Sequence[Decimal]) -> None:
    if not any(_fits(sign, word, value) for value in values):
        raise UnsupportedError("The direction is not what was computed", word)


def _fits(sign: int, word: str, value: Decimal) -> bool:
    if word == "doubled":
        return DOUBLED <= value < TRIPLED
    if word == "halved":
        return THIRD < value <= HALVED
    return abs(value) < UNCHANGED if sign == 0 else value * sign > 0


def _check_record(own: Sequence[Evidence], *, has_window: bool) -> None:
    """A record is the highest or lowest of a window, and the window must be said."""
    if not has_window or not any(one.field in {"high", "low"} for one in own):
        raise UnsupportedError("A record is not the highest or lowest of a stated window")


def _check_comparison(lower: str, stretch: Stretch) -> None:
    """Check who is said to be ahead: evidence names the better one first."""
    gaps = [one for one in stretch.cited if one.field == "difference" and one.value is not None]
    is_better, is_worse = bool(BETTER.search(lower)), bool(WORSE.search(lower))
    if SAME.search(lower) and not any(abs(one.value or Decimal(0)) < UNCHANGED for one in gaps):
        raise UnsupportedError("That two are the same was not computed")
    if not is_better and not is_worse:
        return
    if is_better and is_worse:
        raise UnsupportedError("It says both better and worse")
    named = _compared(lower, stretch)
    for one in gaps:
        order = tuple(reversed(one.assets)) if is_worse else one.assets
        is_of_price = FIELDS["price"].search(lower) or _speaks_of_other(lower)
        if named == order and one.value and not is_of_price:
            return
    raise UnsupportedError("The comparison is not what was computed")


def _compared(lower: str, stretch: Stretch) -> tuple[str, ...]:
    """Return who is compared with whom; of one name alone the subject before is the other."""
    named = tuple(dict.fromkeys(name for _, name in stretch.names))
    if len(named) != 1:
        return named
    word = BETTER.search(lower) or WORSE.search(lower)
    is_first = word is not None and stretch.names[0][0] < word.start()
    return (*named, *stretch.context) if is_first else (*stretch.context, *named)
