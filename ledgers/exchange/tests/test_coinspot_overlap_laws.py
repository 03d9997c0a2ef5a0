"""The law of two tellers: files and looks, in any parts and any order, store each trade once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from conftest import wipe
from ledgers.exchange.importing.cells import plain
from ledgers.exchange.importing.service import ImportAsk, import_file
from ledgers.exchange.models import Fill, Order
from ledgers.exchange.tests.fake_coinspot import coinspot
from ledgers.exchange.tests.files import text
from ledgers.exchange.tests.laws import costly
from ledgers.exchange.tests.private import account_of, forget_redis, look, trade, with_key
from ledgers.models import CollectorRun, RejectedRecord
from ledgers.reading import pair

START = datetime(2026, 3, 19, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
HOME = ZoneInfo("Australia/Melbourne")
CENT, FINE = Decimal("0.01"), Decimal("1e-8")
MARKETS = ("BTC/AUD", "ALGO/AUD", "SOLO/ALGO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade as it happened; the two tellers write it each in its own way."""

    number: int
    at: datetime
    side: str
    market: str
    amount: Decimal
    rate: Decimal
    worth: Decimal
    has_id: bool

    @property
    def fee(self) -> Decimal:
        """Return one per cent, in AUD."""
        return (self.worth / 100).quantize(FINE)

    @property
    def total(self) -> Decimal:
        """Return what was paid or got in AUD, to the cent."""
        signed = self.fee if self.side == "buy" else -self.fee
        return (self.worth + signed).quantize(CENT)

    def as_line(self) -> str:
        """Write it as the export does: to the minute, in the time of Melbourne."""
        base, quote = self.market.split("/")
        fee = self.fee if quote == "AUD" else (self.amount * self.rate / 100).quantize(FINE)
        paid = self.amount * self.rate + (fee if self.side == "buy" else -fee)
        total = self.total if quote == "AUD" else paid
        local = self.at.astimezone(HOME)
        return (
            f"{local:%d/%m/%Y %I:%M %p},{self.side.title()},{self.market},{self.amount:f} {base},"
            f"1,{self.rate:f} {quote},{fee:f} {quote},{self.fee:f} AUD,0.01 AUD,"
            f"{self.total:f} AUD,{total:f} {quote}"
        )

    def as_row(self) -> dict:
        """Write it as the API does: to the millisecond, the fee in AUD and without GST."""
        return trade(
            self.at,
            id=f"{self.number:024x}" if self.has_id else None,
            coin=self.market.split("/")[0],
            market=self.market,
            amount=float(self.amount),
            rate=float(self.rate),
            total=float(self.amount * self.rate),
            audfeeExGst=float(self.fee),
            audGst=0,
            audtotal=float(self.total),
        )

    def key(self) -> tuple[str, ...]:
        """Return what both tellers say of it."""
        base, quote = self.market.split("/")
        worth = plain(self.total) if quote != "AUD" else ""
        return (self.side, base, quote, plain(self.amount), plain(self.rate), worth)


@st.composite
def histories(draw) -> list[Trade]:
    """Draw trades at least two minutes apart, some of them twice in the same minute."""
    made: list[Trade] = []
    for minute in draw(st.lists(st.integers(0, 300), unique=True, min_size=1, max_size=6)):
        market = draw(st.sampled_from(MARKETS))
        amount = draw(st.decimals(20, 1000, places=8))
        rate = draw(st.decimals("0.05", 90_000, places=4))
        price = rate if market.endswith("AUD") else draw(st.decimals("0.05", 90_000, places=4))
        side, has_id = draw(st.sampled_from(["buy", "sell"])), draw(st.booleans())
        for _ in range(draw(st.integers(1, 2))):
            milliseconds = draw(st.integers(0, 59_999))
            made.append(
                Trade(
                    number=len(made) + 1,
                    at=START + timedelta(minutes=2 * minute, milliseconds=milliseconds),
                    side=side,
                    market=market,
                    amount=amount,
                    rate=rate,
                    worth=amount * price,
                    has_id=has_id,
                )
            )
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A file of some trades, or a look when the venue has so many of them."""

    file: tuple[Trade, ...] = ()
    seen: tuple[Trade, ...] = ()


def minute_of(one: Trade) -> datetime:
    return one.at.replace(second=0, microsecond=0)


@st.composite
def tellings(draw) -> list[Step]:
    """Draw a history and how it is told: files of parts of it, and looks as it goes on."""
    history = sorted(draw(histories()), key=lambda one: one.at)
    minutes = sorted({minute_of(one) for one in history})
    chosen = draw(st.lists(st.sets(st.sampled_from(minutes), min_size=1), max_size=3))
    files = [
        Step(file=tuple(draw(st.permutations([t for t in history if minute_of(t) in some]))))
        for some in chosen
    ]
    counts = sorted(draw(st.lists(st.integers(1, len(history)), min_size=1, max_size=3)))
    looks = [Step(seen=tuple(history[:count])) for count in counts]
    is_file = draw(st.permutations([True] * len(files) + [False] * len(looks)))
    return [files.pop() if one else looks.pop(0) for one in is_file]


def load(part: tuple[Trade, ...]) -> None:
    ask = ImportAsk(file="a.csv", format="coinspot", user="mia")
    report = import_file(text(*(one.as_line() for one in part)).encode(), ask, now=NOW)
    assert not report.rejected


def observe(venue, seen: tuple[Trade, ...], now: datetime) -> None:
    venue.now = now
    rows = {side: [one.as_row() for one in seen if one.side == side] for side in ("buy", "sell")}
    venue.tell("/my/orders/completed", buyorders=rows["buy"], sellorders=rows["sell"])
    (run,) = look(now)
    assert run.outcome == CollectorRun.Outcome.OK, run.error


@costly(8)
@given(steps=tellings())
def test_each_trade_is_stored_once_whoever_tells_it_first(ledger, steps) -> None:
    wipe(connection)
    forget_redis()
    account = with_key(account_of("mia"))
    with override_settings(), coinspot(settings) as venue:
        for number, step in enumerate(steps):
            if step.file:
                load(step.file)
            else:
                observe(venue, step.seen, NOW + timedelta(minutes=number))
    history = {one.number: one for step in steps for one in (*step.file, *step.seen)}.values()
    fills = list(Fill.objects.for_account(account.pk))
    told = Counter(
        (
            fill.side,
            fill.base,
            fill.quote,
            plain(fill.quantity),
            plain(fill.price),
            "" if fill.value is None else plain(fill.value),
        )
        for fill in fills
    )
    assert told == Counter(one.key() for one in history)
    assert {fill.revision for fill in fills} == {0}
    orders = {order.order_id for order in Order.objects.for_account(account.pk).at(pair())}
    assert orders == {fill.order_id for fill in fills}
    assert not RejectedRecord.objects.exists()
    for fill in fills:
        if fill.quote == "AUD":
            money = fill.quantity * fill.price
            paid = money + fill.fee if fill.side == "buy" else money - fill.fee
            assert paid == paid.quantize(CENT)
