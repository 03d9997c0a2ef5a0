"""Events: how many there were of the kind that was asked, and the newest ones word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.evidence import KIND_WORDS, SHOWN, Evidence, Telling, quotable, tellings
from agents.plans import Step
from agents.results import EventData, EventRow
from agents.telling.phrases import between, quote, there_were


def evidence(_: int, step: Step, data: EventData) -> Iterator[Evidence]:
    """Yield the count of a window and its newest events.

    What the counted ones are called is what was asked: a count of all is none of filings.
    """
    about = () if data.symbol == "*" else (data.symbol,)
    yield Evidence(
        field="count", value=Decimal(data.count), unit="events", assets=about,
        words=_asked(data.event_type), window=data.window, label=step.label,
        rows=tuple(row.id for row in data.rows), over="count of events in the window",
    )  # fmt: skip
    for place, row in enumerate(data.rows[:SHOWN]):
        yield _event(row, about, "" if place else "latest")


def sentences(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say how many events there were, and quote the newest."""
    symbol, kind = str(step.args["symbol"]), str(step.args["event_type"])
    about = "" if symbol == "*" else f" about {symbol}"
    plain = kind.replace("exchange_", "").replace("_", " ")
    count, *rows = own
    noun = "events" if kind == "all" else f"{plain} events"
    yield f"{there_were(count, noun)}{about} {between(count)} [{count.key}]."
    for one in rows:
        form = next((word for word in one.words if word and word[0].isdigit()), "")
        yield quote(one, f" in form {form}" if form else "")


def _asked(event_type: str) -> tuple[str, ...]:
    if event_type == "all":
        return ()
    kind = event_type.removeprefix("exchange_")
    words = KIND_WORDS.get(kind, KIND_WORDS["sec_filing"])
    return (*dict.fromkeys([*words, *kind.split("_"), event_type]),)


def _event(row: EventRow, about: tuple[str, ...], role: str) -> Evidence:
    words = (*KIND_WORDS.get(row.kind, ()), row.form, row.company, row.source, *row.tickers)
    return Evidence(
        field="item", assets=(*about, *row.assets), words=words, times=(row.at,), role=role,
        rows=(row.id,), text=quotable(row.title),
    )  # fmt: skip


tellings["get_catalyst_events"] = Telling(
    evidence=evidence, draft=sentences, subject="Events", ledger="Catalyst"
)
