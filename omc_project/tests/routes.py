"""Walk the URLs of the product, and find those that answer somebody who is not logged in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from django.test import Client
from django.urls import URLPattern, URLResolver

VERBS = ("get", "post", "put", "patch", "delete")
CLOSED = {401, 403, 404, 405}
OPEN = {
    "admin:login": "who is not logged in must be able to",
    "admin:logout": "ends the session of who has one",
    "home": "leads to the admin",
    "healthz": "for supervisors; says that the process lives",
    "readyz": "for load balancers; details only for operators",
    "token": "a password is given for a token; limited by address",
}
"""The routes that may be open, each with the reason. A new one needs a line here."""

SAMPLES = {
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
    "uuid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
}


def routes(
    patterns: Sequence[URLPattern | URLResolver], prefix: str = "/", space: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the name and a sample path of every route."""
    for pattern in patterns:
        path = prefix + sample_of(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, path, inner)
        else:
            yield f"{space}{pattern.name or path}", path


def sample_of(pattern: object) -> str:
    """Fill the parameters of a route, written in either way."""
    written = str(pattern)
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], written)
    for expression, sample in (
        (r"\(\?P<\w+>\(?[^()]*\)?\)", "x"),
        (r"\.\*", "x"),
        (r"[\^$?]|\\Z", ""),
    ):
        filled = re.sub(expression, sample, filled)
    return filled.replace("\\.", ".")


def open_routes(patterns: Sequence[URLPattern | URLResolver]) -> dict[str, str]:
    """Return the routes that answer an anonymous request, and with which verb and status."""
    client = Client(raise_request_exception=False)
    found = {}
    for name, path in routes(patterns):
        for verb in VERBS:
            response = getattr(client, verb)(path)
            to_login = response.status_code == 302 and "/admin/login/" in response["Location"]
            if response.status_code not in CLOSED and not to_login:
                found[name] = f"{verb.upper()} {path}: {response.status_code}"
    return found
