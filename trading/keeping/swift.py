"""The usual case in two round trips: the newest fills of accounts whose books are up to date.

One look reads everything that booking them needs, in one snapshot; one statement writes what they
did, and takes away the notes that the look saw. A fact and its note become visible together, so
no horizon is needed: what the look did not see keeps its note. No lock is held in between: the
statement does nothing if the head has moved. Whatever is not usual, such as transfers, late or
corrected fills, prices to ask for or a lot sold in many pieces, is left to the whole way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from ledgers.exchange.models import Account
from ledgers.wire import fetch
from trading.core.book import restore
from trading.core.entries import Trade, assets_to_price, booking_order
from trading.core.exact import total
from trading.core.lots import OpenLot
from trading.histories import trade_of
from trading.keeping.facts import Due, FillRow
from trading.keeping.heads import COLUMNS, Head, digest_of
from trading.keeping.shelves import LOT, NAMES, Shelf, empty_shelf, needed_lots, position_of
from trading.keeping.tables import TOTALS
from trading.keeping.writing import Booking, latest, save
from trading.pricing import PriceTable

MOST = 16
"""More fills, or more lots of an asset, are not usual."""
MONEY = {*TOTALS, "price", "fee", "rest", "rest_cost"}
MOMENTS = {"at", "event_at", "first_at", "horizon", *(n for n in COLUMNS if n.endswith("_at"))}
OF_ACCOUNT = ("id", "base_currency", "method", "fees")
OF_NOTE = ("id", "account_id", "is_transfer", "event_at")


def _told(names: Iterable[str], **other: str) -> str:
    """Write a JSON array of columns; money as text, so that every digit arrives."""
    columns = (other.get(name, f"{name}::text" if name in MONEY else name) for name in names)
    return f"json_build_array({', '.join(columns)})"


PAST = """withdrawn OR revision > 0 OR EXISTS (
            SELECT FROM exchange_fill later WHERE later.account_id = fresh.account_id
            AND later.venue_id = fresh.venue_id AND later.revision > 0
        )"""
"""A later revision may tell of an earlier moment, before the last that is booked."""
LOOK = f"""
    WITH head AS MATERIALIZED (SELECT * FROM trading_bookhead WHERE user_id = %(user)s),
    owned AS MATERIALIZED (SELECT * FROM exchange_account WHERE user_id = %(user)s),
    fresh AS MATERIALIZED (
        SELECT fill.* FROM head CROSS JOIN owned CROSS JOIN LATERAL (
            SELECT * FROM exchange_fill WHERE account_id = owned.id AND event_at > head.last_at
            ORDER BY account_id, event_at, venue_id LIMIT {MOST + 1}
        ) fill
    ),
    moving AS MATERIALIZED (
        SELECT DISTINCT account_id AS owner, name FROM fresh
        CROSS JOIN LATERAL (VALUES (base), (quote), (fee_asset)) AS named (name)
    ),
    noted AS MATERIALIZED (
        SELECT note.* FROM head CROSS JOIN owned CROSS JOIN LATERAL (
            SELECT * FROM trading_bookchange WHERE account_id = owned.id AND noted_at > horizon
            ORDER BY account_id, noted_at LIMIT {MOST + 1}
        ) note
        UNION ALL
        SELECT note.* FROM head CROSS JOIN LATERAL (
            SELECT * FROM trading_bookchange WHERE account_id IS NULL AND noted_at > horizon
            ORDER BY account_id, noted_at LIMIT 1
        ) note WHERE priced_at IS NOT NULL
    )
    SELECT json_build_array(
        (SELECT {_told(COLUMNS)} FROM head),
        (SELECT json_agg({_told(OF_ACCOUNT, fees="fees")} ORDER BY name) FROM owned),
        (SELECT json_agg({_told(OF_NOTE, event_at="since")}) FROM noted),
        (SELECT json_agg({_told(FillRow._fields, is_past=PAST)}) FROM fresh),
        (SELECT json_agg({_told(("owner", "since", *NAMES))})
         FROM moving CROSS JOIN LATERAL (
            SELECT * FROM trading_bookposition WHERE account_id = owner AND asset = name
            ORDER BY account_id DESC, asset DESC, since DESC LIMIT 1
        ) position),
        (SELECT json_agg({_told(("owner", *LOT))})
         FROM moving CROSS JOIN LATERAL (
            SELECT * FROM trading_booklot
            WHERE account_id = owner AND asset = name AND until IS NULL AND is_open
            ORDER BY account_id, asset, rank LIMIT {MOST}
        ) next),
        (SELECT json_agg(json_build_array(owner, last.serial + 1))
         FROM (SELECT DISTINCT owner FROM moving) owners CROSS JOIN LATERAL (
            SELECT serial FROM trading_booklot WHERE account_id = owner
            ORDER BY account_id DESC, serial DESC LIMIT 1
        ) last)
    )::text
