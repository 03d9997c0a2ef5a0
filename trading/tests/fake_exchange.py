"""A CoinSpot on loopback with an order book: it takes, refuses, loses, delays and fills orders."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from ledgers.exchange.tests.fake_coinspot import FULL, KEY, SECRET, FakeCoinSpot, Fault
from ledgers.exchange.tests.private import written

TRADE_KEY, TRADE_SECRET = "tr4d3000000000000000000000000abcd", "TRADETRADETRADETRADETRADE-wxyz"
PLACES = {f"{FULL}/my/buy": "buy", f"{FULL}/my/sell": "sell"}
CANCELS = (f"{FULL}/my/buy/cancel", f"{FULL}/my/sell/cancel")
OPEN, DONE = "/my/orders/market/open", ("/my/orders/completed", "/my/orders/market/completed")
FEE = Decimal("0.001")
LOST = ("drop", "busy", "refuse")
"""What may happen to an order that is not taken: no answer, a 503, a 400 with the venue's word."""
TAKEN = ("cut", "oops", "html", "slow", "twice", "no_id", "garbage")
"""What may happen to the answer about one that is."""


@dataclass(slots=True, kw_only=True)
class Resting:
    """One order in the book; amounts in coins, `filled` of them executed."""

    id: str
    side: str
    coin: str
    amount: Decimal
    rate: Decimal
    created: datetime
    filled: Decimal = Decimal(0)
    is_open: bool = True


@dataclass(slots=True, kw_only=True)
class FakeExchange(FakeCoinSpot):
    """One account: `TRADE_KEY` trades, `KEY` reads. `fate` is what happens to the next orders.

    It tells no date, so that answers of one second are told apart by our own clock.
    """

    secrets: dict[str, str] = field(default_factory=lambda: {KEY: SECRET, TRADE_KEY: TRADE_SECRET})
    full: set[str] = field(default_factory=lambda: {TRADE_KEY})
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    book: dict[str, Resting] = field(default_factory=dict)
    done: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"buy": [], "sell": []})
    fate: list[str] = field(default_factory=list)
    is_dated: bool = False
    is_late: bool = False
    tells_rest: bool = False
    slowness: float = 0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    holdings: dict[str, str] = field(default_factory=lambda: {"AUD": "10000", "BTC": "1"})

    def judge(self, path: str, key: str, sign: str, body: bytes) -> tuple[int, Any]:
        """Answer one request; orders and their ends change the book."""
        if path not in PLACES and path not in CANCELS:
            self._show()
            return FakeCoinSpot.judge(self, path, key, sign, body)
        if problem := self._problem(path, key, sign, body):
            return problem
        if key not in self.full:
            return self._refuse(401, "Invalid API key permissions")
        asked = json.loads(body, parse_float=Decimal)
        if path in CANCELS:
            return self._end(asked)
        self.before()
        answer = self._take(path, asked)
        self.after()
        return answer

    def sends(self) -> list[dict[str, Any]]:
        """Return what was posted as orders, taken or not."""
        return [asked for path, asked in self.asked if path in PLACES]

    def rest(self, side: str, amount: str, rate: str, coin: str = "BTC") -> Resting:
        """Put an order into the book, as its owner does by hand or as the API was asked to."""
        order = Resting(
            id=f"6f1f{next(self.ids):020x}",
            side=side,
            coin=coin,
            amount=Decimal(amount),
            rate=Decimal(rate),
            created=datetime.now(UTC),  # noqa: TID251  # a server's own clock
        )
        self.book[order.id] = order
        return order

    def fill(self, order: Resting, amount: str | None = None, rate: str | None = None) -> None:
        """Execute an order or a part of it, also after its end: a fill that a cancel crossed."""
        part = Decimal(amount) if amount else order.amount - order.filled
        price = Decimal(rate) if rate else order.rate
        order.filled += part
        order.is_open = order.is_open and order.filled < order.amount
        money = part * price
        fee = (money * FEE).quantize(Decimal("0.00000001"))
        total = money + fee if order.side == "buy" else money - fee
        self.done[order.side].append(
            {
                "id": order.id,
                "coin": order.coin,
                "type": "market",
                "market": f"{order.coin}/AUD",
                "rate": str(price),
                "amount": str(part),
                "total": str(money),
                "solddate": written(datetime.now(UTC)),  # noqa: TID251  # a server's own clock
                "audfeeExGst": str(fee / Decimal("1.1")),
                "audGst": str(fee - fee / Decimal("1.1")),
                "audtotal": str(total),
            }
        )

    def only(self) -> Resting:
        """Return the one order of the book."""
        (order,) = self.book.values()
        return order

    def _take(self, path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        fate = self.fate.pop(0) if self.fate else ""
        if fate == "refuse":
            return 400, {"status": "error", "message": "Not enough AUD in your wallet"}
        if fate in LOST:
            self._spoil(path, Fault(body=None) if fate == "drop" else Fault(status=503))
            return 0, {}
        if set(asked) != {"nonce", "cointype", "markettype", "amount", "rate"}:
            return 400, {"status": "error", "message": f"Unknown input {sorted(asked)}"}
        if not isinstance(asked["amount"], Decimal | int):
            return 400, {"status": "error", "message": "amount is no number"}
        order = self.rest(PLACES[path], asked["amount"], asked["rate"], asked["cointype"])
        answer = {
            "status": "ok",
            "message": "ok",
            "coin": order.coin,
            "market": f"{order.coin}/AUD",
            "amount": str(order.amount),
            "rate": str(order.rate),
            "id": order.id,
        }
        return self._answer(fate, path, answer)

    def _answer(self, fate: str, path: str, answer: dict[str, Any]) -> tuple[int, Any]:
        good = json.dumps(answer).encode()
        faults = {
            "cut": Fault(body=None),
            "oops": Fault(status=500, body=b'{"status":"error","message":"oops"}'),
            "html": Fault(body=b"<html>Checking your browser</html>", content_type="text/html"),
            "twice": Fault(body=good + good),
            "garbage": Fault(body=good[:-9]),
        }
        if fate in faults:
            self._spoil(path, faults[fate])
        if fate == "slow":
            time.sleep(self.slowness)
        if fate == "no_id":
            del answer["id"]
        return 200, answer

    def _spoil(self, path: str, fault: Fault) -> None:
        self.faults[path].insert(0, fault)

    def _end(self, asked: dict[str, Any]) -> tuple[int, Any]:
        order = self.book.get(asked["id"])
        if order is None or not order.is_open:
            return 400, {"status": "error", "message": "Order is not open"}
        order.is_open = False
        return 200, {"status": "ok", "message": "ok"}

    def _show(self) -> None:
        """Write the book into the lists that the read-only key is told."""
        shown = [] if self.is_late else [each for each in self.book.values() if each.is_open]
        done = {"buy": [], "sell": []} if self.is_late else self.done
        self.tell(OPEN, **{f"{side}orders": self._open(shown, side) for side in ("buy", "sell")})
        for path in DONE:
            self.tell(path, **{f"{side}orders": list(rows) for side, rows in done.items()})
        held = [{coin: {"balance": held}} for coin, held in self.holdings.items()]
        self.tell("/my/balances", balances=held)

    def _open(self, shown: list[Resting], side: str) -> list[dict[str, Any]]:
        return [
            {
                "id": each.id,
                "coin": each.coin,
                "market": f"{each.coin}/AUD",
                "rate": str(each.rate),
                "amount": str(each.amount - each.filled if self.tells_rest else each.amount),
                "created": written(each.created),
            }
            for each in shown
            if each.side == side
        ]
