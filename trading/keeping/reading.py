"""Where accounts stand as the kept books tell it, and what happened since on top of them.

Nothing is written and no lock is taken: a head that changed meanwhile makes the answer void, and
the facts are booked instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ledgers.exchange.models import Account
from ledgers.reading import Pair
from trading.core.days import Stand, day_ends
from trading.core.entries import assets_in
from trading.core.exact import total
from trading.core.journal import Book
from trading.core.valuation import Valuation, value_book
from trading.core.watching import apply_counted, watched
from trading.keeping.changes import noted
from trading.keeping.facts import Due, wanted_of
from trading.keeping.heads import Head, config_of, head_of
from trading.keeping.planning import Plan, asked_prices, plan, start_of
from trading.keeping.shelves import Shelf, Version, every, newest, restore_books
from trading.pricing import Price, PriceTable, Wanted, find_prices
from trading.standings import MAX_DAYS, Standing, Told


def standing(
    accounts: Sequence[Account], pair: Pair, *, at: datetime, is_daily: bool
) -> Standing | None:
    """Return where a user's accounts stand, or None if their books do not serve this question."""
    user_id = accounts[0].user_id
    head = head_of(user_id)
    if head is None or not head.permits(pair):
        return None
    if head.config != config_of(accounts, has_prices=head.priced_at is not None):
        return None
    try:
        found = _standing(head, accounts, pair, at=at, is_daily=is_daily)
    except ValueError:  # a fact that cannot be booked: booking all of them says which
        return None
    return found if head_of(user_id) == head else None


def _standing(
    head: Head, accounts: Sequence[Account], pair: Pair, *, at: datetime, is_daily: bool
) -> Standing | None:
    made = plan(head, accounts, pair, noted([one.pk for one in accounts], head.horizon), until=at)
    if made is None:
        return None
    versions = every(accounts, made.day) if is_daily else newest(accounts, made.day)
    starts = _starts(versions, made.span.entries)
    moments = _days(starts.values(), at) if is_daily else [at]
    own = {account.pk: account.base_currency for account in accounts}
    valued = (
        Wanted(asset, own[account_id], moment)
        for (account_id, asset), start in starts.items()
        for moment in moments
        if moment >= start
    )
    table = find_prices([*wanted_of(accounts, made.span.entries), *valued], pair)
    last = {(one.account_id, one.position.asset): one for one in versions}
    shelf = restore_books(
        accounts, table, day=made.day, due=made.span.entries, versions=last.values()
    )
    stands = list(_stands(shelf, versions, made.span.entries, moments, table))
    return Standing(
        accounts=accounts,
        stands=stands,
        told={account_id: _told(book) for account_id, book in shelf.books.items()},
        found=table.found,
        used=[*_used(head, accounts, made), *table.asked.values()],
    )


def _starts(versions: Iterable[Version], due: Iterable[Due]) -> dict[tuple[int, str], datetime]:
    """Return since when each account has had to do with each asset."""
    starts: dict[tuple[int, str], datetime] = {}
    for account_id, _, position in versions:
        if position.first_at is not None:
            starts.setdefault((account_id, position.asset), position.first_at)
    for entry, account_id in due:
        for asset in assets_in(entry):
            starts.setdefault((account_id, asset), entry.at)
    return starts


def _days(starts: Iterable[datetime], at: datetime) -> list[datetime]:
    return day_ends(min(starts, default=at).astimezone(UTC), at, most=MAX_DAYS)


def _stands(
    shelf: Shelf,
    versions: Sequence[Version],
    due: Sequence[Due],
    moments: Sequence[datetime],
    table: PriceTable,
) -> Iterator[Stand]:
    """Put the versions in their place by day, book what is due, and value all at each moment."""
    kept, pending = deque(versions), deque(due)
    for book in shelf.books.values():
        book.positions.clear()
    for moment in moments:
        while kept and start_of(kept[0].since) <= moment:
            version = kept.popleft()
            shelf.books[version.account_id].positions[version.position.asset] = version.position
        while pending and pending[0].entry.at <= moment:
            entry, account_id = pending.popleft()
            apply_counted(shelf.books[account_id], entry)
        yield Stand(at=moment, valuations=_values(shelf.books, moment, table))


def _values(books: Mapping[int, Book], at: datetime, table: PriceTable) -> dict[str, Valuation]:
    values = {}
    for account_id, book in books.items():
        market = table.market(book.positions, book.currency, at)
        values[str(account_id)] = value_book(book, market.bids, market.doubted)
    return values


def _told(book: Book) -> Told:
    """Add up what the positions of an account count."""
    positions = [watched(book, asset) for asset in book.positions]
    return Told(
        method=book.method,
        fees_in_basis=total(one.fees_in_basis for one in positions),
        implied_flows=total(one.implied_flows for one in positions),
        fills=sum(one.fills for one in positions),
        transfers=sum(one.transfers for one in positions),
        first_at=min((one.first_at for one in positions if one.first_at), default=None),
    )


def _used(head: Head, accounts: Sequence[Account], made: Plan) -> list[Price]:
    """Return the prices that kept bookings asked for, in the order of their moments."""
    if head.priced_at is None:
        return []
    asked = asked_prices(accounts[0].user_id, day=made.day)
    return [price for _, price in asked if price is not None]
