"""The page on which the owner of an account enters a key of it, and which never shows it again.

An account has keys of several kinds, each with a page of its own and all in one face. They are the
owner's business: a superuser sees whether there is one and what was done with it, and may have it
forgotten, never enter, try or see one, not even its last signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
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
FORGET_ID = "id_forget_%s"
HIDDEN = UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyKind:
    """What the page does with the keys of one kind, and what it says.

    `stores` and `forgets` name what the password is for: its tries are counted apart.
    """

    title: str
    advice: str
    warning: str
    kept: str
    works: str
    stores: str
    forgets: str
    owner_of: Callable[[int], str]
    set_key: Callable[..., None]
    test_key: Callable[[Account], None]
    remove_key: Callable[..., None]


READING = KeyKind(
    title="Key of",
    advice=(
        "Make a read-only key at coinspot.com.au/my/api. It is tried once, refused if it may "
        "trade or withdraw, encrypted, and never shown again."
    ),
    warning="",
    kept="The key is kept, encrypted. The next look at the account uses it.",
    works="The key works, and it is read-only.",
    stores="exchange-key",
    forgets="exchange-key-removal",
    owner_of=keys.owner_of,
    set_key=keys.set_key,
    test_key=keys.test_key,
    remove_key=keys.remove_key,
)


class KeyForm(forms.Form):
    """Key, secret and the password; what was typed is never written back into the page."""

    key = forms.CharField(max_length=200, widget=HIDDEN)
    secret = forms.CharField(max_length=200, widget=HIDDEN)
    password = password_field()


def has_key_page(request: HttpRequest, account: Account) -> bool:
    """Tell whether the reader has business with the keys of an account: the owner, a superuser."""
    return account.venue == VENUE and (_owns(request, account) or bool(request.user.is_superuser))


@sensitive_post_parameters()
def key_page(
    request: HttpRequest, account_id: int, site: AdminSite, kind: KeyKind = READING
) -> HttpResponse:
    """Show what may be shown of a key and when it was used; keep another or forget it."""
    account = Account.objects.select_related("user").filter(pk=account_id).first()
    if account is None or not has_key_page(request, account):
        raise Http404(f"There is no account {account_id} whose key you may set.")
    form, forget = KeyForm(), PasswordForm(auto_id=FORGET_ID)
    if request.method == "POST":
        if "forget" in request.POST:
            forget = PasswordForm(request.POST, auto_id=FORGET_ID)
            is_done = _is_forgotten(request, account, forget, kind)
        elif not _owns(request, account):
            raise PermissionDenied("Only its owner enters and tries the key of an account.")
        elif "test" in request.POST:
            is_done = _is_tested(request, account, kind)
        else:
            form = KeyForm(request.POST)
            is_done = _is_kept(request, account, form, kind)
        if is_done:
            return HttpResponseRedirect(request.path)
    context = {**site.each_context(request), **_shown(request, account, kind)}
    context |= {"form": form, "forget": forget}
    return TemplateResponse(request, "admin/exchange/key.html", context)


def _shown(request: HttpRequest, account: Account, kind: KeyKind) -> dict[str, Any]:
    """Return what the page tells the reader of the key."""
    owner, is_own = kind.owner_of(account.pk), _owns(request, account)
    masked = credentials.masked(owner)
    return {
        "title": f"{kind.title} {account.name}",
        "kind": kind,
        "account": account,
        "is_own": is_own,
        "is_stored": bool(masked),
        "masked": masked if is_own else {},
        "refusal": credentials.refusal_of(owner),
        "uses": CredentialUse.objects.filter(owner=owner).order_by("-id")[:SHOWN_USES],
    }


def _owns(request: HttpRequest, account: Account) -> bool:
    return account.user_id == request.user.pk


def _is_forgotten(
    request: HttpRequest, account: Account, form: PasswordForm, kind: KeyKind
) -> bool:
    """Forget the key; what is wrong is told by the form."""
    if not is_confirmed(form, request, what=kind.forgets):
        return False
    kind.remove_key(account, actor=request.user.get_username())
    messages.success(request, "The key was forgotten.")
    return True


def _is_kept(request: HttpRequest, account: Account, form: KeyForm, kind: KeyKind) -> bool:
    """Keep another key; what is wrong with it is told by the form."""
    if not is_confirmed(form, request, what=kind.stores):
        return False
    given, actor = form.cleaned_data, request.user.get_username()
    try:
        kind.set_key(account, given[KEY], given[SECRET], actor=actor)
    except KeyRefusedError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, kind.kept)
    return True


def _is_tested(request: HttpRequest, account: Account, kind: KeyKind) -> bool:
    """Say whether the stored key works and may do what its kind may, and no more."""
    try:
        kind.test_key(account)
    except KeyRefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, kind.works)
    return True
