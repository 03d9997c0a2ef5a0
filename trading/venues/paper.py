"""The paper venue: fills orders against the quotes that the Glass ledger brings, for no money.

An order meets the first quote that is `OMC_PAPER_LATENCY` younger than its sending, then each
later one, until it is filled: a purchase at the ask, a sale at the bid, if its limit allows. Our
quotes have no sizes, so each can fill at most what is worth `OMC_PAPER_CAP`. A market purchase
fills no further than what was reserved for it. Looking again fills nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, localcontext

from django.conf import settings
from django.db import transaction
from psycopg.types.range import Range

from ledgers.checks import model_of
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account, Fill, Order, Side
from ledgers.exchange.records import FillRecord, OrderRecord
from ledgers.filling import SEED
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.reading import announce_and_stamp, pair
from trading.core.cases import Market
from trading.core.exact import CONTEXT, ZERO, total
from trading.models import OrderIntent
from trading.reserving import consumption, executions
from trading.venues.venue import Found, Placed

UNIT = Decimal("0.00000001")
MARKET = Market(unit=UNIT, tick=UNIT, minimum=Decimal(1), takes_market_orders=True)


class PaperVenue:
    """Every asset that is quoted in the account's currency is a market here."""

    is_live = False

    def __init__(self, account: Account) -> None:
        self.account = account
        self.fee = settings.OMC_PAPER_FEE

    def market(self, base: str, quote: str) -> Market | None:
        """Return the steps, the same for every market that has ever been quoted."""
        is_quoted = Quote.objects.filter(source__in=_sources(), asset=base, currency=quote).exists()
        return MARKET if is_quoted else None

    def place(self, intent: OrderIntent, now: datetime) -> Placed:
        """Take the order; it is filled when it is looked at."""
        self._tell([_order(intent, ZERO, Order.Status.OPEN, now)], now, now)
        return Placed(venue_order_id=order_id(intent))

    def cancel(self, intent: OrderIntent, now: datetime) -> None:
        """Cancel what quotes up to now have not filled: the next look says so."""

    def look(
        self,
        intent: OrderIntent,
        now: datetime,
        since: datetime | None = None,  # noqa: ARG002  # the protocol's; quotes are always ours
    ) -> Found | None:
        """Fill the order with the quotes since the last look; all of it is stored, or nothing."""
        with transaction.atomic():
            done = executions(intent.account_id, order_id(intent))
            fills = list(self._fills(intent, done, now))
            filled = total(fill.quantity for fill in done) + total(f.quantity for f in fills)
            is_open = filled < intent.quantity and not intent.wants_cancel
            if fills or not is_open:
                order = _order(intent, filled, _status(intent, filled, is_open=is_open), now)
                self._tell([*fills, order], intent.sent_at or now, now)
            OrderIntent.objects.filter(pk=intent.pk).update(looked_at=now)
        return Found(venue_order_id=order_id(intent), is_open=is_open)

    def _fills(
        self, intent: OrderIntent, done: Sequence[Fill], now: datetime
    ) -> Iterator[FillRecord]:
        """Yield what each new quote fills, within the limit, the cap and what is reserved."""
        left = intent.quantity - total(fill.quantity for fill in done)
        room = intent.reserved - total(map(consumption, done))
        for quote in self._quotes(intent, now):
            price = quote.ask if intent.side == Side.BUY else quote.bid
            if price is None or not _crosses(intent, price):
                continue
            quantity = min(left, _units(settings.OMC_PAPER_CAP, price))
            if intent.side == Side.BUY:
                quantity = min(quantity, _units(room, price * (1 + self.fee)))
            if quantity <= 0:
                continue
            fill = self._fill(intent, quote, quantity, price)
            yield fill
            left -= quantity
            room -= quantity * price + fill.fee
            if not left:
                return

    def _quotes(self, intent: OrderIntent, now: datetime) -> list[Quote]:
        """Return the quotes since the last look, of the first source that has any."""
        start = max(intent.looked_at or now, (intent.sent_at or now) + settings.OMC_PAPER_LATENCY)
        current = pair()
        for source in _sources():
            found = list(
                Quote.objects.at(current)
                .filter(source=source, asset=intent.base, currency=intent.quote)
                .filter(event_at__gte=start.replace(second=0, microsecond=0))
                .filter(quoted_at__gt=start, quoted_at__lte=now)
                .order_by("quoted_at")
            )
            if found:
                return found
        return []

    def _fill(
        self, intent: OrderIntent, quote: Quote, quantity: Decimal, price: Decimal
    ) -> FillRecord:
        with localcontext(CONTEXT):
            fee = quantity * price * self.fee
        return FillRecord(
            event_at=quote.quoted_at,
            published_at=quote.quoted_at,
            account_id=intent.account_id,
            venue_id=f"{order_id(intent)}-{quote.event_at:%Y%m%dT%H%M}-{quote.revision}",
            order_id=order_id(intent),
            side=intent.side,
            base=intent.base,
            quote=intent.quote,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_asset=intent.quote,
        )

    def _tell(
        self, records: list[FillRecord | OrderRecord], since: datetime, now: datetime
    ) -> None:
        """Store what the venue says as facts of the account, and that it was looked at."""
        name = f"paper/{self.account.pk}"
        values = {"source": "paper", "scope": str(self.account.pk), "ledger": Ledger.EXCHANGE}
        feed, _ = Feed.objects.get_or_create(
            name=name, defaults={**values, "every": None, "lag": now - now, "restates": True}
        )
        run = CollectorRun.objects.create(feed=feed)
        with transaction.atomic():
            for kind in (FillRecord, OrderRecord):
                same = [record for record in records if isinstance(record, kind)]
                if same:
                    stored = store(model_of(same[0]), same, run, observed_at=now)
                    run.new += stored.added
                    run.revised += stored.revised
            if since < now:
                run.window = Range(since, now)
                cover(run, run.window, known_at=announce_and_stamp())
        run.fetched, run.outcome, run.finished_at = len(records), CollectorRun.Outcome.OK, now
        run.duplicate = run.fetched - run.new - run.revised
        run.save()


def order_id(intent: OrderIntent) -> str:
    """Return the venue's id of an order."""
    return f"paper-{intent.pk}"


def _sources() -> list[str]:
    return [source for source in settings.OMC_PRICE_SOURCES if not source.startswith(SEED)]


def _crosses(intent: OrderIntent, price: Decimal) -> bool:
    limit: Decimal | None = intent.limit
    if limit is None:
        return True
    return price <= limit if intent.side == Side.BUY else price >= limit


def _units(money: Decimal, price: Decimal) -> Decimal:
    """Return how many whole units of base the money buys."""
    with localcontext(prec=60):
        return (max(money, ZERO) / price).quantize(UNIT, ROUND_DOWN)


def _status(intent: OrderIntent, filled: Decimal, *, is_open: bool) -> Order.Status:
    if filled >= intent.quantity:
        return Order.Status.FILLED
    if not is_open:
        return Order.Status.CANCELLED
    return Order.Status.PARTIAL if filled else Order.Status.OPEN


def _order(
    intent: OrderIntent, filled: Decimal, status: Order.Status, now: datetime
) -> OrderRecord:
    return OrderRecord(
        event_at=intent.created_at,
        published_at=now,
        account_id=intent.account_id,
        order_id=order_id(intent),
        side=intent.side,
        kind=intent.kind,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        price=intent.limit,
        filled=filled,
        status=status,
    )
