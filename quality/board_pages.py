"""The operator's board of quality: what is wrong and what can be done, then all that is watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from ledgers.feeds import State
from ledgers.pages import COLOURS, age_of, ago, stamp
from ledgers.reading import pair
from quality.admin import COLOURS as LEVELS
from quality.admin import STATES
from quality.alerting import AlertError
from quality.answering import ANSWERS
from quality.board import (
    Heart,
    Lived,
    Room,
    Told,
    Work,
    heart,
    rooms_of,
    spelled_day,
    standing_by_level,
    told_of,
    work,
)
from quality.models import Alert
from quality.watching import feeds_visible_to

SEES, MAY_ANSWER = "quality.view_alert", "quality.change_alert"
MOST_ALERTS = 30
BAR, GAP, HEIGHT = 4, 1, 16
TALL = {State.FRESH: 16, State.LATE: 11, State.STALE: 6, State.UNKNOWN: 3}
"""Of the bar of an hour: what is worse is shorter, so that one need not tell colours apart."""
LATE_CHECK = timedelta(hours=2)
"""The slowest check runs each hour."""


def board(request: HttpRequest) -> HttpResponse:
    """Show the board; a POST answers one alert first."""
    _demand(request, SEES)
    now = timezone.now()
    if request.method == "POST":
        _demand(request, MAY_ANSWER)
        _answer(request, now)
        return HttpResponseRedirect(reverse("quality-board"))
    cuts, told = pair(), _told(told_of(now), heart(), now)
    rooms = rooms_of(feeds_visible_to(None), cuts)
    alerts = Alert.objects.standing().select_related("assigned_to", "acknowledged_by")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Quality",
        "cards": [
            _feeds_card(rooms),
            _alerts_card(),
            _told_card(told),
            _work_card(work(), now),
        ],
        "alerts": list(_alerts(alerts)),
        "more": max(0, alerts.count() - MOST_ALERTS),
        "acts": [(name, answer.label) for name, answer in ANSWERS.items()],
        "may_answer": request.user.has_perm(MAY_ANSWER),
        "told": told,
        "rooms": [_room(room) for room in rooms],
        "legend": [(state.name.lower(), _bars([state])) for state in State],
        "as_of": stamp(cuts.as_of),
        "zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "admin/quality/board.html", context)


def _demand(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _answer(request: HttpRequest, now: datetime) -> None:
    """Do what was asked about one alert, and say what came of it."""
    answer = ANSWERS.get(request.POST.get("do", ""))
    key = request.POST.get("alert", "")
    if answer is None or not key.isdecimal() or len(key) > 18:  # noqa: PLR2004  # 64 bits
        raise Http404("There is no such answer.")
    try:
        alert = answer.do(int(key), request.user, now)
    except Alert.DoesNotExist as error:
        raise Http404("There is no such alert.") from error
    except AlertError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"{answer.done}: {alert.subject}.")


def _alerts(alerts: QuerySet[Alert]) -> Iterator[dict[str, Any]]:
    """Yield what the board says of each alert, the worst first."""
    for alert in alerts[:MOST_ALERTS]:
        level = alert.get_level_display()
        by = alert.assigned_to or alert.acknowledged_by
        until = f" until {stamp(alert.snoozed_until)}" if alert.snoozed_until else ""
        yield {
            "id": alert.pk,
            "subject": alert.subject,
            "check": alert.check_id,
            "message": alert.message,
            "hint": alert.hint,
            "level": level,
            "colour": LEVELS[level],
            "state": "" if alert.state == Alert.State.OPEN else f"{alert.state}{until}",
            "state_colour": STATES[alert.state],
            "who": by.get_username() if by else "",
            "age": ago(alert.opened_at),
            "findings": alert.findings,
            "href": reverse("admin:quality_alert_change", args=[alert.pk]),
        }


def _room(room: Room) -> dict[str, Any]:
    state = room.worst.label if room.worst else "unknown"
    return {
        "name": room.ledger.label,
        "state": state if room.worst else "no feed yet",
        "colour": COLOURS[state],
        "sources": [_line(one) for one in room.sources],
    }


def _line(one: Lived) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.now.label,
        "colour": COLOURS[one.now.label],
        "reason": one.now.reason,
        "age": age_of(one.now),
        "bars": _bars(one.day),
        "width": len(one.day) * (BAR + GAP) - GAP,
        "day": spelled_day(one.day),
        "feeds": [_line(feed) for feed in one.feeds],
        "bad": sum(feed.now.state != State.FRESH for feed in one.feeds),
    }


def _bars(day: list[State] | Any) -> list[dict[str, Any]]:
    """Return the bars of a sparkline, one an hour."""
    return [
        {
            "x": place * (BAR + GAP),
            "y": HEIGHT - TALL[state],
            "height": TALL[state],
            "state": state.name.lower(),
        }
        for place, state in enumerate(day)
    ]


def _card(title: str, value: str, note: str, label: str, colour: str, href: str) -> dict[str, str]:
    return {
        "title": title,
        "value": value,
        "note": note,
        "label": label,
        "colour": colour,
        "href": href,
    }


def _feeds_card(rooms: list[Room]) -> dict[str, str]:
    feeds = [feed for room in rooms for one in room.sources for feed in (one.feeds or (one,))]
    fresh = sum(feed.now.state == State.FRESH for feed in feeds)
    bad = max((room.worst for room in rooms if room.worst), key=lambda one: one.state, default=None)
    label = bad.label if bad else "unknown"
    return _card(
        "Feeds fresh",
        f"{fresh} of {len(feeds)}",
        "All feeds are looked at in time." if label == "fresh" else bad.reason if bad else "None.",
        label,
        COLOURS[label],
        reverse("sources"),
    )


def _alerts_card() -> dict[str, str]:
    counted = standing_by_level()
    label = next((str(level.label) for level in counted), "none")
    said = ", ".join(f"{count} {level.label}" for level, count in counted.items())
    return _card(
        "Alerts",
        f"{sum(counted.values())}",
        f"{said.capitalize()}." if said else "Nothing is wrong, as far as the checks see.",
        label,
        LEVELS.get(label, "success"),
        reverse("admin:quality_alert_changelist"),
    )


def _told_card(told: list[dict[str, str]]) -> dict[str, str]:
    bad = [one for one in told if one["colour"] != "success"]
    return _card(
        "Told",
        f"{len(told) - len(bad)} of {len(told)}",
        "Channels and the heartbeat.",
        bad[0]["state"] if bad else "",
        "danger" if any(one["colour"] == "danger" for one in bad) else "warning",
        reverse("admin:quality_delivery_changelist"),
    )


def _told(told: list[Told], beat: Heart, now: datetime) -> list[dict[str, str]]:
    """Return a line for each channel and one for the heartbeat."""
    lines = [_channel(one) for one in told]
    if not told:
        note = "OMC_ALERT_CHANNELS is empty: nobody is told of any alert."
        lines = [_told_line("channels", "none", "danger", note)]
    return [*lines, _heart(beat, now)]


def _channel(one: Told) -> dict[str, str]:
    state, colour = ("given up", "danger") if one.given_up else ("waiting", "warning")
    if not one.given_up and not one.waiting:
        state, colour = "sent", "success"
    counts = f"Last day: {one.sent} sent, {one.waiting} waiting, {one.given_up} given up."
    return _told_line(one.channel, state, colour, f"{counts} {one.error}".strip())


def _heart(beat: Heart, now: datetime) -> dict[str, str]:
    sent = beat.last and beat.last.sent_at
    if not beat.is_wanted:
        note = "OMC_HEARTBEAT_URL is not set: nobody notices if this machine stops."
        return _told_line("heartbeat", "off", "warning", note)
    if beat.is_beating(now):
        return _told_line("heartbeat", "beating", "success", f"Heard {ago(sent)}." if sent else "")
    error = beat.last.error if beat.last else ""
    note = error or "No heartbeat goes out: an alert waits, or no worker runs."
    return _told_line("heartbeat", "silent", "danger", note)


def _told_line(name: str, state: str, colour: str, note: str) -> dict[str, str]:
    return {"name": name, "state": state, "colour": colour, "note": note}


def _work_card(done: Work, now: datetime) -> dict[str, str]:
    late = bool(done.oldest and now - done.oldest > LATE_CHECK)
    bad = [*done.failed, *done.never]
    note = f"All ran. The oldest run: {ago(done.oldest)}." if done.oldest else "None ran yet."
    if bad:
        note = f"Failed: {len(done.failed)}. Never ran: {len(done.never)}. First: {bad[0]}."
    is_bad = bool(bad) or late
    return _card(
        "Checks",
        f"{done.checks}",
        note,
        "look" if is_bad else "",
        "danger" if done.failed else "warning",
        reverse("admin:quality_checkrun_changelist"),
    )


urlpatterns = [path("", admin.site.admin_view(board), name="quality-board")]
