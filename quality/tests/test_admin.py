"""An operator sees what stands, in colour, and answers it from the list."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from quality.findings import Level
from quality.models import Alert, AlertEvent, Attempt, CheckRun, Delivery
from quality.services import run_check, run_checks
from quality.tests.conftest import PROBE
from quality.tests.factories import MINUTE, NOW, make_alert, make_user

ALERTS = "admin:quality_alert_changelist"
RUNS = "admin:quality_checkrun_changelist"
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def olga(ledger):
    return make_user("olga", is_staff=True, is_superuser=True)


@pytest.fixture
def root(olga):
    client = Client()
    client.force_login(olga)
    return client


def text(client, name, **params) -> str:
    response = client.get(reverse(name), params)
    assert response.status_code == 200
    return str(response.content.decode())


def act(client, action, *alerts) -> str:
    body = {"action": action, "_selected_action": [alert.pk for alert in alerts]}
    response = client.post(f"{reverse(ALERTS)}?state=all", body, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def test_what_stands_is_listed_and_what_is_resolved_only_when_asked(root) -> None:
    make_alert("broken feed", level=Level.CRITICAL)
    make_alert("long over", state="resolved", resolved_at=NOW)
    page = text(root, ALERTS)
    assert "broken feed" in page
    assert "critical" in page
    assert "long over" not in page
    assert "long over" in text(root, ALERTS, state="all")
    assert "long over" in text(root, ALERTS, state="resolved")
    assert "broken feed" not in text(root, ALERTS, state="resolved")


def test_many_alerts_and_runs_open_in_few_queries(root, django_assert_max_num_queries) -> None:
    for number in range(60):
        make_alert(f"asset {number}")
    run_checks(NOW)
    for name in (ALERTS, RUNS):
        with django_assert_max_num_queries(15):
            text(root, name)


def test_an_alert_opens_with_its_history_and_only_its_note_can_be_written(root, olga) -> None:
    alert = make_alert()
    AlertEvent.objects.create(alert=alert, kind="opened", at=NOW, level=Level.ERROR, text="First.")
    path = reverse("admin:quality_alert_change", args=[alert.pk])
    page = root.get(path).content.decode()
    assert "First." in page
    assert 'name="note"' in page
    assert 'name="state"' not in page
    body = {
        "note": "The router.",
        "state": "resolved",
        "events-TOTAL_FORMS": 0,
        "events-INITIAL_FORMS": 0,
    }
    assert root.post(path, body).status_code == 302
    alert.refresh_from_db()
    assert (alert.note, alert.state) == ("The router.", "open")
    event = alert.events.get(kind="noted")
    assert (event.by, event.text) == (olga, "The router.")


def test_alerts_are_acknowledged_from_the_list(root, olga) -> None:
    alerts = [make_alert("a"), make_alert("b")]
    over = make_alert("c", state="resolved", resolved_at=NOW)
    said = act(root, "take", *alerts, over)
    assert "Acknowledged: 2." in said
    assert "Left alone: 1, which are resolved." in said
    assert set(Alert.objects.filter(state="acknowledged", acknowledged_by=olga)) == set(alerts)
    over.refresh_from_db()
    assert over.state == "resolved"


def test_alerts_are_taken_on_from_the_list(root, olga) -> None:
    alert = make_alert()
    assert "Assigned: 1." in act(root, "take_on", alert)
    alert.refresh_from_db()
    assert (alert.assigned_to, alert.state) == (olga, "open")
    assert alert.events.get().text == "To olga."


def test_a_delivery_shows_how_each_try_went(root, django_assert_max_num_queries) -> None:
    row = Delivery.objects.create(
        channel="webhook", alert=make_alert(), kind="opened", made_at=NOW, due_at=NOW
    )
    Attempt.objects.create(delivery=row, at=NOW, took=MINUTE, error="It answered 500.")
    with django_assert_max_num_queries(15):
        assert "webhook" in root.get(reverse("admin:quality_delivery_changelist")).content.decode()
    page = root.get(reverse("admin:quality_delivery_change", args=[row.pk])).content.decode()
    assert "It answered 500." in page


@pytest.mark.parametrize(
    ("action", "minutes"), [("snooze_hour", 60), ("snooze_day", 1440), ("snooze_week", 10080)]
)
def test_alerts_are_snoozed_from_the_list(root, action, minutes) -> None:
    alert = make_alert()
    assert "Snoozed: 1." in act(root, action, alert)
    alert.refresh_from_db()
    event = alert.events.get()
    assert alert.state == "snoozed"
    assert alert.snoozed_until - event.at == minutes * MINUTE


def test_who_may_only_look_answers_nothing() -> None:
    viewer = make_user("vera", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename="view_alert"))
    client = Client()
    client.force_login(viewer)
    alert = make_alert()
    assert "coinspot" in text(client, ALERTS)
    act(client, "take", alert)
    alert.refresh_from_db()
    assert alert.state == "open"
    path = reverse("admin:quality_alert_change", args=[alert.pk])
    assert client.post(path, {"note": "x"}).status_code == 403


@pytest.mark.parametrize("name", ["alert_add", "checkrun_add"])
def test_nobody_adds_an_alert_or_a_run_by_hand(root, name) -> None:
    assert root.get(reverse(f"admin:quality_{name}")).status_code == 403


@pytest.mark.parametrize("name", ["alert_delete", "checkrun_delete"])
def test_nobody_deletes_what_happened(root, name) -> None:
    alert, run = make_alert(), CheckRun.objects.create(check_id=PROBE, started_at=NOW)
    key = alert.pk if name.startswith("alert") else run.pk
    assert root.get(reverse(f"admin:quality_{name}", args=[key])).status_code == 403


def test_runs_say_what_they_found_how_long_they_took_and_why_they_failed(root, probe) -> None:
    def fail() -> None:
        raise RuntimeError("The disk is full.")

    run_check(PROBE, NOW)
    probe.does = fail
    run_check(PROBE, NOW)
    CheckRun.objects.create(check_id=PROBE, started_at=NOW)
    page = text(root, RUNS, window="all")
    assert "RuntimeError: The disk is full." in page
    assert "did not finish" in page
    assert " ms" in page
