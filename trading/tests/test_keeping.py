"""Kept books: whatever comes late or is corrected, a report is the same with them as without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection
from hypothesis import event, given
from hypothesis import strategies as st

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.exchange.models import Account
from ledgers.exchange.records import FillRecord, TransferRecord
from ledgers.exchange.tests.laws import costly
from ledgers.glass.records import CandleRecord, QuoteRecord
from ledgers.models import CollectorRun, Feed
from ledgers.reading import Pair, pair
from trading.core.valuation import NAMES, add_up
from trading.keeping import reading, service
from trading.keeping.tables import OF_USERS, TABLES
from trading.reports import By, PnlReport
from trading.serializers import PnlSerializer
from trading.services import accounts_of, pnl_of
from trading.tests.factories import DAY, HOUR, make_account, make_user

pytestmark = pytest.mark.usefixtures("ledger")

START = datetime(2026, 3, 1, tzinfo=UTC)
ASSETS = ("BTC", "ETH", "DUST")
AMOUNTS = st.sampled_from(["1", "0.5", "3", "10", "1e-18", "1234567.000000000000000007"])
PRICES = st.sampled_from(["1", "100", "0.0000000123", "33.3333333333"])
MOMENTS = st.integers(0, 17).map(lambda hours: START + hours * 4 * HOUR)


@dataclass(frozen=True)
class Batch:
    """What one store transaction brings; `account` None: prices."""

    account: int | None
    records: tuple[Any, ...]


@dataclass(frozen=True)
class Step:
    """Store a batch, perhaps keep the books, perhaps ask."""

    batch: Batch
    keeps: bool


@st.composite
def fills(draw: Callable, account: int) -> FillRecord:
    base = draw(st.sampled_from(ASSETS))
    at = draw(MOMENTS)
    return FillRecord(
        event_at=at,
        published_at=at,
        withdrawn=draw(st.sampled_from([False, False, False, True])),
        account_id=account,
        venue_id=draw(st.sampled_from(["1", "2", "9", "10", "x", "y"])),
        order_id="",
        side=draw(st.sampled_from(["buy", "sell"])),
        base=base,
        quote=draw(st.sampled_from([one for one in ("AUD", "AUD", *ASSETS) if one != base])),
        quantity=Decimal(draw(AMOUNTS)),
        price=Decimal(draw(PRICES)),
        fee=Decimal(draw(st.sampled_from(["0", "0.1", "1e-18", "2"]))),
        fee_asset=draw(st.sampled_from(["AUD", *ASSETS])),
    )


@st.composite
def transfers(draw: Callable, account: int) -> TransferRecord:
    at = draw(MOMENTS)
    kinds = ["deposit", "withdrawal", "income", *["transfer_in", "transfer_out"] * 2]
    return TransferRecord(
        event_at=at,
        published_at=at,
        withdrawn=draw(st.sampled_from([False, False, False, True])),
        account_id=account,
        venue_id=draw(st.sampled_from(["i", "o", "p"])) + str(account),
        kind=draw(st.sampled_from(kinds)),
        asset=draw(st.sampled_from(["AUD", *ASSETS])),
        quantity=Decimal(draw(AMOUNTS)),
        fee=Decimal(draw(st.sampled_from(["0", "0.1"]))),
        fee_asset=draw(st.sampled_from(["AUD", *ASSETS])),
        value=draw(st.none() | PRICES.map(Decimal)),
        match=draw(st.sampled_from(["", "hash", "i0", "o0", "i1", "o1"])),
    )


@st.composite
def quotes(draw: Callable) -> QuoteRecord:
    at = draw(MOMENTS) - draw(st.sampled_from([0, 1, 30])) * timedelta(minutes=1)
    return QuoteRecord(
        event_at=at,
        published_at=at,
        source=draw(st.sampled_from(["coinspot", "kraken"])),
        asset=draw(st.sampled_from(ASSETS[:2])),
        currency="AUD",
        quoted_at=at,
        bid=draw(st.none() | PRICES.map(Decimal)),
        ask=None,
        last=draw(st.none() | PRICES.map(Decimal)),
        withdrawn=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def candles(draw: Callable) -> CandleRecord:
    at = START + draw(st.integers(-1, 2)) * DAY
    return CandleRecord(
        event_at=at,
        published_at=at + DAY,
        source="kraken",
        asset=draw(st.sampled_from(ASSETS)),
        currency="AUD",
        interval=86400,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(draw(PRICES))),
    )


@st.composite
def batches(draw: Callable) -> Batch:
    account = draw(st.sampled_from([0, 0, 1, 1, None]))
    kinds = [quotes(), candles()] if account is None else [fills(account), transfers(account)]
    records = draw(st.lists(draw(st.sampled_from(kinds)), min_size=1, max_size=4))
    return Batch(account, tuple(records))


steps = st.builds(Step, batch=batches(), keeps=st.booleans())
questions = st.fixed_dictionaries(
    {
        "by": st.sampled_from([None, *By]),
        "at": st.none() | MOMENTS | MOMENTS.map(lambda at: at - timedelta(microseconds=1)),
        "chosen": st.sampled_from([None, 0, 1]),
        "cut": st.integers(0, 9),
    }
)


serial = count(1)


@pytest.fixture(autouse=True)
def hurried(ledger: None) -> Iterator[None]:
    """Wait for no disk: what is asked here is the same whatever a crash would leave."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        yield
        cursor.execute("RESET synchronous_commit")


