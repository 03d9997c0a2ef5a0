"""The example year: whole, deterministic, as it was known, and gone without a trace."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max, Min

from ledgers.catalyst.models import Event
from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.coverage import Presence, Window, gaps, look
from ledgers.exchange.models import Account, Balance, Fill, Order, Transfer
from ledgers.feeds import State, states
from ledgers.glass.models import Candle, Quote
from ledgers.glass.seed import ASSETS, HISTORY
from ledgers.human.models import Article, Score
from ledgers.models import CollectorRun, Coverage, Feed, Ledger
from ledgers.public_ids import find
from ledgers.reading import pair
from ledgers.tests.factories import article, candle, make_run

UNTIL = datetime(2026, 3, 18, 13, 45, tzinfo=UTC)
DAY = timedelta(days=1)
SAMPLES = (
    Path(settings.BASE_DIR).parent
    / "shared"
    / "samples"
    / "history"
    / "bitstamp_BTC_ETH_LTC_USD_1d_2014-11_2020-01.csv"
)


def plant(capsys, *args: str) -> Any:
    call_command("seed", "--json", *args)
    return json.loads(capsys.readouterr().out)


def counts() -> dict[str, int]:
    """Count every table there is, also those nobody thought of.

    But the notes that the books of an account are to be looked at again: they come and go.
    """
    apart = {"django_migrations", "django_content_type", "auth_permission", "trading_bookchange"}
    tables = [name for name in connection.introspection.table_names() if name not in apart]
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def contents() -> str:
    """Digest every row of every fact, keys of the database and clocks of ours apart."""
    digests = []
    with connection.cursor() as cursor:
        for model in fact_models():
            own = sorted(
                {field.column for field in model._meta.concrete_fields if field.column}
                - {"id", "run_id", "account_id", "item"}
            )
            columns = ", ".join(f'"{name}"' for name in own)
            cursor.execute(
                f"SELECT md5(string_agg(row::text, '' ORDER BY row::text)) FROM "
                f'(SELECT {columns} FROM "{model._meta.db_table}") row'
            )
            digests.append(f"{model.__name__} {cursor.fetchone()[0]}")
    return "\n".join(digests)


def test_a_second_run_changes_nothing_and_is_cheap(ledger, capsys) -> None:
    first = plant(capsys)
    before, rows = counts(), contents()
    start = perf_counter()
    second = plant(capsys)
    assert perf_counter() - start < 0.5
    assert counts() == before
    assert contents() == rows
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["rows"] == second["rows"]
    assert first["until"] == second["until"]


def test_the_same_end_gives_the_same_rows_and_clearing_leaves_no_trace(ledger, capsys) -> None:
    empty = counts()
    plant(capsys, "--until", UNTIL.isoformat())
    full, rows = counts(), contents()
    call_command("seed", "--clear", "--json")
    cleared = json.loads(capsys.readouterr().out)
    assert counts() == empty
    assert cleared["kept"] == []
    plant(capsys, "--until", UNTIL.isoformat())
    assert counts() == full
    assert contents() == rows


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples (../shared/samples) are not here")
def test_the_shipped_prices_are_those_of_the_named_file() -> None:
    with SAMPLES.open(newline="") as file:
        recorded = {row[""]: row for row in csv.DictReader(file)}
    told = 0
    with gzip.open(HISTORY, "rt", newline="") as file:
        for row in csv.DictReader(file):
            for name in ("open", "high", "low", "close", "volume"):
                assert row[name] == recorded[row["day"]][f"{row['asset']}:{name}"]
                told += 1
    assert told == 5 * 3 * 369


def test_a_day_lies_where_the_documents_say_scaled_as_they_say(planted) -> None:
    with gzip.open(HISTORY, "rt", newline="") as file:
        shipped = [row for row in csv.DictReader(file) if row["asset"] == "ETH"]
    days = Candle.objects.filter(source="seed:history", asset="ETH").order_by("-event_at")
    for row, day in zip(reversed(shipped[:-1]), days, strict=False):
        assert (day.close, day.volume) == (28 * Decimal(row["close"]), Decimal(row["volume"]))


@pytest.fixture
def planted(ledger, capsys) -> None:
    plant(capsys, "--until", UNTIL.isoformat())


def test_every_table_of_every_ledger_has_rows_and_every_name_says_seed(planted) -> None:
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


def test_every_run_counts_its_rows(planted) -> None:
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


def test_a_year_of_prices_of_eight_assets_ends_at_the_anchor(planted) -> None:
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


def test_quotes_lie_between_the_extremes_of_their_day(planted) -> None:
    days = {(one.asset, one.event_at): one for one in Candle.objects.filter(currency="AUD")}
    told = 0
    for quote in Quote.objects.filter(source="seed:coinspot", event_at__lt=UNTIL - DAY):
        day = days[quote.asset, quote.event_at.replace(hour=0, minute=0)]
        assert day.low * Decimal("0.999") <= quote.last <= day.high * Decimal("1.001")
        told += 1
    assert told > 10_000


def test_the_past_shows_only_what_was_published_then(planted) -> None:
    past = pair(UNTIL - 100 * DAY)
    for model in fact_models():
        rows = model.objects.of_everyone() if model.ledger == "exchange" else model.objects
        seen = rows.seen(past)
        late = seen.filter(published_at__gt=past.as_of)
        assert seen.count() > 0, model
        assert seen.count() < rows.count(), model
        assert late.count() == 0, model
        assert seen.aggregate(Max("known_at"))["known_at__max"] <= past.as_of


def test_nothing_is_known_later_than_now_nor_before_it_was_published(planted) -> None:
    for model in fact_models():
        rows = model.objects.of_everyone() if model.ledger == "exchange" else model.objects
        for event_at, published_at, known_at, available_at in rows.values_list(
            "event_at", "published_at", "known_at", "available_at"
        ):
            assert event_at <= published_at == known_at == available_at <= UNTIL


def test_each_ledger_has_one_gap_and_knows_its_own_past(planted) -> None:
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


def test_the_feeds_are_fresh_at_the_end_and_age_after_it(planted) -> None:
    feeds = list(Feed.objects.filter(every__isnull=False))
    assert len(feeds) > 10
    assert {one.state for one in states(feeds, pair(UNTIL))} == {State.FRESH}
    assert {one.state for one in states(feeds, pair(UNTIL + 3 * DAY))} == {State.STALE}


def test_balances_are_fills_and_transfers(planted) -> None:
    for account in Account.objects.all():
        snapshots: dict[datetime, dict[str, Decimal]] = defaultdict(dict)
        for row in Balance.objects.for_account(account.pk):
            snapshots[row.event_at][row.asset] = row.quantity
        assert len(snapshots) == 52
        for at, said in snapshots.items():
            assert said == summed(account, at)
            assert all(quantity >= 0 for quantity in said.values())
    assert UNTIL in snapshots


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


def test_orders_end_in_every_way_and_agree_with_their_fills(planted) -> None:
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


def test_an_own_transfer_has_two_halves_in_order(planted) -> None:
    moved = Transfer.objects.of_everyone().exclude(match="")
    out, into = moved.order_by("event_at")
    assert (out.kind, into.kind) == ("transfer_out", "transfer_in")
    assert (out.match, out.asset, out.quantity) == (into.match, into.asset, into.quantity)
    assert out.account_id != into.account_id


def test_the_scope_of_an_exchange_feed_is_the_account(planted) -> None:
    scopes = set(Feed.objects.filter(ledger="exchange").values_list("scope", flat=True))
    assert scopes == {str(account.pk) for account in Account.objects.all()}


def test_a_score_names_its_item_by_public_id(planted) -> None:
    for score in Score.objects.all()[:50]:
        item = find(score.item)
        assert item.assets == score.assets
        assert -1 <= score.value <= 1
        assert item.known_at <= score.known_at
    assert Article.objects.filter(revision=1).count() > 3


def test_nobody_can_log_in_as_the_example_user(planted) -> None:
    user = get_user_model().objects.get()
    assert user.username == "demo"
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert set(Account.objects.values_list("user", flat=True)) == {user.pk}


def test_an_existing_superuser_is_left_alone(ledger, capsys) -> None:
    users = get_user_model().objects
    boss = users.create_superuser("demo", password="not-a-default-1")
    kept = users.filter(pk=boss.pk).values().get()
    plant(capsys)
    assert users.filter(pk=boss.pk).values().get() == kept
    call_command("seed", "--clear")
    assert users.filter(pk=boss.pk).values().get() == kept
    assert users.count() == 1


def test_clearing_leaves_live_rows_beside_it(ledger, capsys) -> None:
    live = make_run("kraken")
    store(Candle, [candle(hour) for hour in range(5)], live, observed_at=UNTIL)
    news = make_run("rss/gazette")
    store(Article, [article()], news, observed_at=UNTIL)
    before = counts()
    rows = contents()
    plant(capsys)
    assert counts() != before
    call_command("seed", "--clear")
    assert counts() == before
    assert contents() == rows


def test_clearing_keeps_an_account_that_holds_rows_of_its_owner(ledger, capsys) -> None:
    plant(capsys)
    account = Account.objects.first()
    run = make_run("import_omc/1")
    flow = Transfer.record(
        event_at=UNTIL,
        published_at=UNTIL,
        account_id=account.pk,
        venue_id="mine",
        kind="deposit",
        asset="AUD",
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_asset="",
        value=Decimal(1),
        match="",
    )
    store(Transfer, [flow], run, observed_at=UNTIL)
    call_command("seed", "--clear", "--json")
    kept = json.loads(capsys.readouterr().out)["kept"]
    assert kept == [f"account {account.name!r}", "user 'demo'"]
    assert list(Account.objects.all()) == [account]
    assert Transfer.objects.of_everyone().get().venue_id == "mine"
    assert get_user_model().objects.get().username == "demo"
    assert not Coverage.objects.exists()


def test_clearing_an_unseeded_house_removes_nothing(ledger, capsys) -> None:
    get_user_model().objects.create_user("demo")
    before = counts()
    call_command("seed", "--clear")
    assert counts() == before


def test_production_refuses_both(ledger, settings) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="not planted in production"):
        call_command("seed")
    with pytest.raises(CommandError, match="not cleared in production"):
        call_command("seed", "--clear")
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("2026-03-18", "Give its time zone"),
        ("yesterday", "not a time"),
        ("2099-01-01T00:00:00Z", "in the future"),
    ],
)
def test_an_end_that_cannot_be_is_refused(ledger, until, message) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("seed", "--until", until)
    assert not Feed.objects.exists()


def test_another_end_than_the_planted_one_is_refused_with_the_remedy(planted) -> None:
    before = counts()
    with pytest.raises(CommandError, match=r"ends at 2026-03-18 13:45:00 UTC.*seed --clear"):
        call_command("seed", "--until", "2026-03-01T00:00:00Z")
    assert counts() == before


def test_a_seed_that_fails_half_way_leaves_nothing(ledger, monkeypatch) -> None:
    def broken(anchor: datetime) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("ledgers.human.seed.scores", broken)
    before = counts()
    with pytest.raises(RuntimeError, match="the power went"):
        call_command("seed")
    assert counts() == before
