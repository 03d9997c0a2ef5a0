"""Which asset is meant: by a source's symbol, or in running text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ledgers.catalogue import CATALOGUE
from ledgers.models import Asset

NAMING = ("asset", "currency", "base", "quote", "fee_asset")
MIN_SYMBOL = 3


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
    """Return the symbols of the assets that a text names, sorted.

    Names and lower-case aliases match as whole words in any case, except that a name which is
    an ordinary word must be capitalised. Symbols match only in upper case, and short ones only
    behind a dollar sign or in parentheses.
    """
    return sorted({symbol for symbol, pattern in _patterns() if pattern.search(text)})


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


ORDINARY_WORDS = {
    "Avalanche",
    "Compound",
    "Cosmos",
    "Curve",
    "Maker",
    "Near",
    "Optimism",
    "Pepe",
    "Stellar",
    "Sui",
    "Tether",
}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (known.symbol, re.compile("|".join(_ways(known.symbol, known.name, known.aliases))))
        for known in CATALOGUE
        if not known.is_fiat
    )


def _ways(symbol: str, name: str, aliases: tuple[str, ...]) -> Iterator[str]:
    r"""Yield the ways in which a text may name one asset."""
    quoted = re.escape(symbol)
    yield rf"\${quoted}\b|\({quoted}\)"
    if len(symbol) >= MIN_SYMBOL:
        yield rf"\b{quoted}\b"
    words = (name, *(alias for alias in aliases if not alias.isupper()))
    for word in words:
        if word != symbol:
            flag = "" if word in ORDINARY_WORDS else "i"
            yield rf"(?{flag}:\b{re.escape(word)}\b)"
