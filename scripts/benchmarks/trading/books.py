"""Kept books: one fill more, after a short and a long history, and a portfolio at a glance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from benchmarks.figures import Figure, Goal
from benchmarks.measuring import Cost, alternate, best, cost_of, middle, often, say
from benchmarks.trading.data import CURRENCY, START, STEP, trades
from ledgers.collecting.storing import store, store_all
from ledgers.exchange.models import Account, Fill
from ledgers.exchange.records import FillRecord
from ledgers.glass.models import Quote
from ledgers.glass.records import QuoteRecord
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.reading import pair
from trading.core.entries import Trade
from trading.keeping import service
from trading.services import accounts_of, book, pnl_of

ROWS_A_FILL, LONGER, ASSETS = 100, 100, 200
TIMES, READS, REPLAYS = 100, 60, 3
INSERT = """
    INSERT INTO peer_fill (event_at, known_at, available_at, observed_at, run_id, parser, revision,
        withdrawn, account_id, venue_id, order_id, side, base, quote, quantity, price, fee,
        fee_asset)
    VALUES (%s, now(), now(), now(), 1, 1, 0, false, 1, %s, '', 'buy', 'C000', 'AUD', 1, 2, 3,
        'AUD')
"""


@dataclass(slots=True)
class House:
    """A user with one account, and how many fills it has by now."""

    user_id: int
    account: Account
    run: CollectorRun
    fills: int

    def add(self) -> None:
        """Store one more fill, the newest, without keeping the books."""
        side = "sell" if self.fills % 3 else "buy"
        at = START + self.fills * STEP
        record = FillRecord(
            event_at=at,
            published_at=at,
            account_id=self.account.pk,
            venue_id=f"{self.fills:08}",
            order_id="",
            side=side,
            base=f"C{self.fills % ASSETS:03}",
            quote=CURRENCY,
            quantity=Decimal("0.5") if side == "buy" else Decimal("0.25"),
            price=Decimal("30000.5"),
            fee=Decimal("1.25"),
            fee_asset=CURRENCY,
        )
        self.fills += 1
        store(Fill, [record], self.run, observed_at=at)

    def keep(self) -> None:
        """Keep the books: one transaction, on disk when it returns."""
        if service.keep(self.user_id) != service.Kept(entries=1):
            raise AssertionError("One fill was stored, but another number was booked.")


def measure(rows: int) -> list[Figure]:
    """Measure at a hundred thousand fills and at a thousand, in turns."""
    say("books: histories")
    fills = max(rows // ROWS_A_FILL, 2 * ASSETS)
    few, many = _house("few", fills // LONGER), _house("many", fills)
    _quote(many)
    return [*_increments(few, many), _portfolio(many)]


def _increments(few: House, many: House) -> list[Figure]:
    say("books: one fill more")
    after = f"{many.fills:,}"
    before = f"{few.fills:,}"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE peer_fill (LIKE exchange_fill INCLUDING ALL)")
    numbers = iter(range(10**6))

    def insert() -> None:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [timezone.now(), f"{next(numbers):08}"])

    def more() -> None:
        few.add()
        many.add()

    costs: dict[str, list[Cost]] = {"few": [], "many": [], "insert": []}
    for _ in range(often(TIMES)):
        more()
        costs["insert"].append(cost_of(insert))
        costs["few"].append(cost_of(few.keep))
        costs["many"].append(cost_of(many.keep))
    one = middle(costs["insert"]).wall
    ours = middle(costs["many"]).wall
    return [
        Figure(
            name="fill.insert",
            work=f"one fill booked after {after}",
            ours=f"{ours * 1e3:.2f} ms",
            peer=f"{one * 1e3:.2f} ms one durable INSERT",
            value=ours / one,
            goal=Goal(side="<=", limit=2.5),
            details=_details(costs),
        ),
        Figure(
            name="fill.flat",
            work=f"one fill booked after {after}",
            ours=f"{ours * 1e3:.2f} ms",
            peer=f"{middle(costs['few']).wall * 1e3:.2f} ms after {before}",
            value=ours / middle(costs["few"]).wall,
            goal=Goal(side="<=", limit=1.3),
        ),
    ]


def _details(costs: dict[str, list[Cost]]) -> dict[str, float]:
    return {
        f"{name} {what} {kind}": getattr(take(found), what) * 1e3
        for name, found in costs.items()
        for what in ("wall", "cpu")
        for kind, take in (("best", best), ("middle", middle))
    }


def _portfolio(house: House) -> Figure:
    say("books: a portfolio")
    asked = pair()
    accounts = accounts_of(house.user_id)

    def read() -> None:
        found = pnl_of(house.user_id, pair=asked)
        if len(found.holdings) != ASSETS + 1 or found.fills != house.fills:
            raise AssertionError("The portfolio is not the one that was booked.")

    def replay() -> None:
        book(accounts, asked, method=None, at=asked.as_of)

    kept = pnl_of(house.user_id, pair=asked)
    reads = best(alternate({"read": read}, times=READS)["read"]).wall
    replays = best(alternate({"replay": replay}, times=REPLAYS)["replay"]).wall
    service.forget(house.user_id)
    if pnl_of(house.user_id, pair=asked) != kept:
        raise AssertionError("The books tell another story than the facts.")
    return Figure(
        name="portfolio.replay",
        work=f"a portfolio of {ASSETS} positions after {house.fills:,} fills",
        ours=f"{reads * 1e3:.1f} ms",
        peer=f"{replays * 1e3:,.0f} ms replay of the fills",
        value=replays / reads,
        goal=Goal(side=">=", limit=300),
    )


def _house(name: str, fills: int) -> House:
    user = get_user_model().objects.create_user(name)
    account = Account.objects.create(user=user, name=name, venue="bench")
    feed = Feed.objects.create(
        name=f"import_omc/{account.pk}",
        source="import_omc",
        scope=str(account.pk),
        ledger=Ledger.EXCHANGE,
        lag=timedelta(0),
    )
    run = CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.IMPORT)
    history = trades(fills, assets=ASSETS)
    store_all(Fill, _records(history, account.pk), run, observed_at=START)
    service.keep(user.pk)
    return House(user_id=user.pk, account=account, run=run, fills=fills)


def _records(history: Iterable[Trade], account_id: int) -> Iterable[FillRecord]:
    for trade in history:
        yield FillRecord(
            event_at=trade.at,
            published_at=trade.at,
            account_id=account_id,
            venue_id=trade.key,
            order_id="",
            side=trade.side.value,
            base=trade.base,
            quote=trade.quote,
            quantity=trade.quantity,
            price=trade.price,
            fee=trade.fee,
            fee_asset=trade.fee_asset,
        )


def _quote(house: House) -> None:
    """Quote every asset just now, so that a portfolio has something to stand at."""
    del house
    feed = Feed.objects.create(
        name="coinspot",
        source="coinspot",
        ledger=Ledger.GLASS,
        every=timedelta(minutes=1),
        lag=timedelta(0),
    )
    now = timezone.now()
    store(
        Quote,
        [_quote_of(f"C{place:03}", now) for place in range(ASSETS)],
        CollectorRun.objects.create(feed=feed),
        observed_at=now,
    )


def _quote_of(asset: str, now: datetime) -> QuoteRecord:
    return QuoteRecord(
        event_at=now.replace(second=0, microsecond=0),
        published_at=now,
        source="coinspot",
        asset=asset,
        currency=CURRENCY,
        quoted_at=now,
        bid=Decimal("41000.5"),
        ask=Decimal("41001.5"),
        last=Decimal(41001),
    )
