"""The page about profit and loss: one's own accounts, or everyone's for operators."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ledgers.reading import clock, pair
from trading.core.valuation import NOTHING
from trading.panels import equity_chart, figures, month_chart, position_rows
from trading.reports import Line
from trading.services import pnl_of
from trading.tests.factories import (
    DAY,
    HOUR,
    NOW,
    fill,
    imported,
    make_account,
    make_user,
    quote,
    quoted,
)
from trading.writing import money

pytestmark = pytest.mark.usefixtures("ledger")
LIST = reverse("admin:trading_accountpnl_changelist")


def page_of(account) -> str:
    return reverse("admin:trading_accountpnl_change", args=[account.pk])


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def account():
    account = make_account(make_user("ada", is_staff=True))
    age = clock() - NOW
    imported(
        account,
        fill(account, "buy", "2", "1234.5", ago=40 * DAY),
        fill(account, "sell", "1", "2000", ago=DAY),
        fill(account, "sell", "5", "2", ago=DAY, base="ETH", venue_id="e"),
        fill(account, "buy", "3", "7", ago=DAY, base="XYZ", venue_id="x"),
    )
    quoted(quote("BTC", "1800.25", ago=-age))
    return account


def test_a_user_sees_what_the_own_account_has_earned(account) -> None:
    text = logged_in(account.user).get(page_of(account)).content.decode()
    assert "765.50" in text
    assert "1,800.25" in text
    assert "incomplete" in text
    assert "XYZ" in text
    assert "left without a known cost" in text
    assert "Times are in UTC" in text
    assert 'src="http' not in text


def test_the_method_may_be_chosen(account) -> None:
    imported(account, fill(account, "buy", "1", "1900", ago=2 * DAY, venue_id="dear"))
    client = logged_in(account.user)
    assert client.get(page_of(account)).context["report"].realized == Decimal("765.5")
    response = client.get(page_of(account), {"method": "hifo"})
    assert response.context["report"].realized == 100
    assert ("hifo", True) in response.context["methods"]
    nonsense = client.get(page_of(account), {"method": "best"})
    assert nonsense.context["report"].method == "fifo"


def test_another_users_account_is_not_found(account) -> None:
    client = logged_in(make_user("bob", is_staff=True))
    assert client.get(page_of(account)).status_code == 404
    assert client.get(LIST).context["cl"].result_count == 0


def test_an_operator_sees_the_accounts_of_everyone(account) -> None:
    operator = make_user("olga", is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_account"))
    client = logged_in(operator)
    assert client.get(LIST).context["cl"].result_count == 1
    assert "765.50" in client.get(page_of(account)).content.decode()


def test_who_may_not_enter_the_admin_sees_nothing(account) -> None:
    for client in (Client(), logged_in(make_user("eve"))):
        assert client.get(page_of(account)).status_code == 302
        assert client.get(LIST).status_code == 302


def test_nothing_can_be_changed(account) -> None:
    client = logged_in(make_user("root", is_staff=True, is_superuser=True))
    client.post(page_of(account), {"name": "stolen"})
    account.refresh_from_db()
    assert account.name == "main"
    assert client.get(reverse("admin:trading_accountpnl_add")).status_code == 403


def test_an_empty_account_says_what_to_do(account) -> None:
    empty = make_account(account.user, "empty")
    text = logged_in(account.user).get(page_of(empty)).content.decode()
    assert "manage.py import_fills" in text
    assert "Nothing was sold yet" in text
    assert "Nothing is held" in text


def test_a_fact_that_cannot_be_booked_is_named_on_the_page(account) -> None:
    imported(account, fill(account, "buy", "1", "0", ago=HOUR, venue_id="bad"))
    text = logged_in(account.user).get(page_of(account)).content.decode()
    assert "cannot be booked" in text


def test_the_page_takes_few_queries(account, django_assert_max_num_queries) -> None:
    client = logged_in(account.user)
    with django_assert_max_num_queries(25):
        assert client.get(page_of(account)).status_code == 200


def test_positions_tell_how_far_their_worth_is_known(account) -> None:
    quoted(quote("ABC", "5", ago=HOUR), quote("DEF", None, last=Decimal(6)))
    imported(
        account,
        fill(account, "buy", "1", "4", ago=DAY, base="ABC", venue_id="a"),
        fill(account, "buy", "1", "9", ago=DAY, base="DEF", venue_id="d"),
    )
    report = pnl_of(account.user_id, pair=pair(NOW))
    rows = {row.asset: row for row in position_rows(report)}
    states = {asset: row.state for asset, row in rows.items()}
    assert states == {
        "ABC": "stale",
        "AUD": "cash",
        "BTC": "no price",
        "DEF": "stale",
        "ETH": "sold",
        "XYZ": "no price",
    }
    assert "1 hour old" in rows["ABC"].note.replace("\xa0", " ")
    assert rows["DEF"].is_loss
    assert "5 left without a known cost" in rows["ETH"].note
    assert position_rows(report)[0].asset == "AUD"


def test_cash_is_told_in_cents_and_coins_in_every_digit(account) -> None:
    imported(account, fill(account, "buy", "0.123456789", "3", ago=DAY, base="ABC", venue_id="a"))
    rows = {one.asset: one for one in position_rows(pnl_of(account.user_id, pair=pair(NOW)))}
    assert rows["ABC"].quantity == "0.123456789"
    assert len(rows["AUD"].quantity.partition(".")[2]) == 2


def test_what_units_of_unknown_cost_brought_is_told_beside_what_was_realized(account) -> None:
    report = pnl_of(account.user_id, pair=pair(NOW))
    assert report.realized_unmatched
    (shown,) = (one for one in figures(report) if one.title == "Realized")
    assert f"{money(report.realized_unmatched)} more came from units of unknown cost." in shown.note


def line(day: str, realized: str, closing: str = "0") -> Line:
    amounts = NOTHING.__class__(
        **{**{name: Decimal(0) for name in NOTHING.__slots__}, "realized": Decimal(realized)}
    )
    return Line(
        key=day,
        currency="AUD",
        amounts=amounts,
        closing=Decimal(closing),
        unmatched={},
        missing=(),
        complete=True,
    )


def test_days_are_added_up_to_months() -> None:
    chart = month_chart(
        [line("2026-01-30", "1.5"), line("2026-01-31", "2"), line("2026-02-01", "-1")]
    )
    assert '"labels": ["2026-01", "2026-02"]' in chart
    assert '"data": ["3.50", "-1.00"]' in chart
    assert month_chart([line("2026-01-30", "0")]) == ""


def test_a_long_curve_is_thinned_out_and_keeps_its_end() -> None:
    chart = equity_chart([line(f"day {number}", "0", str(number)) for number in range(1000)])
    assert '"day 999"' in chart
    assert '"999.00"' in chart
    assert chart.count("day ") < 200
