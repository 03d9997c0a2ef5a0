"""The only door to the network: allow-listed hosts, checked addresses, limits on all that comes.

Nothing follows a redirect, no address but a public one is connected to (unless the operator
lists host:port in OMC_ALLOW_PRIVATE), the decoded body has a cap and the whole answer a
deadline by our own clock, because a library's timeout starts anew with every byte.
"""

from __future__ import annotations

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

CHUNK = 64 * 1024
TOO_MANY = 429
REFUSALS = (401, 403, 451)
HTML_STARTS = (b"<!doctype html", b"<html")


class RequestsHttp:
    """`Http` of one collector over requests."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = settings.OMC_CA_BUNDLE or True
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _CheckedAdapter())
        self._session.headers["User-Agent"] = settings.OMC_USER_AGENT
        self._session.headers["Accept-Encoding"] = "gzip, identity"
        self._session.headers["Connection"] = "close"  # each request is watched from its connect

    def get(self, url: str, headers: dict[str, str] | None = None, **params: str) -> Payload:
        """Ask for `url` and return the answer; try again what may pass, or raise."""
        for attempt in range(settings.OMC_HTTP_ATTEMPTS):
            try:
                return self._ask("GET", url, headers=headers, params=params)
            except CollectError as error:
                last = attempt + 1 == settings.OMC_HTTP_ATTEMPTS
                if last or not error.is_retried:
                    raise
                time.sleep(_pause(error, attempt))
        raise AssertionError("unreachable")

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Payload:
        """Send exactly `body` and return the answer; never again by itself, or raise."""
        return self._ask("POST", url, headers=headers, data=body)

    def _ask(self, method: str, url: str, **sent: Any) -> Payload:
        target = route(url, self._collector)
        host = urlsplit(url).hostname or ""
        if not is_replayed(self._collector):
            take_turn(host, self._collector.requests_per_minute)
        deadline = time.monotonic() + settings.OMC_HTTP_DEADLINE
        try:
            with (
                cut_off(settings.OMC_HTTP_DEADLINE),
                self._session.request(
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
        return _judged(url, response, body)


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
    status = response.status_code
    if status == TOO_MANY:
        raise RateLimitedError(
            f"{url} asks us to slow down (429).", retry_after=_retry_after(response)
        )
    if status in REFUSALS:
        raise BlockedError(f"{url} refuses us ({status}).")
    if status != requests.codes.ok:
        failure = TransportError if status >= requests.codes.server_error else StatusError
        raise failure(f"{url} answered {status}. {_hint(status)}")
    kind = response.headers.get("Content-Type", "")
    if "html" in kind or body.lstrip()[:15].lower().startswith(HTML_STARTS):
        raise BlockedError(f"{url} answered a page for people (HTML) instead of data.")
    now = timezone.now()
    return Payload(
        url=url,
        status=status,
        content_type=kind,
        fetched_at=now,
        observed_at=_date(response) or now,
        body=body,
    )


def _hint(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004  # the redirects
        return "Redirects are not followed: check whether the source has moved."
    return "Look at the source's status page, or at the URL of the collector."


def _date(response: requests.Response) -> datetime | None:
    """Return when the source says it answered; without a valid Date, None."""
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _retry_after(response: requests.Response) -> timedelta | None:
    """Return how long the source asks us to wait: seconds or an HTTP date."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return timedelta(seconds=int(value[:6]))
    try:
        return max(parsedate_to_datetime(value) - timezone.now(), timedelta(0))
    except (ValueError, TypeError):
        return None


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
