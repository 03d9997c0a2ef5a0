"""Nothing leaves that the evidence does not say: each sentence is checked, or withheld and named.

A number binds to a citation in its own stretch of the sentence, from the citation before it to
the one behind it. Field, asset, unit and sign must match, and the error is at most half of the
last shown place. Dates must be a cited time or a window's bound. Words outside quotation marks
come from a closed list or from the evidence; quotes are verbatim. The rules know nothing of who
wrote the draft, so they hold for the planner and for any model, also a hostile one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.binding import bind, check_moments
from agents.claims import (
    LEFT,
    MARKUP,
    NEGATED,
    OPERATORS,
    PLAIN,
    QUOTE,
    VAGUE,
    UnsupportedError,
    check_characters,
    keys_in,
    segments,
    take_numbers,
)
from agents.directions import check_directions
from agents.evidence import Evidence
from agents.language.names import place_names
from agents.moments import take_moments, take_pairs, take_spans
from agents.phrasing import (
    LETTERS,
    adjectives,
    evident_words,
    has_label,
    without_labels,
    without_phrases,
)
from agents.quoting import looks_like_command
from agents.results import Value
from agents.stretches import Stretch
from agents.wording import WORDS

LONGEST = 700
SIDES = frozenset({"buy", "sell"})
ORDERED = re.compile(r"(?i)(?<!\w)(?:orders?|fills?)(?!\w)")
"""An order's side is told of an order; alone it would be advice."""
SENTENCE = re.compile(r"(?<=[.!?])(?=\s+[A-Z“\"])|(?<=\])(?=\s+[A-Z“\"])|\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stretch stands: its own evidence, that of its sentence, and what came before."""

    own: Sequence[Evidence]
    cited: Sequence[Evidence]
    context: tuple[str, ...]


class Withheld(Value):
    """A sentence that nobody gets to see: the reason names the claim, `kind` the rule alone."""

    sentence: str
    reason: str
    kind: str


class Claim(Value):
    """What a kept sentence says, and what it rests on: computation and rows, by the key cited."""

    sentence: int
    said: str
    key: str
    field: str
    over: str
    rows: tuple[str, ...]


class Grounded(Value):
    """A draft after the check."""

    kept: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    claims: tuple[Claim, ...] = ()

    def joined(self, more: Grounded) -> Grounded:
        """Return both drafts as one, this one first."""
        after = len(self.kept)
        moved = (one.model_copy(update={"sentence": one.sentence + after}) for one in more.claims)
        return Grounded(
            kept=(*self.kept, *more.kept),
            withheld=(*self.withheld, *more.withheld),
            claims=(*self.claims, *moved),
        )


def ground(sentences: Iterable[str], evidence: Sequence[Evidence]) -> Grounded:
    """Part the sentences of a draft into those the evidence bears out and the others."""
    by_key = {one.key: one for one in evidence}
    subjects = {one.assets for one in evidence if one.assets}
    subject = subjects.pop() if len(subjects) == 1 else ()
    kept: list[str] = []
    withheld: list[Withheld] = []
    claims: list[Claim] = []
    for sentence in sentences:
        try:
            found = _check(sentence, by_key, subject)
        except UnsupportedError as error:
            withheld.append(Withheld(sentence=sentence, reason=str(error), kind=error.kind))
            continue
        claims += (_claim(len(kept), said, one) for said, one in found)
        kept.append(sentence)
    return Grounded(kept=tuple(kept), withheld=tuple(withheld), claims=tuple(claims))


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


def _claim(sentence: int, said: str, one: Evidence) -> Claim:
    return Claim(
        sentence=sentence, said=said, key=one.key, field=one.field, over=one.over, rows=one.rows
    )


def _check(
    sentence: str, by_key: Mapping[str, Evidence], subject: tuple[str, ...]
) -> list[tuple[str, Evidence]]:
    """Return what a sentence claims by which evidence; raise `UnsupportedError` otherwise.

    `subject` is the one asset of a draft that has only one: "it rose" then needs no name.
    """
    check_characters(sentence)
    if len(sentence) > LONGEST or MARKUP.search(QUOTE.sub(" ", sentence)):
        raise UnsupportedError("It is too long or holds markup")
    plain = QUOTE.sub(lambda match: " " * len(match[0]), sentence)
    cited = keys_in(plain)
    unknown = [key for key in cited if key not in by_key]
    if unknown:
        raise UnsupportedError("No evidence has that key", unknown[0])
    if not cited:
        raise UnsupportedError("It cites nothing")
    claims: list[tuple[str, Evidence]] = []
    context, place = subject, 0
    for text, keys in segments(plain):
        start = plain.index(text, place)
        place = start + len(text)
        own = [by_key[key] for key in keys or cited]
        quoting, quotes = _quotes(sentence[start:place], own)
        around = Place(own=quoting, cited=[by_key[key] for key in cited], context=context)
        found, context = _check_segment(text, around, is_tail=not keys)
        claims += quotes + found
    return claims


def _quotes(
    written: str, own: Sequence[Evidence]
) -> tuple[Sequence[Evidence], list[tuple[str, Evidence]]]:
    """Check the quotes of a stretch, each a whole text word for word.

    What else such a stretch says must be of the row it quotes: no outlet gets another's words.
    """
    found: list[tuple[str, Evidence]] = []
    for match in QUOTE.finditer(written):
        said = (match[1] or match[2] or "").strip()
        texts = [one for one in own if one.text and said.rstrip(".,") == one.text.rstrip(".,")]
        if not texts or looks_like_command(said):
            raise UnsupportedError("A quote stands in no cited row")
        found += [(said, texts[0])]
    if not found:
        return own, []
    if len({said for said, _ in found}) > 1:
        raise UnsupportedError("Two texts are quoted before one citation")
    return [one for one in own if one.text == found[0][1].text], found


def _check_segment(
    written: str, around: Place, *, is_tail: bool
) -> tuple[list[tuple[str, Evidence]], tuple[str, ...]]:
    """Check one stretch against the evidence it cites; return its claims and its subject."""
    own = around.own
    text = without_phrases(without_labels(written, own), own)
    if not PLAIN.fullmatch(text):
        raise UnsupportedError("A character of another script stands in it")
    moments, text = take_moments(text)
    paired = take_pairs(written, moments, own)
    text, has_span = take_spans(text, own)
    numbers, rest = take_numbers(text, adjectives(own))
    if is_tail and (numbers or moments or has_span):
        raise UnsupportedError("A number stands behind the last citation")
    stretch = _stretch(text, rest, around)
    _check_left(rest, own)
    check_directions(stretch, has_window=bool(paired) or has_span or has_label(written, own))
    lone = [moment for moment in moments if moment not in paired]
    bound = [bind(number, stretch, lone) for number in numbers]
    check_moments(lone, numbers, bound, own)
    claims = [(number.said, bearers[0]) for number, bearers in zip(numbers, bound, strict=True)]
    return claims, stretch.last_subject(numbers)


def _stretch(text: str, rest: str, around: Place) -> Stretch:
    """Find the assets and companies a stretch names; none may lack evidence."""
    own = around.own
    allowed = frozenset(asset for one in own for asset in one.assets)
    assets, companies, _ = place_names(rest, symbols=allowed)
    for _, name in assets:
        if name not in allowed:
            raise UnsupportedError("What is named is not what is cited", name)
    for _, name in companies:
        if name not in allowed and not _is_worded(name, own):
            raise UnsupportedError("What is named is not what is cited", name)
    names = sorted((at, name) for at, name in (*assets, *companies) if name in allowed)
    return Stretch(
        text=text, rest=rest, names=tuple(names), own=tuple(own), cited=tuple(around.cited),
        context=around.context,
    )  # fmt: skip


def _is_worded(company: str, own: Sequence[Evidence]) -> bool:
    """Tell whether evidence names a company in words, such as coinbase for COIN."""
    return any(
        company in {name for _, name in place_names(word)[1]} for one in own for word in one.words
    )


def _check_left(rest: str, own: Sequence[Evidence]) -> None:
    """Let only known words and plain punctuation remain, and words that the evidence allows."""
    if OPERATORS.search(rest):
        raise UnsupportedError("A sign or unit belongs to no number")
    allowed = frozenset(asset for one in own for asset in one.assets)
    _, _, unnamed = place_names(rest, symbols=allowed)
    if NEGATED.search(unnamed):
        raise UnsupportedError("A denial cannot be checked")
    words = evident_words(own)
    for word in LETTERS.findall(unnamed):
        lower = word.lower().replace("\u2019", "'")
        if lower in words and (lower not in SIDES or ORDERED.search(rest)):
            continue
        if VAGUE.search(lower):
            raise UnsupportedError("A vague word is no number", lower)
        if lower not in WORDS:
            raise UnsupportedError("A word is not in the evidence", lower[:40])
    if not LEFT.fullmatch(unnamed):
        raise UnsupportedError("A number or sign is not one of the evidence's")
