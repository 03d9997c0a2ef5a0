"""From valuations to the lines of a report: by asset, by account, by day, and what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from ledgers.exchange.models import Account
from trading.core.days import Stand
from trading.core.valuation import NOTHING, Amounts, AssetValue, Valuation, change, combine
from trading.pricing import Price, Wanted
from trading.reports import AccountName, Holding, Line


def name_of(account: Account) -> AccountName:
    """Return an account as its owner calls it."""
    return AccountName(
        id=account.pk, name=account.name, currency=account.base_currency, method=account.method
    )


def account_lines(accounts: Iterable[Account], stand: Stand) -> Iterator[Line]:
    """Yield each account as a whole."""
    for account in accounts:
        value = stand.valuations[str(account.pk)]
        yield _line(account.name, account.base_currency, value, value)


def asset_lines(accounts: Sequence[Account], stand: Stand) -> Iterator[Line]:
    """Yield each asset over all accounts, cash among them."""
    for row in _combined(accounts, stand).assets:
        yield Line(
            key=row.asset,
            currency=accounts[0].base_currency,
            amounts=row,
            closing=row.equity,
            unmatched={row.asset: row.unmatched} if row.unmatched else {},
            missing=(row.asset,) if row.missing else (),
            complete=not row.missing and not row.unmatched,
        )


def day_lines(accounts: Sequence[Account], stands: Iterable[Stand]) -> Iterator[Line]:
    """Yield what came about on each day, UTC; the days add up to the whole."""
    before: Amounts = NOTHING
    for stand in stands:
        value = _combined(accounts, stand)
        day = f"{stand.at.astimezone(UTC):%Y-%m-%d}"
        yield _line(day, accounts[0].base_currency, value, change(before, value))
        before = value


def holdings_of(
    accounts: Iterable[Account], stand: Stand, found: Mapping[Wanted, Price]
) -> Iterator[Holding]:
    """Yield what each account holds, and what it sold without a known basis."""
    for account in accounts:
        named = name_of(account)
        for row in stand.valuations[str(account.pk)].assets:
            if row.quantity or row.unmatched:
                yield _holding(named, row, stand, found)


def _holding(
    account: AccountName, row: AssetValue, stand: Stand, found: Mapping[Wanted, Price]
) -> Holding:
    wanted = Wanted(row.asset, account.currency, stand.at)
    price = found.get(wanted) if row.quantity else None
    return Holding(
        account=account,
        asset=row.asset,
        quantity=row.quantity,
        cost=row.cost,
        value=row.equity,
        unrealized=row.unrealized,
        realized=row.realized,
        unmatched=row.unmatched,
        price=price,
        age=stand.at - price.at if price else None,
        is_missing=row.missing,
    )


def _line(key: str, currency: str, value: Valuation, amounts: Amounts) -> Line:
    return Line(
        key=key,
        currency=currency,
        amounts=amounts,
        closing=value.equity,
        unmatched=value.unmatched,
        missing=value.missing,
        complete=value.complete,
    )


def _combined(accounts: Iterable[Account], stand: Stand) -> Valuation:
    return combine(stand.valuations[str(account.pk)] for account in accounts)
