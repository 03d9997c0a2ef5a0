"""The findings of image scans that somebody has accepted, for a time and with a reason."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

from infra.deploy.errors import RefusedError

FILE = Path(__file__).with_name("accepted_findings.toml")


def accepted(today: date, *, file: Path = FILE) -> frozenset[str]:
    """Return the ids that are accepted today; refuse an entry without reason or last day."""
    found = set()
    for entry in tomllib.loads(file.read_text()).get("accepted", []):
        until = entry.get("until")
        if not entry.get("id") or not entry.get("reason") or not isinstance(until, date):
            raise RefusedError(
                f"{file.name}: {entry} needs id, reason and until (a date). "
                "Complete it or remove it."
            )
        if today <= until:
            found.add(entry["id"])
    return frozenset(found)
