"""The quality checks that this installation knows, and the thresholds they run with.

A check is one function in a module of `quality/checks`: `now` in, `Finding`s out. Its docstring
says what it asserts; each keyword-only argument is a threshold, `Annotated` with the reason for
its default, and overridden by a variable of the environment. Nothing else has to be told.
"""

from __future__ import annotations

import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from inspect import getdoc

from ledgers.jobs import JobKind, register_kind
from ledgers.models import Ledger
from quality.findings import Finding
from quality.thresholds import PREFIX, Threshold, Value, thresholds_of

KIND = "check"
MINUTE = timedelta(minutes=1)
NAME = re.compile(r"[a-z]+(\.[a-z_]+)+")

CheckFunction = Callable[..., Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A registered check; `values` are what its thresholds were read as at the start."""

    id: str
    function: CheckFunction
    ledger: Ledger | None
    every: timedelta
    thresholds: tuple[Threshold, ...]
    values: Mapping[str, Value]

    @property
    def asserts(self) -> str:
        """Return what is true when the check finds nothing."""
        return self._said[0]

    @property
    def explains(self) -> str:
        """Return what else there is to know about it."""
        return " ".join(self._said[1:])

    @property
    def _said(self) -> list[str]:
        paragraphs = (getdoc(self.function) or "").split("\n\n")
        return [" ".join(paragraph.split()) for paragraph in paragraphs]

    def findings(self, now: datetime) -> list[Finding]:
        """Return all the check has to say at `now`; it reads the database and never writes."""
        return list(self.function(now, **self.values))


checks: dict[str, Check] = {}


def register(
    check_id: str, *, ledger: Ledger | None, every: timedelta = MINUTE
) -> Callable[[CheckFunction], CheckFunction]:
    """Make a function the check of this id, run at this cadence; a decorator."""
    if check_id in checks or not NAME.fullmatch(check_id):
        raise ValueError(f"{check_id!r} is taken, or not of the form kind.name.")

    def wrapper(function: CheckFunction) -> CheckFunction:
        thresholds = thresholds_of(check_id, function)
        checks[check_id] = Check(
            id=check_id,
            function=function,
            ledger=ledger,
            every=every,
            thresholds=thresholds,
            values={one.name: one.read(os.environ) for one in thresholds},
        )
        return function

    return wrapper


def autodiscover() -> None:
    """Import every module of `quality.checks`, and put its checks on beat."""
    package = import_module("quality.checks")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    register_kind(JobKind(kind=KIND, task="quality.tasks.check", cadences=_cadences))


def unknown_variables(environ: Iterable[str]) -> list[str]:
    """Return the variables that look like thresholds and are none: most likely misspelt."""
    known = {threshold.variable for check in checks.values() for threshold in check.thresholds}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _cadences() -> Mapping[str, timedelta]:
    return {check.id: check.every for check in checks.values()}
