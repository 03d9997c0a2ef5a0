"""What somebody else read of a user's own things, in the audit trail of everything."""

from __future__ import annotations

from datetime import datetime

from trading.auditing import append
from trading.models import AuditEntry


def note_reading(
    what: str, *, owner_id: int | None, actor: str, reason: str, now: datetime
) -> AuditEntry:
    """Append who read what of whom, and why; in the transaction that lets it be read.

    `what` names the thing and tells nothing of its content, such as `session <id>`.
    """
    said = {"read": what, "owner": owner_id, "reason": reason}
    return append(AuditEntry.Kind.READING, said, actor=actor, now=now)
