"""Whose an account is: what a check has to say of it is that user's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledgers.exchange.models import Account


class Owner(NamedTuple):
    """The user whose an account is, and what the account is called."""

    user_id: int
    account: str
    username: str


def owners_of(accounts: Iterable[int]) -> dict[int, Owner]:
    """Return the owner of each account."""
    found = Account.objects.filter(pk__in=set(accounts)).select_related("user")
    return {one.pk: Owner(one.user_id, f"{one}", one.user.get_username()) for one in found}
