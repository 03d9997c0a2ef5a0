"""Plan a question without a model: slots in, tool calls out, and always the same ones.

The grammar lives in `agents.language`: tokens fill slots (assets, companies, periods, sources,
kinds, measures), and each topic turns its slots into calls. What a clause leaves open comes from
an earlier clause or turn, or from a default that the answer states; real ambiguity is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agents.language import lexicon
from agents.language.dates import DateError
from agents.language.names import Names, find_names
from agents.language.periods import Period
from agents.language.refusals import Refusal, is_forecast, refusal_of
from agents.language.slots import Slots, read_clauses
from agents.language.spelling import foreign, respelt
from agents.language.text import normal
from agents.plans import Outcome, Plan, Step
from agents.topics import EVERYWHERE, OWN, TOPICS, is_mining

MOST_CALLS = 8
BREAKS = re.compile(r"\s*[;?!.]+\s+")
"""Ends of sentences: some people put one after every word."""
LEADING = re.compile(r"(?i)^now[,\s]+(?=\w+ \w)")
"""A now that begins another question of a session is no time."""
EXAMPLE = "Ask for example: price of BTC, news about ETH this week, filings of COIN, or my orders."
ELSEWHERE = f"That is not in the ledgers. {EXAMPLE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question with what the server knows of it: the clock, earlier questions, who asks."""

    question: str
    clock: datetime
    prior: tuple[str, ...] = ()
    username: str = ""
    symbols: frozenset[str] = frozenset()


def plan(asking: Asking) -> Plan:
    """Return the calls that answer a question, or why there are none."""
    written = normal(asking.question)
    text = respelt(written)
    refused = refusal_of(written, username=asking.username) or refusal_of(
        text, username=asking.username
    )
    if refused:
        return refused.plan()
    found = _planned(text, asking)
    if found.outcome == Outcome.CLARIFY and BREAKS.search(text):
        joined = _planned(BREAKS.sub(" , ", text), asking)
        return joined if joined.outcome == Outcome.ANSWER else found
    return found


def _planned(text: str, asking: Asking) -> Plan:
    """Plan a text that is not declined: read it, fill it in, turn it into calls."""
    try:
        clauses = _complete(text, asking)
    except DateError as error:
        return Plan(outcome=Outcome.CLARIFY, message=str(error))
    if (is_forecast(text) or _is_ahead(clauses)) and not _is_planned(clauses):
        return Refusal("forecast").plan()
    stopped = _stopped(text, clauses)
    return stopped or _assembled(clauses, asking.clock)


def _complete(text: str, asking: Asking) -> list[Slots]:
    """Read the clauses, and fill what they leave open from one another and from earlier turns."""
    if asking.prior:
        text = LEADING.sub("", text)
    clauses = read_clauses(text, asking.clock, asking.symbols)
    earlier = [slots for question in asking.prior for slots in _earlier(question, asking)]
    if earlier and _follows(text, clauses):
        clauses = [_carried(slots, earlier, text) for slots in clauses]
    filled: list[Slots] = []
    for slots in clauses:
        filled.append(_within(slots, filled))
    return filled


def _earlier(question: str, asking: Asking) -> list[Slots]:
    """Return what an earlier question of the session filled in; a declined one counts nothing."""
    try:
        return read_clauses(respelt(normal(question)), asking.clock, asking.symbols)
    except DateError:
        return []


def _follows(text: str, clauses: Sequence[Slots]) -> bool:
    """Tell whether a question leans on an earlier one."""
    first = clauses[0]
    named = first.names.assets or first.names.companies
    return bool(
        lexicon.FOLLOWING.search(text.lower())
        or (first.is_pointing and not named)
        or not first.topics
        or not (named or first.is_market or first.names.unknown)
        or _is_bare(first)
    )


