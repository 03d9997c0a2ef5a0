"""POST to an address that an operator has set: checked when it connects, bounded, never redirected.

    PostError           it was not taken; the text says why

The sockets are those of the one door to the network (`ledgers.collecting.connecting`): a name that
leads to a private address is refused at the moment it connects. What is answered is read as far as
one line of a log needs it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

import certifi
import urllib3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ledgers.collecting.connecting import POOLS, allowed_private, cut_off

PORTS = {"http": 80, "https": 443}
SAID = 200
"""Bytes of an answer that are read."""


class PostError(Exception):
    """Say why it was not taken."""


def demand_public(variable: str, url: str) -> None:
    """Refuse an address that can never be posted to, or is not public; name the variable."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ImproperlyConfigured(
            f"{variable} is {url[:60]!r}. It takes an address such as https://hooks.example.com/x."
        )
    if parts.username or parts.password:
        raise ImproperlyConfigured(f"{variable} holds a name or password. Use a secret instead.")
    if _is_private(parts.hostname) and f"{parts.hostname}:{_port(parts)}" not in allowed_private():
        raise ImproperlyConfigured(
            f"{variable} leads to {parts.hostname}, which is no public address. If you mean it, "
            f"set OMC_ALLOW_PRIVATE={parts.hostname}:{_port(parts)}."
        )


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send the body; return if any status from 200 to 299 comes back, else raise `PostError`."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        with cut_off(settings.OMC_HTTP_DEADLINE), _pool(parts) as pool:
            answer = pool.urlopen(
                "POST",
                path,
                body=body,
                headers={"User-Agent": settings.OMC_USER_AGENT, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(
                    connect=settings.OMC_HTTP_CONNECT_TIMEOUT, read=settings.OMC_HTTP_DEADLINE
                ),
            )
            status, said = answer.status, answer.read(SAID)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise PostError(f"{parts.hostname} cannot be reached: {error}") from error
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        text = said.decode("utf-8", "replace")
        raise PostError(f"{parts.hostname} answered {status}: {text}")


def _pool(parts: SplitResult) -> Any:
    """Return the connections to a host; TLS is always checked."""
    options: dict[str, Any] = {}
    if parts.scheme == "https":
        options = {
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": settings.OMC_CA_BUNDLE or certifi.where(),
        }
    return POOLS[parts.scheme](str(parts.hostname), port=_port(parts), **options)


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _is_private(host: str) -> bool:
    """Tell whether an address says so itself; a name is checked when it connects."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
