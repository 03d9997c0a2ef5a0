"""Breaking the glass: a superuser reads a conversation with a reason, and never unseen."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents import readings, sessions
from agents.models import AgentSession, ModelCall, SessionReading
from agents.orchestrator import run_workflow
from agents.readings import CHECK
from agents.tests import factories as make
from agents.tests.factories import DAY, NOW
from ledgers.credentials import store_secret
from ledgers.tests.redis_keys import forget, without_redis
from quality.models import Alert, Delivery
from quality.services import run_check
from trading.auditing import broken_links
from trading.models import AuditEntry, KillSwitch

pytestmark = pytest.mark.usefixtures("ledger")
QUESTION = "what is the price of BTC"
ANSWER = "64500.25"
PASSWORD = " correct horse battery "
REASON = "Ticket 4711: the answer looks wrong"
FORM = {"reason": REASON, "password": PASSWORD}
MODEL_KEY = "sk-canary-0123456789-abcd"


@pytest.fixture
def session(ledger: None) -> AgentSession:
    """Let alice, who has a model key, ask a question that is answered."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    forget("omc:rate:*")
    alice = get_user_model().objects.create_user("alice", email="alice@example.org")
    store_secret(f"model:{alice.pk}", {"api_key": MODEL_KEY}, actor="alice")
    run_workflow(QUESTION, user_id=alice.pk, as_of=NOW, now=NOW + DAY)
    return AgentSession.objects.get(user=alice)


def client_of(name: str, *, is_staff: bool = True, is_superuser: bool = False) -> Client:
    """Return a client of a user who may view all there is in the admin, if staff."""
    user = get_user_model().objects.create_user(
        name, password=PASSWORD, is_staff=is_staff, is_superuser=is_superuser
    )
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root() -> Client:
    """Return a superuser's client."""
    return client_of("root", is_superuser=True)


def page_of(session: AgentSession) -> str:
    """Return where a conversation is read."""
    return reverse("admin:agents_session_conversation", args=[session.pk])


def traces() -> tuple[int, int, int, int]:
    """Count what a reading leaves: the row, the audit entry, the alert and its deliveries."""
    return (
        SessionReading.objects.count(),
        AuditEntry.objects.filter(kind=AuditEntry.Kind.READING).count(),
        Alert.objects.filter(check_id=CHECK).count(),
        Delivery.objects.filter(alert__check_id=CHECK).count(),
    )


def assert_untold(response: Any) -> None:
    """Fail if a response tells anything of the conversation, or the reading left a trace."""
    shown = response.content.decode()
    for word in (QUESTION, ANSWER, MODEL_KEY, PASSWORD.strip()):
        assert word not in shown
    assert traces() == (0, 0, 0, 0)


def test_a_superuser_with_reason_and_password_reads_questions_and_answers(
    session: AgentSession, root: Client
) -> None:
    response = root.post(page_of(session), FORM)
    shown = response.content.decode()
    assert response.status_code == 200
    assert QUESTION in shown
    assert ANSWER in shown
    assert "no-store" in response["Cache-Control"]
    for secret in (MODEL_KEY, MODEL_KEY[-4:], PASSWORD.strip()):
        assert secret not in shown


def test_what_was_read_is_in_the_session_and_in_the_audit_trail(
    session: AgentSession, root: Client
) -> None:
    root.post(page_of(session), FORM | {"reason": f"  {REASON}\n\n forged line "})
    (reading,) = SessionReading.objects.all()
    assert (reading.session, reading.reader) == (session, "root")
    assert reading.reason == f"{REASON} forged line"
    (entry,) = AuditEntry.objects.all()
    assert (entry.kind, entry.actor, entry.chain) == ("reading", "root", KillSwitch.EVERYTHING)
    assert json.loads(entry.text) == {
        "owner": session.user_id,
        "read": f"session {session.pk}",
        "reason": reading.reason,
    }
    assert list(broken_links(KillSwitch.EVERYTHING)) == []
    assert QUESTION not in entry.text


