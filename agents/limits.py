"""How often a user may ask: so many questions a minute and an hour, exact under concurrency.

Redis counts every question that is sent. While it is away those count that PostgreSQL has stored:
the limits are the same, but what is sent at the same moment may pass together.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import redis
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agents.models import SessionEvent
from ledgers.api import user_id_of
from ledgers.rates import admit_within

logger = logging.getLogger(__name__)
LIMITS = ((60, timedelta(minutes=1)), (1_000, timedelta(hours=1)))


class AskThrottle(BaseThrottle):
    """Sixty questions a minute and a thousand an hour a user, with Redis and without."""

    def __init__(self) -> None:
        self._wait = timedelta()

    def allow_request(self, request: Request, view: object) -> bool:  # noqa: ARG002  # DRF's signature
        """Admit a question, or remember how long it has to wait."""
        if request.method != "POST":
            return True
        user_id = user_id_of(request)
        try:
            self._wait = admit_within(f"agents:{user_id}", LIMITS)
        except redis.RedisError as error:
            logger.warning("Stored questions are counted, Redis does not answer: %s", error)
            self._wait = wait_by_events(user_id, timezone.now())
        return not self._wait

    def wait(self) -> float:
        """Return the seconds that Retry-After tells."""
        return self._wait.total_seconds()


def wait_by_events(user_id: int, now: datetime) -> timedelta:
    """Return how long the user waits until another question is within every limit; zero: none."""
    asked = SessionEvent.objects.filter(kind=SessionEvent.Kind.ASKED, session__user=user_id)
    waits = [timedelta()]
    for most, window in LIMITS:
        newest = asked.filter(at__gt=now - window).order_by("-at").values_list("at", flat=True)
        waits += [at + window - now for at in newest[most - 1 : most]]
    return max(waits)
