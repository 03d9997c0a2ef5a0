"""Nothing leaves that the evidence does not say: each sentence is checked, or withheld and named.

A number binds to a citation in its own stretch of the sentence, from the citation before it to
the one behind it. Field, asset, unit and sign must match, and the error is at most half of the
last shown place. Dates must be a cited time or a window's bound. Words outside quotation marks
come from a closed list or from the evidence; quotes are verbatim. The rules know nothing of who
wrote the draft, so they hold for the planner and for any model, also a hostile one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agents.claims import (
    BETTER,
    DOWN,
    FLAT,
    MARKUP,
    NEGATED,
    QUOTE,
    SAME,
    UP,
    VAGUE,
    WORSE,
    Moment,
    Number,
    keys_in,
    nearest_field,
    numbers_in,
    segments,
    take_moments,
)
from agents.evidence import Evidence
from agents.language.names import find_names
from agents.quoting import looks_like_command
from agents.wording import WORDS

LONGEST = 700
SHORTEST_QUOTE = 12
DOUBLED, HALVED, UNCHANGED = 100, -50, Decimal("0.005")
"""What a change in per cent must at least be, or be below, to be called so."""
COUNTS = frozenset({"items", "events", "orders", "rows"})
SENTENCE = re.compile(r"(?<=[.!?])(?=\s+[A-Z“\"])|(?<=\])(?=\s+[A-Z“\"])|\n+")


class UnsupportedError(ValueError):
    """A claim that the evidence does not bear out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A sentence that nobody gets to see, and why."""

    sentence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """A draft after the check."""

    kept: tuple[str, ...]
    withheld: tuple[Withheld, ...]


def ground(sentences: Iterable[str], evidence: Sequence[Evidence]) -> Grounded:
    """Part the sentences of a draft into those the evidence bears out and the others."""
    by_key = {one.key: one for one in evidence}
    subjects = {one.assets for one in evidence if one.assets}
    subject = subjects.pop() if len(subjects) == 1 else ()
    kept, withheld = [], []
    for sentence in sentences:
        try:
            _check(sentence, by_key, subject)
            kept.append(sentence)
        except UnsupportedError as error:
            withheld.append(Withheld(sentence=sentence, reason=str(error)))
    return Grounded(kept=tuple(kept), withheld=tuple(withheld))


def sentences_of(text: str) -> list[str]:
    """Part a draft into sentences; one that only cites belongs to the one before it."""
    parts: list[str] = []
    for part in SENTENCE.split(text):
        said = part.strip()
        if said and parts and not re.sub(r"\[[^\]]*\]|\W", "", said):
            parts[-1] += f" {said}"
        elif said:
            parts.append(said)
    return parts


def _check(sentence: str, by_key: Mapping[str, Evidence], subject: tuple[str, ...]) -> None:
    """Raise `UnsupportedError` for the first claim that is not borne out.

    `subject` is the one asset of a draft that has only one: "it rose" then needs no name.
    """
    if len(sentence) > LONGEST or MARKUP.search(sentence):
        raise UnsupportedError("It is too long or holds markup.")
    cited = keys_in(QUOTE.sub(" ", sentence))
    unknown = [key for key in cited if key not in by_key]
    if unknown:
        raise UnsupportedError(f"No evidence is called {unknown[0]}.")
    if not cited:
        raise UnsupportedError("It cites nothing.")
    everything = [by_key[key] for key in cited]
    plain = _without_quotes(sentence, everything)
    context = subject
    for text, keys in segments(plain):
        own = [by_key[key] for key in keys]
        context = _check_segment(text, own or everything, context, is_tail=not keys)


def _without_quotes(sentence: str, cited: Sequence[Evidence]) -> str:
    """Check the quotes word for word, and blank them out."""
    for match in QUOTE.finditer(sentence):
        said = match[1] or match[2] or ""
        if looks_like_command(said) or not any(_quotes(said, one.text) for one in cited):
            raise UnsupportedError("A quote stands in no cited row.")
    return QUOTE.sub(lambda match: " " * len(match[0]), sentence)


def _quotes(said: str, text: str) -> bool:
    return bool(text) and (said == text or (len(said) >= SHORTEST_QUOTE and said in text))


def _check_segment(
    text: str, own: Sequence[Evidence], context: tuple[str, ...], *, is_tail: bool
) -> tuple[str, ...]:
    """Check one stretch against the evidence it cites; return the assets it is about."""
    moments, rest = take_moments(_without_labels(text, own))
    for moment in moments:
        if not any(_is_time_of(moment, one) for one in own):
            raise UnsupportedError("A date is neither a cited time nor a bound of the window.")
    assets = _assets(rest, own)
    numbers = numbers_in(rest)
    if is_tail and (numbers or moments):
        raise UnsupportedError("A number stands behind the last citation.")
    _check_words(rest, own)
    _check_directions(rest, own, bool(numbers))
    for number in numbers:
        if not any(_bears_out(number, one, rest, assets or context) for one in own):
            raise UnsupportedError(f"{number.value} {number.unit}".strip() + " is not borne out.")
    return assets or context


def _without_labels(text: str, own: Sequence[Evidence]) -> str:
    """Blank out names that hold digits: forms such as 10-K, and the period as it was asked."""
    names = {
        word
        for one in own
        for word in (*one.words, one.label)
        if any(sign.isdigit() for sign in word) and any(sign.isalpha() for sign in word)
    }
    forms = {word for one in own for word in one.words if word.isdigit()}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", lambda m: " " * len(m[0]), text)
    for form in forms:
        text = re.sub(rf"(?i)\bform {form}(?!\w)", lambda m: " " * len(m[0]), text)
    return text


def _assets(text: str, own: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the assets that a stretch names as its subject; none may lack evidence."""
    names, _ = find_names(text)
    units = {one.unit for one in own}
    allowed = {asset for one in own for asset in one.assets}
    for asset in names.assets:
        if asset not in allowed and asset not in units:
            raise UnsupportedError(f"{asset} is not what is cited.")
    said = {word for one in own for word in one.words} | allowed
    for company in names.companies:
        if company not in said and not _is_worded(company, own):
            raise UnsupportedError(f"{company} is not what is cited.")
    return tuple(name for name in (*names.assets, *names.companies) if name in allowed)


