"""Import a file of a person's trades: one run, one transaction, or only a look at what it would do.

What is usable is stored, what is not is kept with its line and the reason. Importing the same
lines again, in any order and any overlap of files, changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db import transaction
from psycopg.types.range import Range

from ledgers.assets import note_assets
from ledgers.collecting.collector import MAX_ITEM, Reject
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.keeping import keep_rejects
from ledgers.collecting.storing import MAX_BATCH, store
from ledgers.coverage import cover
from ledgers.exchange.importing.drafts import Draft, Format, Setting, identified
from ledgers.exchange.importing.formats import FORMATS, HOME_ZONE
from ledgers.exchange.importing.matching import Matched, match, stored_of
from ledgers.exchange.importing.reading import FileRefusedError, Line, Table, read_table
from ledgers.exchange.importing.reporting import ImportReport, Rejected
from ledgers.exchange.models import Account, Fill, Order, Transfer
from ledgers.exchange.records import FillRecord, OrderRecord, TransferRecord
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.reading import announce_and_stamp

MAX_AHEAD = timedelta(minutes=5)
TICK = timedelta(microseconds=1)
Outcome = CollectorRun.Outcome


class ImportRefusedError(Exception):
    """The import cannot be done as asked; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAsk:
    """What is to be imported, for whom and into which account.

    Empty `account` is the format's own. `currency` and `fees` are those of a new account; for
    one that exists they must agree, None being whatever it has.
    """

    file: str
    format: str
    user: str
    account: str = ""
    currency: str | None = None
    fees: str | None = None
    zone: str = HOME_ZONE
    creates_user: bool = False
    is_dry_run: bool = False


def import_file(content: bytes, ask: ImportAsk, *, now: datetime) -> ImportReport:
    """Import the bytes of a file, or refuse it whole; a dry run leaves no trace."""
    kind = FORMATS[ask.format]
    table = read_table(content, kind.columns, name=ask.file)
    with transaction.atomic():
        account = _account(ask, kind)
        is_new = account.pk is None
        if is_new:
            account.save()
        report = _import(table, account, ask, content, now)
        transaction.set_rollback(ask.is_dry_run)
    return report


def _import(
    table: Table, account: Account, ask: ImportAsk, content: bytes, now: datetime
) -> ImportReport:
    kind = FORMATS[ask.format]
    feed = _locked_feed(kind, account)
    drafts, refused = _parsed(table, kind, _setting(table, account, ask, now))
    matched = match(drafts, stored_of(account.pk), feed.name)
    rejected = _rejects(refused, matched)
    run = _open(feed, content)
    _store(matched, run, now)
    new_assets = note_assets(draft.entry for draft in matched.new)
    usable = [draft.entry.event_at for draft in (*matched.new, *matched.known)]
    window = Range(min(usable), max(usable) + TICK) if usable else None
    _close(run, matched, rejected, window, now)
    return ImportReport(
        file=ask.file,
        format=kind.name,
        user=ask.user,
        account=account.name,
        account_id=None if ask.is_dry_run else account.pk,
        is_dry_run=ask.is_dry_run,
        run=None if ask.is_dry_run else run.pk,
        lines=len(table.lines),
        fills=len(_fills(matched)),
        transfers=len(matched.new) - len(_fills(matched)),
        known=len(matched.known),
        rejected=rejected,
        new_assets=new_assets,
        since=min(usable, default=None),
        until=max(usable, default=None),
    )


def _account(ask: ImportAsk, kind: Format) -> Account:
    """Return the account, unsaved if it is new; refuse one that is counted otherwise.

    The user's row is locked, so that two imports at once do not both make the account.
    """
    users: Any = get_user_model().objects
    user = users.select_for_update().filter(username=ask.user).first()
    if user is None:
        if not ask.creates_user:
            raise ImportRefusedError(
                f"There is no user {ask.user!r}. Check the name, or add --create-user."
            )
        user = users.create_user(ask.user)
    name = ask.account or kind.account
    account = Account.objects.filter(user=user, name=name).first()
    if account is None:
        options = {"base_currency": ask.currency or "AUD", "fees": ask.fees or Account.Fees.BASIS}
        return Account(user=user, name=name, venue=kind.venue, **options)
    for what, asked, has in (
        ("base currency", ask.currency, account.base_currency),
        ("way to count fees", ask.fees, account.fees),
    ):
        if asked is not None and asked != has:
            raise ImportRefusedError(
                f"Account {name!r} has the {what} {has!r}, not {asked!r}. "
                "Leave the option out, or name another --account."
            )
    return account


def _setting(table: Table, account: Account, ask: ImportAsk, now: datetime) -> Setting:
    return Setting(
        account_id=account.pk,
        currency=account.base_currency,
        zone=ZoneInfo(ask.zone),
        has_semicolons=table.has_semicolons,
        now=now,
    )


