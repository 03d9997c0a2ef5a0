"""What every page gets: the reader's time zone, and a browser that loads nothing foreign."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from omc_project.health import healthz

Answer = Callable[[HttpRequest], HttpResponseBase]

COMMON = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
)
ADMIN_SCRIPTS = "script-src 'self' 'unsafe-eval'"
"""Alpine, which drives the admin, evaluates the expressions of its attributes."""
OTHER_SCRIPTS = "script-src 'none'"
WITHOUT_ZONE = ("/api/v1/", "/healthz", "/readyz", "/static/")
UTC = zoneinfo.ZoneInfo("UTC")


class AliveMiddleware:
    """Answer `/healthz` before anything else looks at the request.

    A load balancer asks by the address of the machine, which no list of host names holds.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer at once if that is all the question."""
        return healthz(request) if request.path == "/healthz" else self.get_response(request)


class TimeZoneMiddleware:
    """Show times in the zone of the user; the API stays in UTC."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the zone of who asks."""
        with timezone.override(zone_of(request)):
            return self.get_response(request)


class ContentPolicyMiddleware:
    """Tell the browser to load from here alone."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say what the page may load."""
        response = self.get_response(request)
        is_admin = request.path.startswith("/admin/")
        policy = COMMON + (ADMIN_SCRIPTS if is_admin else OTHER_SCRIPTS)
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo:
    """Return the zone that the user chose; UTC for everybody else.

    The API stays in UTC, and what a load balancer asks must not need the database for a user.
    """
    if request.path.startswith(WITHOUT_ZONE):
        return UTC
    try:
        return zoneinfo.ZoneInfo(getattr(request.user, "time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return UTC
