"""The head of a user's books: how far they go, which reads they serve, and who may change them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import connection

from ledgers.exchange.models import Account
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair
from ledgers.wire import fetch
from trading.models import BookHead

CONVENTIONS = 2
"""Grows when the core books otherwise than before, or prices are chosen otherwise."""
UNBOOKABLE = "unbookable"
"""The config of a head whose facts make no books; it equals no digest."""
COLUMNS = (
    "user_id",
    "version",
    "config",
    "horizon",
    "available_at",
    "known_at",
    "priced_at",
    "last_at",
    "last_own_at",
)
READ = f"SELECT {', '.join(COLUMNS)} FROM trading_bookhead WHERE user_id = %(user)s"
LOCK = f"{READ} FOR UPDATE"
MAKE = """
    INSERT INTO trading_bookhead (user_id, version, config, names) VALUES (%s, 0, '', '{}')
    ON CONFLICT DO NOTHING
"""
NAMES = "SELECT names FROM trading_bookhead WHERE user_id = %(user)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What `BookHead` says, as a value; see there."""

    user_id: int
    version: int
    config: str
    horizon: datetime | None
    available_at: datetime | None
    known_at: datetime | None
    priced_at: datetime | None
    last_at: datetime | None
    last_own_at: datetime | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """Make a head of its columns."""
        return cls(**dict(zip(COLUMNS, row, strict=True)))

    def permits(self, pair: Pair) -> bool:
        """Tell whether both cuts let through all that went into the books."""
        cuts = [(self.available_at, self.known_at), (self.priced_at, self.priced_at)]
        return self.horizon is not None and all(
            (as_of is None or as_of <= pair.as_of) and (horizon is None or horizon <= pair.horizon)
            for as_of, horizon in cuts
        )


def head_of(user_id: int) -> Head | None:
    """Return the head of a user's books, if there are any."""
    rows = fetch(READ, {"user": user_id})
    return Head.of(rows[0]) if rows else None


def locked_head(user_id: int) -> Head:
    """Return the head of a user's books, made if missing; nobody else changes them meanwhile."""
    rows = fetch(LOCK, {"user": user_id})
    if not rows:
        with connection.cursor() as cursor:
            cursor.execute(MAKE, [user_id])
        rows = fetch(LOCK, {"user": user_id})
    return Head.of(rows[0])


def names_of(user_id: int) -> dict[str, str]:
    """Return what the own transfers were called when they were booked."""
    rows = fetch(NAMES, {"user": user_id})
    return dict(rows[0][0]) if rows else {}


def config_of(accounts: Sequence[Account], *, has_prices: bool) -> str:
    """Return a digest of everything but facts that the books depend on.

    Accounts come in the order in which ties are booked; what decides about prices follows a dot.
    """
    return f"{digest_of(accounts)}.{_pricing() if has_prices else ''}"


def users_configured_anew() -> list[int]:
    """Return the users whose books were made with other settings than those of now."""
    accounts: dict[int, list[Account]] = defaultdict(list)
    for account in Account.objects.order_by("name"):
        accounts[account.user_id].append(account)
    pricing = _pricing()
    heads = BookHead.objects.exclude(horizon=None).exclude(config=UNBOOKABLE)
    return [
        user_id
        for user_id, config, priced_at in heads.values_list("user_id", "config", "priced_at")
        if config != f"{digest_of(accounts[user_id])}.{pricing if priced_at else ''}"
    ]


def digest_of(accounts: Sequence[Account]) -> str:
    """Return a digest of the settings of accounts, and of the conventions they are booked by."""
    return _digest(
        [CONVENTIONS, [[one.pk, one.base_currency, one.method, one.fees] for one in accounts]]
    )


def _pricing() -> str:
    """Return what decides which stored price is taken: the cadence of a feed, which is fresh."""
    feeds = Feed.objects.filter(ledger=Ledger.GLASS).order_by("name")
    return _digest([settings.OMC_PRICE_SOURCES, list(feeds.values_list("name", "every"))])


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]
