"""The keys of venues and sources: encrypted at rest, write-only, every use written down.

Each value is sealed by AES-256-GCM under a master key from the environment. Its owner and name
are authenticated with it, so that a ciphertext moved to another row opens nothing there. A row
names the master key that sealed it; the first key seals, the fallbacks only open, until
`manage.py rotate_keys` has sealed everything anew.

Nothing here puts a value into a log, an exception or a repr.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from ledgers.models import Credential, CredentialUse

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SHOWN: Final = 4
MAX_PURPOSE: Final = 200
LONG_ENOUGH: Final = 16
"""Of a shorter value four signs would tell too much; it is masked whole."""
Action = CredentialUse.Action


class CredentialError(Exception):
    """A stored key cannot be used; the message says which and what to do, never its value."""


class Secrets(dict[str, str]):
    """The values of one owner by name, which do not show themselves."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self))})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """One AES-256 key; its id is a digest, so that nobody has to choose and keep names."""

    value: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Return what rows sealed by this key name."""
        return hashlib.sha256(b"omc credential key\0" + self.value).hexdigest()[:16]

    @sensitive_variables()
    def seal(self, credential: Credential, value: str) -> None:
        """Put the value into the row, encrypted."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.value).encrypt(nonce, value.encode(), _bound_to(credential))
        credential.key_id, credential.sealed = self.id, nonce + sealed

    @sensitive_variables()
    def open(self, credential: Credential) -> str:
        """Return the value of a row that this key sealed, or raise `CredentialError`."""
        kept = bytes(credential.sealed)
        nonce, sealed = kept[:NONCE_BYTES], kept[NONCE_BYTES:]
        try:
            return AESGCM(self.value).decrypt(nonce, sealed, _bound_to(credential)).decode()
        except (InvalidTag, ValueError):
            raise CredentialError(
                f"{credential} was changed in the database and opens no more. Enter it again."
            ) from None


@sensitive_variables()
def store_secret(owner: str, values: Mapping[str, str], *, actor: str) -> None:
    """Keep the values of an owner, such as `source:<slug>`, instead of all it had."""
    if not values or not all(values.values()):
        raise CredentialError(f"A value for {owner} is empty. Give all of them, or forget it.")
    newest = _master_keys()[0]
    with transaction.atomic():
        Credential.objects.filter(owner=owner).exclude(name__in=values).delete()
        for name, value in sorted(values.items()):
            row = Credential(owner=owner, name=name, hint=_hint(value))
            newest.seal(row, value)
            Credential.objects.update_or_create(
                owner=owner,
                name=name,
                defaults={"key_id": row.key_id, "sealed": row.sealed, "hint": row.hint},
            )
        _note(owner, Action.STORED, actor=actor)


def secret_of(owner: str, *, purpose: str) -> dict[str, str]:
    """Return the values of an owner by name, empty if it has none.

    The use is committed before a value is handed out; within another transaction, which might
    take the note back, it is refused.
    """
    rows = list(Credential.objects.filter(owner=owner))
    if not rows:
        return Secrets()
    with transaction.atomic(durable=True):
        _note(owner, Action.USED, purpose=purpose)
    keys = {key.id: key for key in _master_keys()}
    return Secrets({row.name: _key_of(row, keys).open(row) for row in rows})


def masked(owner: str) -> dict[str, str]:
    """Return what may be shown of the values of an owner; no key is needed to know it."""
    return dict(Credential.objects.filter(owner=owner).values_list("name", "hint"))


def forget(owner: str, *, actor: str) -> None:
    """Delete the values of an owner; the audit of their uses stays."""
    with transaction.atomic():
        deleted, _ = Credential.objects.filter(owner=owner).delete()
        if deleted:
            _note(owner, Action.FORGOTTEN, actor=actor)


def refuse(owner: str, *, reason: str) -> None:
    """Note that the venue refused the values; they stay refused until others are stored."""
    _note(owner, Action.REFUSED, purpose=reason[:MAX_PURPOSE])


def refusal_of(owner: str) -> str:
    """Return why the venue refused the values that are stored now; empty if it did not."""
    newest = CredentialUse.objects.filter(owner=owner, action__in=(Action.STORED, Action.REFUSED))
    last = newest.order_by("id").last()
    return last.purpose if last and last.action == Action.REFUSED else ""


def rotate(*, actor: str) -> int:
    """Seal anew, under the first key, whatever another one sealed; return how many values.

    All or nothing: a value that no key opens leaves everything as it was and is named.
    """
    newest, *_ = keys = _master_keys()
    by_id = {key.id: key for key in keys}
    with transaction.atomic():
        rows = list(Credential.objects.select_for_update().exclude(key_id=newest.id))
        for row in rows:
            newest.seal(row, _key_of(row, by_id).open(row))
            row.save(update_fields=["key_id", "sealed"])
        for owner in sorted({row.owner for row in rows}):
            _note(owner, Action.ROTATED, actor=actor)
    return len(rows)


def _note(owner: str, action: str, *, actor: str = "", purpose: str = "") -> None:
    CredentialUse.objects.create(owner=owner, action=action, actor=actor, purpose=purpose)


def _hint(value: str) -> str:
    return f"…{value[-SHOWN:]}" if len(value) >= LONG_ENOUGH else "…"


def _bound_to(credential: Credential) -> bytes:
    """Return what is authenticated with the value: whose it is and what it is called."""
    return f"{credential.owner}\0{credential.name}".encode()


def _key_of(credential: Credential, keys: Mapping[str, MasterKey]) -> MasterKey:
    try:
        return keys[credential.key_id]
    except KeyError:
        raise CredentialError(
            f"{credential} was encrypted under the key {credential.key_id}, which this "
            "installation does not have. Set OMC_CREDENTIAL_KEY to it, or add it to "
            "OMC_CREDENTIAL_KEY_FALLBACKS; if it is lost, enter the credential again."
        ) from None


@sensitive_variables()
def _master_keys() -> list[MasterKey]:
    """Return the key that seals, then those that only open."""
    fallbacks = settings.OMC_CREDENTIAL_KEY_FALLBACKS
    return [
        _master_key(settings.OMC_CREDENTIAL_KEY, "OMC_CREDENTIAL_KEY"),
        *(_master_key(each, "OMC_CREDENTIAL_KEY_FALLBACKS") for each in fallbacks),
    ]


@sensitive_variables()
def _master_key(written: str, variable: str) -> MasterKey:
    try:
        value = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != KEY_BYTES:
        raise CredentialError(
            f"{variable} does not hold {KEY_BYTES} bytes in base64. To make a key: "
            'python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
        )
    return MasterKey(value=value)
