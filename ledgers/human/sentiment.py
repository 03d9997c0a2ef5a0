"""How a headline sounds to the market: VADER with an overlay lexicon for crypto news.

VADER knows everyday English: it finds nothing in "rug pull" or "delists", and something good in
"top", "trust" and "security". The overlay `data/omc-lex.tsv` corrects words and adds phrases; a
phrase becomes one token before VADER sees the text, so that negation, degree words and "but" act
on it as on a word. Whoever changes the overlay raises its version: a score names both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

MODEL = "vader"
OVERLAY = Path(__file__).parent / "data" / "omc-lex.tsv"
NEUTRAL = Decimal("0.05")
"""A score nearer to 0 than this is neither good nor bad, as VADER's authors advise."""

QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"  ")
PUNCTUATION = re.compile(r"([,;:.])(?=\s|$)")
GAP = r"[\s-]+"
WORD = rf"{GAP}[^\s-]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The overlay lexicon: its version, words with their valence, and phrases with theirs."""

    version: str
    base: str
    words: dict[str, float]
    phrases: dict[str, float]


def score_of(text: str) -> Decimal:
    """Return how a headline sounds, from -1 (bad news) to 1 (good news)."""
    analyzer, phrases = _scorer()
    plain = PUNCTUATION.sub(r" \1", text.translate(QUOTES).lower())
    marked = phrases.sub(lambda found: f" {found.lastgroup} ", plain)
    return Decimal(str(analyzer.polarity_scores(marked)["compound"]))


def label_of(score: Decimal) -> str:
    """Name a score: positive, negative or neutral."""
    if abs(score) < NEUTRAL:
        return "neutral"
    return "positive" if score > 0 else "negative"


@cache
def overlay() -> Overlay:
    """Read the overlay lexicon."""
    lines = OVERLAY.read_text().splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines[:2])
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    valences = {text: float(valence) for text, valence in rows}
    return Overlay(
        version=head["version"],
        base=head["base"],
        words={text: valence for text, valence in valences.items() if " " not in text},
        phrases={text: valence for text, valence in valences.items() if " " in text},
    )


@cache
def _scorer() -> tuple[SentimentIntensityAnalyzer, re.Pattern[str]]:
    """Return VADER with our words in its lexicon, and the pattern that finds our phrases."""
    analyzer, own = SentimentIntensityAnalyzer(), overlay()
    tokens = {f"omc{place}": phrase for place, phrase in enumerate(own.phrases)}
    valences = own.words | {token: own.phrases[phrase] for token, phrase in tokens.items()}
    for text, valence in valences.items():
        analyzer.lexicon.pop(text, None)
        if valence:
            analyzer.lexicon[text] = valence
    longest = sorted(tokens.items(), key=lambda item: -len(item[1].split()))
    return analyzer, re.compile("|".join(f"(?P<{token}>{_pattern(way)})" for token, way in longest))


def _pattern(phrase: str) -> str:
    """Write a phrase of the overlay as a regular expression."""
    return rf"(?<![\w$-]){''.join(_pieces(phrase.split()))}(?![\w-])"


def _pieces(words: list[str]) -> Iterator[str]:
    """Yield the parts of a pattern; the few words of `**` are as few as can be, but at the end."""
    for place, word in enumerate(words):
        if word == "**":
            yield f"(?:{WORD}){{0,4}}?" if words[place + 1 :] else f"(?:{WORD}){{0,2}}"
        elif word == "*":
            yield WORD
        else:
            ways = (re.escape(way).replace(r"\*", r"[^\s-]*") for way in word.split("|"))
            yield f"{GAP if place else ''}(?:{'|'.join(ways)})"
