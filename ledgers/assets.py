"""Which asset is meant: by a source's symbol, or in running text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ledgers.catalogue import CATALOGUE
from ledgers.mentions import ENOUGH, mentions
from ledgers.models import Asset

NAMING = ("asset", "currency", "base", "quote", "fee_asset")


@cache
def _symbols() -> dict[str, str]:
    """Map every symbol a source may use to ours."""
    own = {known.symbol: known.symbol for known in CATALOGUE}
    aliases = {alias: known.symbol for known in CATALOGUE for alias in known.aliases}
    return {alias: symbol for alias, symbol in aliases.items() if alias.isupper()} | own


def symbol_of(written: str) -> str:
    """Return our symbol for what a source writes: `ans` is NEO, `str` is XLM, XBT is BTC."""
    upper = written.strip().upper()
    return _symbols().get(upper, upper)


def assets_in(text: str) -> list[str]:
    """Return the symbols of the assets that a text names with enough confidence, sorted."""
    return [found.symbol for found in mentions(text) if found.confidence >= ENOUGH]


def note_assets(records: Iterable[Any]) -> list[str]:
    """Keep every asset that the records name and nobody knows, unverified; return the new ones."""
    named = {symbol for record in records for symbol in _named(record)}
    known = set(Asset.objects.filter(pk__in=named).values_list("pk", flat=True))
    unknown = sorted(named - known)
    Asset.objects.bulk_create(
        (Asset(symbol=symbol, name=symbol) for symbol in unknown), ignore_conflicts=True
    )
    return unknown


def _named(record: Any) -> Iterator[str]:
    for name in NAMING:
        if symbol := getattr(record, name, ""):
            yield symbol
    yield from getattr(record, "assets", ())
