"""Which facts changed since the books were made.

A note bears the clock of the transaction that changed the facts, which was announced before
(`ledgers.reading`): what a safe horizon does not hold is noted after that horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from ledgers.projecting import Change
from ledgers.wire import fetch

EVER = datetime(1, 1, 1, tzinfo=UTC)

NOTED = """
    SELECT account_id IS NULL, is_transfer, min(since),
           array_agg(id) FILTER (WHERE account_id IS NOT NULL AND noted_at <= %(until)s)
    FROM trading_bookchange
    WHERE (account_id = ANY(%(accounts)s) OR account_id IS NULL)
      AND (noted_at > %(after)s OR %(after)s IS NULL)
    GROUP BY 1, 2
"""
USERS = """
    SELECT DISTINCT account.user_id FROM exchange_account account
    LEFT JOIN trading_bookhead head ON head.user_id = account.user_id
    WHERE CASE WHEN head.horizon IS NULL THEN
        EXISTS (SELECT FROM exchange_fill f WHERE f.account_id = account.id)
        OR EXISTS (SELECT FROM exchange_transfer f WHERE f.account_id = account.id)
    ELSE EXISTS (
        SELECT FROM trading_bookchange noted
        WHERE noted.account_id = account.id AND noted.noted_at > head.horizon
    ) END OR (head.priced_at IS NOT NULL AND EXISTS (
        SELECT FROM trading_bookchange noted WHERE noted.account_id IS NULL
        AND noted.noted_at > head.horizon
    ))
    ORDER BY 1
"""
PRUNE = """
    DELETE FROM trading_bookchange WHERE account_id IS NULL
    AND noted_at < least(
        clock_timestamp() - interval '1 day',
        (SELECT min(horizon) FROM trading_bookhead WHERE priced_at IS NOT NULL)
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The earliest events that changed, of fills and transfers and of prices; None: nothing did.

    `seen` are the notes of facts that a horizon lets through.
    """

    facts: datetime | None = None
    prices: datetime | None = None
    has_transfers: bool = False
    seen: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """Notes that prices changed, as the projection of quotes and of candles that it is."""

    def follow(self, change: Change) -> None:
        """Note the earliest event that may be new or other than it was."""
        grown = (since for since, _ in change.grown.values())
        hours = (hour for _, hour in change.hours)
        self._note(min((*grown, *hours), default=EVER))

    def rebuild(self) -> int:
        """Say that no row is made: what the notes tell of has been seen by then, or will be."""
        return 0

    def forget(self, since: datetime, until: datetime) -> None:  # noqa: ARG002  # the protocol's
        """Note that prices are gone."""
        self._note(since)

    def forget_sources(self, prefix: str) -> None:  # noqa: ARG002  # the protocol's
        """Note that prices are gone, whenever they were."""
        self._note(EVER)

    def _note(self, since: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT trading_note_prices(%s)", [since])


def noted(
    accounts: Sequence[int], after: datetime | None, *, until: datetime | None = None
) -> Noted:
    """Return what changed of these accounts, or of prices, since the horizon of their books."""
    facts: list[datetime] = []
    prices: list[datetime] = []
    ids: list[int] = []
    has_transfers = False
    question = {"accounts": [*accounts], "after": after, "until": until}
    for is_price, is_transfer, since, seen in fetch(NOTED, question):
        (prices if is_price else facts).append(since)
        has_transfers |= is_transfer
        ids += seen or ()
    return Noted(
        facts=min(facts, default=None),
        prices=min(prices, default=None),
        has_transfers=has_transfers,
        seen=tuple(ids),
    )


def users_to_keep() -> list[int]:
    """Return the users whose books are behind their facts, or have to look at prices again."""
    return [user_id for (user_id,) in fetch(USERS, {})]


def prune() -> int:
    """Delete notes of prices that all books have seen; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE)
        return int(cursor.rowcount)
