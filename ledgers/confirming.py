"""Whoever is logged in shows again who it is: before keys change, and before orders go on.

A session that somebody else sits at does not know the password, and may not guess it: each purpose
is counted by itself, so that whoever used up the tries to store a key can still have it forgotten.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables

from ledgers.rates import admit

TRIES: Final = 10
WITHIN: Final = timedelta(hours=1)
LONGEST: Final = 128
"""Characters of a password."""
WRONG: Final = "This is not your password."


class TooManyTriesError(RuntimeError):
    """So many passwords were tried that the next one has to wait; `wait` says how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too many tries. Wait {ceil(wait / timedelta(minutes=1))} minutes.")
        self.wait = wait


@sensitive_variables()
def is_own_password(user: AbstractBaseUser | AnonymousUser, password: str, *, what: str) -> bool:
    """Count a try, right or wrong, at what the password is for; tell whether it is the user's own.

    Raise `TooManyTriesError` after ten in an hour, and `redis.RedisError` when they cannot be
    counted: then no password is looked at. Nobody who is not logged in has one.
    """
    if not user.is_authenticated:
        return False
    if wait := admit(f"{what}:{user.pk}", limit=TRIES, window=WITHIN):
        raise TooManyTriesError(wait)
    return bool(user.check_password(password))