class House:
    """Two accounts of one user with coins of their own, so that no example sees another's."""

    def __init__(self, methods: Sequence[str], fees: str) -> None:
        self.number = next(serial)
        user = make_user(f"user {self.number}")
        self.user_id = user.pk
        self.accounts = [
            make_account(user, name, method=method, fees=fees)
            for name, method in zip(("main", "cold"), methods, strict=True)
        ]

    def store(self, batch: Batch) -> None:
        """Store a batch as a feed's, later than all before."""
        observed_at = START + next(serial) * timedelta(seconds=1)
        records = [self._owned(record) for record in batch.records]
        for feed in dict.fromkeys(map(self._feed, records)):
            own = [record for record in records if self._feed(record) == feed]
            put(feed, own, observed_at=observed_at)

    def ask(self, asked: Pair, question: dict[str, Any]) -> PnlReport:
        """Ask for a report."""
        chosen = question["chosen"]
        return pnl_of(
            self.user_id,
            pair=asked,
            account_id=None if chosen is None else self.accounts[chosen].pk,
            at=question["at"],
            by=question["by"],
        )

    def standing(self, asked: Pair, at: datetime | None = None, *, is_daily: bool = False) -> Any:
        """Ask the kept books alone."""
        return reading.standing(
            accounts_of(self.user_id), asked, at=at or asked.as_of, is_daily=is_daily
        )

    def _owned(self, record: Any) -> Any:
        coins = {
            name: f"{getattr(record, name)}{self.number}"
            for name in ("base", "quote", "asset", "fee_asset")
            if getattr(record, name, "AUD") != "AUD"
        }
        if isinstance(record, FillRecord | TransferRecord):
            coins["account_id"] = self.accounts[record.account_id].pk
        return replace(record, **coins)

    def _feed(self, record: Any) -> str:
        account = getattr(record, "account_id", None)
        return f"import_omc/{account}" if account else record.source


def put(name: str, records: Sequence[Any], *, observed_at: datetime) -> None:
    """Store records as the look of a feed, stamped with the clock."""
    source, _, scope = name.partition("/")
    ledger, every = ("exchange", None) if scope else ("glass", timedelta(minutes=1))
    feed, _ = Feed.objects.get_or_create(
        name=name,
        defaults={
            "source": source,
            "scope": scope,
            "ledger": ledger,
            "every": every,
            "lag": 0 * DAY,
        },
    )
    run = CollectorRun.objects.create(feed=feed)
    store(model_of(records[0]), records, run, observed_at=observed_at)


def told(report: PnlReport) -> tuple[PnlReport, str]:
    """Return a report, and every digit of it as the API tells it."""
    return report, repr(PnlSerializer(report).data)


@costly(10)  # each books whole histories, several times
@given(
    steps=st.lists(steps, min_size=1, max_size=8),
    asked=st.lists(questions, min_size=3, max_size=6),
    methods=st.tuples(*[st.sampled_from(Account.Method.values)] * 2),
    fees=st.sampled_from(Account.Fees.values),
)
def test_a_report_is_the_same_with_kept_books_and_without(
    ledger: None, steps: list[Step], asked: list[dict], methods: tuple[str, str], fees: str
) -> None:
    house = House(methods, fees)
    pairs = [pair()]
    for step in steps:
        house.store(step.batch)
        if step.keeps:
            service.keep(house.user_id)
        pairs.append(pair())
    cases = [(pairs[-1 - question["cut"] % len(pairs)], question) for question in asked]
    kept = [told(house.ask(*case)) for case in cases]
    for asked_pair, question in cases:
        is_daily = question["by"] == By.DAY
        served = house.standing(asked_pair, question["at"], is_daily=is_daily)
        event("served" if served else "booked from the facts")
    service.rebuild(house.user_id)
    rebuilt = [told(house.ask(*case)) for case in cases]
    service.forget(house.user_id)
    assert [told(house.ask(*case)) for case in cases] == kept == rebuilt


@costly(10)
@given(steps=st.lists(steps, min_size=1, max_size=8), method=st.sampled_from(Account.Method.values))
def test_kept_rows_are_the_same_however_they_came_about(
    ledger: None, steps: list[Step], method: str
) -> None:
    house = House((method, method), "basis")
    for step in steps:
        house.store(step.batch)
        if step.keeps:
            service.keep(house.user_id)
    service.keep(house.user_id)
    grown = rows(house)
    service.rebuild(house.user_id)
    assert rows(house) == grown


def rows(house: House) -> dict[str, list[str]]:
    """Return everything that is kept of a user, without the ids of journals."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            owner = "user_id" if table in OF_USERS else "account_id"
            owners = (
                [one.pk for one in house.accounts] if owner == "account_id" else [house.user_id]
            )
            cursor.execute(
                f"SELECT to_jsonb(kept) - 'id' FROM {table.stored} kept WHERE {owner} = ANY(%s)",
                [owners],
            )
            found[table.name] = sorted(map(str, cursor.fetchall()))
    return found


@costly(6)
@given(steps=st.lists(steps, min_size=2, max_size=8))
def test_the_days_add_up_to_the_whole(ledger: None, steps: list[Step]) -> None:
    house = House(("fifo", "average"), "separate")
    for step in steps:
        house.store(step.batch)
    service.keep(house.user_id)
    asked = pair()
    whole = pnl_of(house.user_id, pair=asked, by="day")
    assert house.standing(asked, is_daily=True)
    parts = add_up(line.amounts for line in whole.by)
    assert [getattr(parts, name) for name in NAMES] == [getattr(whole, name) for name in NAMES]
