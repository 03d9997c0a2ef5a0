"""The life of an alert: opened, refreshed and resolved by runs, acknowledged and snoozed by people.

    AlertError             what a person asked for cannot be done to this alert
      ResolvedError        it is resolved
      SnoozeError          a silence needs an end that is near enough
      AssigneeError        nobody of the staff is called so

Every change is an `AlertEvent`, written in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from quality.channels import Notice
from quality.findings import Finding, Level
from quality.models import Alert, AlertEvent

Kind = AlertEvent.Kind
State = Alert.State

MAX_SNOOZE = timedelta(days=90)
TOLD = {Kind.OPENED, Kind.ESCALATED, Kind.WOKEN, Kind.RESOLVED}
"""What people are told; the rest is only in the history."""
REFRESHED = (
    "state",
    "level",
    "ledger",
    "user_id",
    "message",
    "hint",
    "count",
    "findings",
    "seen_at",
    "acknowledged_at",
    "acknowledged_by_id",
    "snoozed_until",
)
BATCH = 1000


class AlertError(ValueError):
    """Say why it cannot be done, and what can."""


class ResolvedError(AlertError):
    """Say that nothing is wrong any more."""


class SnoozeError(AlertError):
    """Say which end a silence may have."""


class AssigneeError(AlertError):
    """Say who could take care of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What one alert is about: the findings of one cause or subject, told by the worst of them."""

    subject: str
    ledger: str
    user_id: int | None
    level: Level
    message: str
    hint: str
    findings: int


def troubles_of(findings: Iterable[Finding]) -> dict[str, Trouble]:
    """Return the findings by what an alert is about; ten thousand of one cause are one."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.about].append(finding)
    return {about: _trouble(about, group) for about, group in groups.items()}


def _trouble(about: str, group: list[Finding]) -> Trouble:
    worst = max(group, key=lambda finding: finding.level)
    if len({finding.user_id for finding in group}) > 1:
        raise ValueError(f"{about!r} is the subject of several users: each needs its own.")
    others = len(group) - 1
    return Trouble(
        subject=about,
        ledger=worst.ledger,
        user_id=worst.user_id,
        level=worst.level,
        message=f"{worst.message} And {others} more of {about}." if others else worst.message,
        hint=worst.hint,
        findings=len(group),
    )


def write_alerts(
    check_id: str, troubles: Mapping[str, Trouble], now: datetime, *, is_whole: bool
) -> list[Notice]:
    """Bring the alerts of a check up to what its run found; return what people are to be told.

    Without `is_whole` the run ended early: what it did not find may still be there, and stays.
    Call it in a transaction that no other run of the check shares.
    """
    mine = Alert.objects.standing().filter(check_id=check_id)
    standing = {alert.subject: alert for alert in mine.select_for_update()}
    events = [
        *_opened(check_id, [seen for name, seen in troubles.items() if name not in standing], now),
        *_refreshed(
            [(standing[name], seen) for name, seen in troubles.items() if name in standing], now
        ),
    ]
    if is_whole:
        events += _resolved([one for name, one in standing.items() if name not in troubles], now)
    AlertEvent.objects.bulk_create(events, batch_size=BATCH)
    return [_notice(event) for event in events if event.kind in TOLD]


def retire(known: Iterable[str], now: datetime) -> list[Notice]:
    """Resolve the alerts of checks that exist no more: no run would ever do it."""
    with transaction.atomic():
        orphans = Alert.objects.standing().exclude(check_id__in=list(known)).select_for_update()
        events = _resolved(list(orphans), now, text="Its check exists no more.")
        AlertEvent.objects.bulk_create(events, batch_size=BATCH)
    return [_notice(event) for event in events]


def acknowledge(alert_id: int, *, by: int, now: datetime, note: str = "") -> Alert:
    """Note that a person takes care: it is not told again unless it gets worse."""
    with _changing(alert_id) as alert:
        if alert.state == State.ACKNOWLEDGED and note in ("", alert.note):
            return alert
        alert.state, alert.snoozed_until = State.ACKNOWLEDGED, None
        alert.acknowledged_at, alert.acknowledged_by_id = now, by
        alert.note = note or alert.note
        _keep(alert, Kind.ACKNOWLEDGED, now, by, note)
    return alert


def snooze(alert_id: int, *, until: datetime, by: int, now: datetime, note: str = "") -> Alert:
    """Silence it up to a moment, or until it gets worse; a silence has an end."""
    if not now < until <= now + MAX_SNOOZE:
        raise SnoozeError(f"A silence ends after now and until {now + MAX_SNOOZE:%F %T} UTC.")
    with _changing(alert_id) as alert:
        alert.state, alert.snoozed_until = State.SNOOZED, until
        alert.note = note or alert.note
        _keep(alert, Kind.SNOOZED, now, by, note)
    return alert


