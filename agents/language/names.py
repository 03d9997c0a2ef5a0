"""Which assets and companies a question names, also misspelt by one letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from agents.language.lexicon import COMMON, TOPICAL
from agents.language.text import masked, vocabulary
from ledgers.catalogue import CATALOGUE

SHORTEST = 6
ORDINARY = frozenset(
    vocabulary(
        """
    link dot near op gas comp ton apt arb fil hype solo curve maker compound optimism
    stellar cosmos str ans one eps harmony ellipsis
    """
    )
)
BEFORE = re.compile(
    r"(?:^|(?<!\w)(?:of|does|was|show|list|any|lowest|highest|price|of my|for|about|on|vs|"
    r"versus|and|or|compare|with|between|did|has|is|how's|my|own|"
    r"than|in|against|hold|bought|sold|buy|sell)|,)\s*(?:the )?$"
)
AFTER = re.compile(
    r"^(?:'s)?\s*(?:$|[?!.,:]|(?:vs|versus|and|or|price|news|sentiment|chart|orders?|trades?|"
    r"events?|"
    r"today|now|reddit|headlines|performance|\d|ytd|mtd|this|last|over|since|between|do|does|did|"
    r"doing|done|go|going|went|move|moved|rise|rose|fall|fell|gain|gained|lose|lost|drop|dropped|"
    r"perform|performed|up|down|high|low|average|volatility|on|in|at|for|yesterday|mood|tvl|fees|"
    r"trading|worth|quote|position|holdings?|balance|listings?|filings?|announcements?)(?!\w))"
)
COMPANIES = {
    "COIN": "coinbase global|coinbase inc|coinbase",
    "MSTR": "microstrategy|michael saylor|saylor|strategy inc|mstr|(?-i:Strategy)(?= (?:disclos|"
    "fil|report|announc|8-K|10-))",
    "RIOT": "riot platforms|riot blockchain|riot",
    "MARA": "marathon digital|mara holdings|marathon|mara",
    "CLSK": "cleanspark|clsk",
    "HUT": "hut 8",
    "GLXY": "galaxy digital|glxy",
    "HOOD": "robinhood",
    "CRCL": "circle internet|circle",
    "GBTC": "grayscale|gbtc",
    "BLK": "blackrock",
    "TSLA": "tesla|tsla",
    "XYZ": "block inc",
}
ACRONYMS = frozenset(
    vocabulary(
        """
    SEC USD AUD EUR GBP NZD UTC ETF NFT YTD MTD WTD QTD CEO RSS API FED FOMC CPI US UK EU AU
    NSW PM AM OK PNL TVL DEFI ATH ATL OHLC VWAP FAQ PDF CSV JSON HTML SQL URL AND THE FOR
    WHAT HOW PRICE NEWS NOW LAST WEEK DAY MY OF IS ARE IN ON
    """
    )
)
UNKNOWN_AFTER = re.compile(
    r"(?:price|value|worth|chart|sentiment|mood|news|headlines|articles|events?|filings?|quote|"
    r"performance|listings?)\s+(?:of|for|about|on|from|"
    r"by)\s+(?:the\s+)?(?P<name>[a-z][\w-]{2,19})(?!\w)"
)
UNKNOWN_BEFORE = re.compile(r"^(?P<name>[a-z][\w-]{2,19})\s+(?:price|quote|chart|sentiment)(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a question names, in its order; `unknown` look like names and are none of ours."""

    assets: tuple[str, ...]
    companies: tuple[str, ...]
    unknown: tuple[str, ...]


def find_names(text: str, *, symbols: frozenset[str] = frozenset()) -> tuple[Names, str]:
    """Return the names of a question written as it was typed, and the text without them.

    `symbols` are further assets this installation knows; they count only in upper case.
    """
    found, companies, text = place_names(text, symbols=symbols)
    names = Names(
        assets=_in_order(found),
        companies=_in_order(companies),
        unknown=tuple(dict.fromkeys(_unknown(text))) if not found and not companies else (),
    )
    return names, text


