"""Thresholds of checks: a default in the code, another value in the environment.

A value is of its default's type. What is no such value stops the start and is named, with an
example: a monitor that runs with a threshold nobody meant is worse than one that does not run.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Annotated, get_args, get_origin, get_type_hints

from django.core.exceptions import ImproperlyConfigured

PREFIX = "OMC_QUALITY_"
UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", re.ASCII)
WHOLE = re.compile(r"[0-9]+", re.ASCII)

Value = timedelta | Decimal | int | IntEnum


class Share(Decimal):
    """A part of a whole, from 0 to 1: 95 would be percent, the wrong unit."""


class ThresholdError(ImproperlyConfigured):
    """A variable of the environment that is no value of its threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One keyword-only argument of a check; `why` is the text of its annotation."""

    name: str
    variable: str
    default: Value
    why: str

    def read(self, environ: Mapping[str, str]) -> Value:
        """Return the value that the environment gives, else the default."""
        text = environ.get(self.variable, "").strip()
        if not text:
            return self.default
        value = _parsed(text, self.default)
        if value is None:
            example = _example(self.default)
            raise ThresholdError(f"{self.variable} is {text[:60]!r}. It takes {example}.")
        return value


def thresholds_of(check_id: str, function: Callable[..., object]) -> tuple[Threshold, ...]:
    """Return the thresholds of a check: its keyword-only arguments, each with a default."""
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        Threshold(
            name=parameter.name,
            variable=variable_of(check_id, parameter.name),
            default=_default(check_id, parameter),
            why=_why(check_id, parameter.name, hints[parameter.name]),
        )
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    )


def variable_of(check_id: str, name: str) -> str:
    """Return the variable that overrides one threshold of one check."""
    return f"{PREFIX}{check_id}_{name}".upper().replace(".", "_")


def _default(check_id: str, parameter: inspect.Parameter) -> Value:
    value = parameter.default
    if isinstance(value, bool) or not isinstance(value, Value):
        raise TypeError(f"{check_id}: {parameter.name} needs a default that is a {Value}.")
    return value


def _why(check_id: str, name: str, hint: object) -> str:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{check_id}: say in an Annotated[...] why {name} is what it is.")
    return str(get_args(hint)[1])


def _parsed(text: str, default: Value) -> Value | None:
    """Return the text as a value of the default's type, or None if it is none."""
    if isinstance(default, timedelta):
        return _duration(text)
    if isinstance(default, Decimal):
        value = _decimal(text)
        return None if value is not None and isinstance(default, Share) and value > 1 else value
    if isinstance(default, IntEnum):
        return {member.name.lower(): member for member in type(default)}.get(text.lower())
    return int(text) if WHOLE.fullmatch(text) and len(text) < 10 else None  # noqa: PLR2004  # fits 32 bits


def _duration(text: str) -> timedelta | None:
    found = DURATION.fullmatch(text)
    try:
        return timedelta(**{UNITS[found[2]]: float(found[1])}) if found else None
    except OverflowError:
        return None


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def _example(default: Value) -> str:
    if isinstance(default, timedelta):
        return f"a duration: seconds such as 900, or 15m, 2h, 1d (default {written(default)})"
    if isinstance(default, IntEnum):
        return f"one of {', '.join(member.name.lower() for member in type(default))}"
    if isinstance(default, Share):
        return f"a part from 0 to 1, such as {default} for {default * 100:f} %"
    kind = "a number" if isinstance(default, Decimal) else "a whole number"
    return f"{kind} from 0 on, such as {written(default)}"


def written(value: Value) -> str:
    """Return a value as a person writes it into the variable."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        for unit, width in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds and seconds % width == 0:
                return f"{seconds / width:.0f}{unit}"
        return f"{seconds:f}".rstrip("0").rstrip(".") + "s"
    return value.name.lower() if isinstance(value, IntEnum) else str(value)
