"""The formats that can be imported, by name."""

from __future__ import annotations

from ledgers.exchange.importing import coinspot, omc
from ledgers.exchange.importing.drafts import Format

FORMATS: dict[str, Format] = {one.name: one for one in (coinspot.FORMAT, omc.FORMAT)}
HOME_ZONE = "Australia/Melbourne"
"""The zone of times without one, where the format has such times."""
