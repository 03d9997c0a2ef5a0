"""The phrases that all sentences share: moments, windows, counts, quotes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from agents.compute import shown
from agents.evidence import Evidence

PLACES = 2
EVERYTHING = "in all that is recorded"


def written(moment: datetime) -> str:
    """Write a moment as answers do."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def between(one: Evidence) -> str:
    """Say the window of a claim."""
    if one.window is None:
        return EVERYTHING
    return f"from {written(one.window.start)} to {written(one.window.end)}"


def value_of(one: Evidence) -> Decimal:
    """Return the number of evidence that has one."""
    return one.value or Decimal(0)


def exact(one: Evidence) -> str:
    """Write the number as it is stored."""
    return shown(value_of(one))


def there_were(count: Evidence, noun: str) -> str:
    """Say how many there were, in the singular for one."""
    if count.value != 1:
        return f"There were {exact(count)} {noun}"
    return f"There was 1 {noun.replace('items of', 'item of').removesuffix('s')}"


def quote(one: Evidence, by: str) -> str:
    """Quote a row's text; one that reads like a command is named by its row instead."""
    text = f"“{one.text}”" if one.text else "its text is left out here"
    return f"At {written(one.times[0])}{by}: {text} [{one.key}]."