"""
"""Every part takes its rows from an index, a few of them, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look found: the head, its accounts, and the fills after its last entry.

    `notes` are (id, account, whether of a transfer, since); the rest are columns of what is kept.
    """

    head: Head
    accounts: Sequence[Account]
    notes: Sequence[tuple[int, int | None, bool, datetime]]
    fills: Sequence[FillRow]
    positions: Sequence[list[Any]]
    lots: Sequence[list[Any]]
    serials: Sequence[tuple[int, int]]


def keep_newest(user_id: int) -> int | None:
    """Book the newest fills and return how many they were; None, and nothing done, if not usual."""
    looked = _look(user_id)
    if looked is None or not _is_usual(looked):
        return None
    due = _due(looked)
    table = PriceTable({})
    shelf = empty_shelf(looked.accounts, table)
    if not due or _asks_prices(shelf, due) or not _restore(shelf, due, looked):
        return None
    booking = Booking(shelf)
    for entry, account_id in due:
        booking.book(entry, account_id)
    booking.end_day()
    moved = replace(
        looked.head,
        available_at=latest(looked.head.available_at, *(one.available_at for one in looked.fills)),
        known_at=latest(looked.head.known_at, *(one.known_at for one in looked.fills)),
        last_at=due[-1].entry.at,
    )
    with planned_once():
        saved = save(looked.head, moved, booking.rows(table), [note[0] for note in looked.notes])
    return len(due) if saved else None


@contextmanager
def planned_once() -> Iterator[None]:
    """Have the server plan each statement once a connection, and not at each execution."""
    connection.ensure_connection()
    before = connection.connection.prepare_threshold
    connection.connection.prepare_threshold = 0
    try:
        yield
    finally:
        connection.connection.prepare_threshold = before


def _look(user_id: int) -> Looked | None:
    """Look, if there are books and accounts to look at."""
    with planned_once():
        found = json.loads(fetch(LOOK, {"user": user_id})[0][0])
    head, accounts, notes, fills, positions, lots, serials = (part or () for part in found)
    if not head or not accounts:
        return None
    return Looked(
        head=Head.of(_read(COLUMNS, head)),
        accounts=[
            Account(**dict(zip(OF_ACCOUNT, row, strict=True)), user_id=user_id) for row in accounts
        ],
        notes=[(*row[:3], datetime.fromisoformat(row[3])) for row in notes],
        fills=[FillRow(*_read(FillRow._fields, row)) for row in fills],
        positions=positions,
        lots=lots,
        serials=serials,
    )


def _is_usual(looked: Looked) -> bool:
    """Tell whether nothing but fills after the last entry came to be known."""
    head = looked.head
    if head.horizon is None or head.last_at is None:
        return False
    if head.config.partition(".")[0] != digest_of(looked.accounts):
        return False
    if len(looked.fills) > MOST or any(fill.is_past for fill in looked.fills):
        return False
    return 0 < len(looked.notes) <= MOST and all(
        account_id is not None and not is_transfer and since > head.last_at
        for _, account_id, is_transfer, since in looked.notes
    )


def _due(looked: Looked) -> list[Due]:
    """Return the fills as entries, in booking order."""
    place = {account.pk: index for index, account in enumerate(looked.accounts)}
    due = [Due(trade_of(fill), fill.account_id) for fill in looked.fills]
    return sorted(due, key=lambda one: (booking_order(one.entry), place[one.account_id]))


def _asks_prices(shelf: Shelf, due: Sequence[Due]) -> bool:
    """Tell whether a booking may ask for a price; a trade for cash tells those of both sides."""
    for entry, account_id in due:
        asked = assets_to_price(entry, shelf.books[account_id].currency)
        if isinstance(entry, Trade) and shelf.books[account_id].currency in (
            entry.base,
            entry.quote,
        ):
            asked -= {entry.base, entry.quote}
        if asked:
            return True
    return False


def _restore(shelf: Shelf, due: Sequence[Due], looked: Looked) -> bool:
    """Put what was found into the books; False if a sale may need more lots than were looked at."""
    lots: dict[tuple[int, str], list[OpenLot]] = {}
    for account_id, *row in looked.lots:
        lot = shelf.lot_of(account_id, _read(LOT, [date.fromisoformat(row[0]), *row[1:]]))
        lots.setdefault((account_id, lot.lot.asset), []).append(lot)
    for owner, needed in needed_lots(shelf, due).items():
        found = lots.get(owner, ())
        if len(found) == MOST and total(lot.quantity for lot in found) < needed:
            return False
    for account_id, since, *row in looked.positions:
        position = position_of(_read(NAMES, row))
        restore(shelf.books[account_id], position, lots.get((account_id, position.asset), ()))
        shelf.positions[account_id, position.asset] = date.fromisoformat(since)
    for account_id, serial in looked.serials:
        shelf.books[account_id].serial = serial
    return True


def _read(names: Iterable[str], row: Iterable[Any]) -> list[Any]:
    """Read columns as JSON tells them."""
    return [
        Decimal(told)
        if name in MONEY
        else datetime.fromisoformat(told)
        if name in MOMENTS and told
        else told
        for name, told in zip(names, row, strict=True)
    ]
