"""The checkpointer keeps what LangGraph gives it, on plain Redis commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from agents import sessions
from agents.checkpoints import KEEP, RedisCheckpoints


@pytest.fixture
def saver() -> RedisCheckpoints:
    """Return a saver on the real server."""
    return RedisCheckpoints(sessions.connection())


@pytest.fixture
def config(saver: RedisCheckpoints) -> Iterator[Any]:
    """Return the config of a thread of its own."""
    thread = str(uuid4())
    yield {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    saver.delete_thread(thread)


def put(saver: RedisCheckpoints, config: Any, number: int) -> Any:
    """Store one checkpoint whose id sorts by its number."""
    checkpoint = {**empty_checkpoint(), "id": f"{number:04}", "channel_values": {"n": number}}
    return saver.put(config, checkpoint, {"step": number, "source": "loop"}, {})


def test_the_newest_checkpoint_comes_back_with_its_parent(saver: Any, config: Any) -> None:
    first = put(saver, config, 1)
    put(saver, first, 2)
    found = saver.get_tuple(config)
    assert found.checkpoint["channel_values"] == {"n": 2}
    assert found.metadata["step"] == 2
    assert found.parent_config == first
    assert saver.get_tuple(first).checkpoint["channel_values"] == {"n": 1}


def test_a_thread_that_was_never_stored_has_none(saver: Any, config: Any) -> None:
    assert saver.get_tuple(config) is None
    assert list(saver.list(config)) == []
    assert list(saver.list(None)) == []


def test_pending_writes_come_back_in_order_and_are_not_overwritten(saver: Any, config: Any) -> None:
    at = put(saver, config, 1)
    writes = [(f"c{n}", n) for n in range(12)]
    saver.put_writes(at, writes, "task")
    saver.put_writes(at, [("c0", "again")], "task")
    saver.put_writes(at, [("__error__", "first")], "task")
    saver.put_writes(at, [("__error__", "second")], "task")
    found = saver.get_tuple(at).pending_writes
    assert found[-12:] == [("task", *write) for write in writes]
    assert ("task", "__error__", "second") in found


def test_checkpoints_are_listed_newest_first_and_filtered(saver: Any, config: Any) -> None:
    at = config
    for number in range(5):
        at = put(saver, at, number)

    def steps(**options: Any) -> list[int]:
        return [one.metadata["step"] for one in saver.list(config, **options)]

    assert steps() == [4, 3, 2, 1, 0]
    assert steps(limit=2) == [4, 3]
    assert steps(filter={"step": 2}) == [2]
    before = {"configurable": {**config["configurable"], "checkpoint_id": "0002"}}
    assert steps(before=before) == [1, 0]


def test_only_the_newest_are_kept_and_all_expire(saver: Any, config: Any) -> None:
    at = config
    for number in range(KEEP + 5):
        at = put(saver, at, number)
        saver.put_writes(at, [("c", number)], "task")
    assert len(list(saver.list(config))) == KEEP
    client: Any = sessions.connection()
    keys = list(client.scan_iter(f"{sessions.PREFIX}:*{config['configurable']['thread_id']}*"))
    assert len(keys) == KEEP + 1
    assert all(client.ttl(key) > 0 for key in keys)


def test_a_forgotten_thread_leaves_nothing(saver: Any, config: Any) -> None:
    saver.put_writes(put(saver, config, 1), [("c", 1)], "task")
    thread = config["configurable"]["thread_id"]
    saver.delete_thread(thread)
    client: Any = sessions.connection()
    assert list(client.scan_iter(f"{sessions.PREFIX}:*{thread}*")) == []
