"""What the tests of faults share: an order, what must hold after a fault, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from trading.auditing import broken_links, chains
from trading.core.ordering import State
from trading.models import AuditEntry, OrderIntent

ORDERS, KILL = "/api/v1/trading/orders/", "/api/v1/trading/kill/"


def post(client: APIClient, account: Any, client_id: str = "one") -> Any:
    """Place an order for a tenth of a bitcoin."""
    body = {"account": account.pk, "client_id": client_id, "side": "buy", "base": "BTC"}
    return client.post(ORDERS, {**body, "quantity": "0.1"}, format="json")


def assert_nothing_is_half_written() -> None:
    """Demand one decision for each order, and a trail without a gap."""
    decided = AuditEntry.objects.filter(kind=AuditEntry.Kind.DECISION)
    assert sorted(decided.values_list("intent_id", flat=True)) == sorted(
        OrderIntent.objects.values_list("pk", flat=True)
    )
    assert [link for chain in chains() for link in broken_links(chain)] == []


def assert_not_accepted(answer: Any) -> None:
    """Demand a 503 that says when to try again, and no order."""
    assert answer.status_code == 503, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert "again" in answer.json()["detail"]
    assert not OrderIntent.objects.exists()
    assert_nothing_is_half_written()


def assert_the_same_id_tries_again(client: APIClient, account: Any) -> None:
    """Demand that the order is placed once the fault is over, once."""
    assert [post(client, account).status_code for _ in range(2)] == [201, 200]
    assert OrderIntent.objects.get().state == State.ACCEPTED
    assert_nothing_is_half_written()


def wait_until(condition: Callable[[], bool], patience: float = 20) -> None:
    """Wait for another process, at most so long."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
