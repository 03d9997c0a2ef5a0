"""The operator's pages of the sources: what each does, and every hand that can be put to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from ledgers import credentials, operating
from ledgers.budget import Budget, budget
from ledgers.collecting.collector import Collector
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.needs import ask_again, owner_of
from ledgers.collecting.probing import Probe, probe
from ledgers.collecting.registry import broken, collectors, job_name
from ledgers.collecting.replaying import SHIPPED, Replay, load
from ledgers.feeds import FeedState
from ledgers.jobs import task_of
from ledgers.models import Ledger
from ledgers.pages import COLOURS, OUTCOMES, ago, spoken, stamp
from ledgers.password_forms import PasswordForm, is_confirmed
from ledgers.reading import pair
from ledgers.sources import History, Source, all_sources, history_of, keys_of, sources_of

SEES, OPERATES, KEEPS_KEYS = (
    "ledgers.view_feed",
    "ledgers.change_schedule",
    "ledgers.change_credential",
)
WORK = {
    "on": "success",
    "off": "info",
    "broken": "danger",
    "paused": "warning",
    "resting": "danger",
}
LEAST_EVERY, MOST_EVERY = 10, 7 * 86_400
DAY, MANY_DAYS = timedelta(days=1), 3650
MAX_KEY = 1000
"""Characters of a key."""
KEEPS, FORGETS = "source-key", "source-key-removal"
OWN = "own"
"""Before the name of the operator's password, for a source may need one of its own."""


