"""Keep the books of a user, make them anew, or forget them; each in one transaction.

The lock of the user's head lets one of them at a time do it. Whatever they find, the answer of a
read does not change: it only comes sooner.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import DatabaseError, transaction

from ledgers.exchange.models import Account
from ledgers.reading import TICK, Pair, safe_now
from trading.core.entries import assets_in
from trading.keeping import changes
from trading.keeping.changes import EVER, Noted
from trading.keeping.facts import wanted_of
from trading.keeping.heads import UNBOOKABLE, Head, config_of, locked_head, users_configured_anew
from trading.keeping.planning import plan, start_of
from trading.keeping.shelves import newest, restore_books
from trading.keeping.swift import keep_newest
from trading.keeping.tables import EMPTY, REWIND
from trading.keeping.writing import Booking, latest, run, save
from trading.pricing import find_prices

logger = logging.getLogger(__name__)

RENAME = """
    UPDATE trading_bookhead SET names = %(names)s::jsonb, last_own_at = %(last_own_at)s
    WHERE user_id = %(user)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many entries were booked, and from which day on, if not just the new ones."""

    entries: int = 0
    day: date | None = None


def keep(user_id: int) -> Kept:
    """Bring the books of a user up to the safe now.

    Facts that no book can keep leave the user without books, until one of the facts changes: a
    read of them says what is wrong.
    """
    try:
        booked = keep_newest(user_id)
        if booked:
            return Kept(entries=booked)
        with transaction.atomic():
            return _keep(user_id)
    except ValueError:
        logger.warning("User %s has facts that cannot be booked.", user_id, exc_info=True)
    with transaction.atomic():
        locked_head(user_id)
        _empty(user_id, UNBOOKABLE, safe_now())
    return Kept()


def keep_all() -> dict[int, Kept]:
    """Keep the books of every user that are behind; one that fails costs only itself."""
    kept = {}
    for user_id in sorted({*changes.users_to_keep(), *users_configured_anew()}):
        try:
            kept[user_id] = keep(user_id)
        except DatabaseError:
            logger.exception("The books of user %s were not kept.", user_id)
    changes.prune()
    return kept


def rebuild(user_id: int) -> Kept:
    """Make the books of a user anew from the facts."""
    with transaction.atomic():
        locked_head(user_id)
        _empty(user_id)
    return keep(user_id)


def forget(user_id: int) -> None:
    """Drop the books of a user; reads book the facts until they are kept again."""
    with transaction.atomic():
        locked_head(user_id)
        _empty(user_id)


def _keep(user_id: int) -> Kept:
    head = locked_head(user_id)
    horizon = safe_now()
    accounts = list(Account.objects.filter(user_id=user_id).order_by("name"))
    if not accounts or horizon <= (latest(head.horizon, head.known_at) or EVER):
        return Kept()
    if head.config != config_of(accounts, has_prices=head.priced_at is not None):
        _empty(user_id)
        head = locked_head(user_id)
    noted = changes.noted([one.pk for one in accounts], head.horizon, until=horizon)
    if head.horizon is None:
        noted = replace(noted, facts=EVER, has_transfers=True)
    if noted.facts is None and (noted.prices is None or head.priced_at is None):
        return Kept()
    return _book(head, accounts, Pair(as_of=horizon, horizon=horizon), noted)


def _book(head: Head, accounts: Sequence[Account], pair: Pair, noted: Noted) -> Kept:
    """Take back what changed, and book from there to the end."""
    made = plan(head, accounts, pair, noted, until=None)
    if made is None:
        raise RuntimeError("The end of all entries lies before one of them.")
    owners, user_id = [one.pk for one in accounts], accounts[0].user_id
    if made.day:
        start = start_of(made.day)
        run(REWIND, {"owners": owners, "users": [user_id], "day": made.day, "start": start})
    due = made.span.entries
    table = find_prices(wanted_of(accounts, due), pair)
    assets = {asset for one in due for asset in assets_in(one.entry)}
    versions = newest(accounts, None, assets) if due else []
    booking = Booking(restore_books(accounts, table, day=None, due=due, versions=versions))
    for entry, account_id in due:
        booking.book(entry, account_id)
    booking.end_day()
    has_asked = bool(table.asked or table.unknown or made.has_new_prices)
    priced_at = pair.horizon if has_asked else head.priced_at
    before = start_of(made.day) - TICK if made.day else head.last_at
    moved = replace(
        head,
        config=config_of(accounts, has_prices=priced_at is not None),
        horizon=pair.horizon,
        available_at=latest(head.available_at, made.span.available_at),
        known_at=latest(head.known_at, made.span.known_at),
        priced_at=priced_at,
        last_at=due[-1].entry.at if due else before,
    )
    save(head, moved, booking.rows(table), noted.seen)
    if made.links:
        names = json.dumps(dict(made.links.names))
        run([RENAME], {"user": user_id, "names": names, "last_own_at": made.links.last})
    return Kept(entries=len(due), day=made.day)


def _empty(user_id: int, config: str = "", horizon: datetime | None = None) -> None:
    """Delete the books of a user whose head is locked."""
    run(EMPTY, {"user": user_id, "config": config, "horizon": horizon})
