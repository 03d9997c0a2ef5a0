"""Where alerts are told: channels by name, chosen in OMC_ALERT_CHANNELS.

A channel is one class with a `send`. One that fails is logged and does not stop the others.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from quality.findings import Level

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person is told: what happened to which alert, and what to do."""

    alert_id: int
    kind: str
    at: datetime
    check: str
    ledger: str
    subject: str
    level: Level
    message: str
    hint: str
    findings: int


class Channel(ABC):
    """One way to tell people."""

    name: ClassVar[str]

    @abstractmethod
    def send(self, notice: Notice) -> None:
        """Tell it, or raise."""


channels: dict[str, type[Channel]] = {}


def register(cls: type[Channel]) -> type[Channel]:
    """Make a channel known under its name; a class decorator."""
    channels[cls.name] = cls
    return cls


@register
class LogChannel(Channel):
    """One line in the log, at the level of the alert; what is resolved is information."""

    name = "log"

    def send(self, notice: Notice) -> None:
        """Write the line."""
        level = logging.INFO if notice.kind == "resolved" else int(notice.level)
        logger.log(
            level,
            "alert=%s %s %s check=%s subject=%s findings=%s: %s %s",
            notice.alert_id,
            notice.kind,
            notice.level.name,
            notice.check,
            notice.subject,
            notice.findings,
            notice.message,
            notice.hint,
        )


def configured() -> list[Channel]:
    """Return the channels of this installation, or raise and name the one that does not exist."""
    wanted = settings.OMC_ALERT_CHANNELS
    for name in wanted:
        if name not in channels:
            known = ", ".join(sorted(channels))
            raise ImproperlyConfigured(
                f"OMC_ALERT_CHANNELS names {name!r}, which is no channel. There are: {known}."
            )
    return [channels[name]() for name in wanted]


def tell(notices: Iterable[Notice]) -> None:
    """Send each notice on every channel."""
    ways = configured()
    for notice in notices:
        for channel in ways:
            try:
                channel.send(notice)
            except Exception:
                logger.exception("Channel %s lost alert %s.", channel.name, notice.alert_id)
