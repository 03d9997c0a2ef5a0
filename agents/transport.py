"""The way to the model: no redirect, no proxy, no more bytes and no more time than allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

MOST_BYTES = 2 * 2**20
PLAIN = {"Accept-Encoding": "identity"}
"""Nothing is unpacked: a small body cannot become a large one."""


class _Bounded(httpx.SyncByteStream):
    """A body that ends with an error once it is too long or too late, also when it drips."""

    def __init__(self, body: httpx.SyncByteStream, end: float) -> None:
        self._body, self._end = body, end

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for part in self._body:
            total += len(part)
            if total > MOST_BYTES:
                raise httpx.ReadError("The reply is too long.")
            if time.monotonic() > self._end:
                raise httpx.ReadTimeout("The reply comes too slowly.")
            yield part

    def close(self) -> None:
        self._body.close()


class BoundedTransport(httpx.HTTPTransport):
    """HTTP whose every reply ends by a moment of the monotonic clock."""

    def __init__(self, *, end: float) -> None:
        super().__init__(retries=0, trust_env=False)
        self._end = end

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and bound its reply."""
        reply = super().handle_request(request)
        if reply.headers.get("Content-Encoding", "identity") != "identity":
            reply.close()
            raise httpx.ReadError("The reply is packed, which was not asked for.")
        if isinstance(reply.stream, httpx.SyncByteStream):
            reply.stream = _Bounded(reply.stream, self._end)
        return reply


def client(deadline: float) -> httpx.Client:
    """Return a client for one question, which has so many seconds in all."""
    return httpx.Client(
        timeout=deadline,
        follow_redirects=False,
        trust_env=False,
        headers=PLAIN,
        transport=BoundedTransport(end=time.monotonic() + deadline),
    )
