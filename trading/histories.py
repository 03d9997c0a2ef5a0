"""What venues said about a user's accounts, as the entries that a book eats.

Entries of one moment are booked in the order of the venue's identities; identities that are
numbers count as numbers, so that 9 comes before 10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ledgers.exchange.models import Account, Fill, Transfer
from ledgers.public_ids import public_id
from ledgers.reading import Pair
from trading.core.entries import (
    Entry,
    Flow,
    FlowKind,
    Side,
    Trade,
    assets_in,
    assets_to_price,
)
from trading.pricing import Wanted

WIDTH = 40
OWN = {Transfer.Kind.TRANSFER_IN, Transfer.Kind.TRANSFER_OUT}


class Told(Protocol):
    """What every fill and every transfer tells, be it a whole fact or some of its columns."""

    @property
    def event_at(self) -> datetime: ...
    @property
    def venue_id(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def fee(self) -> Decimal: ...
    @property
    def fee_asset(self) -> str: ...


class FillLike(Told, Protocol):
    """What a trade is made of."""

    @property
    def side(self) -> str: ...
    @property
    def base(self) -> str: ...
    @property
    def quote(self) -> str: ...
    @property
    def price(self) -> Decimal: ...


class TransferLike(Told, Protocol):
    """What a flow is made of."""

    @property
    def kind(self) -> str: ...
    @property
    def asset(self) -> str: ...
    @property
    def value(self) -> Decimal | None: ...


class UnbookableError(ValueError):
    """A stored fact that no book can keep; it is named, and nothing is computed without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The entries of one account, how many fills and transfers they are, and their facts' ids."""

    entries: Sequence[Entry]
    fills: int
    transfers: int
    facts: Mapping[str, Fill | Transfer]

    @property
    def ids(self) -> dict[str, str]:
        """Return the public id of the fact behind each entry, by the entry's key."""
        return {key: public_id(fact) for key, fact in self.facts.items()}


NOTHING = History(entries=(), fills=0, transfers=0, facts={})


def read_histories(user_id: int, pair: Pair, *, at: datetime) -> dict[int, History]:
    """Return the histories of the user's accounts up to `at`, as the pair knows them.

    Two queries. An account without entries is not among them.
    """
    fills = Fill.objects.for_user(user_id).at(pair).filter(event_at__lte=at)
    transfers = Transfer.objects.for_user(user_id).at(pair).filter(event_at__lte=at)
    return histories_of(list(fills), list(transfers))


def histories_of(fills: Sequence[Fill], transfers: Sequence[Transfer]) -> dict[int, History]:
    """Return the histories that these facts of one user make, by account."""
    linked = own_transfers(transfers)
    entries: dict[int, list[Entry]] = defaultdict(list)
    facts: dict[int, dict[str, Fill | Transfer]] = defaultdict(dict)
    for fill in fills:
        trade = _trade(fill)
        entries[fill.account_id].append(trade)
        facts[fill.account_id][trade.key] = fill
    for transfer in transfers:
        flow = _flow(transfer, linked.get(transfer.pk))
        entries[transfer.account_id].append(flow)
        facts[transfer.account_id][flow.key] = transfer
    return {
        account_id: History(
            entries=found,
            fills=sum(isinstance(entry, Trade) for entry in found),
            transfers=sum(isinstance(entry, Flow) for entry in found),
            facts=facts[account_id],
        )
        for account_id, found in entries.items()
    }


def wanted_prices(
    accounts: Sequence[Account], histories: Mapping[int, History], moments: Sequence[datetime]
) -> Iterator[Wanted]:
    """Yield every price that a booking, or a valuation at one of the moments, may ask for."""
    currencies = {account.base_currency for account in accounts}
    for account in accounts:
        currency = account.base_currency
        since: dict[str, datetime] = {}
        for entry in histories.get(account.pk, NOTHING).entries:
            yield from wanted_by(entry, currency, currencies)
            for asset in assets_in(entry):
                since[asset] = min(entry.at, since.get(asset, entry.at))
        for asset, start in since.items():
            yield from (Wanted(asset, currency, at) for at in moments if at >= start)


def wanted_by(entry: Entry, currency: str, currencies: Iterable[str]) -> Iterator[Wanted]:
    """Yield every price that booking an entry may ask for; carried lots may need a currency's."""
    for asset in assets_to_price(entry, currency):
        yield Wanted(asset, currency, entry.at)
    if entry.arrives_last:
        for asset in currencies:
            yield Wanted(asset, currency, entry.at)


def own_transfers(transfers: Iterable[Transfer]) -> Mapping[int, str]:
    """Name the transfers between own accounts, both halves alike.

    One half may name the other by its venue's identity, or both may bear one common name. In
    whatever order they are given, they get the same names.
    """
    own = [transfer for transfer in transfers if transfer.kind in OWN]
    own.sort(key=lambda transfer: (transfer.account_id, transfer.venue_id))
    by_name = {transfer.venue_id: transfer for transfer in own}
    names: dict[int, str] = {}
    for transfer in own:
        other = by_name.get(transfer.match)
        if other is not None and other.account_id != transfer.account_id:
            name = " ".join(sorted([transfer.venue_id, other.venue_id]))
            names[transfer.pk] = names[other.pk] = name
        elif transfer.match:
            names.setdefault(transfer.pk, transfer.match)
    return names


def trade_of(fill: FillLike) -> Trade:
    """Return a fill as an entry; raise ValueError if no book can keep it."""
    return Trade(
        at=fill.event_at,
        key=_key(fill.venue_id),
        side=Side(fill.side),
        base=fill.base,
        quote=fill.quote,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
    )


def flow_of(transfer: TransferLike, name: str | None) -> Flow:
    """Return a transfer as an entry, named if it is own; raise ValueError if none can keep it."""
    return Flow(
        at=transfer.event_at,
        key=f"{_key(transfer.venue_id)} transfer",
        kind=FlowKind(transfer.kind),
        asset=transfer.asset,
        quantity=transfer.quantity,
        fee=transfer.fee,
        fee_asset=transfer.fee_asset,
        value=transfer.value,
        match=name,
    )


def _trade(fill: Fill) -> Trade:
    try:
        return trade_of(fill)
    except ValueError as error:
        raise _unbookable(fill, error) from error


def _flow(transfer: Transfer, name: str | None) -> Flow:
    try:
        return flow_of(transfer, name)
    except ValueError as error:
        raise _unbookable(transfer, error) from error


def _key(venue_id: str) -> str:
    return venue_id.zfill(WIDTH) if venue_id.isdecimal() else venue_id


def _unbookable(fact: Fill | Transfer, error: ValueError) -> UnbookableError:
    return UnbookableError(
        f"{public_id(fact)} cannot be booked: {error} Correct it at its source and import again."
    )
