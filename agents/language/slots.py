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
    r"what|how|did|has|have|show|list|when|which|tell|do|does|is|am|where|give|could)\b)|"
    r",\s+(?=(?:was|were|is there|are there|"
    r"any|what|"
    r"how|did|has|have|show|list|when|tell)\b)"
)
LIST_BREAK = re.compile(r"\s*,\s+(?:and\s+)?|\s+and\s+")
MEASURES = (
    ("high_low", lexicon.RANGE),
    ("mean", lexicon.MEAN),
    ("volatility", lexicon.VOLATILITY),
    ("correlation", lexicon.CORRELATION),
    ("compare", lexicon.COMPARE),
    ("count", lexicon.COUNTING),
    ("change", lexicon.MOVE),
)
FEW_WORDS = ("value", "valued", "values", "worth", "rate", "rates", "cost", "costs")
"""Words of a price that also belong to a metric."""
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
    """The filled slots of one clause.

    `topics` are price, sentiment, catalyst, orders, positions, pnl, protocol, chain, quality and
    timeline; `protocol` and `chain` are the metrics that are asked.
    """

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
    protocol: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    ledger: str = "all"
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
    found = clauses or [read_slots(text, clock, symbols)]
    return [part for slots in found for part in _by_period(slots, clock, symbols)]


def _by_period(slots: Slots, clock: datetime, symbols: frozenset[str]) -> list[Slots]:
    """Part a clause that lists several things, each with its own period: at its commas."""
    if len(slots.periods) < 2 or len(slots.topics) < 2:  # noqa: PLR2004  # two of each
        return [slots]
    parts = [read_slots(part, clock, symbols) for part in LIST_BREAK.split(slots.text)]
    return parts if len(parts) > 1 and all(p.topics and p.periods for p in parts) else [slots]


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
    outlets = tuple(name for name, way in lexicon.OUTLETS.items() if way.search(lower))
    for name in outlets:
        typed = _blank(typed, lexicon.OUTLETS[name])
    forms = [_form(match) for match in lexicon.FORMS.finditer(lower)]
    names, named = find_names(_blank(typed, lexicon.FORMS), symbols=symbols)
    words = " ".join(named.lower().split())
    protocol, chain, words = _metrics(words)
    slots = Slots(
        text=text,
        names=names,
        periods=tuple(periods),
        measures=tuple(name for name, pattern in MEASURES if pattern.search(words)),
        sources=_sources(words, outlets),
        event_types=_event_types(words, forms),
        orders=_orders(words),
        is_level=lexicon.LEVEL.search(words) is not None,
        is_market=lexicon.MARKET.search(words) is not None,
        is_pointing=lexicon.POINTING.search(words) is not None,
        is_planned=bool(future) or lexicon.PLANNED.search(words) is not None,
        protocol=protocol,
        chain=chain,
        ledger=_ledger(words),
        not_collected=_first(lexicon.NOT_COLLECTED, words),
        not_kept=_first(lexicon.NOT_KEPT, words),
    )
    if lexicon.QUALITY.search(words) and not names.assets and not names.companies:
        return replace(slots, topics=("quality",))
    slots = replace(slots, topics=_topics(slots, words))
    if not slots.topics and lexicon.EXCHANGE.search(words):
        return replace(slots, topics=("catalyst",), event_types=("exchange_announcement",))
    return slots


def _metrics(words: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the metrics of protocols and of chains that a clause names, and the words without.

    Fees that are somebody's own are of their orders.
    """
    own = lexicon.OWN.search(words) is not None
    protocol: list[str] = []
    chain: list[str] = []
    for found, patterns in ((chain, lexicon.CHAIN_METRICS), (protocol, lexicon.PROTOCOL_METRICS)):
        for name, pattern in patterns.items():
            match = pattern.search(words)
            if match and not (own and "fee" in name):
                found.append(name)
                words = masked(words, match)
    if not (own or protocol or chain) and lexicon.FEES.search(words):
        protocol.append("fees_24h")
    return _only_named(protocol), _only_named(chain), words


def _only_named(found: list[str]) -> tuple[str, ...]:
    """Leave the word for everything out, where something is named."""
    named = [name for name in found if name != "all"]
    return tuple(named or found)


def _ledger(words: str) -> str:
    """Return the one ledger that a question of quality names, else all."""
    found = [name for name, pattern in lexicon.OF_LEDGER.items() if pattern.search(words)]
    return found[0] if len(found) == 1 else "all"


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
    topics = [*_own_topics(words)]
    is_own = bool(topics)
    if slots.sources:
        topics.append("sentiment")
    if slots.event_types and not {"positions", "pnl"} & set(topics):
        topics.append("catalyst")
    if slots.protocol and not is_own:
        topics.append("protocol")
    if slots.chain and not is_own:
        topics.append("chain")
    if lexicon.TIMELINE.search(words) and not topics:
        return ("timeline",)
    asked = lexicon.BESIDE.search(words) is not None if is_own else None
    if asked or (asked is None and _asks_price(slots, words, topics)):
        topics.insert(0, "price")
    return tuple(topics)


def _asks_price(slots: Slots, words: str, topics: list[str]) -> bool:
    """Tell whether a clause asks for a price or how it went."""
    if {"protocol", "chain"} & set(topics):
        plain = re.sub(rf"(?<!\w)(?:{'|'.join(FEW_WORDS)})(?!\w)", " ", words)
        return bool(lexicon.LEVEL.search(plain) or lexicon.CHART.search(plain))
    numeric = tuple(m for m in slots.measures if m != "change")
    return bool(
        slots.is_level
        or lexicon.CHART.search(words)
        or (numeric and not topics)
        or ("change" in slots.measures and slots.names.assets and _moves(words, topics))
        or (slots.names.assets and not topics)
    )


def _own_topics(words: str) -> list[str]:
    """Return which of the user's own things a clause asks for: positions, results, orders."""
    own = lexicon.OWN.search(words) is not None
    is_dealt = lexicon.DEALT.search(words) is not None
    topics = []
    if lexicon.PROFIT.search(words) or (own and lexicon.EARNED.search(words) and not is_dealt):
        topics.append("pnl")
    elif lexicon.HELD.search(words) and not lexicon.MACRO.search(words):
        topics.append("positions")
    if (is_dealt or not topics) and _is_about_orders(words):
        topics.append("orders")
    return topics


def _moves(words: str, topics: list[str]) -> bool:
    """Tell whether the clause asks how a price moved: not "did people say", not "went on"."""
    if not topics:
        return True
    plain = re.sub(r"(?<!\w)(?:do|did|doing|done|up|down|go|gone|action)(?!\w)", " ", words)
    if lexicon.MOVE.search(plain):
        return True
    did = r"(?:how (?:did|is|was|has)|what (?:did|has|does))\s+(?:\S+\s+)?(?:do|doing|done)(?!\w)"
    return re.search(did, words) is not None


def _sources(words: str, outlets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sources of writing that a clause names; all for a bare question of feeling."""
    if lexicon.FEAR_GREED.search(words):
        return ("fear_greed",)
    words = lexicon.REPORTS.sub(" ", words)
    found = list(outlets)
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
    if re.search(r"(?<!\w)(?:(?:still|currently) open|pending|outstanding|unfilled)(?!\w)", words):
        return True
    if own and lexicon.FEES.search(words):
        return True
    asks = re.search(
        r"(?<!\w)(?:do|did|have|what|how much|how many|when|was|were|which|show|list|total|sum|"
        r"give|"
        r"tell|any)(?!\w)",
        words,
    )
    return own and asks is not None and lexicon.DEALING.search(words) is not None


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
