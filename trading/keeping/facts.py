"""Fills and transfers of a span of time, as the entries that books eat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ledgers.exchange.models import Account, Transfer
from ledgers.reading import Pair
from ledgers.wire import fetch
from trading.core.entries import Entry, Flow, Trade, booking_order
from trading.histories import OWN, flow_of, own_transfers, trade_of, wanted_by
from trading.pricing import Wanted

SPAN = """
    SELECT {columns}, f.account_id, f.venue_id, f.event_at, f.available_at, f.known_at,
           f.withdrawn OR EXISTS (
               SELECT FROM {table} later WHERE later.account_id = f.account_id
               AND later.venue_id = f.venue_id AND later.revision > f.revision
               AND later.available_at <= %(as_of)s AND later.known_at <= %(horizon)s
           )
    FROM {table} f
    WHERE f.account_id = ANY(%(accounts)s)
      AND f.event_at >= %(since)s AND (f.event_at <= %(until)s OR %(until)s IS NULL)
      AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
"""
OF_FILL = ("side", "base", "quote", "quantity", "price", "fee", "fee_asset")
OF_TRANSFER = ("kind", "asset", "quantity", "fee", "fee_asset", "value")
"""The accounts come from a read that was scoped to their user; so these rows are theirs."""


def _span(table: str, columns: Sequence[str]) -> str:
    return SPAN.format(table=table, columns=", ".join(f"f.{name}" for name in columns))


FILLS = _span("exchange_fill", OF_FILL)
TRANSFERS = _span("exchange_transfer", OF_TRANSFER)


class FillRow(NamedTuple):
    """A revision of a fill that a pair sees; `is_past` if it no longer counts."""

    side: str
    base: str
    quote: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    account_id: int
    venue_id: str
    event_at: datetime
    available_at: datetime
    known_at: datetime
    is_past: bool


class TransferRow(NamedTuple):
    """A revision of a transfer that a pair sees; `is_past` if it no longer counts."""

    kind: str
    asset: str
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    value: Decimal | None
    account_id: int
    venue_id: str
    event_at: datetime
    available_at: datetime
    known_at: datetime
    is_past: bool


class Due(NamedTuple):
    """An entry that is to be booked, and the account whose it is."""

    entry: Entry
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The own transfers of a user: their names by account and venue's identity, and when."""

    names: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def last(self) -> datetime | None:
        """Return when the last of them was."""
        return max(self.moments.values(), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The entries of a span in booking order, and the largest cuts of all their revisions."""

    entries: Sequence[Due]
    available_at: datetime | None
    known_at: datetime | None


def read_span(  # both ends, both cuts
    accounts: Sequence[Account],
    pair: Pair,
    *,
    since: datetime,
    until: datetime | None,
    names: Mapping[str, str],
    has_transfers: bool = True,
) -> Span:
    """Read what happened from `since` to `until`, both included, as the pair knows it."""
    place = {account.pk: index for index, account in enumerate(accounts)}
    question: dict[str, Any] = {
        "accounts": [*place],
        "since": since,
        "until": until,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
    }
    fills = [FillRow(*row) for row in fetch(FILLS, question)]
    transfers = [TransferRow(*r) for r in fetch(TRANSFERS, question)] if has_transfers else []
    due = [Due(entry, row.account_id) for row, entry in _entries(fills, transfers, names)]
    due.sort(key=lambda one: (booking_order(one.entry), place[one.account_id]))
    seen: list[FillRow | TransferRow] = [*fills, *transfers]
    return Span(
        entries=due,
        available_at=max((row.available_at for row in seen), default=None),
        known_at=max((row.known_at for row in seen), default=None),
    )


def read_links(user_id: int, pair: Pair) -> Links:
    """Read every own transfer of a user, and name the halves that belong together."""
    own = list(Transfer.objects.for_user(user_id).at(pair).filter(kind__in=OWN))
    named = own_transfers(own)
    return Links(
        names={
            link_of(one.account_id, one.venue_id): named[one.pk] for one in own if one.pk in named
        },
        moments={link_of(one.account_id, one.venue_id): one.event_at for one in own},
    )


def wanted_of(accounts: Sequence[Account], due: Sequence[Due]) -> Iterator[Wanted]:
    """Yield every price that booking the entries may ask for."""
    own = {account.pk: account.base_currency for account in accounts}
    currencies = set(own.values())
    for entry, account_id in due:
        yield from wanted_by(entry, own[account_id], currencies)


def link_of(account_id: int, venue_id: str) -> str:
    """Return under what a half of an own transfer is known."""
    return f"{account_id}:{venue_id}"


def _entries(
    fills: Sequence[FillRow], transfers: Sequence[TransferRow], names: Mapping[str, str]
) -> Iterator[tuple[FillRow | TransferRow, Trade | Flow]]:
    for fill in fills:
        if not fill.is_past:
            yield fill, trade_of(fill)
    for one in transfers:
        if not one.is_past:
            yield one, flow_of(one, names.get(link_of(one.account_id, one.venue_id)))
