"""A conversation as its page shows it: questions, answers with a link at each claim, rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Protocol

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from agents import sessions
from agents.compute import significant
from agents.models import AgentSession
from agents.plans import Outcome
from agents.records import RECORDS
from ledgers.pages import COLOURS, FactAdmin

CITED = re.compile(r"\[(E[0-9]+(?:\s*,\s*E[0-9]+)*)\]")
JOINER = "\u2060"
"""Keeps the full stop behind a mark on the mark's line."""
OUTCOMES = {
    Outcome.ANSWER: "success",
    Outcome.CLARIFY: "info",
    Outcome.NO_DATA: "warning",
    Outcome.REFUSE: "warning",
    Outcome.UNSUPPORTED: "warning",
    Outcome.CANCELLED: "info",
    Outcome.ERROR: "danger",
    Outcome.REJECT_INPUT: "danger",
}
SPOKEN = {
    Outcome.ANSWER: "answered",
    Outcome.CLARIFY: "asks back",
    Outcome.NO_DATA: "no data",
    Outcome.REFUSE: "declined",
    Outcome.UNSUPPORTED: "not supported",
    Outcome.CANCELLED: "cancelled",
    Outcome.ERROR: "error",
    Outcome.REJECT_INPUT: "not a question",
}


class Reader(Protocol):
    """Who reads the page."""

    def has_perm(self, perm: str) -> bool:
        """Tell whether a permission is held."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One row behind a claim, and where it opens."""

    id: str
    url: str
    source: str
    at: datetime | None
    known_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One piece of evidence: a row's field, or a computation over rows."""

    key: str
    number: str
    field: str
    value: str
    over: str
    rows: Sequence[Cited]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question with what became of it."""

    number: int
    question: str
    asked_at: datetime
    is_open: bool
    text: str | SafeString
    outcome: str
    colour: str
    claims: Sequence[Claim]
    quality: Mapping[str, Any]
    quality_colour: str
    calls: Sequence[Mapping[str, Any]]
    withheld: Sequence[str]
    as_of: datetime | None
    mode: str
    latency_ms: int


def turns_of(session: AgentSession, reader: Reader) -> list[Turn]:
    """Return the turns of a session as its page shows them, oldest first."""
    return [_turn(one, reader) for one in sessions.messages(session)]


def url_of(fact_id: str, reader: Reader) -> str:
    """Return where a row opens: its page in the admin for who may see it, else at the API."""
    ledger, table, key = fact_id.split(".", 2)
    if f"{ledger}.{table}" in RECORDS:
        if reader.has_perm(f"{ledger}.view_{table}"):
            return reverse(f"admin:{ledger}_{table}_change", args=[quote(key)])
        return (
            reverse("quality-alert", args=[key]) if table == "alert" else reverse("quality-feeds")
        )
    for model, page in admin.site._registry.items():  # noqa: SLF001  # what the site has registered
        if isinstance(page, FactAdmin) and page.fact()._meta.label_lower == f"{ledger}.{table}":
            app, name = model._meta.app_label, model._meta.model_name
            if reader.has_perm(f"{app}.view_{name}"):
                named = key if page.table is None else fact_id
                return reverse(f"admin:{app}_{name}_change", args=[named])
    return reverse("fact", args=[fact_id])


def linked(text: str, turn: int, claims: Sequence[Claim]) -> SafeString:
    """Return an answer's text, escaped, with a link at each citation.

    One row opens at once; of a computation over several the link leads to their list.
    """
    by_key = {claim.key: claim for claim in claims}
    parts: list[str | SafeString] = []
    end = 0
    for found in CITED.finditer(text):
        parts.append(text[end : found.start()].rstrip())
        keys = [key.strip() for key in found[1].split(",")]
        parts.extend(_mark(by_key[key], turn) for key in keys if key in by_key)
        parts.append(JOINER)
        end = found.end()
    parts.append(text[end:])
    return format_html_join("", "{}", ((part,) for part in parts))


def _mark(claim: Claim, turn: int) -> SafeString:
    anchor = f"#turn-{turn}-{claim.key}"
    target = claim.rows[0].url if len(claim.rows) == 1 else anchor
    said = " ".join(part for part in (claim.field, claim.value, claim.over) if part)
    return format_html(
        '<a class="ask-mark" href="{}" title="{}" aria-label="Source {}: {}">{}</a>',
        target,
        said,
        claim.number,
        said,
        claim.number,
    )


def _turn(message: Mapping[str, Any], reader: Reader) -> Turn:
    answer: Mapping[str, Any] = message["answer"] or {}
    outcome = Outcome(answer.get("outcome", Outcome.ANSWER))
    claims = list(_claims(answer.get("citations", ()), reader))
    quality = answer.get("quality") or {}
    return Turn(
        number=message["turn"],
        question=message["question"],
        asked_at=message["asked_at"],
        is_open=not answer,
        text=linked(answer.get("answer", ""), message["turn"], claims),
        outcome=SPOKEN[outcome],
        colour=OUTCOMES[outcome],
        claims=claims,
        quality=quality,
        quality_colour=COLOURS.get(quality.get("state", ""), "info"),
        calls=[*map(_call, answer.get("calls", ()))],
        withheld=answer.get("withheld", ()),
        as_of=parse_datetime(answer.get("as_of") or ""),
        mode=answer.get("mode", ""),
        latency_ms=answer.get("latency_ms", 0),
    )


def _claims(citations: Sequence[Mapping[str, Any]], reader: Reader) -> Iterator[Claim]:
    for key, group in groupby(citations, key=lambda one: str(one["key"])):
        rows = list(group)
        first = rows[0]
        yield Claim(
            key=key,
            number=key.removeprefix("E"),
            field=first["field"],
            value=_shown(first["value"], is_exact=not first["over"]),
            over=first["over"],
            rows=[_cited(one, reader) for one in rows],
        )


def _shown(value: str | None, *, is_exact: bool) -> str:
    """Return a number to read: a row's own with all its digits, a computed one with eight."""
    if value is None:
        return ""
    number = Decimal(value)
    return f"{number:f}" if is_exact else significant(number.normalize())


def _cited(one: Mapping[str, Any], reader: Reader) -> Cited:
    return Cited(
        id=one["id"],
        url=url_of(one["id"], reader),
        source=one["source"],
        at=parse_datetime(one["at"]),
        known_at=parse_datetime(one["known_at"]),
    )


def planned_of(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the calls of a plan that waits for an approval."""
    return [_call({"state": "", "count": 0, **step}) for step in plan["steps"]]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    window = call.get("window") or {}
    return {
        "tool": call["tool"],
        "args": ", ".join(f"{name}={value}" for name, value in call["args"].items()),
        "since": parse_datetime(window.get("start") or ""),
        "until": parse_datetime(window.get("end") or ""),
        "state": str(call["state"]).replace("_", " "),
        "count": call["count"],
    }
