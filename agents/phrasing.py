"""The phrases that evidence lets a sentence use: names, labels and states, each as a whole.

Only whole: of a company that is called Buy Now a sentence may say "Buy Now Corp", never "buy".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.claims import blanked
from agents.evidence import Evidence

LEGAL = re.compile(r"(?i),?\s+(?:inc|corp|corporation|co|ltd|llc|plc|group|holdings)\.?$")
LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


def _phrases(own: Sequence[Evidence]) -> Iterator[str]:
    """Yield the phrases that evidence allows, whole: its names and its label."""
    for one in own:
        for phrase in (*one.words, one.label):
            yield phrase
            yield LEGAL.sub("", phrase)


def evident_words(own: Sequence[Evidence]) -> frozenset[str]:
    """Return the single words that evidence allows, each also in the plural."""
    allowed = (*_phrases(own), *(word for one in own for word in (one.unit, one.field)))
    single = {phrase.lower() for phrase in allowed if LETTERS.fullmatch(phrase)}
    return frozenset(single | {f"{word}s" for word in single})


def adjectives(own: Sequence[Evidence]) -> frozenset[str]:
    """Return the words that may stand between a number and its unit: 12 sec filing events."""
    return evident_words(own) | {"quote", "cited"}


def without_labels(text: str, own: Sequence[Evidence]) -> str:
    """Blank out names that hold digits: forms such as 10-K, and the period as it was asked."""
    names = {phrase for phrase in _phrases(own) if any(sign.isdigit() for sign in phrase)}
    for name in sorted(names, key=len, reverse=True):
        if any(sign.isalpha() for sign in name):
            text = _blank(text, re.escape(name))
        else:
            text = _blank(text, rf"form {re.escape(name)}")
    return text


def without_phrases(text: str, own: Sequence[Evidence]) -> str:
    """Blank out the names that are more than one plain word, such as a company's."""
    names = {phrase for phrase in _phrases(own) if phrase and not LETTERS.fullmatch(phrase)}
    for name in sorted(names, key=len, reverse=True):
        text = _blank(text, re.escape(name))
    return text


def _blank(text: str, pattern: str) -> str:
    for match in re.finditer(rf"(?i)(?<!\w){pattern}(?!\w)", text):
        text = blanked(text, match.start(), match.end())
    return text


def has_label(text: str, own: Sequence[Evidence]) -> bool:
    """Tell whether a stretch says its period as it was asked."""
    return any(one.label and one.label.lower() in text.lower() for one in own)
