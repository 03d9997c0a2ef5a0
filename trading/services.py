"""What a user's accounts have earned: read the facts, let the core book them, report.

There is no arithmetic here. A report is a function of the facts that its pair sees, so the same
question has the same answer for ever; kept books (`trading.keeping`) only make it come sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from ledgers.answers import Answer, answer, coverage_of, quality_of
from ledgers.exchange.models import Account
from ledgers.filling import feeds_of, feeds_of_accounts
from ledgers.glass.models import Quote
from ledgers.models import Feed, Ledger
from ledgers.reading import TICK, Pair
from trading.core.days import Market, Stand, day_ends, stands
from trading.core.exact import total
from trading.core.journal import Book, FeePolicy, Parcel, fees_in_basis, implied_flows
from trading.core.lots import METHODS
from trading.core.valuation import Valuation, combine
from trading.histories import NOTHING, History, read_histories, wanted_prices
from trading.keeping.reading import standing as kept_standing
from trading.pricing import Price, PriceTable, Wanted, find_prices
from trading.reporting import account_lines, asset_lines, day_lines, holdings_of, name_of
from trading.reports import By, Holding, Line, PnlReport, Totals
from trading.standings import MAX_DAYS, Standing, Told


class UnknownAccountError(LookupError):
    """The user has no such account, or none at all."""


class QuestionError(ValueError):
    """A question that has no answer, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Accounts booked up to a moment, and everything that went into it."""

    accounts: Sequence[Account]
    histories: Mapping[int, History]
    books: Mapping[str, Book]
    stands: Sequence[Stand]
    table: PriceTable

    @property
    def last(self) -> Stand:
        """Return where the accounts stand at the moment asked for."""
        return self.stands[-1]

    def price_of(self, account: Account) -> Callable[[str], Price | None]:
        """Return what looks up the price that an asset of an account stands at."""
        at = self.last.at
        return lambda asset: self.table.found.get(Wanted(asset, account.base_currency, at))

    @property
    def standing(self) -> Standing:
        """Return where the accounts stand."""
        return Standing(
            accounts=self.accounts,
            stands=self.stands,
            told={account.pk: self._told(account) for account in self.accounts},
            found=self.table.found,
            used=[*self.table.asked.values()],
        )

    def _told(self, account: Account) -> Told:
        book, history = self.books[str(account.pk)], self.histories.get(account.pk, NOTHING)
        return Told(
            method=book.method,
            fees_in_basis=fees_in_basis(book),
            implied_flows=implied_flows(book),
            fills=history.fills,
            transfers=history.transfers,
            first_at=min((entry.at for entry in history.entries), default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller of `book` has read already, and earlier moments to be told as well."""

    histories: Mapping[int, History]
    before: Sequence[datetime] = ()


def pnl_of(  # the sixth argument is the question's
    user_id: int,
    *,
    pair: Pair,
    account_id: int | None = None,
    method: str | None = None,
    at: datetime | None = None,
    by: str | None = None,
) -> PnlReport:
    """Return the profit and loss of a user's accounts, or of one of them.

    `method` is for this report only; without it each account's own counts. `at` cuts events (the
    default is as_of), `by` is asset, day (UTC) or account. Raises `UnknownAccountError`,
    `QuestionError`, or `UnbookableError` if a stored fact makes no sense.
    """
    moment = at or pair.as_of
    part = By(by) if by in list(By) else None
    if by is not None and part is None:
        raise QuestionError(f"No parts by {by!r}. They are by {', '.join(By)}.")
    everyone, chosen = checked_question(user_id, account_id, pair=pair, method=method, at=moment)
    currencies = {account.base_currency for account in chosen}
    if len(currencies) > 1 and part in (By.ASSET, By.DAY):
        raise QuestionError(
            f"Your accounts are in {' and '.join(sorted(currencies))}, which have no sum. "
            f"Choose one of them: {_names(chosen)}."
        )
    return _report(_standing(everyone, pair, method, moment, part), chosen, pair, part)


