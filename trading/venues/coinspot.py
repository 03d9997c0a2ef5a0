"""CoinSpot, live: limit orders in its AUD markets, for real money.

CoinSpot knows no client order id, so that nothing sent may be sent again: an order is posted
once, and whatever is not the venue's own yes or no is ambiguous. What became of it, the lists of
the account tell, which the read-only collector reads with the account's read-only key and stores
as facts; this venue reads those facts and stores nothing itself. An order without an id is known
by market, side, amount, price and time. Where the lists leave a doubt, so do we.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from redis.exceptions import RedisError

from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import CollectError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.runner import run_collector
from ledgers.exchange.coinspot_private import FULL, KeyRejectedError, RequestRejectedError, call
from ledgers.exchange.collectors.coinspot_ro import CoinSpotAccounts
from ledgers.exchange.keys import SLUG, VENUE
from ledgers.exchange.models import Account, Fill, Order, Side
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun
from ledgers.reading import Pair, clock
from trading.core.cases import Market
from trading.core.exact import total
from trading.keys import NoKeyError, keys_of, note_refusal
from trading.killing import is_engaged
from trading.live import may_trade
from trading.models import OrderIntent
from trading.turns import Turn, turn
from trading.venues.venue import AmbiguousError, Found, Placed, RefusedError

HOME: Final = "AUD"
UNIT: Final = Decimal("0.00000001")
MARKET: Final = Market(unit=UNIT, tick=UNIT, minimum=Decimal(1), takes_market_orders=False)
RENAMED: Final = ("NEO", "XLM")
"""Coins that the venue lists under other names; which one an order must use is not proven."""
MARGIN: Final = timedelta(minutes=1)
"""How far the venue's clock may be behind ours, for an order to count as of after its sending."""
MAX_ID: Final = 100
Outcome = CollectorRun.Outcome
WHOLE: Final = (Outcome.OK, Outcome.EMPTY)
OPEN: Final = (Order.Status.OPEN, Order.Status.PARTIAL)


class OneAccount(CoinSpotAccounts):
    """The read-only collector, for a look at one account alone."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id

    def scopes(self) -> list[str]:
        """Name the one feed."""
        return [str(self._account_id)]


class CoinSpotVenue:
    """The markets of CoinSpot's order book in AUD; the highest fee there is 0.1 %."""

    is_live = True

    def __init__(self, account: Account) -> None:
        self.account = account
        self.fee = Decimal("0.001")

    def market(self, base: str, quote: str) -> Market | None:
        """Return the steps, the same for every coin that CoinSpot has ever quoted in AUD."""
        if quote != HOME or base in RENAMED:
            return None
        quoted = Quote.objects.filter(source=VENUE, asset=base, currency=quote)
        return MARKET if quoted.exists() else None

    def place(self, intent: OrderIntent, now: datetime) -> Placed:  # noqa: ARG002  # the protocol's
        """Post the order once, if everything still says that it may be."""
        if intent.limit is None:
            raise RefusedError("CoinSpot gets limit orders only. Give the order a limit.")
        if intent.mode != OrderIntent.Mode.LIVE or self.account.venue != VENUE:
            raise RefusedError("The order is on paper. It was not sent.")
        if not may_trade(intent.account_id):
            raise RefusedError("Live trading was switched off. The order was not sent.")
        if is_engaged(intent.account_id):
            raise RefusedError("The kill switch was engaged. The order was not sent.")
        answer = self._post(
            f"/my/{intent.side}",
            purpose=f"place order {intent.pk}",
            cointype=intent.base,
            markettype=intent.quote,
            amount=intent.quantity,
            rate=intent.limit,
        )
        order_id = answer.get("id")
        if not isinstance(order_id, str) or not 0 < len(order_id) <= MAX_ID:
            raise AmbiguousError("CoinSpot took the order and did not tell its id.")
        return Placed(venue_order_id=order_id)

    def cancel(self, intent: OrderIntent, now: datetime) -> None:  # noqa: ARG002  # the protocol's
        """Ask for the end of an order; that is let through also when live trading is off."""
        self._post(
            f"/my/{intent.side}/cancel",
            purpose=f"cancel order {intent.pk}",
            id=intent.venue_order_id,
        )

    def look(
        self, intent: OrderIntent, now: datetime, since: datetime | None = None
    ) -> Found | None:
        """Have the account looked at, if nobody did lately; find the order in what is stored."""
        outcome = self._look(now, since or clock() - settings.OMC_ORDER_LOOK_EVERY)
        shelf = _Shelf(intent)
        found = shelf.known(now) if intent.venue_order_id else shelf.alike()
        if found is None and outcome not in WHOLE:
            raise AmbiguousError("Some rows of CoinSpot's answer could not be read.")
        return found

    @sensitive_variables()
    def _post(self, path: str, *, purpose: str, **values: str | Decimal) -> dict[str, Any]:
        """Post once; only the venue's own error is a refusal, all else but a yes is a doubt."""
        try:
            keys = keys_of(self.account.pk, purpose=purpose)
        except NoKeyError as error:
            raise RefusedError(str(error)) from error
        try:
            answer = call(RequestsHttp(collectors[SLUG]), keys, f"{FULL}{path}", **values).json()
        except KeyRejectedError as error:
            note_refusal(self.account.pk, error)
            raise RefusedError(str(error)) from error
        except RequestRejectedError as error:
            raise RefusedError(str(error)) from error
        except (CollectError, RedisError) as error:
            raise AmbiguousError(str(error) or type(error).__name__) from error
        found: dict[str, Any] = answer
        return found

    def _look(self, now: datetime, since: datetime) -> Outcome:
        """Return how the newest look that began after `since` ended; make one if there is none."""
        collector = OneAccount(self.account.pk)
        with turn(Turn.LOOK, self.account.pk):
            run = _looked_since(collector, self.account.pk, since)
            if run is None:
                (run,) = run_collector(collector, RequestsHttp(collector), now=now)
        if run.outcome not in (*WHOLE, Outcome.PARTIAL):
            raise AmbiguousError(f"CoinSpot could not be looked at: {run.error or run.outcome}")
        return Outcome(run.outcome)