def annotate(alert_id: int, *, note: str, by: int, now: datetime) -> Alert:
    """Keep what a person found out, also about what is resolved."""
    with _changing(alert_id, also_resolved=True) as alert:
        if note != alert.note:
            alert.note = note
            _keep(alert, Kind.NOTED, now, by, note)
    return alert


def assign(alert_id: int, *, to: str | None, by: int, now: datetime) -> Alert:
    """Note who of the staff is to take care of it, by name; None: nobody any more."""
    with _changing(alert_id) as alert:
        assignee = _staff(to) if to is not None else None
        if alert.assigned_to != assignee:
            alert.assigned_to = assignee
            _keep(alert, Kind.ASSIGNED, now, by, f"To {to or 'nobody'}.")
    return alert


def _staff(name: str) -> Any:
    """Return who is called so and may answer alerts."""
    users = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
    if found := users.filter(**{get_user_model().USERNAME_FIELD: name}).first():
        return found
    known = ", ".join(sorted(user.get_username() for user in users[:20]))
    raise AssigneeError(f"Nobody of the staff is called {name!r}. There are: {known}.")


@contextmanager
def _changing(alert_id: int, *, also_resolved: bool = False) -> Iterator[Alert]:
    """Lock one alert for a change by a person; a run that wants it waits."""
    with transaction.atomic():
        alert = Alert.objects.select_for_update().get(pk=alert_id)
        if alert.state == State.RESOLVED and not also_resolved:
            raise ResolvedError(f"It is resolved since {alert.resolved_at:%F %T} UTC.")
        yield alert


def _keep(alert: Alert, kind: AlertEvent.Kind, now: datetime, by: int, note: str) -> None:
    """Write the alert, and who did what to it."""
    alert.save()
    AlertEvent.objects.create(
        alert=alert, kind=kind, at=now, level=alert.level, by_id=by, text=note
    )


def _opened(check_id: str, troubles: Iterable[Trouble], now: datetime) -> list[AlertEvent]:
    alerts = Alert.objects.bulk_create(
        [
            Alert(
                check_id=check_id,
                subject=seen.subject,
                ledger=seen.ledger,
                user_id=seen.user_id,
                level=seen.level,
                message=seen.message,
                hint=seen.hint,
                findings=seen.findings,
                opened_at=now,
                seen_at=now,
            )
            for seen in troubles
        ],
        batch_size=BATCH,
    )
    return [_event(alert, Kind.OPENED, now) for alert in alerts]


def _refreshed(pairs: Iterable[tuple[Alert, Trouble]], now: datetime) -> list[AlertEvent]:
    """Tell each alert what the run saw; return what that changed, beside its count."""
    changes = [(alert, _change(alert, seen.level, now), seen) for alert, seen in pairs]
    for alert, kind, seen in changes:
        _refresh(alert, seen, now)
        if kind in TOLD:
            alert.state, alert.snoozed_until = State.OPEN, None
            alert.acknowledged_at = alert.acknowledged_by_id = None
    alerts = [alert for alert, _, _ in changes]
    Alert.objects.bulk_update(alerts, REFRESHED, batch_size=BATCH)
    return [_event(alert, kind, now) for alert, kind, _ in changes if kind]


def _change(alert: Alert, level: Level, now: datetime) -> AlertEvent.Kind | None:
    """Return what this sight of it changes; a clock that was set back changes nothing."""
    if level > alert.level:
        return Kind.ESCALATED
    if alert.snoozed_until and alert.snoozed_until <= now:
        return Kind.WOKEN
    return Kind.EASED if level < alert.level else None


def _refresh(alert: Alert, seen: Trouble, now: datetime) -> None:
    alert.level, alert.ledger, alert.user_id = seen.level, seen.ledger, seen.user_id
    alert.message, alert.hint, alert.findings = seen.message, seen.hint, seen.findings
    alert.seen_at = max(now, alert.opened_at)
    alert.count += 1


def _resolved(alerts: Iterable[Alert], now: datetime, *, text: str = "") -> list[AlertEvent]:
    ended = list(alerts)
    for alert in ended:
        alert.state, alert.resolved_at, alert.snoozed_until = State.RESOLVED, now, None
    Alert.objects.bulk_update(ended, ("state", "resolved_at", "snoozed_until"), batch_size=BATCH)
    return [_event(alert, Kind.RESOLVED, now, text=text) for alert in ended]


def _event(alert: Alert, kind: AlertEvent.Kind, now: datetime, *, text: str = "") -> AlertEvent:
    return AlertEvent(alert=alert, kind=kind, at=now, level=alert.level, text=text)


def _notice(event: AlertEvent) -> Notice:
    alert = event.alert
    return Notice(
        alert_id=alert.pk,
        kind=event.kind,
        at=event.at,
        check=alert.check_id,
        ledger=alert.ledger,
        subject=alert.subject,
        level=Level(alert.level),
        message=alert.message,
        hint=alert.hint,
        findings=alert.findings,
        user_id=alert.user_id,
    )
