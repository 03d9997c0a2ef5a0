"""Telling people: a notice is a row for each channel, written with its alert, and tried until sent.

The rows are written in the transaction that changes the alert, so that an alert nobody was told of
cannot be. What cannot hang is sent when that commits; the rest by a job every few seconds, each
channel for itself: one that fails waits longer each time and keeps no other waiting. A worker that
vanishes while it sends leaves a row that is tried again, so a notice comes at least once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from quality.channels import Channel, Notice, configured
from quality.findings import Level
from quality.models import Attempt, Delivery
from quality.posting import demand_public, post

logger = logging.getLogger(__name__)

State = Delivery.State
HEARTBEAT = "heartbeat"
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
SENDING = timedelta(minutes=2)
"""How long a row is left to the worker that sends it."""
ROUND = timedelta(seconds=60)
"""How long one round goes on; what is left is the next one's."""
SILENCE = timedelta(minutes=15)
"""How old a notice may get before the heartbeat says nothing any more."""


def enqueue(notices: Iterable[Notice], now: datetime) -> list[int]:
    """Write down who is to be told what; call it in the transaction that changes the alerts."""
    told, names = list(notices), [channel.name for channel in configured()]
    rows = [
        Delivery(
            channel=name,
            alert_id=notice.alert_id,
            kind=notice.kind,
            notice=_written(notice),
            made_at=now,
            due_at=now,
        )
        for notice in told
        for name in names
    ]
    return [row.pk for row in Delivery.objects.bulk_create(rows, batch_size=1000)]


def tell_at_once(keys: Sequence[int], now: datetime) -> None:
    """Send those of these deliveries whose channel cannot hang."""
    for channel in configured():
        if channel.is_local:
            mine = Delivery.objects.filter(pk__in=keys, channel=channel.name).order_by("pk")
            _send_all(channel, mine, now)


def deliver_due(now: datetime) -> None:
    """Try what is due on each channel; the first failure of a channel ends its round."""
    until = monotonic() + ROUND.total_seconds()
    for channel in configured():
        due = Delivery.objects.filter(state=State.PENDING, channel=channel.name, due_at__lte=now)
        _send_all(channel, due.order_by("pk"), now, until=until)
    _give_up_unknown(now)


def beat_heart(now: datetime) -> None:
    """Tell whoever watches over us that checks run and alerts go out; say nothing if not.

    Silence is the alarm: the service behind OMC_HEARTBEAT_URL raises it, when it hears nothing.
    """
    url = demand_heartbeat()
    if not url:
        return
    if stuck := unsent(now - SILENCE).first():
        logger.error("No heartbeat: %s waits since %s.", stuck, stuck.made_at)
        return
    row = Delivery.objects.create(channel=HEARTBEAT, kind=HEARTBEAT, made_at=now, due_at=now)
    _try(row, partial(post, url, b"", {}), now, most=1)


def demand_heartbeat() -> str:
    """Return where the heart beats, empty if nowhere, or raise if it could never be heard there."""
    url: str = settings.OMC_HEARTBEAT_URL
    if url:
        demand_public("OMC_HEARTBEAT_URL", url)
    return url


def unsent(since: datetime) -> QuerySet[Delivery]:
    """Return what should have been sent before then and was not, heartbeats left aside."""
    waiting = Delivery.objects.exclude(state=State.SENT).exclude(channel=HEARTBEAT)
    return waiting.filter(made_at__lt=since, state=State.PENDING).order_by("made_at")


def channels_failing(since: datetime) -> Iterator[tuple[str, int, str]]:
    """Yield each channel that gave up something since then, how much, and the last error."""
    lost = Delivery.objects.filter(state=State.GIVEN_UP, due_at__gte=since).exclude(
        channel=HEARTBEAT
    )
    for name in sorted(set(lost.values_list("channel", flat=True))):
        mine = lost.filter(channel=name)
        newest = mine.order_by("-pk").values_list("error", flat=True)[0]
        yield name, mine.count(), newest


def _send_all(
    channel: Channel, due: QuerySet[Delivery], now: datetime, *, until: float | None = None
) -> None:
    """Send row by row, until one fails or the time is over."""
    for key in list(due.values_list("pk", flat=True)):
        if until is not None and monotonic() > until:
            return
        row = _taken(key, now)
        if row and not _try(row, partial(channel.send, _read(row.notice)), now):
            return


def _taken(key: int, now: datetime) -> Delivery | None:
    """Take one delivery, unless another worker has it; while we send, nobody else does."""
    with transaction.atomic():
        pending = Delivery.objects.filter(pk=key, state=State.PENDING, due_at__lte=now)
        row = pending.select_for_update(skip_locked=True).first()
        if row:
            row.due_at = now + SENDING
            row.save(update_fields=["due_at"])
    return row


def _try(
    row: Delivery, send: Callable[[], None], now: datetime, *, most: int | None = None
) -> bool:
    """Send it, and keep how that went; tell whether it was sent."""
    started, error = monotonic(), ""
    try:
        send()
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"[:2000]
        logger.exception("Channel %s could not tell alert %s.", row.channel, row.alert_id)
    took = timedelta(seconds=monotonic() - started)
    row.attempts += 1
    row.error = error
    if not error:
        row.state, row.sent_at = State.SENT, now
    elif row.attempts >= (most or settings.OMC_ALERT_ATTEMPTS):
        row.state = State.GIVEN_UP
    else:
        row.due_at = now + min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
    with transaction.atomic():
        row.save()
        Attempt.objects.create(delivery=row, at=now, took=took, error=error)
    return not error


def _give_up_unknown(now: datetime) -> None:
    """Give up what waits for a channel that was taken out of the settings."""
    known = [channel.name for channel in configured()]
    lost = Delivery.objects.filter(state=State.PENDING, due_at__lte=now).exclude(channel__in=known)
    lost.exclude(channel=HEARTBEAT).update(
        state=State.GIVEN_UP, error="Its channel is not chosen any more."
    )


def _written(notice: Notice) -> dict[str, Any]:
    """Return a notice as JSON keeps it."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(notice), default=str))
    return values


def _read(values: dict[str, Any]) -> Notice:
    kept = {**values, "at": datetime.fromisoformat(values["at"]), "level": Level(values["level"])}
    return Notice(**kept)
