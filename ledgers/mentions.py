"""Which assets a text names, and how sure that is.

Many names and symbols of coins are ordinary words: "one" is not ONE, the EPS of a retailer is not
Ellipsis, an avalanche of liquidations is not Avalanche. So a name or symbol counts by its company:
`$SOL` and `(HYPE)` are explicit, "Solana" can mean nothing else, a bare LINK needs a text about
crypto, and "Optimism" a word that only follows the name of a network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from ledgers.catalogue import CATALOGUE

EXPLICIT = Decimal("0.98")
CERTAIN = Decimal("0.95")
SYMBOL = Decimal("0.90")
LIKELY = Decimal("0.75")
DOUBTFUL = Decimal("0.20")
ENOUGH = Decimal("0.50")
"""From this confidence on an asset is kept with a fact."""

COMMON_NAMES = {"Compound", "Curve", "Dai", "Harmony", "Maker", "Optimism", "Stellar"}
"""Names that are words which often begin a sentence."""
RARE_NAMES = {
    "Avalanche", "Cosmos", "Ellipsis", "Injective", "Lido", "Neo", "Pepe", "Polygon", "Ripple",
    "Sui", "Tether", "Tron",
}  # fmt: skip
"""Names that are words which seldom do: in upper case they are most often the name."""
AMBIGUOUS = {
    "ADA", "ANS", "APT", "ARB", "ATOM", "COMP", "DAI", "DOT", "EPS", "ETC", "FIL", "GAS", "HYPE",
    "LINK", "NEAR", "NEO", "ONE", "OP", "PEPE", "POL", "SOLO", "STR", "SUI", "TON", "UNI",
}  # fmt: skip
"""Symbols that are also words or abbreviations."""

FOLLOWS_A_NAME = re.compile(
    r"(?:'s\b|\s+(?:network|chain|blockchain|mainnet|testnet|protocol|tokens?|coins?|foundation|labs|"
    r"dao|governance|validators?|developers?|holders?|stakers?|pools?|bridge|ecosystem|finance|"
    r"sequencer|upgrade|supply)\b)",
    re.IGNORECASE,
)
NO_NAME_BEFORE = re.compile(r"\s+(?:of|effects?|through)\b", re.IGNORECASE)
ABOUT_CRYPTO = re.compile(
    r"\b(?:crypto\w*|tokens?|coins?|altcoins?|memecoins?|stablecoins?|blockchains?|defi|staking|"
    r"stakers?|mainnet|testnet|airdrops?|on-?chain|smart contracts?)\b",
    re.IGNORECASE,
)
OTHER_SENSE = {
    "ADA": r"compliance|disabilit|accessib",
    "APT": r"\b(?:hackers?|groups?|actors?|espionage)\b",
    "ARB": r"\bfunds\b|arbitrage",
    "EPS": r"earnings|estimates?|consensus|revenue|profit|per share|guidance|quarter",
    "ETC": r",\s*ETC\b",
    "LINK": r"LINK (?:in|to|below|above)\b",
    "ONE": r"\b(?:number|no\.?|day) ONE\b|\bONE (?:days?|weeks?|months?|years?|more|of|in|thing)\b",
    "TON": r"\bTON of\b",
}
"""What shows that a symbol is meant in another sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One asset that a text seems to name; `confidence` goes from 0 to 1."""

    symbol: str
    confidence: Decimal


def mentions(text: str) -> list[Mention]:
    """Return the assets that a text may name, each once, by symbol."""
    found: dict[str, Decimal] = {}
    for symbol, confidence in _named(text):
        found[symbol] = max(confidence, found.get(symbol, confidence))
    certain = {symbol for symbol, confidence in found.items() if confidence >= CERTAIN}
    for symbol, confidence in _symbols(text, certain):
        found[symbol] = max(confidence, found.get(symbol, confidence))
    return [Mention(symbol=symbol, confidence=found[symbol]) for symbol in sorted(found)]


def _named(text: str) -> Iterator[tuple[str, Decimal]]:
    """Yield the assets whose names stand in the text; the longest name counts."""
    symbols, pattern = _names()
    for match in pattern.finditer(text):
        written = match[0]
        yield symbols[written.lower()], _trust_in_name(text, match)


def _trust_in_name(text: str, match: re.Match[str]) -> Decimal:
    """Say how sure a name is one, seen in its place."""
    written, after = match[0], text[match.end() :]
    if written.capitalize() not in COMMON_NAMES | RARE_NAMES:
        return CERTAIN
    if not written[0].isupper() or written.isupper() or NO_NAME_BEFORE.match(after):
        return DOUBTFUL
    if FOLLOWS_A_NAME.match(after):
        return CERTAIN
    is_inside = match.start() > 0 and not _is_title_case(text)
    return LIKELY if written in RARE_NAMES or is_inside else DOUBTFUL


def _symbols(text: str, certain: set[str]) -> Iterator[tuple[str, Decimal]]:
    """Yield the assets whose symbols stand in the text, in upper case."""
    is_about = bool(ABOUT_CRYPTO.search(text)) and not text.isupper()
    for match in re.finditer(r"([$#(]?)\b([A-Z]{2,5})\b(\)?)", text):
        before, written, after = match.groups()
        if symbol := _tickers().get(written):
            is_told = is_about or (bool(certain - {symbol}) and not text.isupper())
            is_quoted = before in ("$", "#") or (before, after) == ("(", ")")
            yield symbol, _trust_in_symbol(text, written, before, (is_quoted, is_told))


def _trust_in_symbol(text: str, written: str, before: str, evidence: tuple[bool, bool]) -> Decimal:
    """Say how sure a symbol is one, by the signs around it and by what the text is about."""
    is_quoted, is_told = evidence
    sense = OTHER_SENSE.get(written)
    if sense and before != "$" and re.search(sense, text):
        return DOUBTFUL
    if is_quoted:
        return EXPLICIT
    if written not in AMBIGUOUS:
        return SYMBOL
    return LIKELY if is_told else DOUBTFUL


def _is_title_case(text: str) -> bool:
    """Tell whether a headline Capitalises Most Of Its Words: then a capital says nothing."""
    words = [word for word in re.findall(r"[A-Za-z]\w{3,}", text) if not word.isupper()]
    return bool(sum(word[0].isupper() for word in words) * 2 > len(words))


@cache
def _names() -> tuple[dict[str, str], re.Pattern[str]]:
    """Map every name in lower case to its symbol, and find them, the longest first."""
    ways = {
        way.lower(): known.symbol
        for known in CATALOGUE
        if not known.is_fiat
        for way in (known.name, *known.aliases)
        if not way.isupper()
    }
    longest = sorted(ways, key=len, reverse=True)
    return ways, re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, longest))})\b")


@cache
def _tickers() -> dict[str, str]:
    """Map every symbol that may stand in a text to ours."""
    return {
        way: known.symbol
        for known in reversed(CATALOGUE)
        if not known.is_fiat
        for way in (*known.aliases, known.symbol)
        if way.isupper()
    }
