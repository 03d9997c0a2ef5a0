"""The example year, planted once: what it holds, and as it was known."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min

from conftest import wipe
from ledgers.catalyst.models import Event
from ledgers.checks import fact_models
from ledgers.coverage import Presence, Window, gaps, look
from ledgers.exchange.models import Account, Balance, Fill, Order, Transfer
from ledgers.feeds import State, states
from ledgers.glass.models import Candle, Quote
from ledgers.glass.seed import ASSETS, HISTORY
from ledgers.human.models import Article, Score
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.public_ids import find
from ledgers.reading import pair

UNTIL = datetime(2026, 3, 18, 13, 45, tzinfo=UTC)
DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("planted")


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Plant the year once for these tests, which only read."""
    with django_db_blocker.unblock():
        call_command("seed", "--until", UNTIL.isoformat(), verbosity=0)
        yield
        wipe(connection)


def test_a_day_lies_where_the_documents_say_scaled_as_they_say() -> None:
    with gzip.open(HISTORY, "rt", newline="") as file:
        shipped = [row for row in csv.DictReader(file) if row["asset"] == "ETH"]
    days = Candle.objects.filter(source="seed:history", asset="ETH").order_by("-event_at")
    for row, day in zip(reversed(shipped[:-1]), days, strict=False):
        assert (day.close, day.volume) == (28 * Decimal(row["close"]), Decimal(row["volume"]))


def test_every_table_of_every_ledger_has_rows_and_every_name_says_seed() -> None:
    for model in fact_models():
        rows = model.objects.of_everyone() if model.ledger == Ledger.EXCHANGE else model.objects
        assert rows.count() > 20, model
        names = {field.name for field in model._meta.concrete_fields}
        for name in names & {"source", "model"}:
            found = set(rows.values_list(name, flat=True))
            assert all(value.startswith("seed:") for value in found), found
    assert all(name.startswith("seed:") for name in Feed.objects.values_list("name", flat=True))
    assert {*Feed.objects.values_list("ledger", flat=True)} == {*Ledger.values}
    assert set(CollectorRun.objects.values_list("kind", flat=True)) == {"seed"}


def test_every_run_counts_its_rows() -> None:
    for run in CollectorRun.objects.all():
        assert run.fetched == run.new + run.revised
        assert run.outcome == "ok"
        assert run.finished_at
    stored = sum(run.new + run.revised for run in CollectorRun.objects.all())
    rows = sum(
        (model.objects.of_everyone() if model.ledger == "exchange" else model.objects).count()
        for model in fact_models()
    )
    assert stored == rows


def test_a_year_of_prices_of_eight_assets_ends_at_the_anchor() -> None:
    for asset in ASSETS:
        days = Candle.objects.filter(source="seed:history", asset=asset, interval=86400)
        assert days.count() == 365
        ends = days.aggregate(Min("event_at"), Max("event_at"))
        assert ends["event_at__max"] == datetime(2026, 3, 17, tzinfo=UTC)
        for day in days:
            assert day.low <= min(day.open, day.close) <= max(day.open, day.close) <= day.high
            assert day.low > 0
    newest = Quote.objects.newest(ASSETS, source="seed:coinspot", currency="AUD", pair=pair())
    assert {quote.event_at for quote in newest.values()} == {UNTIL}
    assert all(0 < quote.bid < quote.last < quote.ask for quote in newest.values())


def test_quotes_lie_between_the_extremes_of_their_day() -> None:
    days = {(one.asset, one.event_at): one for one in Candle.objects.filter(currency="AUD")}
    told = 0
    for quote in Quote.objects.filter(source="seed:coinspot", event_at__lt=UNTIL - DAY):
        day = days[quote.asset, quote.event_at.replace(hour=0, minute=0)]
        assert day.low * Decimal("0.999") <= quote.last <= day.high * Decimal("1.001")
        told += 1
    assert told > 10_000


def test_the_past_shows_only_what_was_published_then() -> None:
    past = pair(UNTIL - 100 * DAY)
    for model in fact_models():
        rows = model.objects.of_everyone() if model.ledger == "exchange" else model.objects
        seen = rows.seen(past)
        late = seen.filter(published_at__gt=past.as_of)
        assert seen.count() > 0, model
        assert seen.count() < rows.count(), model
        assert late.count() == 0, model
        assert seen.aggregate(Max("known_at"))["known_at__max"] <= past.as_of


def test_nothing_is_known_later_than_now_nor_before_it_was_published() -> None:
    for model in fact_models():
        rows = model.objects.of_everyone() if model.ledger == "exchange" else model.objects
        for event_at, published_at, known_at, available_at in rows.values_list(
            "event_at", "published_at", "known_at", "available_at"
        ):
            assert event_at <= published_at == known_at == available_at <= UNTIL


