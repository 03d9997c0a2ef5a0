"""Limits of the API a user, exact under concurrency; DRF's own let through what runs at once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ledgers.rates import admit

logger = logging.getLogger(__name__)
MINUTE = timedelta(minutes=1)


class LimitsUnreachableError(APIException):
    """A limit that guards a secret cannot be checked."""

    status_code = 503
    default_detail = "Limits cannot be checked now. Try again in a minute."
    default_code = "limits_unreachable"


class UserThrottle(BaseThrottle):
    """So many requests a minute and user; without Redis all pass, and the log says so."""

    scope = "api"
    _wait: timedelta = timedelta()

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002  # DRF's signature
        """Admit a request, or remember how long it has to wait."""
        try:
            self._wait = admit(
                f"{self.scope}:{self.who(request)}", limit=self.limit(), window=MINUTE
            )
        except redis.RedisError as error:
            return self.without_redis(error)
        return not self._wait

    def wait(self) -> float:
        """Return the seconds that Retry-After tells."""
        return self._wait.total_seconds()

    def limit(self) -> int:
        """Return how many requests a minute are allowed."""
        return int(settings.OMC_API_PER_MINUTE)

    def who(self, request: Request) -> str:
        """Return whose requests are counted together: a user's, else an address's."""
        user_id = getattr(request.user, "pk", None)
        return f"user:{user_id}" if user_id else f"address:{self.get_ident(request)}"

    def without_redis(self, error: redis.RedisError) -> bool:
        """Let the request pass: reading goes on without Redis."""
        logger.warning("Requests are not limited, Redis does not answer: %s", error)
        return True


class TokenThrottle(UserThrottle):
    """So many attempts to log in a minute and address; without Redis none."""

    scope = "token"

    def limit(self) -> int:
        """Return how many attempts a minute are allowed."""
        return int(settings.OMC_TOKEN_PER_MINUTE)

    def who(self, request: Request) -> str:
        """Return the address: who is not logged in has no name yet."""
        return f"address:{self.get_ident(request)}"

    def without_redis(self, error: redis.RedisError) -> bool:
        """Refuse: passwords could be guessed without end."""
        raise LimitsUnreachableError from error
