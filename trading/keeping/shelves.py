"""Kept rows as books of the core, as they were at the end of the day before `day`, or are now.

Of the lots only those are restored that the entries to come can reach, so that booking one entry
costs the same after ten others and after a million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ledgers.exchange.models import Account
from ledgers.wire import fetch
from trading.core.book import restore
from trading.core.entries import Flow, assets_in, given_by
from trading.core.exact import CONTEXT, ZERO, total
from trading.core.journal import Book, FeePolicy, Parcel
from trading.core.lots import METHODS, Lot, OpenLot
from trading.core.watching import WatchedPosition, WatchedPositions
from trading.keeping.facts import Due
from trading.keeping.tables import POSITIONS
from trading.pricing import PriceTable

NOW = "until IS NULL"
THEN = "since < %(day)s AND (until IS NULL OR until >= %(day)s)"
EVER = "(since < %(day)s OR %(day)s IS NULL)"
FIRST = 32
"""How many lots of an asset are fetched at first; if they are too few, sixteen times as many."""
MORE = 16

NAMES = ("asset", *POSITIONS.columns)
VERSIONS = f"""
    SELECT account_id, since, {", ".join(NAMES)} FROM trading_bookposition
    WHERE account_id = ANY(%(accounts)s) AND {{valid}}
      AND (asset = ANY(%(assets)s) OR %(assets)s IS NULL)
    ORDER BY since, asset
"""
SERIALS = """
    SELECT owner, serial + 1 FROM unnest(%(accounts)s) AS owner CROSS JOIN LATERAL (
        SELECT serial FROM trading_booklot
        WHERE account_id = owner AND (since < %(day)s OR %(day)s IS NULL)
        ORDER BY serial DESC LIMIT 1
    ) last
"""
LOT = ("since", "asset", "at", "key", "serial", "quantity", "cost", "rest", "rest_cost")
LOTS = """
    SELECT wanted.owner, lot.* FROM unnest(%(accounts)s::bigint[], %(assets)s::text[])
        AS wanted (owner, name)
    CROSS JOIN LATERAL (
        SELECT {lot} FROM trading_booklot
        WHERE account_id = wanted.owner AND asset = wanted.name AND {valid} AND is_open
        ORDER BY rank LIMIT %(most)s
    ) lot
"""
PARCELS = """
    SELECT match, asset, since, currency, lots FROM trading_bookparcel
    WHERE user_id = %(user)s AND match = ANY(%(matches)s) AND {valid}
"""


class Version(NamedTuple):
    """A position as it was from a day on."""

    account_id: int
    since: date
    position: WatchedPosition


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The books of a user's accounts, restored as far as entries to come need them."""

    accounts: Sequence[Account]
    books: dict[int, Book]
    transit: dict[tuple[str, str], Parcel]
    positions: dict[tuple[Any, ...], date] = field(default_factory=dict)
    lots: dict[tuple[Any, ...], date] = field(default_factory=dict)
    parcels: dict[tuple[Any, ...], date] = field(default_factory=dict)
    """Since when each thing that was restored is as it is, by the key of its table."""

    def lot_of(self, account_id: int, row: Sequence[Any]) -> OpenLot:
        """Return a lot of its columns, which are those of `LOT`, and note since when it is so."""
        since, asset, at, key, serial, quantity, cost, rest, rest_cost = row
        self.lots[account_id, serial] = since
        return OpenLot(Lot(asset, at, key, serial, quantity, cost), rest, rest_cost)


def restore_books(
    accounts: Sequence[Account],
    table: PriceTable,
    *,
    day: date | None,
    due: Sequence[Due],
    versions: Iterable[Version],
) -> Shelf:
    """Return the books at the end of the day before, or now, ready for the entries that are due."""
    shelf = empty_shelf(accounts, table)
    lots = _lots(shelf, due, day) if due else {}
    for account_id, since, position in versions:
        restore(shelf.books[account_id], position, lots.get((account_id, position.asset), ()))
        shelf.positions[account_id, position.asset] = since
    for account_id, serial in _serials(due, day):
        shelf.books[account_id].serial = serial
    _restore_parcels(shelf, accounts[0].user_id, due, day)
    return shelf


def newest(
    accounts: Sequence[Account], day: date | None, assets: Iterable[str] | None = None
) -> list[Version]:
    """Return the positions at the end of the day before, or now, of some assets or of all."""
    return _versions(NOW if day is None else THEN, accounts, day, assets)


