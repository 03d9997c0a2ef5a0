"""Orders have a queue and a process of their own, so that nothing long keeps one waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from omc_project import running
from omc_project.tests.test_work import program
from trading.core.ordering import State
from trading.models import OrderIntent
from trading.orders import submit
from trading.tasks import send_order
from trading.tests.faults import wait_until
from trading.tests.market import paper_account, quote, wish

URGENT = {"trading.tasks.send_order", "trading.tasks.sweep_orders"}


def queue_of(task: str) -> str:
    """Return the queue that a message for a task goes to."""
    return str(current_app.amqp.router.route({}, task)["queue"].name)


def argv_of(name: str) -> tuple[str, ...]:
    """Return the command line with which a program is started."""
    found = running.programs(host="127.0.0.1", port=8000, replay=None)
    (argv,) = (one.argv for one in found if one.name == name)
    return argv


def options_of(name: str) -> dict[str, str]:
    """Return the options of a program that have a value."""
    return {word: after for word, after in pairwise(argv_of(name)) if word[:2] == "--"}


def test_nothing_but_orders_goes_to_the_queue_of_orders() -> None:
    """Keeping books may take minutes, so it waits with the collectors."""
    current_app.loader.import_default_modules()
    ours = [name for name in current_app.tasks if not name.startswith("celery.")]
    assert {name for name in ours if queue_of(name) == "orders"} == URGENT
    assert {name for name in ours if queue_of(name) == "celery"} == {*ours} - URGENT
    assert "trading.tasks.keep_books" in ours


def test_one_process_serves_that_queue_and_no_other_one() -> None:
    assert options_of("orders")["--queues"] == "orders"
    assert options_of("worker")["--queues"] == "celery"
    assert int(options_of("orders")["--concurrency"]) > 1  # a sweep may wait for a venue


@pytest.mark.full
@pytest.mark.usefixtures("ledger")
def test_an_order_is_sent_while_a_thousand_collections_wait() -> None:
    quote("990", "1000")
    account = paper_account()
    with queue_of_collections() as waiting:
        intent = submit(account.pk, wish(), actor="ada", now=timezone.now())
        words = argv_of("orders")[1:]
        with program(*words[words.index("worker") :], queue="collections"):
            send_order.delay(intent.pk)
            wait_until(lambda: OrderIntent.objects.get(pk=intent.pk).state == State.OPEN, 120)
        assert waiting.qsize() == 1000


@contextmanager
def queue_of_collections() -> Iterator[Any]:
    """Have a thousand messages in a queue that a worker of the tests takes for the usual one."""
    with current_app.connection_or_acquire() as broker:
        queue = broker.SimpleQueue("collections")
        for number in range(1000):
            queue.put({"number": number})
        yield queue
        queue.clear()