def _is_worded(company: str, own: Sequence[Evidence]) -> bool:
    """Tell whether evidence names a company in words, such as coinbase for COIN."""
    return any(company in find_names(word)[0].companies for one in own for word in one.words)


def _check_words(text: str, own: Sequence[Evidence]) -> None:
    """Let only known words pass, and those that the evidence allows."""
    allowed = set(_evident_words(own))
    _, unnamed = find_names(text)
    for word in re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", unnamed):
        lower = word.lower()
        if lower not in WORDS and lower not in allowed:
            raise UnsupportedError(f"The word {lower!r} is not in the evidence.")
    for word in VAGUE.findall(unnamed.lower()):
        if word not in allowed:
            raise UnsupportedError(f"{word!r} is no number.")


def _evident_words(own: Sequence[Evidence]) -> Iterator[str]:
    """Yield the words that evidence allows, each also in the plural."""
    for one in own:
        for phrase in (*one.words, one.label, one.unit, one.field, *one.assets):
            for word in re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", phrase.lower()):
                yield word
                yield f"{word}s"


def _check_directions(text: str, own: Sequence[Evidence], has_numbers: bool) -> None:  # noqa: FBT001  # private
    """Check that rose, fell, better, worse and the like are what the computations say."""
    lower = text.lower()
    moves = [one.value for one in own if one.field == "change" and one.value is not None]
    gaps = [one for one in own if one.field == "difference"]
    ups, downs, flats = (bool(one.search(lower)) for one in (UP, DOWN, FLAT))
    compares = bool(BETTER.search(lower) or WORSE.search(lower))
    if NEGATED.search(lower) and (has_numbers or ups or downs or compares):
        raise UnsupportedError("A denial cannot be checked.")
    if compares:
        _check_comparison(lower, text, gaps)
        return
    if SAME.search(lower) and not any(
        one.value is not None and abs(one.value) < UNCHANGED for one in gaps
    ):
        raise UnsupportedError("That two are the same was not computed.")
    wrong = (
        (ups and not any(value > 0 for value in moves))
        or (downs and not any(value < 0 for value in moves))
        or (flats and not any(abs(value) < UNCHANGED for value in moves))
        or ("doubled" in lower and not any(value >= DOUBLED for value in moves))
        or ("halved" in lower and not any(value <= HALVED for value in moves))
    )
    if wrong:
        raise UnsupportedError("The direction is not what was computed.")


def _check_comparison(lower: str, text: str, gaps: Sequence[Evidence]) -> None:
    """Check who is said to be ahead: evidence names the better one first."""
    named = find_names(text)[0].assets
    is_worse = bool(WORSE.search(lower))
    if is_worse and BETTER.search(lower):
        raise UnsupportedError("It says both better and worse.")
    for one in gaps:
        order = tuple(reversed(one.assets)) if is_worse else one.assets
        if named == order and one.value:
            return
    raise UnsupportedError("The comparison is not what was computed.")


def _bears_out(number: Number, one: Evidence, text: str, assets: tuple[str, ...]) -> bool:
    """Tell whether evidence has this number, in this unit, of this field and asset."""
    if one.value is None or not _has_unit(number, one):
        return False
    if one.assets and assets and not set(one.assets) & set(assets):
        return False
    if one.assets and not assets:
        return False
    field = nearest_field(text, number.start)
    if field is not None and field != one.field and one.unit not in COUNTS:
        return False
    value = _signed(number, one, text)
    return abs(value - one.value) <= Decimal(1).scaleb(-number.places) / 2


def _has_unit(number: Number, one: Evidence) -> bool:
    if number.unit == "":
        return one.unit not in {"%", "points"} and (one.field == "index" or one.unit != "index")
    if one.unit in COUNTS:
        return number.unit == one.unit or (number.unit in COUNTS and one.unit == "items")
    return number.unit == one.unit


def _signed(number: Number, one: Evidence, text: str) -> Decimal:
    """Return the number with the sign that the words give it: fell 3 % is -3 %."""
    lower = text.lower()
    if one.field == "change" and not number.is_signed and DOWN.search(lower):
        return -number.value
    return number.value


def _is_time_of(moment: Moment, one: Evidence) -> bool:
    """Tell whether a moment is one of the evidence's times or a bound of its window."""
    return any(_is_at(moment, time.astimezone(UTC)) for time in _times(one))


def _times(one: Evidence) -> Iterator[datetime]:
    yield from one.times
    if one.window:
        yield from (one.window.start, one.window.end)
        yield one.window.end - timedelta(microseconds=1)


def _is_at(moment: Moment, time: datetime) -> bool:
    if moment.day is not None and moment.day != time.date():
        return False
    if moment.month_day is not None and moment.month_day != (time.month, time.day):
        return False
    return moment.clock is None or moment.clock == f"{time:%H:%M}"