def place_names(
    text: str, *, symbols: frozenset[str] = frozenset()
) -> tuple[list[tuple[int, str]], list[tuple[int, str]], str]:
    """Return where a text names which assets and companies, and the text without the names."""
    found: list[tuple[int, str]] = []
    companies: list[tuple[int, str]] = []
    for ticker, pattern in _companies():
        text = _take(text, pattern, ticker, companies)
    for symbol, pattern in _assets():
        text = _take(text, pattern, symbol, found)
    return found, companies, _take_words(text, symbols, found)


def _in_order(found: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name in sorted(found)))


def _take(text: str, pattern: re.Pattern[str], name: str, found: list[tuple[int, str]]) -> str:
    while match := pattern.search(text):
        found.append((match.start(), name))
        text = masked(text, match)
    return text


@cache
def _companies() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (ticker, re.compile(rf"(?<![\w$])(?:(?i:{names})|{ticker})(?!\w)"))
        for ticker, names in COMPANIES.items()
    )


@cache
def _assets() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the patterns of names that are more than one word, the longest first."""
    ways = [
        (known.symbol, way)
        for known in CATALOGUE
        if not known.is_fiat
        for way in (known.name, *known.aliases)
        if " " in way
    ]
    ways.sort(key=lambda one: -len(one[1]))
    return tuple(
        (symbol, re.compile(rf"(?i)(?<!\w){re.escape(way)}s?(?!\w)")) for symbol, way in ways
    )


@cache
def _words() -> dict[str, str]:
    """Map every single word that names an asset, in lower case, to its symbol."""
    return {
        way.lower(): known.symbol
        for known in reversed(CATALOGUE)
        if not known.is_fiat
        for way in (known.name, *known.aliases, known.symbol)
        if " " not in way
    }


def _take_words(text: str, symbols: frozenset[str], found: list[tuple[int, str]]) -> str:
    for match in re.finditer(r"\$?[A-Za-z][A-Za-z0-9]*", text):
        word = match[0]
        symbol = _asset_of(word, text[: match.start()], text[match.end() :], symbols)
        if symbol:
            found.append((match.start(), symbol))
            text = masked(text, match)
    return text


def _asset_of(word: str, before: str, after: str, symbols: frozenset[str]) -> str | None:
    """Return the asset that one word names, seen in its place."""
    plain = word.removeprefix("$")
    lower = plain.lower()
    if plain in symbols or (word.startswith("$") and plain.upper() in symbols):
        return plain.upper()
    exact = _words().get(lower) or (_words().get(lower[:-1]) if lower.endswith("s") else None)
    if exact and lower in ORDINARY and word == lower:
        return exact if BEFORE.search(before.lower()) and AFTER.search(after.lower()) else None
    return exact or _nearly(lower)


def _nearly(word: str) -> str | None:
    """Return the asset whose name is one letter away from a word that is no other word."""
    if len(word) < SHORTEST - 1 or word in COMMON or word in TOPICAL:
        return None
    for name, symbol in _words().items():
        if len(name) >= SHORTEST and name not in ORDINARY and is_one_off(word, name):
            return symbol
    return None


def is_name(word: str) -> bool:
    """Tell whether a word of lower case names an asset, perhaps misspelt, or a company."""
    found, companies, _ = place_names(word)
    return bool(found or companies)


def is_one_off(word: str, name: str) -> bool:
    """Tell whether one insertion, deletion, change or swap of neighbours makes a word a name."""
    if abs(len(word) - len(name)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), None)
    if start is None:
        return len(word) != len(name)
    rest, other = word[start:], name[start:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == other
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def _unknown(text: str) -> Iterator[str]:
    """Yield what stands where a name would and is none that we know."""
    shouts = text.upper() == text
    for word in re.findall(r"(?<![\w-])\$?[A-Z][A-Z0-9]{2,14}(?![\w-])", text):
        if (not shouts or word.startswith("$")) and word.lstrip("$") not in ACRONYMS:
            yield word.lstrip("$")
    lower = text.lower()
    for pattern in (UNKNOWN_AFTER, UNKNOWN_BEFORE):
        match = pattern.search(lower)
        if match and match["name"] not in COMMON and match["name"] not in TOPICAL:
            yield match["name"].upper()
