"""LangGraph's checkpoints on plain Redis commands: hashes and a time to live, no modules.

One hash a thread holds its checkpoints, one hash a checkpoint the writes that are pending on it.
Only the newest few are kept: a turn is one thread and has at most a dozen steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import ormsgpack
import redis
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)

from agents.sessions import PREFIX, TTL

KEEP = 20
LATEST = b"latest"


class RedisCheckpoints(BaseCheckpointSaver[str]):
    """Checkpoints of threads in one Redis, for as long as a session stays hot."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        self._redis: Any = client

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint of a config, or the thread's newest; two round trips at most."""
        thread, space = _place(config)
        wanted = get_checkpoint_id(config) or self._latest(thread, space)
        if not wanted:
            return None
        pipe = self._redis.pipeline(transaction=False)
        pipe.hget(_checkpoints(thread, space), wanted)
        pipe.hgetall(_writes(thread, space, wanted))
        raw, writes = pipe.execute()
        return self._tuple(thread, space, wanted, raw, writes) if raw else None

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  # LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield the checkpoints of a thread, newest first."""
        if config is None:
            return
        thread, space = _place(config)
        end = get_checkpoint_id(before) if before else None
        left = limit
        for name in reversed(self._names(thread, space)):
            if left == 0:
                return
            found = self.get_tuple(_config(thread, space, name)) if not end or name < end else None
            wanted = (filter or {}).items()
            if found and all(found.metadata.get(key) == value for key, value in wanted):
                yield found
                left = None if left is None else left - 1

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002  # LangGraph's signature
    ) -> RunnableConfig:
        """Store one checkpoint as the thread's newest, and drop the oldest beyond `KEEP`."""
        thread, space = _place(config)
        kept = self.serde.dumps_typed(checkpoint)
        described = self.serde.dumps_typed(get_checkpoint_metadata(config, metadata))
        parent = get_checkpoint_id(config)
        key, name = _checkpoints(thread, space), checkpoint["id"]
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(key, mapping={name: ormsgpack.packb([kept, described, parent]), LATEST: name})
        pipe.expire(key, TTL)
        pipe.hlen(key)
        *_, count = pipe.execute()
        if count > KEEP + 1:
            self._prune(thread, space)
        return _config(thread, space, name)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",  # noqa: ARG002  # LangGraph's signature
    ) -> None:
        """Store what a task wrote before its step ended; a write that is there stays."""
        thread, space = _place(config)
        key = _writes(thread, space, str(get_checkpoint_id(config)))
        pipe = self._redis.pipeline(transaction=True)
        for position, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, position)
            packed = ormsgpack.packb([channel, *self.serde.dumps_typed(value)])
            put = pipe.hset if index < 0 else pipe.hsetnx
            put(key, f"{task_id}|{index}", packed)
        pipe.expire(key, TTL)
        pipe.execute()

    def delete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        names = self._names(thread_id, "")
        keys = [_checkpoints(thread_id, ""), *(_writes(thread_id, "", name) for name in names)]
        self._redis.delete(*keys)

    def _latest(self, thread: str, space: str) -> str | None:
        found = self._redis.hget(_checkpoints(thread, space), LATEST)
        return found.decode() if found else None

    def _names(self, thread: str, space: str) -> Sequence[str]:
        keys = self._redis.hkeys(_checkpoints(thread, space))
        return sorted(key.decode() for key in keys if key != LATEST)

    def _prune(self, thread: str, space: str) -> None:
        old = self._names(thread, space)[:-KEEP]
        pipe = self._redis.pipeline(transaction=True)
        pipe.hdel(_checkpoints(thread, space), *old)
        pipe.delete(*(_writes(thread, space, name) for name in old))
        pipe.execute()

    def _tuple(
        self, thread: str, space: str, name: str, raw: bytes, writes: dict[bytes, bytes]
    ) -> CheckpointTuple:
        kept, described, parent = ormsgpack.unpackb(raw)
        return CheckpointTuple(
            config=_config(thread, space, name),
            checkpoint=self.serde.loads_typed(tuple(kept)),
            metadata=self.serde.loads_typed(tuple(described)),
            parent_config=_config(thread, space, parent) if parent else None,
            pending_writes=[
                self._write(key, value) for key, value in sorted(writes.items(), key=_turn)
            ],
        )

    def _write(self, key: bytes, packed: bytes) -> tuple[str, str, Any]:
        channel, kind, value = ormsgpack.unpackb(packed)
        return key.decode().partition("|")[0], channel, self.serde.loads_typed((kind, value))


def _turn(item: tuple[bytes, bytes]) -> tuple[str, int]:
    task, _, index = item[0].decode().partition("|")
    return task, int(index)


def _place(config: RunnableConfig) -> tuple[str, str]:
    given = config["configurable"]
    return str(given["thread_id"]), str(given.get("checkpoint_ns", ""))


def _config(thread: str, space: str, name: str) -> RunnableConfig:
    given = {"thread_id": thread, "checkpoint_ns": space, "checkpoint_id": name}
    return cast("RunnableConfig", {"configurable": given})


def _checkpoints(thread: str, space: str) -> str:
    return f"{PREFIX}:{{{thread}}}:{space}:c"


def _writes(thread: str, space: str, name: str) -> str:
    return f"{PREFIX}:{{{thread}}}:{space}:w:{name}"
