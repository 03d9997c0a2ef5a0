"""The operator's pages of orders."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from trading.killing import is_engaged
from trading.models import AuditEntry, KillSwitch, LiveSwitch, OrderIntent, RiskLimits
from trading.orders import submit
from trading.scene import limits_of
from trading.tests.factories import make_user
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def account() -> Any:
    quote("990", "1000")
    return paper_account(user=make_user("ada", is_staff=True))


@pytest.fixture
def intent(account: Any) -> OrderIntent:
    return submit(account.pk, wish(), actor="ada", now=timezone.now())


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(model: str, name: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:trading_{model}_{name}", args=args)


def test_ones_orders_are_listed_and_those_of_others_are_not(intent: Any, account: Any) -> None:
    other = make_user("eve", is_staff=True)
    assert intent.client_id not in client_of(other).get(page("orderintent")).content.decode()
    shown = client_of(account.user).get(page("orderintent")).content.decode()
    assert "accepted" in shown
    assert client_of(other).get(page("orderintent", "change", intent.pk)).status_code == 302


def test_an_order_is_ended_by_its_owner_alone(intent: Any, account: Any) -> None:
    chosen = {"action": "cancel_orders", "_selected_action": [intent.pk]}
    client_of(make_user("root", is_staff=True, is_superuser=True)).post(page("orderintent"), chosen)
    intent.refresh_from_db()
    assert intent.state == "accepted"
    client_of(account.user).post(page("orderintent"), chosen)
    intent.refresh_from_db()
    assert intent.state == "cancelled"


def test_limits_are_changed_by_the_owner_and_told_in_the_trail(account: Any) -> None:
    body = {
        "account": account.pk,
        "max_order": "123.45",
        "max_position": "2000",
        "max_open_positions": "5",
        "max_daily_loss": "200",
        "collar": "0.05",
        "cooldown": "00:00:30",
        "orders_a_minute": "6",
    }
    answer = client_of(account.user).post(page("risklimits", "add"), body)
    assert answer.status_code == 302, answer.context["errors"]
    assert str(limits_of(account.pk).max_order) == "123.45"
    assert "123.45" in AuditEntry.objects.get(kind=AuditEntry.Kind.LIMITS).text


def test_nobody_sets_limits_of_anothers_account(account: Any) -> None:
    RiskLimits.objects.create(account=account)
    eve = client_of(make_user("eve", is_staff=True))
    assert eve.get(page("risklimits", "change", account.pk)).status_code == 302
    root = client_of(make_user("root", is_staff=True, is_superuser=True))
    answer = root.post(page("risklimits", "change", account.pk), {"max_order": "1000000"})
    assert answer.status_code == 403


def test_live_trading_takes_the_typed_words(account: Any) -> None:
    client, path = client_of(account.user), page("liveswitch", "add")
    body = {"account": account.pk, "is_on": "on", "confirmation": "yes"}
    refused = client.post(path, body).content.decode()
    assert "Type exactly" in refused
    assert not LiveSwitch.objects.exists()
    client.post(path, {**body, "confirmation": "trade real money with paper"})
    assert LiveSwitch.objects.get().is_on
    assert AuditEntry.objects.filter(kind=AuditEntry.Kind.LIVE_SWITCH).count() == 1


def test_the_kill_switch_is_a_superusers_and_says_what_it_did(intent: Any, account: Any) -> None:
    body = {"scope": "everything", "is_engaged": "on", "reason": "drill"}
    path = page("killswitch", "add")
    assert client_of(account.user).post(path, body).status_code == 403
    root = client_of(make_user("root", is_staff=True, is_superuser=True))
    shown = root.post(path, body, follow=True).content.decode()
    assert f"{intent.client_id}: cancelled." in shown
    assert is_engaged(account.pk)
    root.post(page("killswitch", "change", "everything"), {"reason": "drill is over"})
    assert not is_engaged(account.pk)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [({"scope": "all"}, "Write &quot;everything&quot;"), ({"reason": " "}, "required")],
)
def test_a_kill_switch_that_makes_no_sense_is_refused(spoilt: dict[str, str], said: str) -> None:
    root = client_of(make_user("root", is_staff=True, is_superuser=True))
    body = {"scope": "everything", "is_engaged": "on", "reason": "drill", **spoilt}
    assert said in root.post(page("killswitch", "add"), body).content.decode()
    assert not KillSwitch.objects.exists()


def test_the_trail_is_shown_and_cannot_be_changed(intent: Any) -> None:
    root = client_of(make_user("root", is_staff=True, is_superuser=True))
    entry = AuditEntry.objects.get()
    shown = root.get(page("auditentry", "change", entry.pk)).content.decode()
    assert "chain is whole" in shown.lower()
    assert root.post(page("auditentry", "change", entry.pk), {}).status_code == 403