def test_the_owner_is_told_by_an_alert_and_whatever_channels_there_are(
    session: AgentSession, root: Client, settings: Any
) -> None:
    settings.OMC_ALERT_CHANNELS = ["log", "email"]
    settings.OMC_ALERT_EMAIL_TO = ["ops@example.org"]
    root.post(page_of(session), FORM)
    (alert,) = Alert.objects.filter(check_id=CHECK)
    assert alert.user_id == session.user_id
    assert "root read your conversation" in alert.message
    assert REASON in alert.message
    assert QUESTION not in alert.message
    told = Delivery.objects.filter(alert=alert)
    assert sorted(told.values_list("channel", flat=True)) == ["email", "log"]
    assert {one.notice["user_id"] for one in told} == {session.user_id}


def test_the_owner_sees_it_over_the_api_and_another_user_does_not(
    session: AgentSession, root: Client
) -> None:
    root.post(page_of(session), FORM)
    alice = Client()
    alice.force_login(session.user)
    assert REASON in alice.get("/api/v1/quality/alerts").content.decode()
    bob = client_of("bob", is_staff=False)
    assert REASON not in bob.get("/api/v1/quality/alerts?state=all").content.decode()


def test_the_owner_sees_it_above_the_conversation(session: AgentSession, root: Client) -> None:
    get_user_model().objects.filter(pk=session.user_id).update(is_staff=True)
    alice = Client()
    alice.force_login(session.user)
    own = reverse("ask-session", args=[session.pk])
    assert "read this conversation" not in alice.get(own).content.decode()
    root.post(page_of(session), FORM | {"reason": f"<b>{REASON}</b>"})
    shown = alice.get(own).content.decode()
    assert "root read this conversation" in shown
    assert f"&lt;b&gt;{REASON}" in shown


def test_nothing_stays_open_and_each_reading_is_told_anew(
    session: AgentSession, root: Client
) -> None:
    root.post(page_of(session), FORM)
    again = root.get(page_of(session)).content.decode()
    assert QUESTION not in again
    assert REASON in again
    change = reverse("admin:agents_agentsession_change", args=[session.pk])
    assert QUESTION not in root.get(change).content.decode()
    root.post(page_of(session), FORM)
    assert traces()[:3] == (2, 2, 2)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"password": PASSWORD}, 400),
        ({"reason": "   ", "password": PASSWORD}, 400),
        ({"reason": "because", "password": PASSWORD}, 400),
        ({"reason": "x" * 501, "password": PASSWORD}, 400),
        ({"reason": f"{REASON}\0", "password": PASSWORD}, 400),
        ({"reason": REASON}, 400),
        ({"reason": REASON, "password": "another"}, 403),
        ({"reason": REASON, "password": PASSWORD.strip()}, 403),
    ],
)
def test_security_without_a_reason_or_the_password_nothing_is_read(
    session: AgentSession, root: Client, given: dict[str, str], status: int
) -> None:
    response = root.post(page_of(session), given)
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
    assert_untold(response)


def test_security_ten_passwords_an_hour_and_none_without_redis(
    session: AgentSession, root: Client
) -> None:
    with without_redis():
        response = root.post(page_of(session), FORM)
    assert response.status_code == 503
    assert_untold(response)
    for _ in range(10):
        assert root.post(page_of(session), FORM | {"password": "guess"}).status_code == 403
    response = root.post(page_of(session), FORM)
    assert response.status_code == 429
    assert_untold(response)


@pytest.mark.parametrize("verb", ["get", "post"])
def test_security_staff_that_is_no_superuser_is_refused_also_for_what_is_not_there(
    session: AgentSession, verb: str
) -> None:
    staff = client_of("olga")
    absent = page_of(session).replace(str(session.pk), str(uuid4()))
    for url in (page_of(session), absent):
        response = getattr(staff, verb)(url, FORM)
        assert response.status_code == 403
        assert_untold(response)


