"""What one import did, or would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One line that was not imported, and why."""

    line: int
    reason: str
    detail: str
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """One import: each line under the header is new, known or rejected.

    `since` and `until` are the first and last event of the usable lines, `new_assets` what nobody
    knew before. A dry run has no `run`; a new account has no number yet in it.
    """

    file: str
    format: str
    user: str
    account: str
    account_id: int | None
    is_dry_run: bool
    run: int | None
    lines: int
    fills: int
    transfers: int
    known: int
    rejected: Sequence[Rejected]
    new_assets: Sequence[str]
    since: datetime | None
    until: datetime | None

    @property
    def is_unusable(self) -> bool:
        """Whether there were lines and none could be used."""
        return self.lines > 0 and len(self.rejected) == self.lines


def as_json(report: ImportReport) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "file": report.file,
        "format": report.format,
        "user": report.user,
        "account": report.account,
        "account_id": report.account_id,
        "dry_run": report.is_dry_run,
        "run": report.run,
        "lines": report.lines,
        "new": report.fills + report.transfers,
        "fills": report.fills,
        "orders": report.fills,
        "transfers": report.transfers,
        "duplicate": report.known,
        "rejected": len(report.rejected),
        "rejects": [
            {"line": one.line, "reason": one.reason, "detail": one.detail, "item": one.item}
            for one in report.rejected
        ],
        "new_assets": list(report.new_assets),
        "since": report.since.isoformat() if report.since else None,
        "until": report.until.isoformat() if report.until else None,
    }


def as_text(report: ImportReport) -> str:
    """Tell the report to a person; the rejected lines are told apart from it."""
    verb = "Would import" if report.is_dry_run else "Imported"
    parts = [
        f"{verb} {report.file} into {report.account!r} of {report.user}: "
        f"{report.lines} lines, {report.fills} new fills with their orders, "
        f"{report.transfers} new transfers, {report.known} known already, "
        f"{len(report.rejected)} rejected."
    ]
    if report.since and report.until:
        parts.append(f"They tell of {report.since:%F %T} to {report.until:%F %T} UTC.")
    if report.new_assets:
        parts.append(f"Assets that nobody described yet: {', '.join(report.new_assets)}.")
    if report.is_dry_run:
        parts.append("Nothing was written.")
    return " ".join(parts)
