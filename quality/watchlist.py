"""Assets that a user watches: what is announced of them alerts that user, held or not.

WatchError           it cannot be watched; the text says why
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from ledgers.assets import symbol_of
from ledgers.models import Asset
from quality.models import Watch

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._$+-]{0,29}", re.ASCII)
"""How a symbol may be written; it is ours or a source's, in any case."""
MOST = 200
"""Assets that one user watches."""


class WatchError(ValueError):
    """Say why it cannot be watched."""


def watch(user_id: int, written: str, *, now: datetime) -> Watch:
    """Have a user hear of an asset from now on; once, however often it is asked for.

    A symbol that nobody knows yet can be watched too: its listing is what one waits for.
    """
    symbol = watchable(user_id, written)
    made, _ = Watch.objects.get_or_create(user_id=user_id, asset=symbol, defaults={"since": now})
    return made


def watchable(user_id: int, written: str) -> str:
    """Return the symbol that is meant, or raise if this user cannot watch it."""
    symbol = _symbol(written)
    if Watch.objects.filter(user_id=user_id).exclude(asset=symbol).count() >= MOST:
        raise WatchError(f"{MOST} assets are watched, the most there can be. Take one off first.")
    return symbol


def unwatch(user_id: int, written: str) -> bool:
    """Have a user hear of an asset no more; tell whether it was watched."""
    gone, _ = Watch.objects.filter(user_id=user_id, asset=_symbol(written)).delete()
    return bool(gone)


def known(symbols: Iterable[str]) -> set[str]:
    """Return those of the symbols that any source has named so far."""
    return set(Asset.objects.filter(pk__in=list(symbols)).values_list("pk", flat=True))


def _symbol(written: str) -> str:
    if not SYMBOL.fullmatch(written):
        raise WatchError(f"{written[:40]!r} is no symbol. It takes one such as BTC.")
    return symbol_of(written)
