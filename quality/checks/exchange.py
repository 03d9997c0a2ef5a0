"""Checks of the Exchange ledger: what venues said about users.

It is filled on demand, by imports, so that no cadence says when it is late. What an export
proves ends with its last row, hence the age of an account is that of its newest row or of the
end of its coverage, never that of the import. An account that rests looks like one whose import
was forgotten: a person has to say which it is, so that one old account is a warning. Only if no
account is younger than `dead_after` is the ledger itself no basis for a profit and loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import Max

from ledgers.exchange.models import Account, Balance, Fill, Order, Transfer
from ledgers.feeds import State, states
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair, pair
from quality.findings import Finding, Level
from quality.freshness import GRACE, Failures, feeds_are_fresh, is_polled
from quality.registry import register

HINT = "Import its order history: manage.py import_fills FILE --format coinspot --user NAME."


@register("freshness.exchange", ledger=Ledger.EXCHANGE, every=timedelta(minutes=5))
def exchange_is_fresh(
    now: datetime,
    *,
    max_age: Annotated[timedelta, "An import a month, and some days."] = timedelta(days=35),
    dead_after: Annotated[timedelta, "Who trades once a year is still known."] = timedelta(
        days=400
    ),
    least: Annotated[State, "For venues that are asked by a cadence."] = State.STALE,
    grace: Annotated[timedelta, "A first look takes seconds; a day of history minutes."] = GRACE,
    failures: Failures = 2,
) -> Iterator[Finding]:
    """Every account is known up to `max_age` ago, and some account up to `dead_after` ago.

    Critical if the ledger is empty or no account is known that far. Accounts at venues that are
    asked by a cadence are judged like any other feed.
    """
    known = _known_until(now)
    newest = max(known.values(), default=None)
    if is_polled(Ledger.EXCHANGE):
        yield from feeds_are_fresh(
            Ledger.EXCHANGE, now, least=least, grace=grace, failures=failures
        )
    elif newest is None:
        yield _dead(f"The {Ledger.EXCHANGE.label} ledger is empty.")
        return
    elif now - newest > dead_after:
        yield _dead(f"The {Ledger.EXCHANGE.label} ledger ends at {newest:%F %T} UTC.")
        return
    yield from _old_accounts(known, now - max_age)


def _dead(message: str) -> Finding:
    return Finding(
        ledger=Ledger.EXCHANGE,
        subject=Ledger.EXCHANGE,
        level=Level.CRITICAL,
        message=message,
        hint=HINT,
    )


def _old_accounts(known: dict[int, datetime], limit: datetime) -> Iterator[Finding]:
    """Yield the accounts of which nothing is known since `limit`; each is its owner's business."""
    old = {key: until for key, until in known.items() if until < limit}
    for account in Account.objects.filter(pk__in=old):
        yield Finding(
            ledger=Ledger.EXCHANGE,
            subject=f"account {account.pk}",
            level=Level.WARNING,
            message=f"Nothing is known of {account} since {old[account.pk]:%F %T} UTC.",
            hint=f"{HINT} If the account rests, acknowledge this.",
            user_id=account.user_id,
        )


def _known_until(now: datetime) -> dict[int, datetime]:
    """Return up to which moment each account is known, by its rows and by its coverage."""
    cuts = pair(now)
    known: dict[int, datetime] = {}
    for account_id, moment in (*_rows(cuts), *_coverage(cuts)):
        known[account_id] = max(moment, known.get(account_id, moment))
    return known


def _rows(cuts: Pair) -> Iterator[tuple[int, datetime]]:
    """Yield the newest moment of each account in each table; a row of the future tells nothing."""
    for table in (Order, Fill, Transfer, Balance):
        seen = table.objects.of_everyone().seen(cuts).filter(event_at__lte=cuts.as_of)
        by_account = seen.order_by("account_id").values_list("account_id")
        yield from by_account.annotate(newest=Max("event_at"))


def _coverage(cuts: Pair) -> Iterator[tuple[int, datetime]]:
    feeds = [feed for feed in Feed.objects.filter(ledger=Ledger.EXCHANGE) if feed.scope.isdecimal()]
    for feed, state in zip(feeds, states(feeds, cuts), strict=True):
        if state.covered_until:
            yield int(feed.scope), min(state.covered_until, cuts.as_of)
