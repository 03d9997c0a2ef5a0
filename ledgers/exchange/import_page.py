"""The page on which a user imports trades: first what would happen, then, if wanted, that it does.

The file waits in the cache between the two; one that is gone by then is asked for again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from ledgers.exchange.importing.formats import FORMATS
from ledgers.exchange.importing.reading import FileRefusedError
from ledgers.exchange.importing.reporting import ImportReport, as_text
from ledgers.exchange.importing.service import ImportAsk, ImportRefusedError, import_file

WAITS = 15 * 60
"""Seconds that a file waits for its user's word."""
SHOWN = 50


class ImportForm(forms.Form):
    """A file of trades, its format, and the account it goes into."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget)
    format = forms.ChoiceField(
        choices=[(name, name) for name in sorted(FORMATS)], widget=UnfoldAdminSelectWidget
    )
    account = forms.CharField(
        max_length=60,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of yours; a new name makes a new account. Empty: named after the format.",
    )


def import_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show what a file would bring into one's own account, or bring it in."""
    form = ImportForm(request.POST or None, request.FILES or None)
    report: ImportReport | None = None
    waiting = ""
    if request.method == "POST" and "confirm" in request.POST:
        if _was_imported(request):
            return HttpResponseRedirect(request.path)
        form = ImportForm()
    elif request.method == "POST" and form.is_valid():
        report, waiting = _previewed(request, form)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Import trades",
        "form": form,
        "report": report,
        "told": as_text(report) if report else "",
        "rejected": report.rejected[:SHOWN] if report else (),
        "waiting": waiting,
    }
    return TemplateResponse(request, "admin/exchange/import.html", context)


def _previewed(request: HttpRequest, form: ImportForm) -> tuple[ImportReport | None, str]:
    """Try the import without leaving a trace, and keep the file until its user decides."""
    upload, user = form.cleaned_data["file"], request.user.get_username()
    content = upload.read()
    ask = ImportAsk(
        file=upload.name,
        format=form.cleaned_data["format"],
        user=user,
        account=form.cleaned_data["account"],
        is_dry_run=True,
    )
    try:
        report = import_file(content, ask, now=timezone.now())
    except (FileRefusedError, ImportRefusedError) as error:
        form.add_error(None, f"{error} Nothing was imported.")
        return None, ""
    waiting = hashlib.sha256(content).hexdigest()
    cache.set(_place(user, waiting), (content, replace(ask, is_dry_run=False)), WAITS)
    return report, waiting


def _was_imported(request: HttpRequest) -> bool:
    """Import the file that waits, and say what it brought."""
    user = request.user.get_username()
    place = _place(user, request.POST["confirm"])
    kept = cache.get(place)
    if kept is None:
        messages.error(request, "The file has waited too long. Choose it again.")
        return False
    content, ask = kept
    try:
        report = import_file(content, ask, now=timezone.now())
    except (FileRefusedError, ImportRefusedError) as error:
        messages.error(request, f"{error} Nothing was imported.")
        return False
    cache.delete(place)
    level = messages.WARNING if report.rejected else messages.SUCCESS
    messages.add_message(request, level, as_text(report))
    return True


def _place(user: str, digest: str) -> str:
    """Return where a user's file waits; another user's is elsewhere."""
    return f"import:{hashlib.sha256(user.encode()).hexdigest()}:{digest[:64]}"
