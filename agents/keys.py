"""A user's own key of the language model: encrypted, write-only, every use written down.

The endpoint is the installation's (`OPENAI_BASE_URL`), never the user's, so that no key leads to
another host. A key is tried before it is kept: it must open the endpoint's list of models. One
that the endpoint refuses later is used no more until another is stored.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import httpx
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from ledgers import credentials

OWNER: Final = "model:"
NAME: Final = "api_key"
LONGEST: Final = 500
SHORTEST: Final = 8
PATIENCE: Final = 10.0
OPENAI: Final = "https://api.openai.com/v1"
NO_KEY = (401, 403)


class Try(StrEnum):
    """What is tried with a key; each is counted by itself, so that one can always be forgotten."""

    STORE = "model-key"
    FORGET = "model-key-removal"


class KeyRefusedError(ValueError):
    """A key that cannot be stored or used; the message says why and what to do, never the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A user's key, which does not show itself."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """What may be shown of a user's key: its last signs, and why it is refused, if it is."""

    is_set: bool
    hint: str
    refused: str


def owner_of(user_id: int) -> str:
    """Return under which name the key of a user is kept."""
    return f"{OWNER}{user_id}"


def status_of(user_id: int) -> KeyStatus:
    """Return what may be shown of a user's key."""
    hint = credentials.masked(owner_of(user_id)).get(NAME, "")
    refused = credentials.refusal_of(owner_of(user_id)) if hint else ""
    return KeyStatus(is_set=bool(hint), hint=hint, refused=refused)


@sensitive_variables()
def own_key(user_id: int | None, *, purpose: str) -> OwnKey | None:
    """Return the user's key, or None without one; raise `KeyRefusedError` for a refused one.

    The use is written down before the key is handed out. Not within a transaction.
    """
    if user_id is None:
        return None
    check_usable(user_id)
    try:
        values = credentials.secret_of(owner_of(user_id), purpose=purpose)
    except credentials.CredentialError as error:
        raise KeyRefusedError(f"Your model key cannot be read: {error}") from None
    return OwnKey(value=values[NAME]) if NAME in values else None


def check_usable(user_id: int) -> None:
    """Raise `KeyRefusedError` when the endpoint has refused the key that is stored."""
    if refused := status_of(user_id).refused:
        raise KeyRefusedError(
            f"Your model key is refused: {refused} Enter another one, remove it, or ask in the "
            "mode planner."
        )


def note_refusal(user_id: int, *, reason: str) -> None:
    """Use the user's key no more, because the endpoint refused it."""
    credentials.refuse(owner_of(user_id), reason=reason)


@sensitive_variables()
def set_key(user_id: int, key: str, *, actor: str) -> KeyStatus:
    """Try a key and keep it, or raise `KeyRefusedError`; the door has counted the try."""
    value = key.strip()
    if not SHORTEST <= len(value) <= LONGEST or not value.isascii() or not _is_one_word(value):
        raise KeyRefusedError("That is no key. Copy it again from where you got it.")
    _prove(value)
    credentials.store_secret(owner_of(user_id), {NAME: value}, actor=actor)
    return status_of(user_id)


def remove_key(user_id: int, *, actor: str) -> None:
    """Forget the key of a user; the audit of its uses stays."""
    credentials.forget(owner_of(user_id), actor=actor)


def _is_one_word(value: str) -> bool:
    return value.isprintable() and " " not in value


@sensitive_variables()
def _prove(value: str) -> None:
    """Raise `KeyRefusedError` unless the endpoint opens its list of models to the key."""
    box: dict[str, int] = {}
    thread = threading.Thread(target=_request, args=(value, box), name="omc-key", daemon=True)
    thread.start()
    thread.join(PATIENCE)  # by our clock: a library's time-out counts each read anew
    status = box.get("status")
    if status in NO_KEY:
        raise KeyRefusedError("The endpoint does not take this key. Make a new one there.")
    if status is None or status >= 500:  # noqa: PLR2004  # HTTP's own numbers
        raise KeyRefusedError("The endpoint does not answer, the key was not kept. Try later.")


@sensitive_variables()
def _request(value: str, box: dict[str, int]) -> None:
    url = f"{(settings.OPENAI_BASE_URL or OPENAI).rstrip('/')}/models"
    headers = {"Authorization": f"Bearer {value}"}
    try:
        with (
            httpx.Client(timeout=PATIENCE, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as reply,
        ):
            box["status"] = reply.status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return
