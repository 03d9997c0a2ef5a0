"""How books are kept: what is booked again, what is left alone, and who may do it."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ledgers import slots
from ledgers.exchange.models import Account, Fill
from ledgers.exchange.tests.laws import costly
from ledgers.glass.models import Candle, Quote
from ledgers.models import CollectorRun, Feed
from ledgers.reading import pair
from trading.keeping import changes, reading, service, swift
from trading.keeping.tables import OF_USERS, TABLES
from trading.models import (
    BookChange,
    BookDisposal,
    BookFlow,
    BookHead,
    BookLot,
    BookParcel,
    BookPosition,
)
from trading.services import accounts_of, pnl_of
from trading.tasks import keep_books
from trading.tests.factories import (
    DAY,
    HOUR,
    NOW,
    candle,
    candles,
    fill,
    imported,
    keep,
    make_account,
    make_run,
    make_user,
    quote,
    quoted,
    transfer,
)

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def account() -> Account:
    return make_account(make_user())


def traded(account: Account) -> None:
    imported(
        account,
        fill(account, "buy", "1", "100", ago=3 * DAY),
        fill(account, "buy", "1", "200", ago=2 * DAY),
        fill(account, "sell", "1", "300", ago=DAY, fee=Decimal(3), fee_asset="AUD"),
    )


def served(account: Account, **options: Any) -> Any:
    """Ask the kept books alone, as known now; prices count only from when they were asked for."""
    asked = pair()
    options = {"at": asked.as_of, "is_daily": False, **options}
    return reading.standing(accounts_of(account.user_id), asked, **options)


def rows(user_id: int) -> dict[str, list[str]]:
    """Return everything that is kept of a user, without the ids of journals."""
    owners = {True: [user_id], False: [one.pk for one in accounts_of(user_id)]}
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            is_users = table in OF_USERS
            owner = "user_id" if is_users else "account_id"
            cursor.execute(
                f"SELECT to_jsonb(kept) - 'id' FROM {table.stored} kept WHERE {owner} = ANY(%s)",
                [owners[is_users]],
            )
            found[table.name] = sorted(map(str, cursor.fetchall()))
    return found


def journal_ids() -> list[int]:
    return sorted(BookFlow.objects.values_list("pk", flat=True))


def test_lots_disposals_and_positions_are_kept(account) -> None:
    traded(account)
    assert service.keep(account.user_id) == service.Kept(entries=3)
    (sold,) = BookDisposal.objects.all()
    assert (sold.lot, sold.quantity, sold.cost, sold.proceeds) == (0, 1, 100, 297)
    lots = BookLot.objects.filter(until=None).order_by("serial")
    assert [(lot.rest, lot.rest_cost, lot.is_open) for lot in lots] == [
        (0, 0, False),
        (1, 200, True),
    ]
    position = BookPosition.objects.get(asset="BTC", until=None)
    assert (position.quantity, position.cost, position.realized) == (1, 200, 197)
    assert BookPosition.objects.filter(asset="BTC").count() == 3


def test_a_read_of_now_is_served_from_the_books_without_booking(account) -> None:
    traded(account)
    service.keep(account.user_id)
    found = served(account)
    assert found.told[account.pk].fills == 3
    assert found.last.valuations[str(account.pk)].realized == 197


def test_before_they_are_kept_nothing_is_served(account) -> None:
    traded(account)
    assert served(account) is None
    service.keep(account.user_id)
    service.forget(account.user_id)
    assert served(account) is None


def test_a_newer_fill_is_booked_alone(account) -> None:
    traded(account)
    service.keep(account.user_id)
    before = journal_ids()
    imported(account, fill(account, "sell", "0.5", "300", ago=HOUR))
    assert swift.keep_newest(account.user_id) == 1
    assert set(before) <= set(journal_ids())
    assert BookLot.objects.get(serial=1, until=None).rest == Decimal("0.5")
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


def test_a_late_fill_is_booked_from_its_day_on_and_no_earlier(account) -> None:
    traded(account)
    service.keep(account.user_id)
    before = set(journal_ids())
    imported(account, fill(account, "buy", "1", "250", ago=2 * DAY + HOUR))
    late = NOW - 2 * DAY - HOUR
    assert service.keep(account.user_id) == service.Kept(entries=3, day=late.date())
    first = BookFlow.objects.order_by("at").first()
    assert first.pk in before
    assert len(before & set(journal_ids())) == 1
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


def test_a_correction_that_moves_a_fill_is_booked_from_the_earlier_day_on(account) -> None:
    traded(account)
    service.keep(account.user_id)
    moved = fill(
        account, "buy", "1", "210", ago=DAY + HOUR, venue_id=f"buy-{NOW - 2 * DAY:%Y%m%dT%H%M}"
    )
    keep([moved], make_run(f"import_omc/{account.pk}", "exchange"), observed_at=NOW + HOUR)
    assert service.keep(account.user_id).day == (NOW - 2 * DAY).date()
    assert BookPosition.objects.get(asset="BTC", until=None).cost == 210


def test_what_a_moved_fill_was_before_is_not_booked_with_the_next_one(account) -> None:
    """Its first revision is later than all that is booked, and counts no more."""
    feed = make_run(f"import_omc/{account.pk}", "exchange")
    first = fill(account, "buy", "1", "200", ago=DAY, venue_id="b")
    imported(account, fill(account, "buy", "1", "100", ago=3 * DAY), first)
    service.keep(account.user_id)
    moved = fill(account, "buy", "1", "210", ago=4 * DAY, venue_id="b")
    keep([moved], feed, observed_at=NOW + HOUR)
    service.keep(account.user_id)
    assert BookHead.objects.get().last_at == NOW - 3 * DAY
    keep([fill(account, "sell", "0.5", "300", ago=HOUR)], feed, observed_at=NOW + 2 * HOUR)
    service.keep(account.user_id)
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept
    assert BookPosition.objects.get(asset="BTC", until=None).quantity == Decimal("1.5")


def test_a_withdrawn_fill_leaves_the_books(account) -> None:
    traded(account)
    service.keep(account.user_id)
    gone = fill(account, "sell", "1", "300", ago=DAY, withdrawn=True)
    keep([gone], make_run(f"import_omc/{account.pk}", "exchange"), observed_at=NOW + HOUR)
    service.keep(account.user_id)
    assert not BookDisposal.objects.exists()
    assert BookPosition.objects.get(asset="BTC", until=None).quantity == 2


def swapped(account: Account) -> None:
    imported(
        account,
        fill(account, "buy", "1", "100", ago=3 * DAY),
        fill(account, "buy", "2", "0.5", ago=2 * DAY, base="ETH", quote="BTC"),
    )


def test_a_swap_is_booked_again_when_its_price_arrives(account) -> None:
    swapped(account)
    candles(candle("SOL", "20", ago=2 * DAY))
    service.keep(account.user_id)
    assert BookPosition.objects.get(asset="BTC", until=None).unpriced
    candles(candle("BTC", "150", ago=2 * DAY))
    assert service.keep(account.user_id) == service.Kept(entries=1, day=(NOW - 2 * DAY).date())
    assert BookPosition.objects.get(asset="BTC", until=None).realized == 50


def test_prices_that_no_booking_asked_for_change_nothing(account) -> None:
    swapped(account)
    candles(candle("BTC", "150", ago=2 * DAY))
    quoted(quote("SOL", "20"))
    service.keep(account.user_id)
    before = journal_ids()
    quoted(quote("BTC", "300"))
    assert service.keep(account.user_id) == service.Kept()
    assert journal_ids() == before
    assert served(account).used


@pytest.mark.parametrize("change", ["retention", "seed"])
def test_prices_that_are_gone_are_noticed(account, change) -> None:
    swapped(account)
    candles(candle("BTC", "150", ago=2 * DAY))
    service.keep(account.user_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT omc_clear_seed('glass_candle')")
    for projection in Candle.projections:
        if change == "seed":
            projection.forget_sources("kraken")
        else:
            projection.forget(NOW - 9 * DAY, NOW)
    assert served(account).last.valuations[str(account.pk)].realized == 0
    service.keep(account.user_id)
    assert BookPosition.objects.get(asset="BTC", until=None).unpriced


def test_quotes_and_candles_tell_the_books_once_each(account) -> None:
    for model in (Quote, Candle):
        assert model.projections.count(changes.PriceChanges()) == 1
    assert changes.PriceChanges().rebuild() == 0


def test_facts_that_are_cleared_leave_the_books(account) -> None:
    traded(account)
    service.keep(account.user_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT omc_clear_seed('exchange_fill')")
    assert served(account).told[account.pk].fills == 0
    service.keep(account.user_id)
    assert not BookPosition.objects.exists()


def own_transfer(account: Account, cold: Account) -> None:
    imported(
        account,
        fill(account, "buy", "2", "100", ago=4 * DAY),
        transfer(account, "transfer_out", "1", "BTC", ago=3 * DAY, venue_id="out", match="in"),
    )
    service.keep(account.user_id)
    imported(cold, transfer(cold, "transfer_in", "1", "BTC", ago=2 * DAY, venue_id="in"))


def test_a_kept_parcel_brings_its_lots_to_the_other_account(account) -> None:
    cold = make_account(account.user, "cold")
    own_transfer(account, cold)
    service.keep(account.user_id)
    arrived = BookLot.objects.get(account=cold, until=None)
    assert (arrived.at, arrived.rest_cost) == (NOW - 4 * DAY, 100)
    assert BookParcel.objects.get(until=None).lots == []
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


def test_between_the_halves_of_an_own_transfer_the_facts_are_booked(account) -> None:
    cold = make_account(account.user, "cold")
    own_transfer(account, cold)
    service.keep(account.user_id)
    assert served(account, at=NOW - 2 * DAY)
    assert served(account, at=NOW - 2 * DAY - HOUR) is None


def test_a_past_moment_is_served_from_the_day_before(account) -> None:
    traded(account)
    service.keep(account.user_id)
    before = served(account, at=NOW - DAY - HOUR)
    assert before.told[account.pk].fills == 2
    after = served(account, at=NOW - DAY)
    assert after.last.valuations[str(account.pk)].realized == 197


def test_a_read_that_did_not_know_a_fill_does_not_use_the_books(account) -> None:
    traded(account)
    asked = pair(NOW - DAY)
    service.keep(account.user_id)
    found = reading.standing(accounts_of(account.user_id), asked, at=NOW - DAY, is_daily=False)
    assert found
    asked = pair(NOW - 2 * DAY)
    found = reading.standing(accounts_of(account.user_id), asked, at=NOW - 2 * DAY, is_daily=False)
    assert found is None
    assert pnl_of(account.user_id, pair=asked).fills == 2


@pytest.mark.parametrize(
    "change", [{"method": "lifo"}, {"fees": "separate"}, {"base_currency": "USD"}]
)
def test_other_settings_of_an_account_make_other_books(account, change) -> None:
    traded(account)
    service.keep(account.user_id)
    Account.objects.filter(pk=account.pk).update(**change)
    assert served(account) is None
    assert list(service.keep_all()) == [account.user_id]
    assert served(account)
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


def test_other_sources_of_prices_make_other_books(account, settings) -> None:
    swapped(account)
    service.keep(account.user_id)
    settings.OMC_PRICE_SOURCES = ["kraken"]
    assert served(account) is None
    assert list(service.keep_all()) == [account.user_id]
    assert served(account)


def test_another_method_asked_for_is_booked_from_the_facts(account) -> None:
    traded(account)
    quoted(quote("BTC", "300"))
    service.keep(account.user_id)
    assert pnl_of(account.user_id, pair=pair(NOW), method="lifo").realized == 97
    assert pnl_of(account.user_id, pair=pair(NOW)).realized == 197


def test_who_is_up_to_date_is_not_kept_again(account) -> None:
    traded(account)
    other = make_account(make_user("bob"))
    imported(other, fill(other, "buy", "1", "100", ago=DAY))
    assert set(service.keep_all()) == {account.user_id, other.user_id}
    assert service.keep_all() == {}
    assert not BookChange.objects.exclude(account_id=None).exists()
    imported(other, fill(other, "sell", "1", "100", ago=HOUR))
    assert service.keep_all() == {other.user_id: service.Kept(entries=1)}


def test_facts_that_make_no_books_are_tried_again_only_when_they_change(account) -> None:
    imported(account, fill(account, "buy", "1", "100", ago=DAY, fee=Decimal(1)))
    assert service.keep_all() == {account.user_id: service.Kept()}
    assert service.keep_all() == {}
    assert served(account) is None
    better = fill(account, "buy", "1", "100", ago=DAY, fee=Decimal(1), fee_asset="AUD")
    keep([better], make_run(f"import_omc/{account.pk}", "exchange"), observed_at=NOW + HOUR)
    assert service.keep_all() == {account.user_id: service.Kept(entries=1)}
    assert served(account)


def test_what_an_open_transaction_stores_is_kept_after_it(account) -> None:
    traded(account)
    service.keep(account.user_id)
    stored, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                imported(account, fill(account, "buy", "1", "250", ago=2 * HOUR))
                stored.set()
                go_on.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    assert stored.wait(30)
    other = make_run(f"api/{account.pk}", "exchange")
    keep([fill(account, "buy", "1", "270", ago=HOUR)], other)
    service.keep(account.user_id)
    assert served(account).told[account.pk].fills == 4
    go_on.set()
    writer.join(30)
    assert served(account).told[account.pk].fills == 5
    service.keep(account.user_id)
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept
    assert served(account).told[account.pk].fills == 5


def test_many_may_keep_the_same_books_at_once(account) -> None:
    traded(account)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(3):
                run = make_run(f"feed{number}/{account.pk}", "exchange")
                ago = HOUR - number * timedelta(minutes=7) - turn * timedelta(minutes=1)
                keep([fill(account, "buy", "1", "100", ago=ago, venue_id=f"{number} {turn}")], run)
                service.keep(account.user_id)
        except BaseException as error:  # noqa: BLE001  # told below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    service.keep(account.user_id)
    kept = rows(account.user_id)
    assert BookPosition.objects.get(asset="BTC", until=None).fills == 1
    assert served(account).told[account.pk].fills == 15
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


def test_a_head_that_moves_during_a_look_keeps_the_look_from_writing(account) -> None:
    traded(account)
    service.keep(account.user_id)
    imported(account, fill(account, "sell", "0.5", "300", ago=HOUR))
    looked = swift._look(account.user_id)
    assert swift.keep_newest(account.user_id) == 1
    before = rows(account.user_id)
    assert not swift.save(looked.head, looked.head, {"position": "[]"}, [1])
    assert rows(account.user_id) == before


def test_a_sale_of_more_lots_than_one_look_brings_is_booked_all_the_same(account) -> None:
    lots = [fill(account, "buy", "1", "100", ago=9 * DAY - one * HOUR) for one in range(40)]
    imported(account, *lots)
    service.keep(account.user_id)
    imported(account, fill(account, "sell", "39.5", "300", ago=HOUR))
    assert swift.keep_newest(account.user_id) is None
    assert service.keep(account.user_id) == service.Kept(entries=1)
    assert BookDisposal.objects.count() == 40
    kept = rows(account.user_id)
    service.rebuild(account.user_id)
    assert rows(account.user_id) == kept


COINS = st.sampled_from(["BTC", "ETH"])
NUMBERS = st.sampled_from(["1", "0.25", "3", "1e-18", "100000.000000000000000007"])
numbers = iter(range(10**6))


@costly(12)
@given(
    trades=st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            COINS,
            NUMBERS,
            NUMBERS,
            st.sampled_from(["0", "0.01"]),
            st.sampled_from(["AUD", "base"]),
            st.sampled_from([0, 1, 30]),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=12,
    ),
    method=st.sampled_from(Account.Method.values),
    fees=st.sampled_from(Account.Fees.values),
)
def test_fills_kept_one_by_one_are_those_kept_at_once(ledger, trades, method, fees) -> None:
    number = next(numbers)
    user = make_user(f"swift {number}")
    own = [make_account(user, name, method=method, fees=fees) for name in ("a", "b")]
    at, is_swift = NOW - 90 * DAY, []
    for place, (side, base, quantity, price, fee, fee_asset, hours, index) in enumerate(trades):
        at += hours * HOUR
        record = fill(
            own[index],
            side,
            quantity,
            price,
            ago=NOW - at,
            venue_id=f"{place:03}",
            base=base,
            fee=Decimal(fee),
            fee_asset="AUD" if fee_asset == "AUD" else base,
        )
        imported(own[index], record)
        is_swift.append(swift.keep_newest(user.pk) == 1)
        service.keep(user.pk)
    kept = rows(user.pk)
    assert all(fast or place == 0 or trades[place][6] == 0 for place, fast in enumerate(is_swift))
    service.rebuild(user.pk)
    assert rows(user.pk) == kept


def test_the_beat_keeps_all_books(account) -> None:
    traded(account)
    slots.dispatch(timezone.now(), lambda job, slot: keep_books(slot) if job == "books:all" else 0)
    assert served(account)


def test_a_slot_that_somebody_else_holds_is_left_alone(account) -> None:
    traded(account)
    sent: list[int] = []
    slots.dispatch(timezone.now(), lambda job, slot: job == "books:all" and sent.append(slot))
    assert slots.claim(sent[0], timezone.now())
    keep_books(sent[0])
    assert served(account) is None


def test_the_command_rebuilds_everybody_or_one(account) -> None:
    traded(account)
    make_account(make_user("bob"))
    out = StringIO()
    call_command("rebuild_books", json=True, stdout=out)
    assert json.loads(out.getvalue()) == {"ada": 3, "bob": 0}
    out = StringIO()
    call_command("rebuild_books", user="ada", stdout=out)
    assert out.getvalue() == "ada: 3 entries booked.\n"
    with pytest.raises(CommandError, match="No user is called 'eve'"):
        call_command("rebuild_books", user="eve")


def test_the_command_says_that_nobody_has_an_account() -> None:
    out = StringIO()
    call_command("rebuild_books", stdout=out)
    assert out.getvalue() == "Nobody has an account yet.\n"


def test_an_account_that_goes_takes_its_books_along(account) -> None:
    traded(account)
    service.keep(account.user_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT omc_clear_seed('exchange_fill')")
    Fill.objects.of_everyone()
    account.delete()
    assert not BookPosition.objects.exists()
    assert not BookLot.objects.exists()


def test_old_notes_of_prices_are_pruned_when_all_books_saw_them(account) -> None:
    swapped(account)
    service.keep(account.user_id)
    candles(candle("SOL", "150", ago=2 * DAY))
    BookChange.objects.update(noted_at=timezone.now() - 2 * DAY)
    service.keep(account.user_id)
    assert BookHead.objects.filter(priced_at__isnull=False).exists()
    assert changes.prune() == 1
    assert not BookChange.objects.exists()


def test_a_read_only_transaction_may_use_the_books(account) -> None:
    traded(account)
    service.keep(account.user_id)
    asked = pair(NOW)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        assert pnl_of(account.user_id, pair=asked).fills == 3


def test_a_feed_or_run_is_not_needed_to_note_a_change(account) -> None:
    traded(account)
    assert BookChange.objects.filter(account_id=account.pk).count() == 1
    assert CollectorRun.objects.count() == 1
    assert Feed.objects.count() == 1
