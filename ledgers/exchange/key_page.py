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
from ledgers.password_forms import PasswordForm, is_confirmed, password_field

SHOWN_USES = 20
KEEPS, FORGETS = "exchange-key", "exchange-key-removal"
FORGET_ID = "id_forget_%s"
HIDDEN = UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})


class KeyForm(forms.Form):
    """Key, secret and the password; what was typed is never written back into the page."""

    key = forms.CharField(max_length=200, widget=HIDDEN)
    secret = forms.CharField(max_length=200, widget=HIDDEN)
    password = password_field()


def may_set_key(request: HttpRequest, account: Account) -> bool:
    """Tell whether the key of an account is the reader's business: the owner's or a superuser's."""
    user = request.user
    return account.venue == VENUE and bool(user.is_superuser or account.user_id == user.pk)


@sensitive_post_parameters()
def key_page(request: HttpRequest, account_id: int, site: AdminSite) -> HttpResponse:
    """Show what may be shown of a key and when it was used; keep another or forget it."""
    account = Account.objects.select_related("user").filter(pk=account_id).first()
    if account is None or not may_set_key(request, account):
        raise Http404(f"There is no account {account_id} whose key you may set.")
    form, forget = KeyForm(), PasswordForm(auto_id=FORGET_ID)
    if request.method == "POST":
        if "forget" in request.POST:
            forget = PasswordForm(request.POST, auto_id=FORGET_ID)
            is_done = _is_forgotten(request, account, forget)
        elif "test" in request.POST:
            is_done = _is_tested(request, account)
        else:
            form = KeyForm(request.POST)
            is_done = _is_kept(request, account, form)
        if is_done:
            return HttpResponseRedirect(request.path)
    owner = keys.owner_of(account.pk)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": f"Key of {account.name}",
        "account": account,
        "form": form,
        "forget": forget,
        "masked": credentials.masked(owner),
        "refusal": credentials.refusal_of(owner),
        "uses": CredentialUse.objects.filter(owner=owner).order_by("-id")[:SHOWN_USES],
    }
    return TemplateResponse(request, "admin/exchange/key.html", context)


def _is_forgotten(request: HttpRequest, account: Account, form: PasswordForm) -> bool:
    """Forget the key; what is wrong is told by the form."""
    if not is_confirmed(form, request, what=FORGETS):
        return False
    keys.remove_key(account, actor=request.user.get_username())
    messages.success(request, "The key was forgotten.")
    return True


def _is_kept(request: HttpRequest, account: Account, form: KeyForm) -> bool:
    """Keep another key; what is wrong with it is told by the form."""
    if not is_confirmed(form, request, what=KEEPS):
        return False
    given, actor = form.cleaned_data, request.user.get_username()
    try:
        keys.set_key(account, given[KEY], given[SECRET], actor=actor)
    except KeyRefusedError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, "The key is kept, encrypted. The next look at the account uses it.")
    return True


def _is_tested(request: HttpRequest, account: Account) -> bool:
    """Say whether the stored key works and is read-only."""
    try:
        keys.test_key(account)
    except KeyRefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The key works, and it is read-only.")
    return True
