"""What one clause of a question fills in: topics, names, periods, sources, kinds, measures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from agents.language import lexicon
from agents.language.names import Names, find_names
from agents.language.periods import FUTURE, Period, find_periods
from agents.language.text import masked

STRONG_BREAK = re.compile(
    r"(?i)\s*[;?!]\s+|\.\s+(?=[A-Z])|,?\s+(?:and|plus|but|also)\s+(?=(?:was|were|is there|"
    r"are there|any|"
    r"what|how|did|has|have|show|list|when|which|tell)\b)|,\s+(?=(?:was|were|is there|are there|"
    r"any|what|"
    r"how|did|has|have|show|list|when|tell)\b)"
)
MEASURES = (
    ("high_low", lexicon.RANGE),
    ("mean", lexicon.MEAN),
    ("volatility", lexicon.VOLATILITY),
    ("compare", lexicon.COMPARE),
    ("change", lexicon.MOVE),
)
EVENT_TYPES = (
    ("exchange_delisting", lexicon.DELISTING),
    ("exchange_listing", lexicon.LISTING),
    ("exchange_maintenance", lexicon.MAINTENANCE),
    ("exchange_announcement", lexicon.ANNOUNCEMENT),
    ("macro", lexicon.MACRO),
    ("governance", lexicon.GOVERNANCE),
    ("fork", lexicon.FORK),
    ("staking", lexicon.STAKING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The filled slots of one clause; `topics` are price, sentiment, catalyst and orders."""

    text: str = ""
    topics: tuple[str, ...] = ()
    names: Names = field(default_factory=lambda: Names(assets=(), companies=(), unknown=()))
    periods: tuple[Period, ...] = ()
    measures: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    is_level: bool = False
    is_market: bool = False
    is_pointing: bool = False
    is_planned: bool = False
    wants_profit: bool = False
    not_collected: str = ""
    not_kept: str = ""


def read_clauses(text: str, clock: datetime, symbols: frozenset[str] = frozenset()) -> list[Slots]:
    """Return the slots of each clause of a question; a clause without a topic joins another."""
    clauses: list[Slots] = []
    pending = ""
    for part in STRONG_BREAK.split(text):
        joined = f"{pending} {part}".strip() if pending else part.strip()
        if not joined:
            continue
        slots = read_slots(joined, clock, symbols)
        if slots.topics:
            clauses.append(slots)
            pending = ""
        elif clauses and not pending:
            clauses[-1] = read_slots(f"{clauses[-1].text} , {joined}", clock, symbols)
        else:
            pending = joined
    return clauses or [read_slots(text, clock, symbols)]


def read_slots(text: str, clock: datetime, symbols: frozenset[str] = frozenset()) -> Slots:
    """Fill the slots of one clause: first its periods, then its names, then its concepts."""
    lower = text.lower()
    if len(lower) != len(text):
        text = lower
    future = FUTURE.search(lower)
    bare = masked(lower, future) if future else lower
    periods, rest = find_periods(bare, clock)
    typed = "".join(
        old if kept == new else " " for old, kept, new in zip(text, rest, lower, strict=True)
    )
    forms = [_form(match) for match in lexicon.FORMS.finditer(lower)]
    names, named = find_names(_blank(typed, lexicon.FORMS), symbols=symbols)
    words = named.lower()
    slots = Slots(
        text=text,
        names=names,
        periods=tuple(periods),
        measures=tuple(name for name, pattern in MEASURES if pattern.search(words)),
        sources=_sources(words),
        event_types=_event_types(words, forms),
        orders=_orders(words),
        is_level=lexicon.LEVEL.search(words) is not None,
        is_market=lexicon.MARKET.search(words) is not None,
        is_pointing=lexicon.POINTING.search(words) is not None,
        is_planned=bool(future) or lexicon.PLANNED.search(words) is not None,
        wants_profit=any(p.search(words) for p in (lexicon.PROFIT, lexicon.HOLDING)),
        not_collected=_first(lexicon.NOT_COLLECTED, words),
        not_kept=_first(lexicon.NOT_KEPT, words),
    )
    return replace(slots, topics=_topics(slots, words))


def _first(pattern: re.Pattern[str], words: str) -> str:
    match = pattern.search(words)
    return match[0] if match else ""


