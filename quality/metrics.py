"""The door of Prometheus: `/metrics`, for staff and for whoever has the token."""

from __future__ import annotations

from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from quality.measures import exposition

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer everything that is measured, or 401."""
    if not _may_read(request):
        answer = HttpResponse("Send OMC_METRICS_TOKEN as a bearer.\n", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(exposition(timezone.now()), content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    """Tell whether the token is right, or an operator asks; without a token no other may."""
    if request.user.is_active and request.user.is_staff:
        return True
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    token: str = settings.OMC_METRICS_TOKEN
    return bool(token) and kind == "Bearer" and compare_digest(sent.encode(), token.encode())
