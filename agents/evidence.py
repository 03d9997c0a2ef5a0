"""What an answer may claim: each row's field and each declared computation, with a key.

A sentence cites evidence by key, [E1]. Evidence says which assets it is about, its unit, its
times, and the few further words it lets a sentence use, such as the state of a feed. How a tool's
result is told, its evidence and the planner's sentences, stands in one module of `agents.telling`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from itertools import combinations, pairwise
from typing import Any, TypeVar

from agents import compute
from agents.claims import MARKUP
from agents.plans import Step
from agents.quoting import cleaned, looks_like_command
from agents.results import PriceData, Result, State, Value, Window

SHOWN = 5
NOUNS = {"mood": ("day", "index"), "article": ("article", "headline"), "post": ("post",)}
KIND_WORDS = {
    "sec_filing": ("sec", "filing", "filed"),
    "listing": ("listing", "listed"),
    "delisting": ("delisting", "delisted"),
    "maintenance": ("maintenance",),
    "announcement": ("announcement", "announced"),
    "macro": ("macro", "decision"),
    "governance": ("governance", "proposal"),
    "fork": ("fork",),
    "staking": ("staking",),
}
KEYED = re.compile(r"(?i)\[\s*E\s*\d")
"""What would look like a citation of ours in a text of others."""


class Evidence(Value):
    """One number or one quotable text, bound to its rows.

    `field` is what it measures; `over` the declared computation, empty for a row's own field.
    `step` is the call it comes from; `words` are what only this evidence lets a sentence say.
    `role` tells rows of one field apart: first, last, or latest, which alone may be called so.
    """

    key: str = ""
    step: int = 0
    field: str
    value: Decimal | None = None
    unit: str = ""
    assets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()
    window: Window | None = None
    as_of: datetime | None = None
    rows: tuple[str, ...] = ()
    over: str = ""
    text: str = ""
    label: str = ""
    role: str = ""


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a tool's result is told: as evidence, as sentences that cite it, and what it is about.

    `evidence` gets the place of the call, the call and its result; `draft` the call and its own
    evidence. `subject` is what a caveat calls it, `ledger` whose collectors to look at.
    """

    evidence: Callable[[int, Step, Any], Iterator[Evidence]]
    draft: Callable[[Step, Sequence[Evidence]], Iterator[str]]
    subject: str
    ledger: str


tellings: dict[str, Telling] = {}
"""How each tool's results are told, by the tool's name."""


def told(telling: Telling) -> Callable[[T], T]:
    """Say beside a tool how its results are told, so that a new tool is one file."""

    def note(function: T) -> T:
        tellings[getattr(function, "__name__", "")] = telling
        return function

    return note


def autodiscover() -> None:
    """Import every module of `agents.telling`, so that a new file tells a new tool."""
    package = import_module("agents.telling")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


def evidence_of(steps: Sequence[Step], results: Sequence[Result]) -> list[Evidence]:
    """Return everything that may be claimed from the results, in the order of the calls.

    Where nobody looked there is nothing to claim, also no zero.
    """
    found: list[Evidence] = []
    for index, (step, result) in enumerate(zip(steps, results, strict=True)):
        if says_something(result):
            own = {"step": index, "as_of": result.as_of}
            shown = tellings[step.tool].evidence(index, step, result)
            found += [one.model_copy(update=own) for one in shown]
    found += [*_differences(found), *_correlations(results)]
    return [
        one.model_copy(update={"key": f"E{number}"}) for number, one in enumerate(found, start=1)
    ]


def says_something(result: Result) -> bool:
    """Tell whether a result can be told: a price that no row holds was not observed."""
    is_price = hasattr(result, "currency")
    return result.state != State.NOT_OBSERVED and bool(result.count or not is_price)


def has_correlation(results: Sequence[Result]) -> bool:
    """Tell whether two of the results have enough days in common to be correlated."""
    return any(True for _ in _correlations(results))


def quotable(text: str) -> str:
    """Return a text as it may be quoted, or nothing when it holds markup or a command."""
    plain = cleaned(text)
    is_unfit = looks_like_command(plain) or MARKUP.search(plain) or KEYED.search(plain)
    return "" if is_unfit else plain


def _differences(found: Sequence[Evidence]) -> Iterator[Evidence]:
    """Yield how far each asset's change is above the next one's, over one and the same window."""
    changes = [one for one in found if one.field == "change" and one.value is not None]
    ranked = sorted(changes, key=lambda one: one.value or Decimal(0), reverse=True)
    for better, worse in pairwise(ranked):
        if better.window == worse.window and better.assets != worse.assets:
            yield Evidence(
                step=better.step, field="difference",
                value=compute.difference(better.value or Decimal(0), worse.value or Decimal(0)),
                unit="points", assets=better.assets + worse.assets, window=better.window,
                rows=better.rows + worse.rows, over="difference of the changes",
                label=better.label, as_of=better.as_of,
            )  # fmt: skip


def _correlations(results: Sequence[Result]) -> Iterator[Evidence]:
    """Yield how the daily returns of each two assets went together, over one window."""
    priced = [(at, one) for at, one in enumerate(results) if isinstance(one, PriceData)]
    for (at, one), (_, other) in combinations(priced, 2):
        if one.window is None or one.window != other.window or one.symbol == other.symbol:
            continue
        own, others = ({row.at.date(): row for row in data.rows if row.role == "close"}
                       for data in (one, other))  # fmt: skip
        value = compute.correlation(
            {day: row.price for day, row in own.items()},
            {day: row.price for day, row in others.items()},
        )
        if value is not None:
            yield Evidence(
                step=at, field="correlation", value=value, assets=(one.symbol, other.symbol),
                window=one.window, as_of=one.as_of, over="correlation of daily returns",
                rows=tuple(row.id for rows in (own, others) for row in rows.values()),
            )  # fmt: skip
