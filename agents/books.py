"""Where a user's accounts stand, read in two queries: everything that happened, then the prices.

The arithmetic is trading's own. A user with more than `MANY` entries is told by the books that
trading keeps, which takes some more queries, but no more time for more entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Value

from ledgers.exchange.models import Account, Fill, Transfer
from ledgers.numeric import ExactField
from ledgers.public_ids import public_id
from ledgers.reading import Pair
from trading.core.valuation import Amounts, combine
from trading.histories import histories_of
from trading.reporting import asset_lines, holdings_of
from trading.reports import Holding, Line, PnlReport
from trading.services import Given, QuestionError, accounts_of, book, pnl_of

MANY = 2_000
CITED = 20
"""So many of an asset's newest entries are named as its sources."""
SHARED = ("id", "event_at", "known_at", "revision", "venue_id", "quantity", "fee", "fee_asset",
          "value")  # fmt: skip
OF_FILL = (*SHARED, "order_id", "side", "base", "quote", "price")
OF_TRANSFER = (*SHARED, "match", "kind", "asset")
OF_ACCOUNT = ("id", "user_id", "name", "venue", "base_currency", "method", "fees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stored entry that a position was made of."""

    id: str
    at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a user's accounts of one currency hold and have earned.

    `lines` tell each asset's share, `sources` its newest entries; `others` are the currencies of
    accounts that are not told, because currencies have no sum. `before` are the amounts of an
    earlier moment, by asset and of the whole (`*`).
    """

    currency: str
    method: str
    holdings: Sequence[Holding]
    lines: Sequence[Line]
    whole: Amounts
    fees_in_basis: Decimal
    missing: tuple[str, ...]
    sources: Mapping[str, Sequence[Source]]
    others: tuple[str, ...]
    before: Mapping[str, Amounts]


def books_of(
    user_id: int, pair: Pair, *, at: datetime, since: datetime | None = None
) -> Books | None:
    """Return where the user's accounts stand at a moment; None where nothing ever happened.

    With `since`, also where they stood then: `before`.
    """
    entries = _entries(user_id, pair, at)
    if not entries:
        return None
    fills, transfers, accounts = _facts(entries)
    sources = _sources([*fills, *transfers])
    if len(entries) > MANY:
        return _kept(user_id, pair, at, since, sources)
    given = Given(histories=histories_of(fills, transfers), before=[since] if since else [])
    standing = book(accounts, pair, method=None, at=at, given=given).standing
    chosen = [one for one in accounts if one.base_currency == accounts[0].base_currency]
    whole = combine(standing.values(chosen))
    before = combine(standing.stands[0].valuations[str(one.pk)] for one in chosen)
    return Books(
        currency=chosen[0].base_currency,
        method=", ".join(sorted({one.method for one in chosen})),
        holdings=tuple(holdings_of(chosen, standing.last, standing.found)),
        lines=tuple(asset_lines(chosen, standing.last)),
        whole=whole,
        fees_in_basis=sum((standing.told[one.pk].fees_in_basis for one in chosen), Decimal(0)),
        missing=whole.missing,
        sources=sources,
        others=_others(accounts),
        before={"*": before, **{one.asset: one for one in before.assets}} if since else {},
    )


def _kept(
    user_id: int,
    pair: Pair,
    at: datetime,
    since: datetime | None,
    sources: Mapping[str, Sequence[Source]],
) -> Books | None:
    """Tell a long history by the kept books."""
    report = _report(user_id, pair, at)
    if report.totals is None or report.currency is None:
        return None
    before: dict[str, Amounts] = {}
    if since:
        earlier = _report(user_id, pair, since)
        before = {line.key: line.amounts for line in earlier.by}
        before |= {"*": earlier.totals.amounts} if earlier.totals else {}
    return Books(
        currency=report.currency,
        method=report.method,
        holdings=report.holdings,
        lines=report.by,
        whole=report.totals.amounts,
        fees_in_basis=report.totals.fees_in_basis,
        missing=report.missing,
        sources=sources,
        others=_others(accounts_of(user_id)),
        before=before,
    )


def _report(user_id: int, pair: Pair, at: datetime) -> PnlReport:
    """Ask trading, of the first account only where several have no sum."""
    try:
        return pnl_of(user_id, pair=pair, at=at, by="asset")
    except QuestionError:
        first = accounts_of(user_id)[0]
        return pnl_of(user_id, pair=pair, at=at, by="asset", account_id=first.pk)


def _others(accounts: Sequence[Account]) -> tuple[str, ...]:
    told = accounts[0].base_currency
    return tuple(sorted({one.base_currency for one in accounts} - {told}))


def _entries(user_id: int, pair: Pair, at: datetime) -> list[tuple[Any, ...]]:
    """Return the user's fills and transfers with their accounts, newest first; one query."""
    account = tuple(f"account__{name}" for name in OF_ACCOUNT)
    fills = Fill.objects.for_user(user_id).at(pair).filter(event_at__lte=at)
    transfers = Transfer.objects.for_user(user_id).at(pair).filter(event_at__lte=at)
    nothing = Value(None, output_field=ExactField())
    both = fills.values_list(Value(0), *OF_FILL, *account).union(
        transfers.values_list(Value(1), *OF_TRANSFER, Value(""), nothing, *account), all=True
    )
    return list(both.order_by("-event_at")[: MANY + 1])


def _facts(
    entries: Sequence[tuple[Any, ...]],
) -> tuple[list[Fill], list[Transfer], list[Account]]:
    """Return the rows as the facts that they are, and the accounts by name."""
    fills: list[Fill] = []
    transfers: list[Transfer] = []
    accounts: dict[int, Account] = {}
    for is_transfer, *row in entries:
        own = row[len(OF_FILL) :]
        if own[0] not in accounts:
            accounts[own[0]] = Account(**dict(zip(OF_ACCOUNT, own, strict=True)))
        if is_transfer:
            given = dict(zip(OF_TRANSFER, row[: len(OF_TRANSFER)], strict=True))
            transfers.append(Transfer(account_id=own[0], **given))
        else:
            given = dict(zip(OF_FILL, row[: len(OF_FILL)], strict=True))
            fills.append(Fill(account_id=own[0], **given))
    return fills, transfers, sorted(accounts.values(), key=lambda one: one.name)


def _sources(facts: Sequence[Fill | Transfer]) -> dict[str, list[Source]]:
    """Name the newest entries of each asset: all that moved it, fees too."""
    found: dict[str, list[Source]] = defaultdict(list)
    for fact in sorted(facts, key=lambda one: one.event_at, reverse=True):
        source = Source(id=public_id(fact), at=fact.event_at, known_at=fact.known_at)
        for asset in _moved(fact):
            if len(found[asset]) < CITED:
                found[asset].append(source)
    return found


def _moved(fact: Fill | Transfer) -> set[str]:
    named = {fact.base, fact.quote} if isinstance(fact, Fill) else {fact.asset}
    return {*named, fact.fee_asset} - {""}
