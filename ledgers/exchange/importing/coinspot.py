"""CoinSpot's order history, as its site exports it.

Times are written without a zone, in the time of the exchange's home: Australia/Melbourne, unless
`--time-zone` says otherwise. The hour that the end of summer time repeats is taken as its first.
A date alone, as older exports have it, is taken as the start of that day.

A buy's total includes the fee, a sell's is net of it, and totals are rounded to cents. The total
is what was paid or got, so it is what must come out: the fee is the difference between the total
and amount times rate, which is the stated fee but for that rounding. Where the rounding makes it
negative, there is no fee and the price is total by amount. A total that the stated fee does not
explain is rejected. In a market of two coins the total is in the quote coin (where it is told in
AUD alone, rate and fee decide); what CoinSpot says it was worth in AUD is the fill's `value`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import decimal_of, iso_of, plausible
from ledgers.exchange.importing.cells import (
    QUOTIENT,
    Amount,
    amount_of,
    asset_of,
    difference,
    not_negative,
    plain,
    positive,
    product,
)
from ledgers.exchange.importing.drafts import Format, Setting
from ledgers.exchange.records import FillRecord

COLUMNS = (
    "Transaction Date",
    "Type",
    "Market",
    "Amount",
    "Rate inc. fee",
    "Rate ex. fee",
    "Fee",
    "Fee AUD (inc GST)",
    "GST AUD",
    "Total AUD",
    "Total (inc GST)",
)
HOME = "AUD"
SIDES = {"buy": 1, "sell": -1}
TIMES = (
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M %p",
    "%d/%m/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
)
CENTS, SHARE = Decimal("0.02"), Decimal("0.001")


def parse(cells: dict[str, str], setting: Setting) -> tuple[FillRecord, tuple[str, ...]]:
    """Make a fill of one line."""
    side = cells["Type"].casefold()
    if side not in SIDES:
        raise BadValueError("unknown_type", f"Type is {cells['Type']!r}, neither Buy nor Sell.")
    base, quote = _market(cells["Market"])
    at = _moment(cells["Transaction Date"], setting)
    quantity = positive(_amount(cells, "Amount", base, setting), "Amount")
    rate = positive(_amount(cells, "Rate ex. fee", quote, setting), "Rate ex. fee")
    total_aud = not_negative(_amount(cells, "Total AUD", HOME, setting), "Total AUD")
    total = _total(cells, quote, total_aud, setting)
    stated = _fee(cells, quote, total, total_aud, setting)
    price, fee = (
        (rate, stated) if total is None else exact(SIDES[side], quantity, rate, total, stated)
    )
    fill = FillRecord(
        event_at=at,
        published_at=at,
        account_id=setting.account_id,
        venue_id="",
        order_id="",
        side=side,
        base=base,
        quote=quote,
        quantity=quantity,
        price=price,
        fee=fee,
        fee_asset=quote if fee else "",
        value=None if quote == HOME or setting.currency != HOME else total_aud,
    )
    return fill, content_of(fill, rate, total_aud)


def content_of(fill: FillRecord, rate: Decimal, total_aud: Decimal) -> tuple[str, ...]:
    """Return what tells a trade from others, here as in the answers of CoinSpot's API."""
    numbers = map(plain, (fill.quantity, rate, total_aud))
    return (fill.side, f"{fill.base}/{fill.quote}", *numbers, fill.event_at.isoformat())


def _market(cell: str) -> tuple[str, str]:
    base, _, quote = cell.partition("/")
    pair = asset_of(base, "Market"), asset_of(quote or HOME, "Market")
    if pair[0] == pair[1]:
        raise BadValueError("same_asset", f"Market is {cell!r}: an asset against itself.")
    return pair


def _moment(cell: str, setting: Setting) -> datetime:
    """Return the moment of a time of the wall; one that the clocks skipped does not exist."""
    local = _wall_time(cell)
    if local is None:
        return iso_of(cell, "Transaction Date")
    moment = local.replace(tzinfo=setting.zone).astimezone(UTC)
    if moment.astimezone(setting.zone).replace(tzinfo=None) != local:
        raise BadValueError(
            "no_such_time",
            f"Transaction Date {cell!r} was skipped by summer time in {setting.zone}.",
        )
    return plausible(moment, "Transaction Date")


def _wall_time(cell: str) -> datetime | None:
    for form in TIMES:
        try:
            return datetime.strptime(cell, form)  # noqa: DTZ007  # the zone is the setting's
        except ValueError:
            continue
    return None


def _amount(cells: dict[str, str], name: str, unit: str, setting: Setting) -> Decimal:
    """Return a number whose cell names this unit or none."""
    amount = _cell(cells, name, setting)
    if amount.unit and amount.unit != unit:
        raise BadValueError("other_unit", f"{name} is in {amount.unit}, not in {unit}.")
    return amount.number


def _cell(cells: dict[str, str], name: str, setting: Setting) -> Amount:
    return amount_of(cells[name], name, has_semicolons=setting.has_semicolons)


def _total(
    cells: dict[str, str], quote: str, total_aud: Decimal, setting: Setting
) -> Decimal | None:
    """Return what was paid or got in the quote asset; None if it is told in AUD alone."""
    name = "Total (inc GST)"
    total = _cell(cells, name, setting)
    if total.unit not in ("", quote, HOME):
        raise BadValueError("other_unit", f"{name} is in {total.unit}, not in {quote}.")
    if quote != HOME:
        return None if total.unit == HOME else positive(total.number, name)
    if abs(total.number - total_aud) > max(CENTS, SHARE * total_aud):
        raise BadValueError(
            "totals_disagree", f"Total AUD is {total_aud}, but {name} is {total.number}."
        )
    return positive(total_aud, "Total AUD")


def _fee(
    cells: dict[str, str],
    quote: str,
    total: Decimal | None,
    total_aud: Decimal,
    setting: Setting,
) -> Decimal:
    """Return the stated fee in the quote asset; one in AUD is converted as the total is."""
    name = "Fee AUD (inc GST)" if quote == HOME else "Fee"
    fee = _cell(cells, name, setting)
    not_negative(fee.number, name)
    if fee.unit in ("", quote):
        return fee.number
    if fee.unit == HOME and total and total_aud:
        return QUOTIENT.divide(QUOTIENT.multiply(fee.number, total), total_aud)
    raise BadValueError("other_unit", f"{name} is in {fee.unit}, not in {quote}.")


def exact(
    sign: int, quantity: Decimal, rate: Decimal, total: Decimal, stated: Decimal
) -> tuple[Decimal, Decimal]:
    """Return price and fee with which amount times price, plus or minus the fee, is the total."""
    money = product(quantity, rate, "Amount times rate")
    fee = difference(total, money, "Fee") * sign
    if abs(fee - stated) > max(CENTS, SHARE * total):
        raise BadValueError(
            "totals_disagree", f"The total is {total}; {money} and a fee of {stated} make another."
        )
    if fee >= 0:
        return rate, fee
    return decimal_of(QUOTIENT.divide(total, quantity), "Total by amount"), Decimal(0)


FORMAT = Format(name="coinspot", columns=COLUMNS, venue="coinspot", account="CoinSpot", parse=parse)
