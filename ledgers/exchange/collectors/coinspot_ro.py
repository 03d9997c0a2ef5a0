"""CoinSpot: what a user's read-only key shows of the own account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Collector, Http, Looked, Window, member
from ledgers.collecting.errors import DriftError
from ledgers.collecting.keeping import read_payload
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.exchange.coinspot_private import HOST, READ_ONLY, KeyPair, KeyRejectedError, call
from ledgers.exchange.coinspot_rows import Rows
from ledgers.exchange.importing import settling
from ledgers.exchange.keys import SLUG, accounts_with_keys, keys_of, note_refusal
from ledgers.exchange.records import FillRecord, OrderRecord, TransferRecord
from ledgers.models import Ledger, RawPayload

BALANCES: Final = "/my/balances"
OPEN_MARKET, OPEN_LIMIT = "/my/orders/market/open", "/my/orders/limit/open"
COMPLETED: Final = ("/my/orders/completed", "/my/orders/market/completed")
MOVED, DEPOSITS, WITHDRAWALS = "/my/sendreceive", "/my/deposits", "/my/withdrawals"
PAYMENTS: Final = ("/my/affiliatepayments", "/my/referralpayments")
FILLED: Final = {"buyorders": Rows.buys, "sellorders": Rows.sells}
UNFILLED: Final = {"buyorders": Rows.open_buys, "sellorders": Rows.open_sells}
PAID: Final = {"payments": Rows.payments}
LISTS: Final = {
    BALANCES: {"balances": Rows.balances},
    **dict.fromkeys(COMPLETED, FILLED),
    **dict.fromkeys((OPEN_MARKET, OPEN_LIMIT), UNFILLED),
    MOVED: {"sendtransactions": Rows.sent, "receivetransactions": Rows.received},
    DEPOSITS: {"deposits": Rows.deposits},
    WITHDRAWALS: {"withdrawals": Rows.withdrawals},
    **dict.fromkeys(PAYMENTS, PAID),
}
"""What each answer holds, and how it is read."""
MOST, USUAL = 500, 200
"""The most rows that an answer holds if we ask for as many, and if we ask for no number."""
START = datetime(2013, 1, 1, tzinfo=UTC)
RESTATED = timedelta(days=2)
DAY = timedelta(days=1)


@register
class CoinSpotAccounts(Collector):
    """https://www.coinspot.com.au/v2/api#roapi

    Each account with a key is a feed. History is asked by days, from the end of the coverage less
    two days; an answer that is full may have been cut and is asked again in halves. The open
    lists are asked first and stored last, as of the answer that came last: an order that neither
    they nor the fills since know was cancelled.
    """

    slug = SLUG
    ledger = Ledger.EXCHANGE
    every = timedelta(minutes=5)
    hosts = (HOST,)

    def scopes(self) -> list[str]:
        return [str(account_id) for account_id in accounts_with_keys()]

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        account_id = int(ask.scope)
        keys = keys_of(account_id, purpose="look at the account")
        desk = _Desk(http=http, account_id=account_id, keys=keys)
        try:
            market = desk.ask(OPEN_MARKET)
        except KeyRejectedError as error:
            note_refusal(account_id, error)
            raise
        limit = desk.ask(OPEN_LIMIT, beside=market.sha256)
        since = (ask.covered_until - RESTATED if ask.covered_until else START).date()
        for path in (*COMPLETED, MOVED, DEPOSITS, WITHDRAWALS):
            yield from desk.pages(path, since, ask.now.date())
        for path in PAYMENTS:
            yield desk.ask(path)
        last = desk.ask(BALANCES)
        yield last
        for payload in (market, limit):
            yield replace(payload, observed_at=last.observed_at)

    def parse(self, payload: Payload) -> Iterator[Any]:
        about = _About.of(payload)
        document = payload.json()
        if member(document, "status", str, payload.url) != "ok":
            raise DriftError(f"{payload.url} answered status {document['status']!r}.")
        rows = Rows(account_id=about.account_id, at=_moment(payload))
        for name, read in LISTS[about.path].items():
            yield from read(rows, sorted(member(document, name, list, payload.url), key=_place))

    def settle(self, payload: Payload, records: list[Any]) -> Iterator[Any]:
        about = _About.of(payload)
        account_id, feed = about.account_id, self.feed_name(str(about.account_id))
        orders = [record for record in records if isinstance(record, OrderRecord)]
        entries = [each for each in records if isinstance(each, FillRecord | TransferRecord)]
        if about.path == BALANCES:
            yield from settling.settle_balances(account_id, records, _moment(payload))
        elif about.path in (OPEN_MARKET, OPEN_LIMIT):
            yield from settling.settle_open(account_id, orders)
            if about.beside and (others := self._listed(payload, about)) is not None:
                yield from settling.settle_vanished(account_id, others, payload.observed_at)
        elif entries:
            settled = list(settling.settle_entries(account_id, feed, entries))
            yield from settled
            fills = [entry for entry in entries if isinstance(entry, FillRecord)]
            kept = {entry.order_id for entry in settled if isinstance(entry, FillRecord)}
            yield from settling.settle_orders(account_id, orders, fills, kept)

    def is_empty(self, payload: Payload) -> bool:
        return _size(payload) == 0

    def covered(self, looked: Looked) -> Window | None:
        start, end = looked.covered_until or START, min(looked.observed_at, looked.ask.now)
        return Range(start, end) if end > start and not looked.ask.is_backfill else None

    def _listed(self, payload: Payload, about: _About) -> set[str] | None:
        """Return the orders of both open lists; None if one of them cannot be read whole."""
        kept = RawPayload.objects.filter(pk=about.beside).first()
        if kept is None:
            return None
        beside = replace(payload, url=_url(OPEN_MARKET, about.account_id), body=read_payload(kept))
        both = [*self.parse(payload), *self.parse(beside)]
        orders = [each for each in both if isinstance(each, OrderRecord)]
        return {order.order_id for order in orders} if len(orders) == len(both) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Where the questions about one account are asked."""

    http: Http
    account_id: int
    keys: KeyPair = field(repr=False)

    def ask(self, path: str, *, beside: str = "", **values: str) -> Payload:
        """Ask one question; the answer's URL says about which account and which days it is."""
        payload = call(self.http, self.keys, f"{READ_ONLY}{path}", **values)
        return replace(payload, url=_url(path, self.account_id, beside=beside, **values))

    def pages(self, path: str, since: date, until: date) -> Iterator[Payload]:
        """Yield the days' rows, oldest first, in answers that are not full.

        Whether `enddate` is part of the answer is not known, so one day more is asked for.
        """
        days = {"startdate": since.isoformat(), "enddate": (until + DAY).isoformat()}
        most = MOST if path in COMPLETED else USUAL
        payload = self.ask(path, **days, **({"limit": str(MOST)} if most == MOST else {}))
        if _size(payload) < most:
            yield payload
        elif since < until:
            middle = since + (until - since) // 2
            yield from self.pages(path, since, middle)
            yield from self.pages(path, middle + DAY, until)
        else:
            raise DriftError(
                f"{payload.url} holds {most} rows or more, and CoinSpot tells no more at once. "
                "Import its CSV export for these days."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What an answer is about, as its URL says; `beside` is the hash of the other open list."""

    path: str
    account_id: int
    beside: str

    @classmethod
    def of(cls, payload: Payload) -> _About:
        """Read the URL."""
        parts = urlsplit(payload.url)
        query = dict(parse_qsl(parts.query))
        path = parts.path.removeprefix(urlsplit(READ_ONLY).path)
        return cls(path=path, account_id=int(query["account"]), beside=query.get("beside", ""))


def _url(path: str, account_id: int, **values: str) -> str:
    told = {name: value for name, value in values.items() if value}
    return f"{READ_ONLY}{path}?{urlencode({'account': account_id, **told})}"


def _size(payload: Payload) -> int:
    """Count the rows of all lists of an answer."""
    return sum(len(rows) for rows in payload.json().values() if isinstance(rows, list))


def _moment(payload: Payload) -> datetime:
    """Return when the answer was given, by its Date unless that lies ahead of our clock."""
    return min(payload.observed_at, payload.fetched_at)


def _place(row: Any) -> tuple[str, str]:
    """Return what orders rows in time, so that equal ones get the same number at every look."""
    if not isinstance(row, dict):
        return "", ""
    return str(row.get("solddate") or row.get("created") or ""), str(row.get("id") or "")
