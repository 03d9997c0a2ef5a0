"""The only door to the network: allow-listed hosts, checked addresses, limits on all that comes.

Nothing follows a redirect, no address but a public one is connected to (unless the operator
lists host:port in OMC_ALLOW_PRIVATE), the decoded body has a cap and the whole answer a
deadline by our own clock, because a library's timeout starts anew with every byte.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from django.utils import timezone
from requests.adapters import HTTPAdapter

from ledgers.collecting.collector import Collector
from ledgers.collecting.connecting import POOLS, PrivateAddressError, cut_off
from ledgers.collecting.errors import (
    BlockedError,
    CollectError,
    NotConfiguredError,
    RateLimitedError,
    StatusError,
    TransportError,
)
from ledgers.collecting.limits import take_turn
from ledgers.collecting.payload import Payload
from ledgers.collecting.revalidating import recall, remember

logger = logging.getLogger(__name__)

CHUNK = 64 * 1024
TOO_MANY = 429
MAX_SKEW = timedelta(minutes=5)
MAX_RETRY_AFTER = timedelta(days=7)
"""Whoever asks for more has made a mistake; a person decides then."""
REFUSALS = (401, 403, 451)
HTML_STARTS = (b"<!doctype html", b"<html")


class RequestsHttp:
    """`Http` of one collector over requests, for any number of threads.

    Each request has a session of its own: what one was told is no business of the next, and a
    connection that is used again is neither watched from its connect nor surely still open.
    """

    def __init__(self, collector: Collector, *, attempts: int | None = None) -> None:
        self._collector = collector
        self._attempts = attempts or settings.OMC_HTTP_ATTEMPTS

    def get(self, url: str, headers: dict[str, str] | None = None, **params: str) -> Payload:
        """Ask for `url` and return the answer; try again what may pass, or raise."""
        for attempt in range(self._attempts):
            try:
                return self._get(url, headers or {}, params)
            except CollectError as error:
                last = attempt + 1 == self._attempts
                if last or not error.is_retried:
                    raise
                time.sleep(_pause(error, attempt))
        raise AssertionError("unreachable")

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Payload:
        """Send exactly `body` and return the answer; never again by itself, or raise."""
        return self._ask("POST", url, headers=headers, data=body)

    def _get(self, url: str, headers: dict[str, str], params: dict[str, str]) -> Payload:
        """Ask once; of a source that revalidates, only whether the last answer still holds."""
        if not self._collector.revalidates:
            return self._ask("GET", url, headers=headers, params=params)
        target = route(url, self._collector)
        last = recall(target, params)
        asked = {**headers, **last.headers} if last else headers
        response, body = self._send("GET", url, headers=asked, params=params)
        if last and response.status_code == requests.codes.not_modified:
            return _payload(url, response, last.content_type, last.body)
        payload = _judged(url, response, body)
        remember(target, params, response.headers, body)
        return payload

    def _ask(self, method: str, url: str, **sent: Any) -> Payload:
        return _judged(url, *self._send(method, url, **sent))

    def _send(self, method: str, url: str, **sent: Any) -> tuple[requests.Response, bytes]:
        """Send a request and read its whole answer, within the limits."""
        target = route(url, self._collector)
        host = urlsplit(url).hostname or ""
        if not is_replayed(self._collector):
            take_turn(host, self._collector.requests_per_minute)
        deadline = time.monotonic() + settings.OMC_HTTP_DEADLINE
        try:
            with (
                cut_off(settings.OMC_HTTP_DEADLINE),
                _session() as session,
                session.request(
                    method,
                    target,
                    **sent,
                    stream=True,
                    allow_redirects=False,
                    timeout=(settings.OMC_HTTP_CONNECT_TIMEOUT, settings.OMC_HTTP_DEADLINE),
                ) as response,
            ):
                body = b"".join(_read(response, deadline))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TransportError(_unreachable(url, error)) from error
        return response, body


def _session() -> requests.Session:
    """Return a session that goes only to checked addresses, and tells who asks."""
    session = requests.Session()
    session.trust_env = False
    session.verify = settings.OMC_CA_BUNDLE or True
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter())
    session.headers["User-Agent"] = settings.OMC_USER_AGENT
    session.headers["Accept-Encoding"] = "gzip, identity"
    session.headers["Connection"] = "close"
    return session


def route(url: str, collector: Collector) -> str:
    """Return where a request really goes: the source, its override, or the replay server."""
    parts = urlsplit(url)
    if parts.hostname not in collector.hosts:
        raise BlockedError(f"{parts.hostname} is not a host of {collector.slug}.")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if base := settings.OMC_BASE_URLS.get(collector.slug):
        return f"{base.rstrip('/')}{path}"
    if settings.OMC_REPLAY_URL:
        return f"{settings.OMC_REPLAY_URL.rstrip('/')}/{parts.hostname}{path}"
    return url


def is_replayed(collector: Collector) -> bool:
    """Tell whether the collector's requests go to a server of ours."""
    return bool(settings.OMC_BASE_URLS.get(collector.slug) or settings.OMC_REPLAY_URL)


