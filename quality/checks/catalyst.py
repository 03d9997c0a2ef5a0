"""Checks of the Catalyst ledger: events that move markets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from ledgers.feeds import State
from ledgers.models import Ledger
from quality.findings import Finding
from quality.freshness import GRACE, Failures, feeds_are_fresh
from quality.registry import register


@register("freshness.catalyst", ledger=Ledger.CATALYST)
def catalyst_is_fresh(
    now: datetime,
    *,
    least: Annotated[State, "A late feed most often catches up with its next look."] = State.STALE,
    grace: Annotated[timedelta, "A first look takes seconds; a day of history minutes."] = GRACE,
    failures: Failures = 2,
) -> Iterator[Finding]:
    """Every feed of Catalyst is looked at in time and with success; none is `least` or worse.

    Critical if no feed can be trusted: a filing that nobody looked for would pass for none.
    """
    return feeds_are_fresh(Ledger.CATALYST, now, least=least, grace=grace, failures=failures)