def _form(match: re.Match[str]) -> str:
    """Return an SEC form as the SEC writes it: 10k is 10-K, form 4 is 4."""
    written = (match[1] or match[3]).upper().replace(" ", "")
    split = re.fullmatch(r"(10|8|6|20|S)-?(K|Q|F|1|3)", written)
    return (f"{split[1]}-{split[2]}" if split else written) + (match[2] or "").upper()


def _blank(text: str, pattern: re.Pattern[str]) -> str:
    for match in pattern.finditer(text.lower()):
        text = masked(text, match)
    return text


def _topics(slots: Slots, words: str) -> tuple[str, ...]:
    """Return what a clause is about; an asset alone, or with a period, is about its price."""
    topics = []
    asks_orders = _is_about_orders(words)
    if slots.sources:
        topics.append("sentiment")
    if slots.event_types:
        topics.append("catalyst")
    if asks_orders:
        topics.append("orders")
    numeric = tuple(m for m in slots.measures if m != "change")
    if (
        slots.is_level
        or lexicon.CHART.search(words)
        or (numeric and not topics)
        or ("change" in slots.measures and slots.names.assets and _moves(words, topics))
        or (slots.names.assets and not topics)
    ):
        topics.insert(0, "price")
    if asks_orders:
        topics = [topic for topic in topics if topic != "price"]
    return tuple(topics)


def _moves(words: str, topics: list[str]) -> bool:
    """Tell whether the clause asks how a price moved: not "did people say", not "went on"."""
    if not topics:
        return True
    plain = re.sub(r"(?<!\w)(?:do|did|doing|done|up|down|go|gone|action)(?!\w)", " ", words)
    if lexicon.MOVE.search(plain):
        return True
    return re.search(r"how (?:did|is|was|has)\s+(?:\S+\s+)?(?:do|doing|done)", words) is not None


def _sources(words: str) -> tuple[str, ...]:
    """Return the sources of writing that a clause names; all for a bare question of feeling."""
    if lexicon.FEAR_GREED.search(words):
        return ("fear_greed",)
    found = [name for name, pattern in lexicon.OUTLETS.items() if pattern.search(words)]
    if not found and lexicon.NEWS.search(words):
        found.append("news")
    if lexicon.REDDIT.search(words):
        found.append("reddit")
    elif lexicon.HACKER_NEWS.search(words):
        found = [*(name for name in found if name != "news"), "hn"]
    elif lexicon.SOCIAL.search(words):
        found.append("social")
    if not found and lexicon.FEELING.search(words):
        found.append("all")
    return tuple(found)


def _event_types(words: str, forms: list[str]) -> tuple[str, ...]:
    """Return the kinds of events that a clause names; all for a bare question of events."""
    found = [name for name, pattern in EVENT_TYPES if pattern.search(words)]
    found[:0] = forms or (["sec_filing"] if lexicon.FILING.search(words) else [])
    if "exchange_announcement" in found and len(found) > 1:
        found.remove("exchange_announcement")
    if not found and lexicon.EVENT.search(words):
        found.append("all")
    return tuple(found)


def _is_about_orders(words: str) -> bool:
    """Tell whether a clause asks for the user's own dealings, not for anybody's or the market's."""
    own = lexicon.OWN.search(words) is not None
    if lexicon.ORDER.search(words) and not lexicon.MACRO.search(words):
        return True
    if lexicon.PROFIT.search(words) or re.search(r"(?<!\w)(?:still|currently) open(?!\w)", words):
        return True
    if re.search(
        r"(?<!\w)(?:portfolio|holdings|positions|my (?:balance|wallet|account))(?!\w)", words
    ):
        return True
    asks = re.search(
        r"(?<!\w)(?:do|did|have|what|how much|how many|when|was|were|which)(?!\w)", words
    )
    dealing = (
        lexicon.DEALING.search(words) or lexicon.HOLDING.search(words) or lexicon.FEES.search(words)
    )
    return own and asks is not None and dealing is not None


def _orders(words: str) -> tuple[tuple[str, str], ...]:
    """Return the filters of an order question: side and status."""
    found: list[tuple[str, str]] = []
    buying, selling = lexicon.BUYING.search(words), lexicon.SELLING.search(words)
    if bool(buying) != bool(selling):
        found.append(("side", "buy" if buying else "sell"))
    if lexicon.OPEN.search(words):
        found.append(("status", "open"))
    elif lexicon.CANCELLED.search(words):
        found.append(("status", "cancelled"))
    elif lexicon.REJECTED.search(words):
        found.append(("status", "rejected"))
    return tuple(found)
