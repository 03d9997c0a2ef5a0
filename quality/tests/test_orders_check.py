"""An order whose fate nobody knows, and a trail that somebody touched, are critical."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ledgers.models import Ledger
from quality.findings import Finding, Level
from quality.registry import checks
from trading.core.ordering import State
from trading.models import AuditEntry, OrderIntent
from trading.orders import send, submit
from trading.tests.market import paper_account, quote, wish

pytestmark = pytest.mark.usefixtures("ledger")
MINUTE = timedelta(minutes=1)


def found(check: str, *, later: timedelta = timedelta(0)) -> list[Finding]:
    """Run a check as of a moment from now."""
    return checks[check].findings(timezone.now() + later)


def placed() -> OrderIntent:
    """Place an order on paper."""
    account = paper_account()
    quote("990", "1000")
    now = timezone.now()
    return send(submit(account.pk, wish(), actor="ada", now=now).pk, now=now)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.SENDING])
def test_an_order_that_stays_unknown_is_critical_and_its_owners_business(state) -> None:
    intent = placed()
    OrderIntent.objects.filter(pk=intent.pk).update(state=state, reason="No answer.")
    assert found("orders.unknown", later=4 * MINUTE) == []
    (finding,) = found("orders.unknown", later=6 * MINUTE)
    assert (finding.level, finding.ledger) == (Level.CRITICAL, Ledger.EXCHANGE)
    assert finding.subject == f"order {intent.pk}"
    assert finding.user_id == intent.account.user_id
    assert "No answer." in finding.message
    assert "resolve_order" in finding.hint


@pytest.mark.parametrize("state", [state for state in State if state not in ("unknown", "sending")])
def test_an_order_of_which_more_is_known_is_no_finding(state) -> None:
    intent = placed()
    OrderIntent.objects.filter(pk=intent.pk).update(state=state)
    assert found("orders.unknown", later=600 * MINUTE) == []


def test_each_unknown_order_is_a_finding_of_its_own() -> None:
    ids = [placed().pk, placed().pk]
    OrderIntent.objects.update(state=State.UNKNOWN)
    subjects = [finding.subject for finding in found("orders.unknown", later=6 * MINUTE)]
    assert subjects == [f"order {pk}" for pk in ids]


def test_a_trail_that_nobody_touched_is_whole() -> None:
    placed()
    assert found("orders.audit") == []


def tamper(statement: str, *parameters: Any) -> None:
    """Change the trail as one who can switch triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, parameters)
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE trading_auditentry SET actor = 'nobody' WHERE number = %s", "not what was"),
        ("DELETE FROM trading_auditentry WHERE number = %s", "entry 2 is missing"),
    ],
)
def test_a_trail_that_somebody_touched_is_critical(statement, says) -> None:
    intent, other = placed(), placed()
    number = AuditEntry.objects.filter(intent=intent).order_by("number")[1].number
    chain = f"account:{intent.account_id}"
    tamper(f"{statement} AND chain = '{chain}'", number)
    (finding,) = found("orders.audit")
    assert (finding.level, finding.subject) == (Level.CRITICAL, f"audit {chain}")
    assert says in finding.message
    assert str(other.account_id) != chain
