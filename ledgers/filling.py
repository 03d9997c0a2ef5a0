"""Which feeds fill a table: whose state and coverage an answer from it carries."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models

from ledgers.checks import fact_models
from ledgers.collecting.collector import Collector
from ledgers.collecting.registry import collectors, expected_feeds
from ledgers.models import Fact, Feed, Ledger

SEED = "seed:"


def feeds_of(tables: Iterable[type[Fact]], *, user_id: int | None, source: str = "") -> list[Feed]:
    """Return the feeds that fill any of the tables, each once, sorted by name.

    Also those that should be looked at and never were. Of the Exchange ledger only the feeds of
    the user's own accounts count; without a user, those of everyone.
    """
    wanted = list(tables)
    filled = {table.ledger for table in wanted}
    expected = {feed.name: feed for one in filled for feed in expected_feeds(one)}
    known = Feed.objects.filter(ledger__in=filled)
    if source:
        known = known.filter(source=source)
    named = expected | {feed.name: feed for feed in known}
    own = _scopes(wanted, user_id)
    return [
        feed
        for _, feed in sorted(named.items())
        if any(_fills(feed, table, own) for table in wanted) and source in ("", feed.source)
    ]


def feeds_of_accounts(accounts: Iterable[int], *, beside: Iterable[str] = ()) -> list[Feed]:
    """Return the feeds that fill these accounts, each once, sorted by name.

    Also those that should be looked at and never were; then what else is asked for by its name.
    """
    scopes = {str(account_id) for account_id in accounts}
    expected = [feed for feed in expected_feeds(Ledger.EXCHANGE) if feed.scope in scopes]
    own = models.Q(ledger=Ledger.EXCHANGE, scope__in=scopes)
    known = Feed.objects.filter(own | models.Q(name__in=[*beside]))
    named = {feed.name: feed for feed in (*expected, *known)}
    return sorted(named.values(), key=lambda feed: (feed.ledger != Ledger.EXCHANGE, feed.name))


def tables_of(feed: Feed) -> list[type[Fact]]:
    """Return the tables that a feed fills."""
    return [table for table in fact_models() if _fills(feed, table, None)]


def records_of(collector: Collector) -> set[type]:
    """Return the kinds of records that a collector makes: those its module names."""
    module = vars(sys.modules[type(collector).__module__])
    return {table.record for table in fact_models() if table.record in module.values()}


def _fills(feed: Feed, table: type[Fact], own: set[str] | None) -> bool:
    """Tell whether a feed fills a table.

    A feed without a collector (an import, a scorer) fills what no collector of its ledger fills.
    """
    if feed.ledger != table.ledger:
        return False
    if table.ledger == Ledger.EXCHANGE:
        return own is None or feed.scope in own
    collector = collectors.get(feed.source.removeprefix(SEED))
    if collector is None:
        return table.record not in set(_collected(table.ledger))
    return table.record in (records_of(collector) or {table.record})


def _collected(ledger: Ledger) -> Iterator[type]:
    for collector in collectors.values():
        if collector.ledger == ledger:
            yield from records_of(collector)


def _scopes(tables: list[type[Fact]], user_id: int | None) -> set[str] | None:
    """Return the scopes of the feeds of a user's accounts; None for everyone's."""
    if user_id is None:
        return None
    for table in tables:
        if table.ledger == Ledger.EXCHANGE:
            fields: Any = table._meta
            account = fields.get_field("account").related_model
            own: models.QuerySet[Any] = account.objects.filter(user_id=user_id)
            return {str(key) for key in own.values_list("pk", flat=True)}
    return set()