def test_each_ledger_has_one_gap_and_knows_its_own_past() -> None:
    year = Window(UNTIL.replace(hour=0, minute=0) - 365 * DAY, UNTIL)
    gapped = defaultdict(list)
    for feed in Feed.objects.all():
        for gap in gaps(feed.name, year, pair()):
            assert gap.upper - gap.lower == 2 * DAY
            gapped[feed.ledger].append((feed.name, gap))
    assert {name: len(found) for name, found in gapped.items()} == dict.fromkeys(Ledger.values, 1)
    name, gap = gapped["catalyst"][0]
    assert look([name], gap, pair(), found=False).presence == Presence.NOT_OBSERVED
    source = Event.objects.filter(source=name)
    assert source.count()
    assert not source.filter(event_at__gte=gap.lower, event_at__lt=gap.upper).exists()
    before = pair(UNTIL - 200 * DAY)
    known = states(Feed.objects.filter(ledger="glass"), before)
    assert {state.state for state in known} == {State.FRESH}


def test_the_feeds_are_fresh_at_the_end_and_age_after_it() -> None:
    feeds = list(Feed.objects.filter(every__isnull=False))
    assert len(feeds) > 10
    assert {one.state for one in states(feeds, pair(UNTIL))} == {State.FRESH}
    assert {one.state for one in states(feeds, pair(UNTIL + 3 * DAY))} == {State.STALE}


def summed(account: Account, at: datetime) -> dict[str, Decimal]:
    """Add up by hand what an account holds."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for fill in Fill.objects.for_account(account.pk).filter(event_at__lte=at):
        sign = 1 if fill.side == "buy" else -1
        held[fill.base] += sign * fill.quantity
        held[fill.quote] -= sign * fill.quantity * fill.price
        held[fill.fee_asset] -= fill.fee
    for flow in Transfer.objects.for_account(account.pk).filter(event_at__lte=at):
        sign = 1 if flow.kind in ("deposit", "income", "transfer_in") else -1
        held[flow.asset] += sign * flow.quantity
        held[flow.fee_asset or flow.asset] -= flow.fee
    return dict(held)


def test_balances_are_fills_and_transfers() -> None:
    for account in Account.objects.all():
        snapshots: dict[datetime, dict[str, Decimal]] = defaultdict(dict)
        for row in Balance.objects.for_account(account.pk):
            snapshots[row.event_at][row.asset] = row.quantity
        assert len(snapshots) == 52
        for at, said in snapshots.items():
            assert said == summed(account, at)
            assert all(quantity >= 0 for quantity in said.values())
    assert UNTIL in snapshots


def test_orders_end_in_every_way_and_agree_with_their_fills() -> None:
    orders = Order.objects.at(pair()).of_everyone()
    assert {order.status for order in orders} == set(Order.Status.values)
    for order in orders:
        fills = Fill.objects.for_account(order.account_id).filter(order_id=order.order_id)
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        assert filled == order.filled
        assert (filled == order.quantity) == (order.status == "filled")
        assert all(fill.event_at > order.event_at for fill in fills)
    assert not Fill.objects.of_everyone().filter(order_id="").exists()
    kinds = {flow.kind for flow in Transfer.objects.of_everyone()}
    assert kinds == set(Transfer.Kind.values)


def test_an_own_transfer_has_two_halves_in_order() -> None:
    moved = Transfer.objects.of_everyone().exclude(match="")
    out, into = moved.order_by("event_at")
    assert (out.kind, into.kind) == ("transfer_out", "transfer_in")
    assert (out.match, out.asset, out.quantity) == (into.match, into.asset, into.quantity)
    assert out.account_id != into.account_id


def test_the_scope_of_an_exchange_feed_is_the_account() -> None:
    scopes = set(Feed.objects.filter(ledger="exchange").values_list("scope", flat=True))
    assert scopes == {str(account.pk) for account in Account.objects.all()}


def test_a_score_names_its_item_by_public_id() -> None:
    for score in Score.objects.all()[:50]:
        item = find(score.item)
        assert item.assets == score.assets
        assert -1 <= score.value <= 1
        assert item.known_at <= score.known_at
    assert Article.objects.filter(revision=1).count() > 3


def test_nobody_can_log_in_as_the_example_user() -> None:
    user = get_user_model().objects.get()
    assert user.username == "demo"
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert set(Account.objects.values_list("user", flat=True)) == {user.pk}
