"""Ask only for what has changed: the last answer to a request, and what it is known again by.

Answers that carry an ETag or a Last-Modified date are remembered in Redis for a day, with their
bytes. A 304 stands for those bytes, observed again: all that follows goes its usual way, and
nothing can be missed. What Redis forgets is asked for whole.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from ledgers.collecting.limits import connection

PREFIX = "omc:answer:"
KEPT_SECONDS = 24 * 3600
MAX_BYTES = 2 * 2**20
VALIDATORS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last answer to one request, and the headers that ask whether it has changed."""

    headers: Mapping[str, str]
    content_type: str
    body: bytes


def recall(url: str, params: Mapping[str, str]) -> Remembered | None:
    """Return the last answer to a request, if it is still remembered."""
    kept = connection().get(_key(url, params))
    if not isinstance(kept, bytes):
        return None
    head, _, body = kept.partition(b"\n")
    told: dict[str, str] = json.loads(head)
    kind = told.pop("type")
    return Remembered(headers=told, content_type=kind, body=zlib.decompress(body))


def remember(url: str, params: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
    """Remember an answer in the place of the last one; without validators, forget that."""
    key, pipeline = _key(url, params), connection().pipeline()
    pipeline.delete(key)
    told = {ask: headers[name] for name, ask in VALIDATORS.items() if headers.get(name)}
    if told and len(body) <= MAX_BYTES:
        head = json.dumps({**told, "type": headers.get("Content-Type", "")}).encode()
        pipeline.set(key, head + b"\n" + zlib.compress(body), ex=KEPT_SECONDS)
    pipeline.execute()


def forget_answers() -> None:
    """Forget every answer: one of them may hold what was erased."""
    for key in connection().scan_iter(f"{PREFIX}*"):
        connection().delete(key)


def _key(url: str, params: Mapping[str, str]) -> str:
    return f"{PREFIX}{sha256(repr((url, sorted(params.items()))).encode()).hexdigest()}"