@pytest.mark.parametrize("verb", ["get", "post"])
def test_security_who_is_not_staff_is_led_to_the_login(session: AgentSession, verb: str) -> None:
    owner, other = Client(), client_of("bob", is_staff=False)
    owner.force_login(session.user)
    for client in (Client(), owner, other):
        response = getattr(client, verb)(page_of(session), FORM)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))
        assert_untold(response)


def test_a_session_that_is_not_there_is_absent(session: AgentSession, root: Client) -> None:
    response = root.post(page_of(session).replace(str(session.pk), str(uuid4())), FORM)
    assert response.status_code == 404
    assert_untold(response)


def test_ones_own_session_is_read_where_one_asks(session: AgentSession, root: Client) -> None:
    user = get_user_model().objects.get(username="root")
    own = sessions.open_session(user.pk, "planner")
    response = root.post(page_of(own), FORM)
    assert response["Location"] == reverse("ask-session", args=[own.pk])
    assert_untold(response)


def test_what_was_asked_at_the_console_has_no_owner_to_tell_and_is_audited(root: Client) -> None:
    forget("omc:rate:*")
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    run_workflow(QUESTION, user_id=None, as_of=NOW, now=NOW + DAY)
    response = root.post(page_of(AgentSession.objects.get()), FORM)
    assert ANSWER in response.content.decode()
    assert traces() == (1, 1, 0, 0)


def test_security_when_the_trail_cannot_be_written_nothing_is_read(
    session: AgentSession, root: Client
) -> None:
    root.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trading_auditentry RENAME TO hidden_auditentry")
    try:
        response = root.post(page_of(session), FORM)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE hidden_auditentry RENAME TO trading_auditentry")
    assert response.status_code == 500
    assert_untold(response)


def test_security_when_the_owner_cannot_be_told_nothing_is_read(
    session: AgentSession, root: Client, settings: Any, caplog: Any
) -> None:
    """The check looks longer than it may; that it was tried is written down."""
    settings.OMC_CHECK_TIMEOUT = timedelta(milliseconds=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW pg_temp.agents_sessionreading AS "
            "SELECT * FROM public.agents_sessionreading WHERE pg_sleep(0.05) IS NOT NULL"
        )
    try:
        response = root.post(page_of(session), FORM)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP VIEW pg_temp.agents_sessionreading")
    assert response.status_code == 503
    assert "could not be told" in response.content.decode()
    assert ANSWER not in response.content.decode()
    assert traces()[:2] == (1, 1)


def test_security_that_a_conversation_was_read_cannot_be_taken_back(
    session: AgentSession, root: Client
) -> None:
    root.post(page_of(session), FORM)
    for change in (
        lambda: SessionReading.objects.update(reason="none"),
        lambda: SessionReading.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"):
            change()


def test_the_alert_stands_for_a_week(session: AgentSession, root: Client) -> None:
    root.post(page_of(session), FORM)
    now = timezone.now()
    run_check(CHECK, now + timedelta(days=6))
    assert Alert.objects.get(check_id=CHECK).state == "open"
    run_check(CHECK, now + timedelta(days=8))
    assert Alert.objects.get(check_id=CHECK).state == "resolved"


def test_staff_sees_of_a_session_that_it_was_and_what_it_cost(
    session: AgentSession, root: Client
) -> None:
    ModelCall.objects.create(
        session=session, turn=1, user_id=session.user_id, purpose="plan", model="m",
        prompt_hash="0" * 64, tokens=1234, cost="0.0125",
    )  # fmt: skip
    readings.read_conversation(session, reader="root", reason=REASON, now=timezone.now())
    change = reverse("admin:agents_agentsession_change", args=[session.pk])
    shown = client_of("olga").get(change).content.decode()
    assert "1 requests, 1234 tokens, 0.0125 US dollars" in shown
    assert REASON in shown
    for told in (QUESTION, ANSWER, page_of(session)):
        assert told not in shown
    assert page_of(session) in root.get(change).content.decode()