def _read(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """Yield the decoded body, until it is too much or takes too long."""
    size = 0
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        size += len(chunk)
        if size > settings.OMC_HTTP_MAX_BYTES:
            raise TransportError(f"The answer is larger than {settings.OMC_HTTP_MAX_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise TransportError(f"The answer took longer than {settings.OMC_HTTP_DEADLINE} s.")
        yield chunk


def _judged(url: str, response: requests.Response, body: bytes) -> Payload:
    """Tell a usable answer from the others."""
    if error := _refusal(url, response):
        error.answer = body
        raise error
    kind = response.headers.get("Content-Type", "")
    if "html" in kind or body.lstrip()[:15].lower().startswith(HTML_STARTS):
        raise BlockedError(f"{url} answered a page for people (HTML) instead of data.")
    return _payload(url, response, kind, body)


def _payload(url: str, response: requests.Response, kind: str, body: bytes) -> Payload:
    now = timezone.now()
    return Payload(
        url=url,
        status=requests.codes.ok,
        content_type=kind,
        fetched_at=now,
        observed_at=_observed(response, now),
        body=body,
    )


def _refusal(url: str, response: requests.Response) -> CollectError | None:
    """Return what a status other than 200 means."""
    status = response.status_code
    if status == TOO_MANY:
        asked = _retry_after(response)
        return RateLimitedError(f"{url} asks us to slow down (429).", retry_after=asked)
    if status in REFUSALS:
        return BlockedError(f"{url} refuses us ({status}).")
    if status != requests.codes.ok:
        failure = TransportError if status >= requests.codes.server_error else StatusError
        return failure(f"{url} answered {status}. {_hint(status)}")
    return None


def _hint(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004  # the redirects
        return "Redirects are not followed: check whether the source has moved."
    return "Look at the source's status page, or at the URL of the collector."


def _observed(response: requests.Response, now: datetime) -> datetime:
    """Return when the source says it answered; a clock ahead of ours would look fresh for ever."""
    date = _date(response)
    if date is None or date <= now + MAX_SKEW:
        return date or now
    logger.warning("The clock of %s is ahead by %s: ours counts.", response.url, date - now)
    return now


def _date(response: requests.Response) -> datetime | None:
    """Return when the source says it answered; without a valid Date, None."""
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _retry_after(response: requests.Response) -> timedelta | None:
    """Return how long the source asks us to wait: seconds or an HTTP date, within reason."""
    value = response.headers.get("Retry-After", "")
    try:
        if value.isdecimal():
            asked = timedelta(seconds=int(value[:9]))
        else:
            asked = parsedate_to_datetime(value) - timezone.now()
    except (ValueError, TypeError):
        return None
    return min(max(asked, timedelta(0)), MAX_RETRY_AFTER)


def _pause(error: CollectError, attempt: int) -> float:
    """Return how long to wait: what the source asks for, else a random share of a doubling time."""
    asked = getattr(error, "retry_after", None)
    if asked is not None:
        return float(min(asked.total_seconds(), settings.OMC_HTTP_MAX_PAUSE))
    return random.uniform(0, settings.OMC_HTTP_BACKOFF * 2**attempt)  # noqa: S311  # jitter


def _unreachable(url: str, error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, PrivateAddressError):
        cause = cause.__context__
    if cause is not None:
        return f"{url}: {cause}"
    host = urlsplit(url).hostname
    return f"{host} cannot be reached ({type(error).__name__}). Check the network and the URL."


class _CheckedAdapter(HTTPAdapter):
    """A transport whose sockets go only to checked addresses."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS


def require(value: str, variable: str, why: str) -> str:
    """Return a setting that a source cannot do without, or name its variable."""
    if not value:
        raise NotConfiguredError(f"{variable} is not set. {why}")
    return value
