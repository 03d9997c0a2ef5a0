"""Where alerts are told: channels by name, chosen in OMC_ALERT_CHANNELS.

A channel is one class with a `send` that raises if it could not; it reads its settings when it is
made, so that a setting that cannot work stops the start. Whether, when and how often it sends is
the business of `quality.delivering`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from quality.amazon import client_of, plain
from quality.findings import Level
from quality.posting import demand_public, post

logger = logging.getLogger(__name__)

COLOURS = {Level.WARNING: "#d4a72c", Level.ERROR: "#cf222e", Level.CRITICAL: "#82071e"}
RESOLVED = "resolved"
GREEN = "#1a7f37"
MAX_SUBJECT = 100
"""Of an SNS message; longer ones are refused."""


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
    user_id: int | None = None

    @property
    def title(self) -> str:
        """Return it in one line."""
        mark = "RESOLVED" if self.kind == RESOLVED else self.level.name
        return f"[{mark}] {self.subject} ({self.check})"

    @property
    def text(self) -> str:
        """Return it in full."""
        return (
            f"{self.message}\n{self.hint}\n\n"
            f"Alert {self.alert_id} {self.kind} at {self.at:%F %T} UTC. Findings: {self.findings}."
        )


class Channel(ABC):
    """One way to tell people. One that `is_local` cannot hang, and is used at once."""

    name: ClassVar[str]
    is_local: ClassVar[bool] = False

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
    is_local = True

    def send(self, notice: Notice) -> None:
        """Write the line."""
        level = logging.INFO if notice.kind == RESOLVED else int(notice.level)
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


@register
class EmailChannel(Channel):
    """One mail through Django's mail server; what is one user's business goes to that user."""

    name = "email"

    def __init__(self) -> None:
        self._to = list(settings.OMC_ALERT_EMAIL_TO)
        if not self._to:
            raise ImproperlyConfigured(
                "The channel email needs OMC_ALERT_EMAIL_TO, such as ops@example.com."
            )

    def send(self, notice: Notice) -> None:
        """Write the mail."""
        own = _address_of(notice.user_id)
        message = EmailMessage(notice.title, notice.text, to=[own] if own else self._to)
        message.send(fail_silently=False)


@register
class WebhookChannel(Channel):
    """A POST of what Slack takes, signed.

    `X-OMC-Signature` is the HMAC-SHA256, by the shared secret, of `X-OMC-Timestamp`, a dot and the
    body. A receiver refuses an old timestamp, so that nothing can be sent again by a stranger.
    """

    name = "webhook"

    def __init__(self) -> None:
        self._url = settings.OMC_ALERT_WEBHOOK_URL
        self._secret = settings.OMC_ALERT_WEBHOOK_SECRET
        if not self._secret:
            raise ImproperlyConfigured(
                "The channel webhook needs OMC_ALERT_WEBHOOK_SECRET: what it posts is signed."
            )
        demand_public("OMC_ALERT_WEBHOOK_URL", self._url)

    def send(self, notice: Notice) -> None:
        """Post it."""
        body = json.dumps(slack_message(notice)).encode()
        stamp = f"{int(time.time())}"
        headers = {
            "Content-Type": "application/json",
            "X-OMC-Timestamp": stamp,
            "X-OMC-Signature": signature(self._secret, stamp, body),
        }
        post(self._url, body, headers)


@register
class SnsChannel(Channel):
    """A message to a topic of AWS SNS, with the level as an attribute to filter by."""

    name = "sns"

    def __init__(self) -> None:
        self._topic = settings.OMC_ALERT_SNS_TOPIC
        parts = self._topic.split(":")
        if len(parts) != len(("arn", "partition", "sns", "region", "account", "name")):
            raise ImproperlyConfigured(
                f"The channel sns needs OMC_ALERT_SNS_TOPIC, such as "
                f"arn:aws:sns:ap-southeast-2:123456789012:omc. It is {self._topic[:80]!r}."
            )
        self._region = parts[3]

    def send(self, notice: Notice) -> None:
        """Publish it."""
        client_of("sns", region=self._region).publish(
            TopicArn=self._topic,
            Subject=plain(notice.title)[:MAX_SUBJECT],
            Message=notice.text,
            MessageAttributes={
                "level": {"DataType": "String", "StringValue": notice.level.name.lower()},
                "kind": {"DataType": "String", "StringValue": notice.kind},
            },
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


def slack_message(notice: Notice) -> dict[str, Any]:
    """Return what an incoming webhook of Slack takes; `metadata` is for programs."""
    colour = GREEN if notice.kind == RESOLVED else COLOURS[notice.level]
    return {
        "text": notice.title,
        "attachments": [{"color": colour, "fallback": notice.title, "text": notice.text}],
        "metadata": {
            "event_type": "omc_alert",
            "event_payload": {
                "alert": notice.alert_id,
                "kind": notice.kind,
                "at": f"{notice.at:%FT%TZ}",
                "check": notice.check,
                "ledger": notice.ledger,
                "subject": notice.subject,
                "level": notice.level.name.lower(),
                "findings": notice.findings,
            },
        },
    }


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return the signature of a body at a moment, as the header has it."""
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def _address_of(user_id: int | None) -> str:
    """Return the mail address of a user; empty without one."""
    if user_id is None:
        return ""
    users = get_user_model().objects.filter(pk=user_id, is_active=True)
    return str(users.values_list("email", flat=True).first() or "")