class _Shelf:
    """What is stored of an account's orders and executions, for one intent."""

    def __init__(self, intent: OrderIntent) -> None:
        now = clock()
        self.intent = intent
        self.pair = Pair(as_of=now, horizon=now)
        self.since = (intent.sent_at or intent.created_at) - MARGIN

    def known(self, now: datetime) -> Found | None:
        """Find the order by the id that the venue gave it."""
        order = self._orders().filter(order_id=self.intent.venue_order_id).first()
        if order is None:
            return None
        filled = self._filled(order)
        if order.status not in OPEN and filled < self.intent.quantity:
            self._refuse_haste(order, now)
            if not self.intent.wants_cancel:
                self._refuse_parts(self._unclaimed(order.order_id), filled)
        return _found(order)

    def alike(self) -> Found | None:
        """Find the order by what it is; None only if nothing could be it, whole or in part."""
        others = self._unclaimed("")
        same = [order for order in others if self._is_same(order)]
        if len(same) > 1:
            ids = ", ".join(order.order_id for order in same)
            raise AmbiguousError(f"Several orders at CoinSpot could be this one: {ids}.")
        if same:
            return _found(same[0])
        self._refuse_parts(others, Decimal(0))
        return None

    def _refuse_haste(self, order: Order, now: datetime) -> None:
        """Doubt an order that only its first executions tell of: the rest may be shown later."""
        is_young = now - (self.intent.sent_at or now) < settings.OMC_ORDER_PROOF
        if order.status == Order.Status.FILLED and is_young:
            raise AmbiguousError(
                "CoinSpot shows a part of the order's executions, and not the rest."
            )

    def _refuse_parts(self, others: Iterable[Order], filled: Decimal) -> None:
        """Doubt the end of an order if others could be executions of it under ids of their own."""
        left = self.intent.quantity - filled
        parts = [order.order_id for order in others if order.quantity <= left]
        if parts:
            raise AmbiguousError(f"CoinSpot shows what could be parts of it: {', '.join(parts)}.")

    def _unclaimed(self, own: str) -> list[Order]:
        """Return orders of the market and side since the sending that no other intent has, and
        whose prices the limit allows.
        """
        intent = self.intent
        others = OrderIntent.objects.filter(account_id=intent.account_id).exclude(pk=intent.pk)
        taken = {own, *others.exclude(venue_order_id="").values_list("venue_order_id", flat=True)}
        recent = self._orders().filter(
            side=intent.side, base=intent.base, quote=intent.quote, event_at__gte=self.since
        )
        return [
            order
            for order in recent.order_by("event_at", "order_id")
            if order.order_id not in taken and self._is_allowed(order)
        ]

    def _is_same(self, order: Order) -> bool:
        """Tell whether an order is all of what was wanted; its list may tell all or the rest."""
        whole = (order.quantity, order.quantity + self._filled(order))
        if order.status in OPEN:
            return self.intent.quantity in whole and order.price == self.intent.limit
        return bool(order.quantity == self.intent.quantity)

    def _is_allowed(self, order: Order) -> bool:
        prices = [fill.price for fill in self._fills(order)] or [order.price]
        limit = self.intent.limit
        if limit is None:
            return False
        if self.intent.side == Side.BUY:
            return all(price is None or price <= limit for price in prices)
        return all(price is None or price >= limit for price in prices)

    def _orders(self) -> Any:
        return Order.objects.for_account(self.intent.account_id).at(self.pair)

    def _fills(self, order: Order) -> Sequence[Fill]:
        stored = Fill.objects.for_account(self.intent.account_id).at(self.pair)
        return list(stored.filter(order_id=order.order_id))

    def _filled(self, order: Order) -> Decimal:
        return total(fill.quantity for fill in self._fills(order))


def _found(order: Order) -> Found:
    return Found(venue_order_id=order.order_id, is_open=order.status in OPEN)


def _looked_since(collector: Collector, account_id: int, since: datetime) -> CollectorRun | None:
    """Return the newest look that began after `since` and has ended, well or not."""
    name = collector.feed_name(str(account_id))
    runs = CollectorRun.objects.filter(
        feed_id=name, kind=CollectorRun.Kind.LIVE, started_at__gte=since
    )
    return runs.exclude(outcome=Outcome.RUNNING).order_by("-started_at").first()
