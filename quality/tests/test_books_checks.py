"""What users hold is the same by fills, by venue and by books, and they hear what comes of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from ledgers.exchange.models import Account
from ledgers.models import Ledger
from ledgers.reading import safe_now
from quality.checks.books import (
    books_are_what_was_filled,
    nothing_of_a_user_is_listed_or_delisted,
    positions_are_what_venues_report,
)
from quality.findings import Level
from quality.models import Alert
from quality.services import run_check
from quality.tests.factories import DAY, HOUR, MINUTE, NOW, client_of, make_account, make_user
from quality.tests.facts import balance, event, fill, transfer
from trading.book_models import BookLot, BookPosition
from trading.keeping import service

pytestmark = pytest.mark.usefixtures("ledger")
TICK = timedelta(microseconds=1)


@pytest.fixture
def account():
    """An account that bought 2, sold 0.5, was paid 0.1, sent 0.3 and paid fees of 0.02 in BTC."""
    made = make_account(make_user())
    fill(made, "a", NOW - 9 * HOUR, quantity=2, fee="0.01", fee_asset="BTC")
    fill(made, "b", NOW - 8 * HOUR, quantity="0.5", side="sell", price=120)
    transfer(made, "c", NOW - 7 * HOUR, kind="income", quantity="0.1")
    transfer(
        made, "d", NOW - 6 * HOUR, kind="withdrawal", quantity="0.3", fee="0.01", fee_asset="BTC"
    )
    return made


@pytest.mark.parametrize(
    ("told", "found"),
    [("1.28", 0), ("1.28000001", 0), ("1.280000011", 1), ("1.27999999", 0), ("1.2", 1)],
)
def test_a_balance_that_fills_and_transfers_do_not_come_to_is_found_exactly_there(
    account, told, found
) -> None:
    balance(account, "BTC", told, NOW - HOUR)
    said = list(positions_are_what_venues_report(NOW))
    assert len(said) == found
    for one in said:
        assert (one.subject, one.user_id) == (f"account {account.pk} BTC", account.user_id)
        assert f"held {told} BTC at 2026-03-18 11:00:00 UTC" in one.message
        assert one.message.endswith("come to 1.28.")


def test_a_balance_counts_what_was_booked_until_then_and_only_the_newest_counts(account) -> None:
    balance(account, "BTC", "99", NOW - 3 * HOUR)
    fill(account, "later", NOW - HOUR, quantity=7)
    balance(account, "BTC", "1.28", NOW - 2 * HOUR)
    assert list(positions_are_what_venues_report(NOW)) == []


def test_cash_and_an_old_report_are_not_compared(account) -> None:
    balance(account, "AUD", "12345", NOW - HOUR)
    balance(account, "BTC", "99", NOW - 7 * DAY)
    assert list(positions_are_what_venues_report(NOW)) == []
    assert len(list(positions_are_what_venues_report(NOW - TICK))) == 1


def test_what_the_venue_holds_and_nobody_booked_is_found(account) -> None:
    balance(account, "ETH", "3", NOW - HOUR)
    (found,) = positions_are_what_venues_report(NOW)
    assert found.message.endswith("come to 0.")


def keep(account) -> None:
    service.keep(account.user_id)


def test_books_that_were_kept_are_what_was_filled(account) -> None:
    fill(account, "e", NOW - 5 * HOUR, base="ETH", quote="BTC", quantity=3, price="0.1")
    fill(account, "f", NOW - 4 * HOUR, base="ETH", quantity=5, side="sell")
    keep(account)
    assert BookPosition.objects.filter(until=None, asset="ETH", unmatched=2).exists()
    assert list(books_are_what_was_filled(NOW)) == []


def test_a_fill_that_the_books_do_not_hold_yet_is_no_fault(account) -> None:
    keep(account)
    fill(account, "later", NOW, quantity=7)
    assert list(books_are_what_was_filled(NOW)) == []


@pytest.mark.parametrize(("off", "found"), [("1e-18", 0), ("1.1e-18", 1)])
def test_a_position_that_is_not_what_was_filled_is_found_exactly_there(account, off, found) -> None:
    keep(account)
    row = BookPosition.objects.get(account_id=account.pk, asset="BTC", until=None)
    assert row.quantity == Decimal("1.28")
    BookPosition.objects.filter(pk=row.pk).update(quantity=row.quantity + Decimal(off))
    said = list(books_are_what_was_filled(NOW))
    assert [one.subject for one in said] == [f"account {account.pk} BTC"] * found
    assert all((one.level, one.user_id) == (Level.ERROR, account.user_id) for one in said)


def test_a_lot_that_got_lost_is_found(account) -> None:
    keep(account)
    lot = BookLot.objects.filter(account_id=account.pk, until=None, rest__gt=0).first()
    BookLot.objects.filter(pk=lot.pk).update(rest=0)
    assert len(list(books_are_what_was_filled(NOW))) == 1


def test_the_command_that_is_hinted_at_mends_the_books(account) -> None:
    keep(account)
    BookPosition.objects.filter(account_id=account.pk, asset="BTC").update(quantity=9)
    (found,) = books_are_what_was_filled(NOW)
    assert found.hint.endswith(f" manage.py rebuild_books --user {account.user.username}.")
    call_command(*found.hint.rstrip(".").partition("manage.py ")[2].split(), stdout=StringIO())
    assert list(books_are_what_was_filled(NOW)) == []


def test_accounts_without_books_are_not_compared(account) -> None:
    assert safe_now() > NOW
    assert list(books_are_what_was_filled(NOW)) == []


@pytest.mark.parametrize(
    ("kind", "level"), [("delisting", Level.ERROR), ("listing", Level.WARNING)]
)
def test_a_user_hears_what_happens_to_what_the_user_holds(account, kind, level) -> None:
    event("a", NOW - HOUR, kind=kind, assets=["BTC"], title="Something about Bitcoin")
    (found,) = nothing_of_a_user_is_listed_or_delisted(NOW)
    assert (found.ledger, found.level) == (Ledger.CATALYST, level)
    assert found.user_id == account.user_id
    assert f"announced a {kind} of BTC" in found.message
    assert "you hold 1.28" in found.message


def test_nobody_hears_of_what_nobody_holds_or_of_other_events(account) -> None:
    event("a", NOW - HOUR, kind="delisting", assets=["ETH"])
    event("b", NOW - HOUR, kind="maintenance", assets=["BTC"])
    assert list(nothing_of_a_user_is_listed_or_delisted(NOW)) == []


def test_nobody_hears_of_what_is_held_as_an_example(account) -> None:
    event("a", NOW - HOUR, kind="delisting", assets=["BTC"])
    Account.objects.update(venue="seed:paper")
    assert list(nothing_of_a_user_is_listed_or_delisted(NOW)) == []


def test_what_was_sold_is_no_longer_held(account) -> None:
    event("a", NOW - HOUR, kind="delisting", assets=["BTC"])
    assert list(nothing_of_a_user_is_listed_or_delisted(NOW, least=Decimal("1.28"))) == []
    assert len(list(nothing_of_a_user_is_listed_or_delisted(NOW, least=Decimal("1.27")))) == 1
    fill(account, "z", NOW - 5 * HOUR, quantity="1.28", side="sell")
    assert list(nothing_of_a_user_is_listed_or_delisted(NOW)) == []


@pytest.mark.parametrize(("age", "found"), [(7 * DAY - TICK, 1), (7 * DAY, 0)])
def test_a_listing_is_told_for_its_window(account, age, found) -> None:
    event("a", NOW - age, kind="listing", assets=["BTC"])
    assert len(list(nothing_of_a_user_is_listed_or_delisted(NOW))) == found


def test_the_alert_of_a_listing_is_seen_by_its_user_and_by_no_other(account) -> None:
    event("a", NOW - MINUTE, kind="delisting", assets=["BTC"])
    run_check("books.listings", NOW)
    assert Alert.objects.get().user_id == account.user_id
    for user, seen in ((account.user, 1), (make_user("bob"), 0)):
        body = client_of(user).get("/api/v1/quality/alerts").json()
        assert len(body["results"]) == seen
