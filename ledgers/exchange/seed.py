"""An example person's year at two venues: orders that end in every way, fills, flows, balances."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from ledgers.exchange.diary import Diary
from ledgers.exchange.models import Account, Order
from ledgers.exchange.records import BalanceRecord
from ledgers.models import Ledger
from ledgers.seeding import SeedFeed, gap_before, midnight

Price = Callable[[str, datetime], Decimal]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAPER, COINSPOT = "seed:paper", "seed:import_coinspot"
NAMES = {PAPER: "Paper (example)", COINSPOT: "CoinSpot (example)"}
ASSETS = ("BTC", "ETH", "SOL", "XRP", "ADA", "LTC")
GAP = 31
MOVED = 44
Status = Order.Status


def accounts(user_id: int) -> dict[str, Account]:
    """Return the example accounts of a user by venue, made if missing."""
    made = {}
    for venue, name in NAMES.items():
        values = {"venue": venue, "base_currency": "AUD"}
        made[venue], _ = Account.objects.get_or_create(user_id=user_id, name=name, defaults=values)
    return made


def feeds(own: dict[str, Account], anchor: datetime, price: Price) -> Iterator[SeedFeed]:
    """Yield a feed an account; the imported one has a gap of two days, without a trade."""
    for venue, tell in ((PAPER, _paper), (COINSPOT, _coinspot)):
        account = own[venue]
        diary = Diary(account_id=account.pk, price=price)
        tell(diary, partial(_moment, anchor))
        balances = list(balances_of(diary, anchor))
        yield SeedFeed(
            source=venue,
            scope=str(account.pk),
            ledger=Ledger.EXCHANGE,
            batches=[*diary.batches(), balances],
            every=None,
            gap=gap_before(anchor, days=GAP) if venue == COINSPOT else None,
        )


def _moment(anchor: datetime, days_ago: int, hour: int = 9) -> datetime:
    return midnight(anchor) - days_ago * DAY + hour * HOUR


def _paper(diary: Diary, at: Callable[..., datetime]) -> None:
    """Tell the year at the paper venue: many trades, and an order of every status."""
    diary.flow("deposit", "AUD", Decimal(60_000), at(360))
    chance = random.Random("paper")  # noqa: S311  # deterministic on purpose
    for days_ago in range(355, 8, -6):
        _trade(diary, chance, at(days_ago, 10), fee=Decimal("0.001"))
        if days_ago % 15 < 6:  # noqa: PLR2004  # about twice a month
            diary.flow("income", "SOL", Decimal("0.05"), at(days_ago, 12))
    diary.flow("transfer_in", "BTC", Decimal("0.02"), at(MOVED, 15), match="seed-move-1")
    diary.flow("withdrawal", "AUD", Decimal(4_000), at(21, 16))
    diary.order("buy", "ETH", Decimal("0.4"), at(7), quote="BTC")
    diary.order("buy", "LTC", Decimal(6), at(6), ends=Status.CANCELLED, fills=())
    diary.order("sell", "XRP", Decimal(40), at(5), ends=Status.CANCELLED, fills=("0.25",))
    diary.order("buy", "BTC", Decimal(9), at(4), ends=Status.REJECTED, fills=())
    diary.order("buy", "SOL", Decimal(8), at(3), ends=Status.PARTIAL, fills=("0.375",))
    diary.order("buy", "ADA", Decimal(500), at(2), ends=Status.OPEN, fills=())
    diary.order("sell", "ETH", Decimal("0.1"), at(1), ends=Status.OPEN, fills=())


def _coinspot(diary: Diary, at: Callable[..., datetime]) -> None:
    """Tell the year of an imported account: a purchase a fortnight, at the instant-buy fee."""
    diary.flow("deposit", "AUD", Decimal(15_000), at(361))
    chance = random.Random("coinspot")  # noqa: S311
    for days_ago in range(356, 8, -14):
        asset = chance.choice(ASSETS[:3])
        quantity = diary.units(asset, Decimal(chance.randint(200, 500)), at(days_ago, 11))
        diary.order("buy", asset, quantity, at(days_ago, 11), fee=Decimal("0.01"))
    diary.order("buy", "BTC", Decimal("0.03"), at(MOVED + 5), fee=Decimal("0.01"))
    diary.flow(
        "transfer_out", "BTC", Decimal("0.02"), at(MOVED, 14), match="seed-move-1", fee="0.0001"
    )
    diary.order("sell", "BTC", Decimal("0.005"), at(12), fee=Decimal("0.01"))


def _trade(diary: Diary, chance: random.Random, at: datetime, *, fee: Decimal) -> None:
    """Buy something, or sell a part of what is held; now and then by a limit order in two fills."""
    asset = chance.choice(ASSETS)
    held = diary.held[asset]
    fills = ("0.4", "0.6") if chance.randint(0, 3) == 0 else ("1",)
    if held and chance.randint(0, 2) == 0:
        quantity = (held * chance.randint(20, 60) / 100).quantize(Decimal("0.000001"))
        diary.order("sell", asset, quantity, at, fee=fee, fills=fills)
    else:
        quantity = diary.units(asset, Decimal(chance.randint(300, 1200)), at)
        diary.order("buy", asset, quantity, at, fee=fee, fills=fills)


def balances_of(diary: Diary, anchor: datetime, *, weeks: int = 51) -> Iterator[BalanceRecord]:
    """Yield what was held at the end of each of the last weeks and at the anchor."""
    moves = sorted(diary.moves)
    ends = [midnight(anchor) - number * 7 * DAY for number in range(weeks, 0, -1)]
    held: dict[str, Decimal] = defaultdict(Decimal)
    for at in [*ends, anchor]:
        while moves and moves[0][0] <= at:
            _, asset, quantity = moves.pop(0)
            held[asset] += quantity
        for asset, quantity in sorted(held.items()):
            yield BalanceRecord(
                event_at=at,
                published_at=at,
                account_id=diary.account_id,
                asset=asset,
                quantity=quantity,
            )