def _standing(
    everyone: Sequence[Account], pair: Pair, method: str | None, at: datetime, part: By | None
) -> Standing:
    """Return where the accounts stand: from the kept books if they serve, else from the facts."""
    is_daily = part is By.DAY
    is_own = method is None or all(account.method == method for account in everyone)
    kept = kept_standing(everyone, pair, at=at, is_daily=is_daily) if is_own else None
    return kept or book(everyone, pair, method=method, at=at, is_daily=is_daily).standing


def book(
    accounts: Sequence[Account],
    pair: Pair,
    *,
    method: str | None,
    at: datetime,
    is_daily: bool = False,
    given: Given | None = None,
) -> Booked:
    """Book all accounts of one user side by side, since own transfers carry lots."""
    histories = given.histories if given else read_histories(accounts[0].user_id, pair, at=at)
    moments = _days(histories, at) if is_daily else [*(given.before if given else ()), at]
    table = find_prices(wanted_prices(accounts, histories, moments), pair)
    transit: dict[tuple[str, str], Parcel] = {}
    books = {
        str(account.pk): Book(
            currency=account.base_currency,
            method=method or account.method,
            fees=FeePolicy(account.fees),
            prices=table.lookup(account.base_currency),
            transit=transit,
        )
        for account in accounts
    }
    entries = {str(one.pk): histories.get(one.pk, NOTHING).entries for one in accounts}

    def market(key: str, moment: datetime) -> Market:
        book = books[key]
        return table.market(book.positions, book.currency, moment)

    return Booked(
        accounts=accounts,
        histories=histories,
        books=books,
        stands=stands(books, entries, moments, market),
        table=table,
    )


def accounts_of(user_id: int) -> list[Account]:
    """Return the user's accounts by name."""
    return list(Account.objects.filter(user_id=user_id).order_by("name"))


def find_account(user_id: int, written: str) -> Account:
    """Return the user's account of this name, else of this id; raise with the known ones."""
    everyone = accounts_of(user_id)
    for account in everyone:
        if account.name == written:
            return account
    for account in everyone:
        if str(account.pk) == written:
            return account
    raise UnknownAccountError(_unknown(repr(written[:60]), everyone))


def answer_of(accounts: Sequence[Account], pair: Pair) -> Answer:
    """Return how good the feeds of these accounts are, and where they have looked."""
    feeds = feeds_of_accounts(account.pk for account in accounts)
    return answer(feeds, pair, since=None, until=pair.as_of, found=bool(accounts))


def answer_behind(
    standing: Standing, chosen: Sequence[Account], holdings: Sequence[Holding], pair: Pair
) -> Answer:
    """Return the state of the feeds that brought fills and prices, and where the former looked."""
    prices = {holding.price.feed for holding in holdings if holding.price}
    feeds = feeds_of_accounts((account.pk for account in chosen), beside=prices)
    told = (standing.told[account.pk] for account in chosen)
    starts = [one.first_at for one in told if one.first_at]
    return Answer(
        pair=pair,
        quality=quality_of([*feeds, *_unpriced(holdings, prices)], pair),
        coverage=coverage_of(
            [feed for feed in feeds if feed.ledger == Ledger.EXCHANGE],
            pair,
            since=min(starts, default=None),
            until=standing.last.at + TICK,
            found=bool(starts),
        ),
    )


