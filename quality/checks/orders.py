"""Checks of orders: those whose fate nobody knows, and the trail of what was decided.

An order is unknown when it was sent and the venue has not proven what became of it. It may be
there, so that nothing is sent again and what it reserved stays reserved; if the venue's lists do
not clear that up within minutes, a person has to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

from ledgers.models import Ledger
from quality.findings import Finding, Level
from quality.registry import register
from trading.auditing import broken_links, chains
from trading.core.ordering import State
from trading.models import OrderIntent


@register("orders.unknown", ledger=Ledger.EXCHANGE)
def no_order_stays_unknown(
    now: datetime,
    *,
    max_age: Annotated[timedelta, "Some looks at the venue, of half a minute each."] = timedelta(
        minutes=5
    ),
) -> Iterator[Finding]:
    """No order has been unknown, or on its way to the venue, for longer than `max_age`."""
    old = OrderIntent.objects.filter(
        state__in=(State.UNKNOWN, State.SENDING), changed_at__lt=now - max_age
    )
    for intent in old.select_related("account").order_by("pk"):
        yield Finding(
            ledger=Ledger.EXCHANGE,
            subject=f"order {intent.pk}",
            level=Level.CRITICAL,
            message=(
                f"Nobody knows since {intent.changed_at:%F %T} UTC what became of order "
                f"{intent.pk} of {intent.account}: {intent}. {intent.reason}".strip()
            ),
            hint=(
                "It is not sent again. Look at the account at the venue; if it cannot be told "
                "from there, say what it was: manage.py resolve_order."
            ),
            user_id=intent.account.user_id,
        )


@register("orders.audit", ledger=Ledger.EXCHANGE, every=timedelta(hours=1))
def audit_trail_is_whole(
    now: datetime,  # noqa: ARG001  # what was written does not age
    *,
    most: Annotated[int, "The first places tell where to look."] = 3,
) -> Iterator[Finding]:
    """Every chain of the audit trail is as it was written: no entry changed, lost or put in."""
    for chain in chains():
        if broken := list(islice(broken_links(chain), most)):
            yield Finding(
                ledger=Ledger.EXCHANGE,
                subject=f"audit {chain}",
                level=Level.CRITICAL,
                message=" ".join(broken),
                hint=(
                    "Somebody changed the table past its trigger. Stop trading with the kill "
                    "switch, and compare the table with a backup."
                ),
            )
