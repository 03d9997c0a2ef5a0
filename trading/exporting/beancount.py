"""A ledger of one account in the language of beancount, which `bean-check` accepts.

Each acquisition and each disposal is a transaction at the cost that our method gave it, so the
assets' accounts are booked `NONE`: beancount adds up and checks, and matches nothing anew. Nothing
is left to be found out, so that a transaction that does not balance is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

from trading.explaining import Explanation, FlowLine
from trading.writing import plain

BAD = re.compile(r"[^A-Z0-9'._-]")
NO_ACCOUNT = re.compile(r"[^A-Z0-9-]")
DIGITS = 26
"""What beancount's decimals hold, less two."""
Posting = tuple[str, str]


def to_beancount(explained: Explanation) -> str:
    """Write all that happened in an account, and what it holds in the end."""
    return "\n".join(_lines(explained)) + "\n"


def _lines(explained: Explanation) -> Iterator[str]:
    cash = commodity(explained.currency)
    yield f'option "title" "Account {explained.account}, {explained.method}"'
    yield f'option "operating_currency" "{cash}"'
    yield f'option "inferred_tolerance_default" "{cash}:0.005"'
    yield ""
    days = [entry.at for entry in explained.entries] or [explained.at]
    first = min([*days, *(lot.at for lot in explained.lots)])
    yield from _accounts(explained, first)
    moves: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    for when, key, text in _transactions(explained):
        moves[when, key].append(text)
    for _, texts in sorted(moves.items()):
        yield from texts
    yield from _ends(explained)


def commodity(asset: str) -> str:
    """Return a name that beancount takes for an asset."""
    name = BAD.sub("-", asset.upper())
    name = name if name[:1].isalpha() else f"X{name}"
    return (name if len(name) > 1 else f"{name}X")[:24].rstrip("'._-")


def _accounts(explained: Explanation, first: datetime) -> Iterator[str]:
    day = _day(first)
    names = {lot.asset for lot in explained.lots} | {one.asset for one in explained.disposals}
    names |= {one.asset for one in explained.flows if _left(one, explained)}
    yield f"{day} open {_cash(explained)} {commodity(explained.currency)}"
    for asset in sorted(names):
        yield f'{day} open {_held(asset)} {commodity(asset)} "NONE"'
    for name in ("Income:Gains", "Income:Unmatched", "Income:Rewards", "Expenses:Fees"):
        yield f"{day} open {name}"
    yield f"{day} open Equity:Flows"
    yield ""


def _transactions(explained: Explanation) -> Iterator[tuple[datetime, str, str]]:
    """Yield what each entry did, as one transaction of many postings."""
    for entry in explained.entries:
        postings = [
            *_acquired(explained, entry.id),
            *_disposed(explained, entry.id),
            *_flowed(explained, entry.id),
            *_paid(explained, entry.id),
        ]
        cash = _cash_of(explained, entry.id)
        if cash:
            postings.append((_cash(explained), f"{_exact(cash)} {commodity(explained.currency)}"))
        if postings:
            yield entry.at, entry.id, _written(entry.at, entry.kind, entry.id, postings)


def _acquired(explained: Explanation, entry: str) -> Iterator[Posting]:
    for lot in explained.lots:
        if lot.id == entry:
            yield _held(lot.asset), _at_cost(lot.asset, lot.quantity, lot.cost, explained, lot.at)


def _disposed(explained: Explanation, entry: str) -> Iterator[Posting]:
    for one in explained.disposals:
        if one.id == entry:
            acquired = one.acquired_at or one.at
            yield (
                _held(one.asset),
                _at_cost(one.asset, -one.quantity, one.cost, explained, acquired),
            )


def _flowed(explained: Explanation, entry: str) -> Iterator[Posting]:
    currency = commodity(explained.currency)
    for one in explained.flows:
        if one.id == entry and one.value:
            name = "Income:Rewards" if one.kind == "income" else "Equity:Flows"
            yield name, f"{_exact(-one.value)} {currency}"
        if one.id == entry and _left(one, explained):
            yield (
                _held(one.asset),
                _at_cost(one.asset, one.quantity, one.value, explained, one.at),
            )


def _left(one: FlowLine, explained: Explanation) -> bool:
    """Tell whether a flow took lots out: they are no disposals, for nothing was gained."""
    return one.asset != explained.currency and one.quantity < 0


def _paid(explained: Explanation, entry: str) -> Iterator[Posting]:
    """Yield the fee outside the basis, and what was gained, of known and of unknown basis."""
    currency = commodity(explained.currency)
    for fee in explained.fees:
        if fee.id == entry and not fee.in_basis:
            yield "Expenses:Fees", f"{_exact(fee.value)} {currency}"
    for one in explained.disposals:
        if one.id == entry:
            name = "Income:Gains" if one.lot is not None else "Income:Unmatched"
            yield name, f"{_exact(-one.gain)} {currency}"


def _cash_of(explained: Explanation, entry_id: str) -> Decimal:
    """Return what an entry moved in cash: its trade, its fee, and flows that were needed."""
    currency, cash = explained.currency, Decimal(0)
    entry = next(one for one in explained.entries if one.id == entry_id)
    if entry.price is not None:
        sign = -1 if entry.kind == "buy" else 1
        if entry.quote == currency:
            cash += sign * entry.quantity * entry.price
        if entry.base == currency:
            cash -= sign * entry.quantity
    if entry.fee_asset == currency:
        cash -= entry.fee
    flows = (one for one in explained.flows if one.id == entry_id and one.asset == currency)
    return cash + sum((one.quantity for one in flows), Decimal(0))


def _written(at: datetime, kind: str, key: str, postings: Iterable[Posting]) -> str:
    lines = [f'{_day(at)} * "{kind}" "{key}"']
    lines += [f"  {account}  {amount}" for account, amount in postings]
    return "\n".join([*lines, ""])


def _ends(explained: Explanation) -> Iterator[str]:
    """Assert what is held: units are exact."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for lot in explained.lots:
        held[lot.asset] += lot.quantity
    for one in explained.disposals:
        held[one.asset] -= one.quantity
    for flow in explained.flows:
        if _left(flow, explained):
            held[flow.asset] += flow.quantity
    day = _day(explained.at, later=1)
    for asset, quantity in sorted(held.items()):
        yield f"{day} balance {_held(asset)}  {plain(quantity)} {commodity(asset)}"


def _at_cost(
    asset: str, quantity: Decimal, cost: Decimal, explained: Explanation, acquired: datetime
) -> str:
    """Write units at their whole cost; the day and the number keep lots apart."""
    currency = commodity(explained.currency)
    whole = f"{{{{{_exact(abs(cost))} {currency}, {_day(acquired)}}}}}"
    return f"{plain(quantity)} {commodity(asset)} {whole}"


def _held(asset: str) -> str:
    return f"Assets:Held:{NO_ACCOUNT.sub('-', commodity(asset))}"


def _cash(explained: Explanation) -> str:
    return f"Assets:Cash:{commodity(explained.currency)}"


def _exact(amount: Decimal) -> str:
    """Write an amount with as many digits as beancount can hold."""
    digits = max(0, DIGITS - len(str(int(abs(amount)))))
    places = min(digits, max(0, -int(amount.normalize().as_tuple().exponent)))
    return plain(round(amount, places))


def _day(moment: datetime, *, later: int = 0) -> str:
    day = moment.astimezone(UTC).date()
    return day.fromordinal(day.toordinal() + later).isoformat()