def _locked_feed(kind: Format, account: Account) -> Feed:
    """Return the feed of this account's imports, locked against another import.

    The account is locked too: an import of the other format must not store the same trade.
    """
    Account.objects.select_for_update().get(pk=account.pk)
    source = f"import_{kind.name}"
    defaults = {
        "source": source,
        "scope": str(account.pk),
        "ledger": Ledger.EXCHANGE,
        "lag": timedelta(0),
    }
    feed, _ = Feed.objects.get_or_create(name=f"{source}/{account.pk}", defaults=defaults)
    return Feed.objects.select_for_update().get(pk=feed.pk)


def _parsed(
    table: Table, kind: Format, setting: Setting
) -> tuple[list[Draft], list[tuple[Line, BadValueError]]]:
    """Make a draft of each line that is usable, with its identity."""
    drafts: list[Draft] = []
    refused: list[tuple[Line, BadValueError]] = []
    for line in table.lines:
        try:
            drafts.append(_draft(line, kind, setting))
        except BadValueError as error:
            refused.append((line, error))
    return list(identified(drafts)), refused


def _draft(line: Line, kind: Format, setting: Setting) -> Draft:
    if line.cells is None:
        raise BadValueError("broken_line", line.problem)
    entry, content = kind.parse(line.cells, setting)
    if entry.event_at > setting.now + MAX_AHEAD:
        raise BadValueError("future", f"{entry.event_at.astimezone(UTC):%F %T} UTC is to come.")
    return Draft(line=line, entry=entry, content=content)


def _rejects(refused: Sequence[tuple[Line, BadValueError]], matched: Matched) -> list[Rejected]:
    """Return the rejected lines in the order of the file."""
    lines = [*refused, *((draft.line, error) for draft, error in matched.refused)]
    return [
        Rejected(
            line=line.number, reason=error.reason, detail=error.detail, item=line.text[:MAX_ITEM]
        )
        for line, error in sorted(lines, key=lambda pair: pair[0].number)
    ]


def _open(feed: Feed, content: bytes) -> CollectorRun:
    """Make the run; it keeps the digest of the file, not the file: that is its owner's."""
    digest = hashlib.sha256(content).hexdigest()
    return CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.IMPORT, payloads=[digest])


def _fills(matched: Matched) -> list[FillRecord]:
    return [draft.entry for draft in matched.new if isinstance(draft.entry, FillRecord)]


def _store(matched: Matched, run: CollectorRun, now: datetime) -> None:
    """Store the new entries, and the order of each fill unless the venue told one before."""
    fills = _fills(matched)
    flows = [draft.entry for draft in matched.new if isinstance(draft.entry, TransferRecord)]
    orders = _orders(fills)
    for model, records in ((Order, orders), (Fill, fills), (Transfer, flows)):
        for start in range(0, len(records), MAX_BATCH):
            store(model, records[start : start + MAX_BATCH], run, observed_at=now)


def _orders(fills: Sequence[FillRecord]) -> list[OrderRecord]:
    if not fills:
        return []
    told = Order.objects.for_account(fills[0].account_id).values_list("order_id", flat=True)
    known = set(told)
    return [order for order in map(_order, fills) if order.order_id not in known]


def _order(fill: FillRecord) -> OrderRecord:
    return OrderRecord(
        event_at=fill.event_at,
        published_at=fill.published_at,
        account_id=fill.account_id,
        order_id=fill.order_id,
        side=fill.side,
        kind=Order.Kind.MARKET,
        base=fill.base,
        quote=fill.quote,
        quantity=fill.quantity,
        price=None,
        filled=fill.quantity,
        status=Order.Status.FILLED,
    )


def _close(
    run: CollectorRun,
    matched: Matched,
    rejected: Sequence[Rejected],
    window: Range[datetime] | None,
    now: datetime,
) -> None:
    """Count, keep what was rejected, and record the window that the file tells of."""
    keep_rejects(run, _kept(rejected))
    run.new = len(matched.new)
    run.duplicate = len(matched.known)
    run.rejected = len(rejected)
    run.fetched = run.new + run.duplicate + run.rejected
    run.outcome = _outcome(run)
    run.window = window
    run.finished_at = now
    run.save()
    if window:
        cover(run, window, known_at=announce_and_stamp())


def _outcome(run: CollectorRun) -> Outcome:
    if run.rejected:
        return Outcome.PARTIAL if run.new or run.duplicate else Outcome.DRIFT
    return Outcome.OK if run.fetched else Outcome.EMPTY


def _kept(rejected: Sequence[Rejected]) -> Iterator[Reject]:
    for one in rejected:
        yield Reject(reason=one.reason, detail=f"Line {one.line}: {one.detail}", item=one.item)


__all__ = ["FileRefusedError", "ImportAsk", "ImportRefusedError", "import_file"]
