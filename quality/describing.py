"""How a check is described to a person: what it asserts, and by which thresholds."""

from __future__ import annotations

from typing import TypedDict

from quality.registry import Check
from quality.thresholds import written


class ThresholdText(TypedDict):
    """One threshold: its variable, its default, its value here, and why that default."""

    name: str
    variable: str
    default: str
    value: str
    why: str


class CheckText(TypedDict):
    """One check, in words; `ledger` is empty for what concerns no single ledger."""

    id: str
    ledger: str
    asserts: str
    explains: str
    every: str
    thresholds: list[ThresholdText]


def described(check: Check) -> CheckText:
    """Return the check in words."""
    return CheckText(
        id=check.id,
        ledger=check.ledger or "",
        asserts=check.asserts,
        explains=check.explains,
        every=written(check.every),
        thresholds=[
            ThresholdText(
                name=one.name,
                variable=one.variable,
                default=written(one.default),
                value=written(check.values[one.name]),
                why=one.why,
            )
            for one in check.thresholds
        ],
    )
