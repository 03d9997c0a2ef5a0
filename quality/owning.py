"""Whose an account is: what a check has to say of it is that user's business."""

from __future__ import annotations

from collections.abc import Iterable

from ledgers.exchange.models import Account


def owners_of(accounts: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return the owner of each account, and what the account is called."""
    found = Account.objects.filter(pk__in=set(accounts))
    return {account.pk: (account.user_id, f"{account}") for account in found}
