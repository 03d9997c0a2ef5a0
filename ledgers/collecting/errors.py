"""What can go wrong with a source; each error says how the run ends.

CollectError
 +- NotConfiguredError   a setting is missing, nothing was asked
 +- TransportError       no usable answer (connection, deadline, 5xx)
 |   +- StatusError      an answer that will not change by asking again (404, a redirect)
 +- RateLimitedError     429, or a body that says so
 +- BlockedError         403, 451, or a page for people instead of data
 +- DriftError           an answer of another shape than we know
BadValueError            one item is not usable; its batch goes on
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from ledgers.models import CollectorRun

Outcome = CollectorRun.Outcome


class CollectError(Exception):
    """A look at a feed that did not succeed; the message is for a person."""

    outcome: ClassVar[Outcome] = Outcome.TRANSPORT
    is_retried: ClassVar[bool] = False
    answer: bytes = b""
    """The body that came with a refusing status, for a source that says in it what is wrong."""


class NotConfiguredError(CollectError):
    """A source lacks a setting; the message names the variable."""

    outcome = Outcome.UNCONFIGURED


class TransportError(CollectError):
    """The source gave no usable answer."""

    is_retried = True


class StatusError(TransportError):
    """The source answered with a status that asking again will not change."""

    is_retried = False


class RateLimitedError(CollectError):
    """The source asks us to slow down, for `retry_after` if it says so."""

    outcome = Outcome.RATE_LIMITED
    is_retried = True

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BlockedError(CollectError):
    """The source refuses us."""

    outcome = Outcome.BLOCKED


class DriftError(CollectError):
    """The answer has another shape than the recorded ones."""

    outcome = Outcome.DRIFT


class BadValueError(ValueError):
    """One value of one item cannot become part of a fact."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
