"""A question as the grammar reads it: one line, plain characters, masked as it is understood."""

from __future__ import annotations

import re
import unicodedata

APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u0060", "'") | dict.fromkeys("\u2013\u2014\u2212", "-")
)
WORD = re.compile(r"\$?[A-Za-z0-9][A-Za-z0-9&+]*(?:[-'/.][A-Za-z0-9]+)*")


def normal(question: str) -> str:
    """Return the question in one line of plain characters, without invisible ones."""
    plain = unicodedata.normalize("NFKC", question).translate(APOSTROPHES)
    kept = (one if unicodedata.category(one)[0] != "C" else " " for one in plain)
    return " ".join("".join(kept).split())


def masked(text: str, match: re.Match[str]) -> str:
    """Return the text with what was understood blanked out, so that nothing reads it twice."""
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


def words(text: str) -> list[str]:
    """Return the words of a text as they are written, without a possessive 's."""
    return [re.sub(r"'s$|'$", "", word) for word in WORD.findall(text)]


def any_of(phrases: str) -> re.Pattern[str]:
    """Compile phrases, separated by `|`, into a pattern that matches whole words of lower case.

    A phrase may end in `*` for any ending, and a space stands for any white space.
    """
    ways = (
        re.escape(phrase.strip()).replace(r"\ ", r"\s+").replace(r"\*", r"\w*")
        for phrase in phrases.split("|")
        if phrase.strip()
    )
    return re.compile(rf"(?<![\w$])(?:{'|'.join(ways)})(?!\w)")


def vocabulary(text: str) -> tuple[str, ...]:
    """Return the words of a text, for lists that are read more easily as prose."""
    return tuple(text.split())


SMALL = {
    word: number
    for number, word in enumerate(
        vocabulary("zero one two three four five six seven eight nine ten eleven twelve")
    )
}
"""The numbers that people write in words."""