def checked_question(
    user_id: int, account_id: int | None, *, pair: Pair, method: str | None, at: datetime
) -> tuple[list[Account], list[Account]]:
    """Return all accounts of a user and those asked for, or raise for what has no answer."""
    if method is not None and method not in METHODS:
        raise QuestionError(f"No method {method!r}. The methods are {', '.join(METHODS)}.")
    if at.tzinfo is None:
        raise QuestionError(f"{at} has no zone and is many moments. Add one, such as Z.")
    if at > pair.as_of:
        raise QuestionError(
            f"Nobody knew on {pair.as_of:%F %T} UTC what would be at {at.astimezone(UTC):%F %T} "
            "UTC. Ask for an `at` that is not later than as_of."
        )
    everyone = accounts_of(user_id)
    chosen = [one for one in everyone if account_id in (None, one.pk)]
    if not chosen:
        raise UnknownAccountError(_unknown(account_id, everyone))
    return everyone, chosen


def _days(histories: Mapping[int, History], at: datetime) -> list[datetime]:
    """Return the ends of the days, in UTC, since the first entry."""
    starts = [entry.at for history in histories.values() for entry in history.entries]
    first = min(starts, default=at).astimezone(UTC)
    return day_ends(first, at, most=MAX_DAYS)


def _report(
    standing: Standing, chosen: Sequence[Account], pair: Pair, part: By | None
) -> PnlReport:
    """Tell where the chosen accounts stand."""
    is_one_currency = len({account.base_currency for account in chosen}) == 1
    whole = combine(standing.values(chosen))
    holdings = tuple(holdings_of(chosen, standing.last, standing.found))
    told = [standing.told[account.pk] for account in chosen]
    travels = answer_behind(standing, chosen, holdings, pair)
    return PnlReport(
        user_id=chosen[0].user_id,
        accounts=tuple(name_of(account) for account in chosen),
        currency=chosen[0].base_currency if is_one_currency else None,
        method=", ".join(sorted({one.method for one in told})),
        as_of=pair.as_of,
        horizon=pair.horizon,
        at=standing.last.at,
        totals=_totals(told, whole) if is_one_currency else None,
        unmatched=whole.unmatched,
        complete=whole.complete,
        missing=whole.missing,
        by=_lines(standing, chosen, part if is_one_currency else By.ACCOUNT),
        holdings=holdings,
        prices=_prices(standing, holdings),
        fills=sum(one.fills for one in told),
        transfers=sum(one.transfers for one in told),
        quality=travels.quality,
        coverage=travels.coverage,
    )


def _totals(told: Sequence[Told], whole: Valuation) -> Totals:
    return Totals(
        amounts=whole,
        fees_in_basis=total(one.fees_in_basis for one in told),
        implied_flows=total(one.implied_flows for one in told),
    )


def _lines(standing: Standing, chosen: Sequence[Account], part: By | None) -> tuple[Line, ...]:
    if part is By.ACCOUNT:
        return tuple(account_lines(chosen, standing.last))
    if part is By.ASSET:
        return tuple(asset_lines(chosen, standing.last))
    return tuple(day_lines(chosen, standing.stands)) if part is By.DAY else ()


def _prices(standing: Standing, holdings: Iterable[Holding]) -> tuple[Price, ...]:
    """Return the prices that the holdings stand at, and those that bookings asked for, each once.

    All accounts count: lots that were carried over brought their prices along.
    """
    valued = [holding.price for holding in holdings if holding.price]
    used = {price.id: price for price in [*valued, *standing.used]}
    return tuple(used[key] for key in sorted(used))


def _unpriced(holdings: Iterable[Holding], known: Collection[str]) -> list[Feed]:
    """Return the feeds of the first source, if an asset has no price at all."""
    if all(holding.price or not holding.needs_price for holding in holdings):
        return []
    first = feeds_of([Quote], user_id=None, source=settings.OMC_PRICE_SOURCES[0])
    return [feed for feed in first if feed.name not in known]


def _unknown(asked: object, accounts: Sequence[Account]) -> str:
    if not accounts:
        return "There is no account yet. Import fills: manage.py import_fills FILE --user NAME."
    return f"There is no account {asked}. The accounts are {_names(accounts)}."


def _names(accounts: Iterable[Account]) -> str:
    return ", ".join(f"{account.name} ({account.pk})" for account in accounts)
