"""The keys with which accounts trade at CoinSpot, each a credential apart from the read-only one.

A key is tried before it is kept: it must open the full API, and is refused if the venue tells
that it can withdraw. CoinSpot tells so of no key that we know; its owner has to see to that.
"""

from __future__ import annotations

from typing import Any, Final

from django.views.decorators.debug import sensitive_variables

from ledgers import credentials
from ledgers.collecting.errors import CollectError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.credentials import CredentialError
from ledgers.exchange.coinspot_private import FULL, KeyPair, KeyRejectedError, call
from ledgers.exchange.keys import KEY, SECRET, SLUG, VENUE, KeyRefusedError
from ledgers.exchange.models import Account
from ledgers.models import Credential

OWNER: Final = "trade:"
WITHDRAW: Final = "withdraw"
NO: Final = ("", "no", "false", "none", "0")


class NoKeyError(Exception):
    """An account has no key that may be used to trade; the message says what to do."""


def owner_of(account_id: int) -> str:
    """Return under which name the trading key of an account is kept."""
    return f"{OWNER}{account_id}"


def has_key(account_id: int) -> bool:
    """Tell whether a trading key is stored that the venue has not refused."""
    owner = owner_of(account_id)
    is_stored = Credential.objects.filter(owner=owner, name=KEY).exists()
    return is_stored and not credentials.refusal_of(owner)


@sensitive_variables()
def keys_of(account_id: int, *, purpose: str) -> KeyPair:
    """Return the trading key of an account, or raise `NoKeyError`."""
    owner = owner_of(account_id)
    if reason := credentials.refusal_of(owner):
        raise NoKeyError(f"CoinSpot refused the trading key: {reason} Enter a new one.")
    try:
        values = credentials.secret_of(owner, purpose=purpose)
        return KeyPair(key=values[KEY], secret=values[SECRET])
    except KeyError:
        raise NoKeyError(
            f"Account {account_id} has no trading key. Run manage.py set_trading_key, or enter it "
            "on the account's page."
        ) from None
    except CredentialError as error:
        raise NoKeyError(str(error)) from error


def note_refusal(account_id: int, error: KeyRejectedError) -> None:
    """Trade with the key of an account no more, because the venue refused it."""
    credentials.refuse(owner_of(account_id), reason=str(error))


@sensitive_variables()
def set_key(account: Account, key: str, secret: str, *, actor: str) -> None:
    """Keep a key that may trade for an account, or raise `KeyRefusedError`."""
    if account.venue != VENUE:
        raise KeyRefusedError(
            f"{account.name!r} is an account at {account.venue}. Only those at {VENUE} have keys."
        )
    keys = KeyPair(key=key.strip(), secret=secret.strip())
    for name, value in ((KEY, keys.key), (SECRET, keys.secret)):
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise KeyRefusedError(f"The {name} is empty or not what CoinSpot gives. Copy it again.")
    prove_trading(keys)
    values = {KEY: keys.key, SECRET: keys.secret}
    try:
        credentials.store_secret(owner_of(account.pk), values, actor=actor)
    except CredentialError as error:
        raise KeyRefusedError(f"The key is good, but cannot be kept. {error}") from error


def test_key(account: Account) -> None:
    """Prove that the stored key of an account may trade, or raise `KeyRefusedError`."""
    try:
        keys = keys_of(account.pk, purpose="test the key")
    except NoKeyError as error:
        raise KeyRefusedError(str(error)) from error
    prove_trading(keys)


@sensitive_variables()
def prove_trading(keys: KeyPair) -> None:
    """Raise `KeyRefusedError` unless the key opens the full API and is not told to withdraw."""
    try:
        told = call(RequestsHttp(collectors[SLUG]), keys, f"{FULL}/status").json()
    except CollectError as error:
        raise KeyRefusedError(
            f"CoinSpot does not take it as a key that may trade. {error} A read-only key cannot."
        ) from error
    if _tells_of_withdrawals(told):
        raise KeyRefusedError(
            "CoinSpot says that this key can withdraw. Make one that cannot, and delete this one."
        )


def remove_key(account: Account, *, actor: str) -> None:
    """Forget the trading key of an account."""
    credentials.forget(owner_of(account.pk), actor=actor)


def _tells_of_withdrawals(told: Any) -> bool:
    """Tell whether an answer names a right to withdraw: a member that is not no, or in a list."""
    if isinstance(told, dict):
        return any(
            (WITHDRAW in name.casefold() and str(value).casefold() not in NO)
            or _tells_of_withdrawals(value)
            for name, value in told.items()
        )
    if isinstance(told, list):
        return any(
            WITHDRAW in one.casefold() if isinstance(one, str) else _tells_of_withdrawals(one)
            for one in told
        )
    return False
