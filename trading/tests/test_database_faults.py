"""What orders do when PostgreSQL fails in the middle: there is none, and the id tries again.

The faults are real: a backend that is terminated while it writes or waits, a server that cannot
be reached, that only reads, or whose rows stay locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from trading.core.cases import Code
from trading.models import OrderIntent
from trading.tests.faults import (
    ORDERS,
    assert_not_accepted,
    assert_nothing_is_half_written,
    assert_the_same_id_tries_again,
    post,
    wait_until,
)
from trading.tests.market import paper_account, quote

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def account() -> Any:
    quote("990", "1000")
    return paper_account()


@pytest.fixture
def client(account: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(account.user)
    return client


@contextmanager
def deadly(table: str, when: str) -> Iterator[None]:
    """Have the server terminate the backend that inserts into a table, before, after, at commit."""
    kind = {
        "before": "TRIGGER deadly BEFORE",
        "after": "TRIGGER deadly AFTER",
        "commit": "CONSTRAINT TRIGGER deadly AFTER",
    }[when]
    late = "DEFERRABLE INITIALLY DEFERRED" if when == "commit" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION deadly() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END$$"
        )
        cursor.execute(
            f"CREATE {kind} INSERT ON {table} {late} FOR EACH ROW EXECUTE FUNCTION deadly()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER deadly ON {table}")


@pytest.mark.parametrize("when", ["before", "after", "commit"])
@pytest.mark.parametrize("table", ["trading_orderintent", "trading_auditentry"])
def test_a_backend_that_ends_while_an_order_is_written_leaves_none(
    account: Any, client: APIClient, table: str, when: str
) -> None:
    with deadly(table, when):
        answer = post(client, account)
    assert_not_accepted(answer)
    assert_the_same_id_tries_again(client, account)


@pytest.mark.parametrize(
    "table", ["exchange_account", "trading_killswitch", "trading_risklimits", "glass_quote"]
)
def test_a_backend_that_ends_while_the_guard_looks_leaves_no_order(
    account: Any, client: APIClient, table: str
) -> None:
    """The guard is kept waiting at a table; there its backend is terminated."""
    with locked(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        thread, answers = in_a_thread(lambda: post(client, account))
        wait_until(a_waiting_backend_was_ended)
        thread.join(20)
    assert_not_accepted(answers[0])
    assert_the_same_id_tries_again(client, account)


@contextmanager
def locked(statement: str) -> Iterator[None]:
    """Hold a lock by a connection of its own."""
    with connection.get_new_connection(connection.get_connection_params()) as holder:
        holder.autocommit = False
        holder.execute(statement)
        yield
        holder.rollback()


def in_a_thread(act: Callable[[], Any]) -> tuple[Thread, list[Any]]:
    """Start something in a thread that has its own connection; its result will be in the list."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(act())
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread, results


def a_waiting_backend_was_ended() -> bool:
    """End the backend of this database that waits for a lock; tell whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchall())


def test_a_database_that_cannot_be_reached_takes_no_order(account: Any, client: APIClient) -> None:
    known = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        answers = [post(client, account), client.get(ORDERS)]
    finally:
        connection.settings_dict.update(known)
    assert [answer.status_code for answer in answers] == [503, 503]
    assert_not_accepted(answers[0])
    assert_the_same_id_tries_again(client, account)


def test_a_database_that_only_reads_takes_no_order_and_still_shows_them(
    account: Any, client: APIClient
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer, shown = post(client, account), client.get(ORDERS)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
    assert shown.status_code == 200
    assert_not_accepted(answer)
    assert_the_same_id_tries_again(client, account)


def test_an_account_that_stays_locked_takes_no_order(account: Any, client: APIClient) -> None:
    """Where the server limits the wait for a lock, as it should."""

    def place() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'")
        return post(client, account)

    with locked("SELECT 1 FROM exchange_account FOR UPDATE"):
        thread, answers = in_a_thread(place)
        thread.join(20)
    assert_not_accepted(answers[0])
    assert_the_same_id_tries_again(client, account)


def test_a_trail_that_cannot_be_written_lets_no_order_through(
    account: Any, client: APIClient
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trading_auditentry RENAME TO gone")
    try:
        client.raise_request_exception = False
        answer = post(client, account)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO trading_auditentry")
    assert answer.status_code >= 500
    assert not OrderIntent.objects.exists()
    assert_the_same_id_tries_again(client, account)


@pytest.mark.parametrize(
    "table",
    [
        *("trading_killswitch", "trading_risklimits", "glass_quote", "exchange_fill"),
        *("exchange_transfer", "ledgers_feed", "ledgers_collectorrun"),
    ],
)
def test_what_the_guard_cannot_read_is_a_denial(
    account: Any, client: APIClient, table: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO gone")
    try:
        answer = post(client, account)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE gone RENAME TO {table}")
    assert (answer.status_code, answer.json()["state"]) == (201, "denied")
    assert answer.json()["code"] == Code.GUARD_FAILED
    assert_nothing_is_half_written()
