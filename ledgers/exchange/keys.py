"""The keys with which users let us read their accounts at CoinSpot.

A key is proven to be read-only before it is kept: the venue's full API must refuse it. One that
the venue refuses later is not used again until its owner enters another.
"""

from __future__ import annotations

from typing import Final

from django.views.decorators.debug import sensitive_variables

from ledgers import credentials
from ledgers.collecting.collector import Http
from ledgers.collecting.errors import CollectError, NotConfiguredError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors, feed_of
from ledgers.credentials import CredentialError
from ledgers.exchange.coinspot_private import (
    FULL,
    READ_ONLY,
    KeyPair,
    KeyRejectedError,
    RequestRejectedError,
    call,
)
from ledgers.exchange.models import Account
from ledgers.models import Feed
from ledgers.wire import fetch

VENUE: Final = "coinspot"
SLUG: Final = "coinspot_ro"
OWNER: Final = "account:"
KEY, SECRET = "key", "secret"
WITH_KEYS = """
    SELECT account.id FROM exchange_account account WHERE account.venue = %(venue)s AND EXISTS (
        SELECT FROM ledgers_credential stored
        WHERE stored.owner = %(owner)s::text || account.id AND stored.name = %(name)s
    ) ORDER BY account.id
"""
"""Asked for with every portfolio, and to make Django write this takes longer than the answer."""


class KeyRefusedError(Exception):
    """We do not take this key; the message says why and what to do."""


def owner_of(account_id: int) -> str:
    """Return under which name the keys of an account are kept."""
    return f"{OWNER}{account_id}"


def accounts_with_keys() -> list[int]:
    """Return the accounts at CoinSpot that have a key."""
    question = {"venue": VENUE, "owner": OWNER, "name": KEY}
    return [account_id for (account_id,) in fetch(WITH_KEYS, question)]


@sensitive_variables()
def keys_of(account_id: int, *, purpose: str) -> KeyPair:
    """Return the keys of an account, or say why there are none to be used."""
    owner = owner_of(account_id)
    if reason := credentials.refusal_of(owner):
        raise NotConfiguredError(
            f"CoinSpot refused the key of account {account_id}: {reason} Enter a new one."
        )
    try:
        values = credentials.secret_of(owner, purpose=purpose)
        return KeyPair(key=values[KEY], secret=values[SECRET])
    except KeyError:
        raise NotConfiguredError(
            f"Account {account_id} has no key. Run manage.py set_key, or enter it in the admin."
        ) from None
    except CredentialError as error:
        raise NotConfiguredError(str(error)) from error


def note_refusal(account_id: int, error: KeyRejectedError) -> None:
    """Use the key of an account no more, because the venue refused it."""
    credentials.refuse(owner_of(account_id), reason=str(error))


@sensitive_variables()
def set_key(account: Account, key: str, secret: str, *, actor: str) -> None:
    """Keep a read-only key for an account, or raise `KeyRefusedError`."""
    keys = pair_of(account, key, secret)
    prove_read_only(keys)
    values = {KEY: keys.key, SECRET: keys.secret}
    try:
        credentials.store_secret(owner_of(account.pk), values, actor=actor)
    except CredentialError as error:
        raise KeyRefusedError(f"The key is good, but cannot be kept. {error}") from error
    described = feed_of(collectors[SLUG], str(account.pk))
    Feed.objects.bulk_create([described], ignore_conflicts=True)  # to be looked at from now on


@sensitive_variables()
def pair_of(account: Account, key: str, secret: str) -> KeyPair:
    """Return what was entered for an account, or say why it can be no key of it."""
    if account.venue != VENUE:
        raise KeyRefusedError(
            f"{account.name!r} is an account at {account.venue}. Only those at {VENUE} have keys."
        )
    keys = KeyPair(key=key.strip(), secret=secret.strip())
    for name, value in ((KEY, keys.key), (SECRET, keys.secret)):
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise KeyRefusedError(f"The {name} is empty or not what CoinSpot gives. Copy it again.")
    return keys


def test_key(account: Account) -> None:
    """Prove that the stored key of an account works and is read-only, or raise."""
    try:
        keys = keys_of(account.pk, purpose="test the key")
    except NotConfiguredError as error:
        raise KeyRefusedError(str(error)) from error
    prove_read_only(keys)


@sensitive_variables()
def prove_read_only(keys: KeyPair) -> None:
    """Raise `KeyRefusedError` unless the keys open the read-only API and that alone."""
    http = RequestsHttp(collectors[SLUG])
    try:
        call(http, keys, f"{READ_ONLY}/status")
    except CollectError as error:
        raise KeyRefusedError(f"CoinSpot does not take the key. {error}") from error
    _refuse_full_access(http, keys)


def remove_key(account: Account, *, actor: str) -> None:
    """Forget the key of an account."""
    credentials.forget(owner_of(account.pk), actor=actor)


@sensitive_variables()
def _refuse_full_access(http: Http, keys: KeyPair) -> None:
    """Refuse a key unless the venue's full API, which just answered on this host, refuses it."""
    try:
        call(http, keys, f"{FULL}/status")
    except (KeyRejectedError, RequestRejectedError):
        return
    except CollectError as error:
        raise KeyRefusedError(
            f"It could not be proven that the key is read-only. {error} Try again later."
        ) from error
    raise KeyRefusedError(
        "This key may trade and withdraw. Make a read-only key at "
        "https://www.coinspot.com.au/my/api and delete this one."
    )
