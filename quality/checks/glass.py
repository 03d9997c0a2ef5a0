"""Checks of the Glass ledger: prices and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from ledgers.feeds import State
from ledgers.models import Ledger
from quality.findings import Finding
from quality.freshness import GRACE, Failures, feeds_are_fresh
from quality.registry import register


@register("freshness.glass", ledger=Ledger.GLASS)
def glass_is_fresh(
    now: datetime,
    *,
    least: Annotated[State, "A late feed most often catches up with its next look."] = State.STALE,
    grace: Annotated[timedelta, "A first look takes seconds; a day of history minutes."] = GRACE,
    failures: Failures = 2,
) -> Iterator[Finding]:
    """Every feed of Glass is looked at in time and with success; none is `least` or worse.

    Critical if no feed can be trusted: a mark, a valuation or an order would rest on an old price.
    """
    return feeds_are_fresh(Ledger.GLASS, now, least=least, grace=grace, failures=failures)
