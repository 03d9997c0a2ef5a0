"""Words of the grammar misspelt by one letter, put right before the question is read.

Only a long word that means nothing by itself is changed, and only if one word alone is meant:
what could be a name, such as a word in capitals, stays as it is.
"""

from __future__ import annotations

import re

from agents.language.lexicon import COMMON, TOPICAL
from agents.language.names import is_name, is_one_off
from agents.language.text import SMALL, vocabulary

SHORTEST = 5
KEYWORDS = vocabulary(
    """
    price prices sentiment volatility volatile average highest lowest change performance compare
    compared correlation difference headlines articles reddit mood index greed chart history
    filings filing announcements announcement listings listing delisting delisted maintenance
    events event catalysts portfolio positions position holdings balance orders order trades
    cancelled rejected profit realised realized unrealised fees transactions hashrate addresses
    revenue fundamentals timeline yesterday today month months quarter week weeks year hours
    january february march april august september october november december monday tuesday
    wednesday thursday friday saturday sunday since between during stale quality governance
    staking coindesk cointelegraph decrypt
    """
)
SHORT = vocabulary("news week year mood high")
"""Short words that are put right only where one letter is another."""
WORD = re.compile(r"(?<![\w$'-])[a-z]{4,}(?![\w'-])")


def respelt(text: str) -> str:
    """Return the text with misspelt words of the grammar put right."""
    return WORD.sub(lambda match: _right(match[0]), text)


def foreign(text: str, *, shortest: int = 4) -> list[str]:
    """Return the longer words of a text that the grammar has never heard."""
    words = re.findall(rf"(?<![\w$'-])[a-z]{{{shortest},}}(?![\w'-])", text.lower())
    return [word for word in words if not (_is_known(word) or is_name(word))]


def _is_known(word: str) -> bool:
    stem = word.rstrip("s")
    ways = (word, stem, f"{stem}s")
    return word in SMALL or any(way in COMMON or way in TOPICAL or way in KEYWORDS for way in ways)


def _right(word: str) -> str:
    if word in COMMON or word in TOPICAL or word in KEYWORDS or is_name(word):
        return word
    if len(word) < SHORTEST:
        near = [one for one in SHORT if len(one) == len(word) and is_one_off(word, one)]
        return near[0] if len(near) == 1 else word
    meant = [one for one in KEYWORDS if len(one) >= SHORTEST and is_one_off(word, one)]
    stems = {one.rstrip("s") for one in meant}
    return meant[0] if len(stems) == 1 else word