class EveryForm(forms.Form):
    """How often a source is looked at."""

    every = forms.IntegerField(
        label="Every, in seconds",
        min_value=LEAST_EVERY,
        max_value=MOST_EVERY,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class KeysForm(forms.Form):
    """The values that a source needs; what was typed is never written back into the page."""

    def __init__(self, data: Any, *, collector: Collector) -> None:
        super().__init__(data)
        for key in keys_of(collector):
            if not key.is_given:
                kind = UnfoldAdminPasswordWidget if key.is_secret else UnfoldAdminTextInputWidget
                self.fields[key.name] = forms.CharField(
                    max_length=MAX_KEY,
                    help_text=key.help,
                    widget=kind(attrs={"autocomplete": "off"}),
                )


def sources_page(request: HttpRequest) -> HttpResponse:
    """Show every source with its state, and what the disk has left for them."""
    _demand(request, SEES)
    now = timezone.now()
    current, disk = pair(), budget(now)
    rows = [_row(source, disk) for source in all_sources(current, now)]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Sources",
        "rooms": [
            {"name": Ledger(ledger).label, "sources": list(own)}
            for ledger, own in groupby(rows, key=lambda row: row["ledger"])
        ],
        "broken": sorted((name, why) for name, why in broken.items() if name not in collectors),
        "disk": _disk(disk),
        "as_of": stamp(current.as_of),
        "zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "admin/ledgers/sources.html", context)


@sensitive_post_parameters()
def source_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one source, and do to it what its operator asks."""
    _demand(request, SEES)
    collector = collectors.get(slug)
    if collector is None:
        raise Http404(f"There is no source {slug}.")
    now = timezone.now()
    wrong: dict[str, forms.Form] = {}
    if request.method == "POST":
        wrong = _do(request, collector, now)
        if not wrong:
            return HttpResponseRedirect(request.path)
    (source,) = sources_of([collector], pair(), now)
    context = {
        **admin.site.each_context(request),
        "title": f"Source {source.slug}",
        **_detail(source, history_of(slug, now), budget(now)),
        "every_form": EveryForm(initial={"every": int(source.every.total_seconds())}),
        "keys_form": KeysForm(None, collector=collector),
        "password_form": PasswordForm(prefix=OWN),
        **wrong,
        "may_operate": request.user.has_perm(OPERATES),
        "may_keep_keys": request.user.has_perm(KEEPS_KEYS),
        "zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "admin/ledgers/source.html", context)


def send(job: str, slot_id: int) -> None:
    """Send the task of a job to the workers."""
    current_app.send_task(task_of(job), [slot_id])


def _do(request: HttpRequest, collector: Collector, now: datetime) -> dict[str, forms.Form]:
    """Do what was asked; return the forms with which something is wrong, as the page names them."""
    asked = request.POST.get("do", "")
    if asked in ("keys", "forget"):
        _demand(request, KEEPS_KEYS)
        return (_keep if asked == "keys" else _forget)(request, collector)
    _demand(request, OPERATES)
    if asked == "every":
        return _set_every(request, collector)
    if asked == "test":
        _tell_probe(request, _probed(collector, now))
    elif asked in ACTS:
        level, said = ACTS[asked](job_name(collector), now)
        messages.add_message(request, level, said)
    return {}


def _run_now(job: str, now: datetime) -> tuple[int, str]:
    if operating.run_now([job], now, send):
        return messages.SUCCESS, "Sent. A worker looks at it now; see its last runs."
    return messages.WARNING, "It is off. Nothing was sent."


def _pause(job: str, now: datetime) -> tuple[int, str]:  # noqa: ARG001  # like its siblings
    operating.pause([job])
    return messages.SUCCESS, "Paused. It is not looked at until it is resumed."


def _resume(job: str, now: datetime) -> tuple[int, str]:  # noqa: ARG001  # like its siblings
    operating.resume([job])
    return messages.SUCCESS, "Resumed. It is looked at when it is next due."


ACTS: dict[str, Callable[[str, datetime], tuple[int, str]]] = {
    "run": _run_now,
    "pause": _pause,
    "resume": _resume,
}


def _set_every(request: HttpRequest, collector: Collector) -> dict[str, forms.Form]:
    form = EveryForm(request.POST)
    if not form.is_valid():
        return {"every_form": form}
    every = timedelta(seconds=form.cleaned_data["every"])
    if operating.set_every(job_name(collector), every):
        messages.success(request, f"From now on it is looked at every {spoken(every)}.")
    else:
        messages.warning(request, "It is off: its schedule begins when it is on.")
    return {}


def _keep(request: HttpRequest, collector: Collector) -> dict[str, forms.Form]:
    """Keep the values, if all are there and the operator's own password is."""
    form = KeysForm(request.POST, collector=collector)
    own = PasswordForm(request.POST, prefix=OWN)
    is_whole = bool(form.fields) and form.is_valid()
    if not is_whole or not is_confirmed(own, request, what=KEEPS):
        return {"keys_form": form, "password_form": own}
    actor = request.user.get_username()
    credentials.store_secret(owner_of(collector), form.cleaned_data, actor=actor)
    ask_again()
    messages.success(request, "Kept, encrypted. The next look uses it.")
    return {}


def _forget(request: HttpRequest, collector: Collector) -> dict[str, forms.Form]:
    own = PasswordForm(request.POST, prefix=OWN)
    if not is_confirmed(own, request, what=FORGETS):
        return {"password_form": own}
    credentials.forget(owner_of(collector), actor=request.user.get_username())
    ask_again()
    messages.success(request, "Forgotten.")
    return {}


def _probed(collector: Collector, now: datetime) -> Probe:
    """Ask the source once, without storing anything."""
    return probe(collector, RequestsHttp(collector, attempts=1), [Replay(load(SHIPPED))], now=now)


def _tell_probe(request: HttpRequest, one: Probe) -> None:
    """Say how the source answered."""
    counts = f"{one.records} records, {one.rejects} rejected, nothing stored."
    match one.state:
        case "failed":
            messages.error(request, f"The test failed. {one.error}")
        case "nothing to ask":
            messages.warning(request, "It has nothing to ask for.")
        case "differs":
            told = "; ".join(one.differences)
            messages.warning(request, f"{one.feed} answers: {counts} Its shape differs: {told}.")
        case "same":
            messages.success(request, f"{one.feed} answers as it did when recorded: {counts}")
        case "unrecorded":
            messages.success(request, f"{one.feed} answers: {counts} No recording to compare with.")


def _demand(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _row(source: Source, disk: Budget) -> dict[str, Any]:
    """Return what the list shows of one source."""
    state, grows = source.worst, disk.of(source.slug)
    looked = source.last
    return {
        "slug": source.slug,
        "ledger": source.collector.ledger,
        "work": source.work,
        "work_colour": WORK[source.work],
        "why": source.why,
        "state": state.label if state else "",
        "state_colour": COLOURS[state.label] if state else "",
        "reason": state.reason if state else "",
        "age": _age(state) if state else "",
        "feeds": len(source.feeds),
        "every": spoken(source.every),
        "last": f"{looked.outcome}, {_since(looked.started_at)}" if looked else "",
        "rows": f"{grows.rows:,}",
        "size": filesizeformat(grows.size),
    }


def _since(moment: datetime) -> str:
    said = ago(moment)
    return said if said == "just now" else f"{said} ago"


def _age(state: FeedState) -> str:
    """Write how long ago a feed's coverage ended."""
    return _since(state.covered_until) if state.covered_until else "never"


def _lag(history: History) -> dict[str, str]:
    """Return how late the newest rows came: to the second, but of days only these."""
    if history.newest is None or history.lag is None:
        return {}
    mean, longest = map(_width, (history.lag.mean, history.lag.longest))
    stored = _since(history.newest.started_at)
    return {
        "mean": mean,
        "note": f"At most {longest}, of {history.lag.rows} rows stored {stored}.",
    }


def _width(lag: timedelta) -> str:
    return spoken(lag) if lag >= DAY else str(timedelta(seconds=round(lag.total_seconds())))


def _left(days: int | None) -> str:
    """Write for how many days the disk lasts; of more than ten years nobody knows."""
    if days is None:
        return "unknown"
    return f"{days:,}" if days < MANY_DAYS else f"over {MANY_DAYS:,}"


def _disk(disk: Budget) -> list[dict[str, str]]:
    """Return the cards about the disk."""
    growth = disk.growth
    free = filesizeformat(disk.free) if disk.free is not None else "unknown"
    where = (
        "On the volume of the database."
        if disk.free is not None
        else "The server is another machine: set OMC_DATABASE_DISK."
    )
    return [
        _card("Database", filesizeformat(disk.used), "Facts, raw payloads, indexes."),
        _card(
            "Grows a day", filesizeformat(growth.size), f"{growth.rows:,} rows, of the last days."
        ),
        _card("Free", free, where),
        _card(
            "Days left",
            _left(disk.days_left),
            "At this pace, without what retention drops.",
        ),
    ]


def _card(title: str, value: str, note: str) -> dict[str, str]:
    return {"title": title, "value": value, "note": note}


def _detail(source: Source, history: History, disk: Budget) -> dict[str, Any]:
    """Return what the page of one source shows."""
    row = _row(source, disk)
    schedule = source.schedule
    rests_until = schedule.rests_until if schedule else None
    return {
        "source": row,
        "docs": (type(source.collector).__doc__ or "").split()[0].rstrip(",."),
        "hosts": ", ".join(source.collector.hosts),
        "budget": source.collector.requests_per_minute,
        "default_every": spoken(source.collector.every),
        "days_left": _left(disk.days_left) if disk.days_left is not None else "",
        "failures": schedule.failures if schedule else 0,
        "rests_until": stamp(rests_until) if rests_until else "",
        "lag": _lag(history),
        "error": history.error,
        "feeds": [
            {
                "name": feed.name,
                "every": spoken(feed.every) if feed.every else "on demand",
                "state": state.label,
                "colour": COLOURS[state.label],
                "age": _age(state),
                "reason": state.reason.removeprefix(f"{feed.name} is "),
            }
            for feed, state in zip(source.feeds, source.judged, strict=True)
        ],
        "runs": [(run, OUTCOMES[run.outcome]) for run in history.runs],
        "keys": keys_of(source.collector),
    }


urlpatterns = [
    path("", admin.site.admin_view(sources_page), name="sources"),
    path("<slug:slug>/", admin.site.admin_view(source_page), name="source"),
]
