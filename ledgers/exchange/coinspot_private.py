"""Questions to CoinSpot's private API: signed, numbered, one at a time per key.

The signature is over the very bytes that are sent. A nonce must be larger than the one before, so
a lock in Redis, shared by all processes, holds the key from the nonce to the answer: two questions
under way could arrive in the other order.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from redis.exceptions import LockError

from ledgers.collecting.collector import Http
from ledgers.collecting.errors import (
    BlockedError,
    CollectError,
    RateLimitedError,
    StatusError,
    TransportError,
)
from ledgers.collecting.limits import connection
from ledgers.collecting.payload import Payload

logger = logging.getLogger(__name__)

HOST: Final = "www.coinspot.com.au"
READ_ONLY: Final = f"https://{HOST}/api/v2/ro"
FULL: Final = f"https://{HOST}/api/v2"
OK, INVALID = "ok", "invalid"
OF_HASTE: Final = ("too many", "rate limit", "throttle")
OF_THE_KEY: Final = ("key", "sign", "permission", "auth", "denied")
POLL: Final = 0.02
TURN = 20.0
"""For how many seconds a question may wait for the budget of the host before it is asked."""
MAX_SAID: Final = 200
NEXT_NONCE: Final = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[1]) or 0)
local nonce = string.format('%.0f', math.max(last + 1, ms))
redis.call('SET', KEYS[1], nonce)
return nonce
"""
"""max(last + 1, now in milliseconds), by the one clock of Redis."""


class KeyRejectedError(BlockedError):
    """The venue says that the key, its signature or its rights are not good."""


class RequestRejectedError(StatusError):
    """The venue says no, in an error of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A key and its secret, which do not show themselves."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return what names the key in Redis."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]

    @sensitive_variables()
    def sign(self, body: bytes) -> dict[str, str]:
        """Return the headers that go with exactly this body."""
        signature = hmac.new(self.secret.encode(), body, hashlib.sha512).hexdigest()
        return {"key": self.key, "sign": signature, "Content-Type": "application/json"}


@sensitive_variables()
def call(http: Http, keys: KeyPair, url: str, **values: str | Decimal) -> Payload:
    """Ask one question and return its good answer; a refusal in any form is raised."""
    with _turn(keys) as nonce:
        body = _body({"nonce": Decimal(nonce), **values})
        try:
            payload = http.post(url, body, keys.sign(body))
        except BlockedError as error:
            _raise_said(_document(error.answer), keys, url, KeyRejectedError)
            raise
        except StatusError as error:
            _raise_said(_document(error.answer), keys, url, RequestRejectedError)
            raise
    document = payload.json()
    if not isinstance(document, dict) or document.get("status") != OK:
        _raise_said(document, keys, url)
        raise TransportError(f"{url} answered neither data nor an error that we know.")
    return payload


def _body(values: Mapping[str, str | Decimal]) -> bytes:
    """Write one JSON object; a number with all its digits, which `json` would take for a float."""
    parts = (
        f"{json.dumps(name)}:{value:f}"
        if isinstance(value, Decimal)
        else f"{json.dumps(name)}:{json.dumps(value)}"
        for name, value in values.items()
    )
    return f"{{{','.join(parts)}}}".encode()


@contextmanager
def _turn(keys: KeyPair) -> Iterator[int]:
    """Wait for the key to be free, and hold it with the next nonce."""
    name = f"omc:coinspot:{keys.fingerprint}"
    longest = settings.OMC_HTTP_DEADLINE + settings.OMC_HTTP_CONNECT_TIMEOUT + TURN
    lock = connection().lock(
        f"{name}:lock", timeout=longest, blocking_timeout=2 * longest, sleep=POLL
    )
    if not lock.acquire():
        raise TransportError(
            f"The key was in use for {2 * longest:.0f} s. Look for a worker that hangs."
        )
    try:
        yield int(connection().eval(NEXT_NONCE, 1, f"{name}:nonce"))
    finally:
        try:
            lock.release()
        except LockError:
            logger.warning("A question to CoinSpot outlived its lock of %.0f s.", longest)


def _document(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return None


def _raise_said(
    document: Any, keys: KeyPair, url: str, otherwise: type[CollectError] = TransportError
) -> None:
    """Raise what an error body says, or `otherwise` if we do not know it; return if it is none."""
    if not isinstance(document, dict) or "status" not in document or document["status"] == OK:
        return
    status = str(document["status"])
    said = _redacted(f"{status}: {document.get('message') or 'no reason'}", keys)
    words, answered = said.casefold(), f"{url} answered {said!r}."
    if "nonce" in words:
        raise BlockedError(
            f"{answered} Another program uses the same key. Give Oh My Coins one of its own."
        )
    if any(word in words for word in OF_HASTE):
        raise RateLimitedError(answered)
    if status == INVALID or any(word in words for word in OF_THE_KEY):
        raise KeyRejectedError(answered)
    raise otherwise(answered)


def _redacted(said: str, keys: KeyPair) -> str:
    """Cut what the venue says, and take out what it repeats of the key."""
    return said.replace(keys.key, "…").replace(keys.secret, "…")[:MAX_SAID]
