"""The values that a plug-in cannot work without: from the environment, else from the admin.

`OMC_<SLUG>_<NAME>` (or a file, `OMC_<SLUG>_<NAME>_FILE`) wins over what is stored encrypted. What
is stored is opened once a round, in the thread that may use the database: see `opened`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from ledgers.collecting.collector import Collector
from ledgers.collecting.errors import NotConfiguredError
from ledgers.credentials import CredentialError, secret_of
from ledgers.models import Credential

logger = logging.getLogger(__name__)

OWNER = "source:"
REMEMBERED = 15.0
"""For how many seconds a process believes which names are stored, before it asks again."""

_opened: ContextVar[Mapping[str, str] | None] = ContextVar("opened", default=None)


@dataclass(slots=True)
class _Stored:
    """Which names are stored, as last asked: every read of a ledger wants to know."""

    names: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    until: float = 0.0


_stored = _Stored()


def variable_of(collector: Collector, name: str) -> str:
    """Return the variable of the environment that holds a value of a source."""
    return f"OMC_{_shouted(collector.slug)}_{_shouted(name)}"


def owner_of(collector: Collector) -> str:
    """Return under which name the stored keys of a source are kept."""
    return f"{OWNER}{collector.slug}"


def value_of(collector: Collector, name: str) -> str:
    """Return one value that a source needs, or say how to give it."""
    if given := _from_environment(collector, name):
        return given
    stored = _opened.get()
    if stored is None:
        stored = _open_stored(collector)
    try:
        return stored[name]
    except KeyError:
        raise NotConfiguredError(
            f"{collector.slug} lacks {name}. Set {variable_of(collector, name)}, or enter it in "
            "the admin under Sources."
        ) from None


def missing(collector: Collector) -> list[str]:
    """Return the names of the values that are neither in the environment nor stored."""
    absent = [need.name for need in collector.needs if not is_given(collector, need.name)]
    if not absent:
        return []
    owner = owner_of(collector)
    return [name for name in absent if (owner, name) not in _names()]


def is_given(collector: Collector, name: str) -> bool:
    """Tell whether the environment gives a value; whether a file can be read is seen later."""
    variable, given = variable_of(collector, name), settings.OMC_SOURCE_KEYS
    return bool(given.get(f"{variable}_FILE") or given.get(variable))


def _from_environment(collector: Collector, name: str) -> str:
    """Return a value that the environment gives, or a file that it names; else nothing."""
    variable = variable_of(collector, name)
    file = settings.OMC_SOURCE_KEYS.get(f"{variable}_FILE", "")
    if not file:
        return str(settings.OMC_SOURCE_KEYS.get(variable, ""))
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise NotConfiguredError(
            f"{variable}_FILE names {file}, which cannot be read: {error.strerror}."
        ) from error


@contextmanager
def opened(collector: Collector) -> Iterator[None]:
    """Open the stored values of a source for what runs in this context: one audited use a round."""
    token = _opened.set(_open_stored(collector))
    try:
        yield
    finally:
        _opened.reset(token)


def _open_stored(collector: Collector) -> Mapping[str, str]:
    """Return the stored values; those that open no more are missing, and the log says why."""
    if all(is_given(collector, need.name) for need in collector.needs):
        return {}
    try:
        return secret_of(owner_of(collector), purpose="ask the source")
    except CredentialError:
        logger.exception("The stored keys of %s cannot be used.", collector.slug)
        return {}


def ask_again() -> None:
    """Forget which names are stored, after one was stored or deleted."""
    _stored.until = 0.0


def remember(names: frozenset[tuple[str, str]]) -> None:
    """Believe for a while that exactly these values (owner, name) are stored."""
    _stored.names, _stored.until = names, time.monotonic() + REMEMBERED


def _names() -> frozenset[tuple[str, str]]:
    """Return the owner and name of every stored value of a source, a few seconds old at most."""
    if time.monotonic() >= _stored.until:
        rows = Credential.objects.filter(owner__startswith=OWNER)
        remember(frozenset(rows.values_list("owner", "name")))
    return _stored.names


def _shouted(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())
