"""An installation with exactly the sources and checks that a test names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import pytest
from django.utils import timezone

from ledgers.collecting.collector import Collector
from ledgers.collecting.registry import collectors
from ledgers.jobs import kinds
from quality.findings import Finding
from quality.registry import checks, register

PROBE = "test.probe"


@pytest.fixture
def sources() -> Iterator[Callable[..., None]]:
    """Replace the collectors of this installation by those that are given."""
    real, jobs = dict(collectors), dict(kinds)
    others = {name: kind for name, kind in jobs.items() if name != "collect"}
    kinds.update({name: replace(kind, feeds=lambda _: ()) for name, kind in others.items()})

    def install(*wanted: Collector) -> None:
        collectors.clear()
        collectors.update({collector.slug: collector for collector in wanted})

    install()
    yield install
    collectors.clear()
    collectors.update(real)
    kinds.update(jobs)


class Clock:
    """Our own clock, which stands still until the test lets time pass; the database has its own."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def tick(self, width: timedelta) -> datetime:
        """Let time pass, and return the new moment."""
        self.now += width
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Have everybody who asks Django for the time be told what the test says."""
    ours = Clock()
    monkeypatch.setattr(timezone, "now", lambda: ours.now)
    return ours


class Probe:
    """What the check `test.probe` does: by default it says what it is told to find."""

    def __init__(self) -> None:
        self.finds: list[Finding] = []
        self.does: Callable[[], None] = lambda: None


@pytest.fixture
def probe() -> Iterator[Probe]:
    """Register a check whose findings the test decides."""
    told = Probe()

    @register(PROBE, ledger=None)
    def probe_finds(
        now: datetime,
        *,
        patience: Annotated[timedelta, "Long enough."] = timedelta(minutes=90),
    ) -> Iterator[Finding]:
        """The test finds nothing wrong.

        Nothing else is to be known.
        """
        told.does()
        yield from list(told.finds)

    yield told
    del checks[PROBE]
