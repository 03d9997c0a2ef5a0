"""The plain format of this project: one line an entry, times with a zone.

`time,side,base,quote,quantity,price,fee,fee_asset,venue_id`; the side is buy, sell, income,
deposit or withdrawal. A trade has a quote and a price for one base, without the fee. What comes
or goes may have a price too: in the account's currency it gives the worth of the whole. Without a
venue_id an entry is known by its content.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import iso_of, text_of
from ledgers.exchange.importing.cells import (
    amount_of,
    asset_of,
    not_negative,
    plain,
    positive,
    product,
)
from ledgers.exchange.importing.drafts import CONTENT, Entry, Format, Setting
from ledgers.exchange.models import Side, Transfer
from ledgers.exchange.records import FillRecord, TransferRecord

COLUMNS = (
    "time",
    "side",
    "base",
    "quote",
    "quantity",
    "price",
    "fee",
    "fee_asset",
    "venue_id",
)
FLOWS = (Transfer.Kind.INCOME, Transfer.Kind.DEPOSIT, Transfer.Kind.WITHDRAWAL)
MAX_ID = 100


def parse(cells: dict[str, str], setting: Setting) -> tuple[Entry, tuple[str, ...]]:
    """Make a fill or a transfer of one line."""
    side = cells["side"].casefold()
    if side not in (*Side.values, *FLOWS):
        known = ", ".join((*Side.values, *FLOWS))
        raise BadValueError("unknown_side", f"side is {cells['side']!r}. There are: {known}.")
    at = iso_of(cells["time"], "time")
    entry = (
        _fill(cells, side, at, setting) if side in Side.values else _flow(cells, side, at, setting)
    )
    return entry, _content(entry)


def _fill(cells: dict[str, str], side: str, at: datetime, setting: Setting) -> FillRecord:
    base, quote = asset_of(cells["base"], "base"), asset_of(cells["quote"], "quote")
    if base == quote:
        raise BadValueError("same_asset", f"base and quote are both {base}.")
    fee, fee_asset = _fee(cells, setting)
    venue_id = _venue_id(cells)
    return FillRecord(
        event_at=at,
        published_at=at,
        account_id=setting.account_id,
        venue_id=venue_id,
        order_id=venue_id,
        side=side,
        base=base,
        quote=quote,
        quantity=positive(_number(cells, "quantity", setting), "quantity"),
        price=positive(_number(cells, "price", setting), "price"),
        fee=fee,
        fee_asset=fee_asset,
    )


def _flow(cells: dict[str, str], kind: str, at: datetime, setting: Setting) -> TransferRecord:
    asset = asset_of(cells["base"], "base")
    quantity = positive(_number(cells, "quantity", setting), "quantity")
    fee, fee_asset = _fee(cells, setting)
    return TransferRecord(
        event_at=at,
        published_at=at,
        account_id=setting.account_id,
        venue_id=_venue_id(cells),
        kind=kind,
        asset=asset,
        quantity=quantity,
        fee=fee,
        fee_asset=fee_asset,
        value=_value(cells, asset, quantity, setting),
        match="",
    )


def _value(
    cells: dict[str, str], asset: str, quantity: Decimal, setting: Setting
) -> Decimal | None:
    """Return the worth of what moved, if the line tells it in the account's currency."""
    if asset == setting.currency:
        return quantity
    if not cells["price"]:
        return None
    price = not_negative(_number(cells, "price", setting), "price")
    quote = asset_of(cells["quote"] or setting.currency, "quote")
    return product(quantity, price, "quantity times price") if quote == setting.currency else None


def _fee(cells: dict[str, str], setting: Setting) -> tuple[Decimal, str]:
    fee = not_negative(_number(cells, "fee", setting) if cells["fee"] else Decimal(0), "fee")
    if not fee:
        return Decimal(0), ""
    if not cells["fee_asset"]:
        raise BadValueError("no_fee_asset", f"fee is {fee}, but fee_asset is empty.")
    return fee, asset_of(cells["fee_asset"], "fee_asset")


def _number(cells: dict[str, str], name: str, setting: Setting) -> Decimal:
    amount = amount_of(cells[name], name, has_semicolons=setting.has_semicolons)
    if amount.unit:
        raise BadValueError("not_a_number", f"{name} is {cells[name]!r}. Write no unit.")
    return amount.number


def _venue_id(cells: dict[str, str]) -> str:
    venue_id = text_of(cells["venue_id"], "venue_id", limit=MAX_ID + 1)
    if len(venue_id) > MAX_ID:
        raise BadValueError("too_long", f"venue_id has more than {MAX_ID} characters.")
    if venue_id.startswith(CONTENT):
        raise BadValueError("reserved_id", f"venue_id begins with {CONTENT!r}, which is ours.")
    return venue_id


def _content(entry: Entry) -> tuple[str, ...]:
    """Return what tells an entry from others that are not equal to it."""
    fee = plain(entry.fee), entry.fee_asset
    if isinstance(entry, FillRecord):
        what = (entry.side, f"{entry.base}/{entry.quote}", plain(entry.price))
    else:
        what = (entry.kind, entry.asset, "" if entry.value is None else plain(entry.value))
    return (*what, plain(entry.quantity), *fee, entry.event_at.isoformat())


FORMAT = Format(name="omc", columns=COLUMNS, venue="omc", account="Imported", parse=parse)