def _carried(slots: Slots, earlier: Sequence[Slots], text: str) -> Slots:
    """Take over the newest names, topic and period of earlier turns, where this one has none."""
    named = [one for one in earlier if one.names.assets or one.names.companies]
    topical = [one for one in earlier if one.topics]
    if not (slots.names.assets or slots.names.companies or slots.names.unknown) and named:
        takes = not slots.topics or not set(slots.topics) <= OWN or slots.is_pointing
        slots = replace(slots, names=named[-1].names) if takes else slots
    elif named and _compares_back(slots, text):
        slots = replace(slots, names=_both(named[-1].names, slots.names))
    is_bare = _is_bare(slots)
    leans = not slots.topics or (slots.topics == ("price",) and not _says_price(slots))
    if leans and topical:
        last = topical[-1]
        slots = replace(
            slots,
            topics=last.topics,
            measures=slots.measures or last.measures,
            sources=slots.sources or last.sources,
            event_types=slots.event_types or last.event_types,
            orders=slots.orders or last.orders,
            protocol=slots.protocol or last.protocol,
            chain=slots.chain or last.chain,
            ledger=last.ledger,
        )
    timed = [one for one in earlier if one.periods]
    follows = lexicon.FOLLOWING.search(text.lower()) or slots.is_pointing or is_bare
    if not slots.periods and timed and follows:
        slots = replace(slots, periods=timed[-1].periods)
    return slots


def _compares_back(slots: Slots, text: str) -> bool:
    """Tell whether a question sets the one coin that it names against one of an earlier turn."""
    is_alone = len(slots.names.assets) == 1
    leans = slots.is_pointing or lexicon.AGAINST.search(text.lower()) is not None
    return is_alone and leans and bool({"compare", "correlation"} & set(slots.measures))


def _both(one: Names, other: Names) -> Names:
    return replace(other, assets=tuple(dict.fromkeys([*one.assets, *other.assets])))


def _is_bare(slots: Slots) -> bool:
    """Tell whether a text is nothing but names: the reply to a question back."""
    _, rest = find_names(slots.text)
    return not re.sub(r"(?i)\b(?:and|or|please|the|for)\b|\W", "", rest)


def _says_price(slots: Slots) -> bool:
    return slots.is_level or bool(slots.measures)


def _within(slots: Slots, before: Sequence[Slots]) -> Slots:
    """Let a later clause point back to the names of an earlier one: "and its news"."""
    named = [one for one in before if one.names.assets]
    needs = {"price", "sentiment", "protocol", "chain", "timeline"} & set(slots.topics)
    open_ended = not slots.names.assets and not slots.names.companies and not slots.is_market
    if named and open_ended and (slots.is_pointing or needs):
        return replace(slots, names=named[-1].names)
    return slots


def _is_planned(clauses: Sequence[Slots]) -> bool:
    """Tell whether every clause asks for events, which a source may have announced ahead."""
    return all(set(slots.topics) == {"catalyst"} for slots in clauses)


def _is_ahead(clauses: Sequence[Slots]) -> bool:
    """Tell whether a period that is asked for has not begun."""
    return any(period.is_future for slots in clauses for period in slots.periods)


def _stopped(text: str, clauses: Sequence[Slots]) -> Plan | None:
    """Return the plan of a question that cannot be answered from any ledger, or None."""
    first = clauses[0]
    kept = any(slots.topics for slots in clauses)
    if message := _out_of_scope(text, clauses):
        return _unsupported(message)
    unknown = next((s.names.unknown[0] for s in clauses if s.names.unknown), "")
    if unknown and not OWN & set(first.topics) and (kept or lexicon.POINTING.search(text)):
        return Plan(
            outcome=Outcome.NO_DATA,
            message=f"{unknown} is not known here: no ledger holds anything of that name. "
            "Check the spelling, or use the coin's symbol.",
        )
    if not kept:
        return _vague(text, first)
    return _unsupported(ELSEWHERE) if _is_of_elsewhere(text, clauses) else None


def _out_of_scope(text: str, clauses: Sequence[Slots]) -> str:
    """Say what is asked that no ledger holds, or nothing."""
    first, lower = clauses[0], text.lower()
    if lexicon.CREATIVE.search(lower):
        return f"The agent only tells what the ledgers hold. {EXAMPLE}"
    if lexicon.KNOWLEDGE.search(lower) and not any(s.sources for s in clauses):
        return f"The ledgers hold prices, news, events and orders. {EXAMPLE}"
    if first.not_collected and not _other_source(first):
        return f"{first.not_collected.title()} is not collected here. News and Reddit are."
    if first.not_kept and not OWN & set(first.topics) and not first.event_types:
        return f"The ledgers hold no {first.not_kept}. {EXAMPLE}"
    return ""