def every(accounts: Sequence[Account], day: date | None) -> list[Version]:
    """Return every version of every position up to the day before, or all, by day."""
    return _versions(EVER, accounts, day, None)


def _versions(
    valid: str, accounts: Sequence[Account], day: date | None, assets: Iterable[str] | None
) -> list[Version]:
    question = {
        "accounts": [account.pk for account in accounts],
        "day": day,
        "assets": None if assets is None else list(assets),
    }
    rows = fetch(VERSIONS.format(valid=valid), question)
    return [Version(account_id, since, position_of(row)) for account_id, since, *row in rows]


def position_of(row: Iterable[Any]) -> WatchedPosition:
    """Return a position of its columns, which are those of `NAMES`."""
    return WatchedPosition(**dict(zip(NAMES, row, strict=True)))


def empty_shelf(accounts: Sequence[Account], table: PriceTable) -> Shelf:
    """Return new books for the accounts, which share what is under way between them."""
    transit: dict[tuple[str, str], Parcel] = {}
    return Shelf(
        accounts=accounts,
        transit=transit,
        books={
            account.pk: Book(
                currency=account.base_currency,
                method=account.method,
                fees=FeePolicy(account.fees),
                prices=table.lookup(account.base_currency),
                positions=WatchedPositions(),
                transit=transit,
            )
            for account in accounts
        },
    )


def _lots(
    shelf: Shelf, due: Sequence[Due], day: date | None
) -> Mapping[tuple[int, str], list[OpenLot]]:
    """Fetch the lots that the entries can reach, the next to be sold first."""
    needed = needed_lots(shelf, due)
    found: dict[tuple[int, str], list[OpenLot]] = {}
    most = FIRST
    while needed:
        fetched = _next_lots(shelf, list(needed), day, most)
        found.update(fetched)
        needed = {
            owner: quantity
            for owner, quantity in needed.items()
            if len(fetched.get(owner, ())) == most
            and total(lot.quantity for lot in fetched[owner]) < quantity
        }
        most *= MORE
    return found


def needed_lots(shelf: Shelf, due: Sequence[Due]) -> dict[tuple[int, str], Decimal]:
    """Add up how much of each asset may be taken; a pool is needed also to be added to."""
    needed: dict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
    for entry, account_id in due:
        book = shelf.books[account_id]
        if METHODS[book.method].pooled:
            for asset in assets_in(entry):
                needed.setdefault((account_id, asset), ZERO)
        for asset, quantity in given_by(entry).items():
            owner = (account_id, asset)
            needed[owner] = CONTEXT.add(needed[owner], quantity)
    return {
        (account_id, asset): quantity
        for (account_id, asset), quantity in needed.items()
        if asset != shelf.books[account_id].currency
    }


def _next_lots(
    shelf: Shelf, owners: Sequence[tuple[int, str]], day: date | None, most: int
) -> dict[tuple[int, str], list[OpenLot]]:
    question = {
        "accounts": [account_id for account_id, _ in owners],
        "assets": [asset for _, asset in owners],
        "day": day,
        "most": most,
    }
    found: dict[tuple[int, str], list[OpenLot]] = defaultdict(list)
    for account_id, *row in fetch(
        LOTS.format(lot=", ".join(LOT), valid=NOW if day is None else THEN), question
    ):
        lot = shelf.lot_of(account_id, row)
        found[account_id, lot.lot.asset].append(lot)
    return found


def _serials(due: Sequence[Due], day: date | None) -> list[tuple[Any, ...]]:
    """Return the next serial of each account that may acquire something."""
    accounts = sorted({one.account_id for one in due})
    return fetch(SERIALS, {"accounts": accounts, "day": day}) if accounts else []


def _restore_parcels(shelf: Shelf, user_id: int, due: Sequence[Due], day: date | None) -> None:
    """Put under way what the entries may bring to its end."""
    matches = {one.entry.match for one in due if isinstance(one.entry, Flow) and one.entry.match}
    if not matches:
        return
    question = {"user": user_id, "matches": sorted(matches), "day": day}
    for match, asset, since, currency, lots in fetch(
        PARCELS.format(valid=NOW if day is None else THEN), question
    ):
        carried = tuple(_carried(asset, lot) for lot in lots)
        shelf.transit[match, asset] = Parcel(currency, carried)
        shelf.parcels[user_id, match, asset] = since


def _carried(asset: str, lot: Sequence[Any]) -> Lot:
    at, key, serial, quantity, cost = lot
    return Lot(asset, datetime.fromisoformat(at), key, serial, Decimal(quantity), Decimal(cost))
