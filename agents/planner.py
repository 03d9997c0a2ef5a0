"""Plan a question without a model: slots in, tool calls out, and always the same ones.

The grammar lives in `agents.language`: tokens fill slots (assets, companies, periods, sources,
kinds, measures), and each topic turns its slots into calls. What a clause leaves open comes from
an earlier clause or turn, or from a default that the answer states; real ambiguity is asked back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agents.language import lexicon
from agents.language.dates import DateError
from agents.language.names import Names
from agents.language.periods import Period
from agents.language.refusals import Refusal, is_forecast, refusal_of
from agents.language.slots import Slots, read_clauses
from agents.language.text import normal
from agents.plans import Outcome, Plan, Step
from agents.results import Window

MOST_CALLS = 8
DAY = timedelta(days=1)
PERIODIC = ("10-K", "10-Q", "20-F", "10-K/A", "10-Q/A", "DEF14A")
EXAMPLE = "Ask for example: price of BTC, news about ETH this week, filings of COIN, or my orders."


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
    text = normal(asking.question)
    refused = refusal_of(text, username=asking.username)
    if refused:
        return refused.plan()
    try:
        clauses = _complete(text, asking)
    except DateError as error:
        return Plan(outcome=Outcome.CLARIFY, message=str(error))
    if is_forecast(text) and not _is_planned(clauses):
        return Refusal("forecast").plan()
    stopped = _stopped(text, clauses)
    return stopped or _assembled(clauses, asking.clock)


def _complete(text: str, asking: Asking) -> list[Slots]:
    """Read the clauses, and fill what they leave open from one another and from earlier turns."""
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
        return read_clauses(normal(question), asking.clock, asking.symbols)
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
    )


def _carried(slots: Slots, earlier: Sequence[Slots], text: str) -> Slots:
    """Take over the newest names, topic and period of earlier turns, where this one has none."""
    named = [one for one in earlier if one.names.assets or one.names.companies]
    topical = [one for one in earlier if one.topics]
    if not (slots.names.assets or slots.names.companies or slots.names.unknown) and named:
        takes = set(slots.topics) != {"orders"} or slots.is_pointing
        slots = replace(slots, names=named[-1].names) if takes else slots
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
        )
    timed = [one for one in earlier if one.periods]
    if not slots.periods and timed and lexicon.FOLLOWING.search(text.lower()):
        slots = replace(slots, periods=timed[-1].periods)
    return slots


def _says_price(slots: Slots) -> bool:
    return slots.is_level or bool(slots.measures)


def _within(slots: Slots, before: Sequence[Slots]) -> Slots:
    """Let a later clause point back to the names of an earlier one: "and its news"."""
    named = [one for one in before if one.names.assets]
    needs = {"price", "sentiment"} & set(slots.topics)
    open_ended = not slots.names.assets and not slots.names.companies and not slots.is_market
    if named and open_ended and (slots.is_pointing or needs):
        return replace(slots, names=named[-1].names)
    return slots


def _is_planned(clauses: Sequence[Slots]) -> bool:
    """Tell whether every clause asks for events, which a source may have announced ahead."""
    return all(set(slots.topics) == {"catalyst"} for slots in clauses)


def _stopped(text: str, clauses: Sequence[Slots]) -> Plan | None:
    """Return the plan of a question that cannot be answered from any ledger, or None."""
    first = clauses[0]
    kept = any(slots.topics for slots in clauses)
    if lexicon.KNOWLEDGE.search(text.lower()) and not any(s.sources for s in clauses):
        return _unsupported(f"The ledgers hold prices, news, events and orders. {EXAMPLE}")
    if first.not_collected and not _other_source(first):
        return _unsupported(
            f"{first.not_collected.title()} is not collected here. News and Reddit are."
        )
    if first.not_kept and "orders" not in first.topics and not first.event_types:
        return _unsupported(f"The ledgers hold no {first.not_kept}. {EXAMPLE}")
    unknown = next((s.names.unknown[0] for s in clauses if s.names.unknown), "")
    if unknown and "orders" not in first.topics and (kept or lexicon.POINTING.search(text)):
        return Plan(
            outcome=Outcome.NO_DATA,
            message=f"{unknown} is not known here: no ledger holds anything of that name. "
            "Check the spelling, or use the coin's symbol.",
        )
    if not kept:
        return _vague(text, first)
    return None


def _other_source(slots: Slots) -> bool:
    return bool(set(slots.sources) - {"all", "social"})


def _unsupported(message: str) -> Plan:
    return Plan(outcome=Outcome.UNSUPPORTED, message=message)


def _vague(text: str, slots: Slots) -> Plan:
    """Ask back when a question is near our subject, else say what the subject is."""
    near = slots.is_market or slots.is_pointing or slots.periods or slots.measures or slots.is_level
    short = len(text.split()) <= 4  # noqa: PLR2004  # "how is it going"
    if near and (short or slots.is_market or slots.is_pointing):
        return Plan(outcome=Outcome.CLARIFY, message=f"Which coin, and what about it? {EXAMPLE}")
    return _unsupported(f"That is not in the ledgers. {EXAMPLE}")


def _assembled(clauses: Sequence[Slots], clock: datetime) -> Plan:
    """Turn the clauses into calls, each once; the first that is unclear is asked back."""
    shared = [period for slots in clauses for period in slots.periods]
    steps: list[Step] = []
    for slots in clauses:
        period = _period_of(slots, shared)
        for topic in slots.topics:
            if message := _unclear(topic, slots):
                return Plan(outcome=Outcome.CLARIFY, message=message)
            steps += TOPICS[topic](slots, period, clock)
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


def _unclear(topic: str, slots: Slots) -> str:
    """Return the question to ask back when a topic misses its coin, or nothing."""
    names = slots.names
    if names.assets or topic in {"orders", "catalyst"}:
        return ""
    if topic == "price":
        if names.companies:
            return (
                f"{names.companies[0]} is a company: there are filings of it, no prices. {EXAMPLE}"
            )
        return f"Which coin's price do you mean? {EXAMPLE}"
    plain = set(slots.sources) == {"all"}
    broad = slots.is_market or (not plain and not slots.is_pointing) or names.companies
    return "" if broad and slots.sources else f"Which coin do you mean? {EXAMPLE}"


def _price(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    measures = slots.measures or (("change",) if period else ())
    wants_now = not period or period.label in {"now", "today"}
    only_level = slots.is_level and not set(slots.measures) - {"compare"}
    says_now = period is not None and period.label == "now"
    if says_now or (wants_now and (only_level or not (slots.measures or period))):
        period, measures = None, ()
    elif period is None:
        period = _default(clock, DAY, "24h")
    for symbol in slots.names.assets:
        yield Step(
            tool="get_price_data",
            args={"symbol": symbol, "timeframe": period.timeframe if period else "latest"},
            window=period.window if period else None,
            label=period.label if period else "",
            measures=measures,
        )


def _sentiment(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    period = _plain(period) or _default(clock, 7 * DAY, "7d")
    for symbol in slots.names.assets or ("*",):
        for source in slots.sources or ("all",):
            yield Step(
                tool="get_sentiment_data",
                args={"symbol": "*" if source == "fear_greed" else symbol, "source": source},
                window=period.window,
                label=period.label,
                measures=slots.measures,
            )


def _catalyst(slots: Slots, period: Period | None, clock: datetime) -> Iterator[Step]:
    names: Names = slots.names
    filings = any(
        kind in {"sec_filing", *PERIODIC} or kind[0].isdigit() for kind in slots.event_types
    )
    symbols = names.companies if names.companies and (filings or not names.assets) else names.assets
    span = 365 * DAY if set(slots.event_types) & set(PERIODIC) else 30 * DAY
    default = _default(clock, span, "30d")
    if slots.is_planned and set(slots.event_types) & {"exchange_maintenance", "all", "fork"}:
        ahead = Window(start=clock, end=clock + 30 * DAY)
        default = Period(window=ahead, timeframe="range", label="ahead")
    period = _plain(period) or default
    for symbol in symbols or ("*",):
        for kind in slots.event_types or ("all",):
            yield Step(
                tool="get_catalyst_events",
                args={"symbol": symbol, "event_type": kind},
                window=period.window,
                label=period.label,
            )


def _own_orders(slots: Slots, period: Period | None, _: datetime) -> Iterator[Step]:
    for symbol in slots.names.assets or ("*",):
        yield Step(
            tool="get_order_history",
            args={"symbol": symbol, **dict(slots.orders)},
            window=period.window if period and period.label != "now" else None,
            label=period.label if period else "",
            measures=("profit",) if slots.wants_profit else slots.measures,
        )


TOPICS: dict[str, Callable[[Slots, Period | None, datetime], Iterator[Step]]] = {
    "price": _price,
    "sentiment": _sentiment,
    "catalyst": _catalyst,
    "orders": _own_orders,
}


def _default(clock: datetime, span: timedelta, timeframe: str) -> Period:
    return Period(window=Window(start=clock - span, end=clock), timeframe=timeframe, label="")


def _plain(period: Period | None) -> Period | None:
    return None if period is None or period.label == "now" else period


def _notes(clauses: Sequence[Slots], shared: Sequence[Period]) -> Iterator[str]:
    """Say what was assumed, where the question left it open."""
    if not shared and any({"sentiment", "catalyst"} & set(slots.topics) for slots in clauses):
        yield "No period was asked, so a default window was taken."
    if any(slots.wants_profit for slots in clauses):
        yield "Profit and positions are on the PnL page; here are the orders behind them."
