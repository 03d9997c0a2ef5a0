"""The page on which a user enters the key of an account, and which never shows it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminPasswordWidget

from ledgers import credentials
from ledgers.exchange import keys
from ledgers.exchange.keys import KEY, SECRET, VENUE, KeyRefusedError
from ledgers.exchange.models import Account
from ledgers.models import CredentialUse

SHOWN_USES = 20
HIDDEN = UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})


class KeyForm(forms.Form):
    """Key and secret; what was typed is never written back into the page."""

    key = forms.CharField(max_length=200, widget=HIDDEN)
    secret = forms.CharField(max_length=200, widget=HIDDEN)


def may_set_key(request: HttpRequest, account: Account) -> bool:
    """Tell whether the key of an account is the reader's business: the owner's or a superuser's."""
    user = request.user
    return account.venue == VENUE and bool(user.is_superuser or account.user_id == user.pk)


@sensitive_post_parameters(KEY, SECRET)
def key_page(request: HttpRequest, account_id: int, site: AdminSite) -> HttpResponse:
    """Show what may be shown of a key and when it was used; keep another or forget it."""
    account = Account.objects.select_related("user").filter(pk=account_id).first()
    if account is None or not may_set_key(request, account):
        raise Http404(f"There is no account {account_id} whose key you may set.")
    form = KeyForm(request.POST or None)
    if request.method == "POST" and _was_done(request, account, form):
        return HttpResponseRedirect(request.path)
    owner = keys.owner_of(account.pk)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": f"Key of {account.name}",
        "account": account,
        "form": form,
        "masked": credentials.masked(owner),
        "refusal": credentials.refusal_of(owner),
        "uses": CredentialUse.objects.filter(owner=owner).order_by("-id")[:SHOWN_USES],
    }
    return TemplateResponse(request, "admin/exchange/key.html", context)


def _was_done(request: HttpRequest, account: Account, form: KeyForm) -> bool:
    """Do what was asked; what is wrong with it is told by the form."""
    actor = request.user.get_username()
    if "forget" in request.POST:
        keys.remove_key(account, actor=actor)
        messages.success(request, "The key was forgotten.")
        return True
    if "test" in request.POST:
        _test(request, account)
        return True
    if not form.is_valid():
        return False
    try:
        keys.set_key(account, form.cleaned_data[KEY], form.cleaned_data[SECRET], actor=actor)
    except KeyRefusedError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, "The key is kept, encrypted. The next look at the account uses it.")
    return True


def _test(request: HttpRequest, account: Account) -> None:
    """Say whether the stored key works and is read-only."""
    try:
        keys.test_key(account)
    except KeyRefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The key works, and it is read-only.")
