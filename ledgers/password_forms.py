"""How a page asks for the password of who is logged in; it is never written back into the page."""

from __future__ import annotations

from typing import Final

import redis
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget

from ledgers.confirming import LONGEST, WRONG, TooManyTriesError, is_own_password

MISTAKEN: Final = "mistaken"
THROTTLED: Final = "throttled"
UNREACHABLE: Final = "unreachable"
"""What a form's errors are called, for a door that answers with a status."""


def password_field() -> forms.CharField:
    """Make the field in which a user says the password again, as it is."""
    return forms.CharField(
        label="Your password",
        max_length=LONGEST,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """The password alone: of who forgets a key."""

    password = password_field()


def is_confirmed(form: forms.Form, request: HttpRequest, *, what: str) -> bool:
    """Tell whether a form is right and holds the reader's own password, or say in it what is not.

    The form has a `password`. A form that is wrong otherwise costs none of the tries.
    """
    if not form.is_valid():
        return False
    try:
        if is_own_password(request.user, form.cleaned_data["password"], what=what):
            return True
        form.add_error("password", ValidationError(WRONG, code=MISTAKEN))
    except TooManyTriesError as error:
        form.add_error(None, ValidationError(str(error), code=THROTTLED))
    except redis.RedisError:
        said = "Your password cannot be checked now. Try again in a minute."
        form.add_error(None, ValidationError(said, code=UNREACHABLE))
    return False