def _is_of_elsewhere(text: str, clauses: Sequence[Slots]) -> bool:
    """Tell whether a rate or a cost is asked of something that is no coin: a bank's, a house's."""
    topics = {topic for slots in clauses for topic in slots.topics}
    named = any(slots.names.assets or slots.names.companies for slots in clauses)
    is_weak = lexicon.WEAK_LEVEL.search(text.lower()) is not None
    return topics == {"price"} and not named and is_weak and bool(foreign(text))


def _other_source(slots: Slots) -> bool:
    return bool(set(slots.sources) - {"all", "social"})


def _unsupported(message: str) -> Plan:
    return Plan(outcome=Outcome.UNSUPPORTED, message=message)


def _vague(text: str, slots: Slots) -> Plan:
    """Ask back when a question is near our subject, else say what the subject is."""
    if foreign(text):
        return _unsupported(ELSEWHERE)
    near = slots.is_market or slots.is_pointing or slots.periods or slots.measures or slots.is_level
    short = len(text.split()) <= 4  # noqa: PLR2004  # "how is it going"
    if near and (short or slots.is_market or slots.is_pointing):
        return Plan(outcome=Outcome.CLARIFY, message=f"Which coin, and what about it? {EXAMPLE}")
    return _unsupported(ELSEWHERE)


def _assembled(clauses: Sequence[Slots], clock: datetime) -> Plan:
    """Turn the clauses into calls, each once; the first that is unclear is asked back."""
    shared = [period for slots in clauses for period in slots.periods]
    steps: list[Step] = []
    for slots in clauses:
        period = _period_of(slots, shared)
        for topic in slots.topics:
            if message := _unclear(topic, slots):
                return Plan(outcome=Outcome.CLARIFY, message=message)
            for one in _periods_of(slots, period):
                steps += TOPICS[topic](slots, one, clock)
    once = list(dict.fromkeys(map(_frozen, steps)))
    if len(once) > MOST_CALLS:
        return Plan(
            outcome=Outcome.CLARIFY,
            message=f"That needs {len(once)} reads; at most {MOST_CALLS} are made. "
            "Ask about fewer coins at once.",
        )
    chosen = [next(step for step in steps if _frozen(step) == key) for key in once]
    return Plan(outcome=Outcome.ANSWER, steps=tuple(chosen), notes=tuple(_notes(clauses, shared)))


def _frozen(step: Step) -> str:
    return f"{step.tool} {sorted(step.args.items())} {step.window}"


def _period_of(slots: Slots, shared: Sequence[Period]) -> Period | None:
    """Return the clause's own period, or the only one of the whole question."""
    if slots.periods:
        return slots.periods[0]
    return shared[0] if len({period.label for period in shared}) == 1 else None


def _periods_of(slots: Slots, period: Period | None) -> Sequence[Period | None]:
    """Return each of the two periods that a clause sets against one another, else the one."""
    is_against = len(slots.topics) == 1 and {"compare"} & set(slots.measures)
    return slots.periods[:2] if is_against and len(slots.periods) > 1 else (period,)


def _unclear(topic: str, slots: Slots) -> str:
    """Return the question to ask back when a topic misses its coin, or nothing."""
    names = slots.names
    if names.assets or topic in EVERYWHERE:
        return ""
    if topic == "chain" and is_mining(slots):
        return ""
    if topic in {"protocol", "chain", "timeline"}:
        return f"Which coin, chain or protocol do you mean? {EXAMPLE}"
    if topic == "price":
        if names.companies:
            return (
                f"{names.companies[0]} is a company: there are filings of it, no prices. {EXAMPLE}"
            )
        return f"Which coin's price do you mean? {EXAMPLE}"
    plain = set(slots.sources) == {"all"}
    broad = slots.is_market or (not plain and not slots.is_pointing) or names.companies
    return "" if broad and slots.sources else f"Which coin do you mean? {EXAMPLE}"


def _notes(clauses: Sequence[Slots], shared: Sequence[Period]) -> Iterator[str]:
    """Say what was assumed, where the question left it open."""
    defaulting = {"sentiment", "catalyst", "timeline"}
    if not shared and any(defaulting & set(slots.topics) for slots in clauses):
        yield "No period was asked, so a default window was taken."
