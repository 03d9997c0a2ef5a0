"""How often a user may ask: so many questions a minute and an hour, exact under concurrency."""

from __future__ import annotations

import logging
from datetime import timedelta

import redis
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ledgers.rates import admit_within

logger = logging.getLogger(__name__)
LIMITS = ((60, timedelta(minutes=1)), (1_000, timedelta(hours=1)))


class AskThrottle(BaseThrottle):
    """Sixty questions a minute and a thousand an hour a user; without Redis none are counted."""

    def __init__(self) -> None:
        self._wait = timedelta()

    def allow_request(self, request: Request, view: object) -> bool:  # noqa: ARG002  # DRF's signature
        """Admit a question, or remember how long it has to wait."""
        if request.method != "POST":
            return True
        try:
            self._wait = admit_within(f"agents:{request.user.pk}", LIMITS)
        except redis.RedisError as error:
            logger.warning("Questions are not limited, Redis does not answer: %s", error)
            return True
        return not self._wait

    def wait(self) -> float:
        """Return the seconds that Retry-After tells."""
        return self._wait.total_seconds()
